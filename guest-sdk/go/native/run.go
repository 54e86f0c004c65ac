package native

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/inprocess"
	aril "github.com/aril-wasm/aril/runtime"
)

// A run is one activation.
type run struct {
	inprocess.Activation
	x      *Extension
	ctx    context.Context
	logger *slog.Logger
	values values
	levels levels
	own    inprocess.Level
	seed   [names.EntropySize]byte
	header [headerSize]byte
}

// headerSize holds most headers: kind, name, numbers, entropy and a few tags.
const headerSize = 384

// levels are where an operation's context values live; its context leads
// operations below it to them.
type levels struct{ own, root *inprocess.Level }

type levelsKey struct{ x *Extension }

func (x *Extension) begin(ctx context.Context, phase abi.Phases) *run {
	r := &run{x: x, ctx: ctx, logger: x.logger, values: values{Values: aril.Values{Extension: x.name, Powers: x.Powers(), Hidden: x.hidden}}}
	r.levels = levels{own: &r.own, root: &r.own}
	if above, ok := ctx.Value(levelsKey{x}).(levels); ok {
		r.own.Above, r.levels.root = above.own, above.root
	} else if root := r.rootOf(); root != nil {
		r.own.Above, r.levels.root = root, root
	}
	r.Activation = inprocess.Activation{
		Phase: phase, Powers: x.powers, Values: &r.values, Services: services{r},
		Own: r.levels.own, Root: r.levels.root, Scope: &x.level,
		Config: x.cfg.Config, Script: x.cfg.Script, Input: func() any { return nil },
	}
	return r
}

// hidden logs what an error says that the extension was not shown, as the
// runtime does.
func (x *Extension) hidden(id string, err error) {
	x.logger.Info("hidden error", "correlation", id, "error", err)
}

// run runs a hook on an instance and gives its outcome; answered is false for
// PASS. A panic goes through it, and costs the instance.
func (r *run) run(hook, operation string, header []byte, f func(host.Guest, uint32) uint32) (v any, answered bool, err error) {
	g, err := r.x.instance(r.ctx)
	if err != nil {
		return nil, false, err
	}
	v, answered, err = r.runOn(g, hook, operation, header, f)
	if r.x.makeNew == nil {
		r.x.instances.Put(g)
	}
	return v, answered, err
}

func (r *run) runOn(g host.Guest, hook, operation string, header []byte, f func(host.Guest, uint32) uint32) (v any, answered bool, err error) {
	r.Mailbox = g.Mailbox()
	n := r.Deliver(header)
	result := host.Enter(g, &r.Activation, func() uint32 { return f(g, n) })
	v, answered, err = r.Ended(result)
	var fault *inprocess.Fault
	if !errors.As(err, &fault) {
		return v, answered, err
	}
	broken := &aril.CallError{Extension: r.x.name, Operation: operation, Hook: hook, Err: aril.ErrABI, Detail: fault.Reason}
	switch {
	case fault.Denied:
		broken.Err = aril.ErrDenied
	case fault.Type:
		broken.Err = aril.ErrType
	}
	if last, lastErr, ran := r.Last(); ran {
		broken.Inner = aril.Inner{Calls: r.Nexts(), Value: last, Err: lastErr}
	}
	return nil, false, broken
}

// catch turns a panic of a hook into an error. That of a wrap is the
// pipeline's to catch.
func (x *Extension) catch(hook, operation string, err *error) {
	if p := recover(); p != nil {
		*err = &aril.CallError{Extension: x.name, Operation: operation, Hook: hook, Err: aril.ErrPanic, Detail: fmt.Sprint(p)}
	}
}

// entropy seeds guest.Rand. It need not be fit for keys: guest.Random is.
func (r *run) entropy() []byte {
	for i := 0; i < len(r.seed); i += 8 {
		binary.LittleEndian.PutUint64(r.seed[i:], rand.Uint64())
	}
	return r.seed[:]
}

// values are those of the runtime, with what a hook's subject says of types.
type values struct {
	aril.Values
	input                 func() any
	last                  any // what next yielded last, or what an event is about
	inputType, resultType reflect.Type
}

func (v *values) Decode(src []byte, as inprocess.Part) (any, error) {
	switch as {
	case inprocess.Input:
		return v.Values.Decode(src, v.inputType, v.input())
	case inprocess.Result:
		return v.Values.Decode(src, v.resultType, v.last)
	}
	return v.Values.Decode(src, nil, nil)
}

// Stale tells a stale handle from a malformed message.
func (*values) Stale(err error) bool { return errors.Is(err, aril.ErrStale) }
