// Package roles is an extension that plays every role of testdata/conformance:
// its configuration says which. It is built as a module, and runs in the host
// program as it is.
package roles

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

// New makes the extension, which guest.Register takes.
func New() any { return new(extension) }

type extension struct {
	role   string
	config guest.Value
	kept   int64 // of init-state
}

// A wrap is what a role does to an operation.
type wrap func(x *extension, op *guest.Operation, next guest.Next) (guest.Value, error)

// wraps are the roles. Those with nil do nothing to operations.
var wraps = map[string]wrap{
	"pass":            nil,
	"through":         through,
	"read":            read,
	"rebuild":         rebuild,
	"change-result":   changeResult,
	"change-input":    changeInput,
	"short-circuit":   shortCircuit,
	"retry":           retry,
	"fallback":        fallback,
	"choose":          choose,
	"cache":           cache,
	"count":           count,
	"deny":            deny,
	"translate-error": translateError,
	"explain":         explain,
	"describe":        describe,
	"context":         context,
	"inherit":         inherit,
	"log":             log,
	"flood":           flood,
	"trap":            trap,
	"trap-after":      trapAfter,
	"loop":            loop,
	"recurse":         recurse,
	"hog":             hog,
	"huge":            huge,
	"malformed":       malformed,
	"random":          random,
	"sleep":           sleep,
	"clock":           clock,
	"state":           state,
	"call":            nil,
	"events":          nil,
	"change":          nil,
	"init-error":      nil,
	"init-state":      initState,
	"dispose":         nil,
}

// Init takes the role.
func (x *extension) Init(cfg guest.Config) (err error) {
	if x.role, err = guest.As[string](cfg.Get("role")); err != nil {
		return err
	}
	if _, ok := wraps[x.role]; !ok {
		return guest.NewError("unknown_role", x.role+" is no role of this extension")
	}
	if x.role == "init-error" {
		return guest.NewError("bad_config", "refused")
	}
	x.kept = 40
	bytes, err := cfg.Bytes()
	x.config = guest.Raw(bytes)
	return err
}

// Wrap plays the role.
func (x *extension) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	play := wraps[x.role]
	if play == nil {
		return guest.Pass, nil
	}
	return play(x, op, next)
}

// Call has methods in the role call alone.
func (x *extension) Call(method string, args guest.Value) (guest.Value, error) {
	if x.role != "call" {
		return guest.Pass, nil
	}
	switch method {
	case "echo":
		return args, nil
	case "sum":
		list, err := guest.As[[]any](args)
		sum := int64(0)
		for _, n := range list {
			n, _ := n.(int64)
			sum += n
		}
		return guest.Of(sum), err
	case "fail":
		return guest.Value{}, &guest.Error{Code: "failed", Message: "as asked", Data: args}
	}
	return guest.Pass, nil
}

// Event keeps what happens, in the roles events and change.
func (x *extension) Event(e *guest.Event) (guest.Value, error) {
	if x.role != "events" && x.role != "change" {
		return guest.Pass, nil
	}
	if _, err := guest.State.Append("events", []byte(e.Type()+"\n")); err != nil {
		return guest.Value{}, err
	}
	if x.role == "change" && e.Type() == guest.EventChange {
		return guest.Of(map[string]any{"changed": e.Data()}), nil
	}
	return guest.Pass, nil
}

// Dispose leaves a trace in the role dispose.
func (x *extension) Dispose() error {
	if x.role != "dispose" {
		return nil
	}
	return put("disposed", guest.Of(true))
}

// put keeps a value's message.
func put(key string, v guest.Value) error {
	b, err := v.Bytes()
	if err != nil {
		return err
	}
	return guest.State.Put(key, b)
}
