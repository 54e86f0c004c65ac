// Package tracing is an extension that records what an execution ran, and
// inside of what.
package tracing

import (
	"strconv"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Where things are while an execution runs. The current span is at level Own:
// each operation has one, and what runs inside of it inherits that, so spans of
// operations that run at once do not get in each other's way. The finished
// spans are at level Root, which all operations of an execution share.
const (
	current  = "span"
	finished = "spans"
	failure  = "failure"
)

// latest is the trace of the execution that ended last.
var latest = guest.Var[guest.Value]("latest")

// A Tracing is the extension. Its method is getTrace: a map with flow, error
// and spans, a list of maps with id, parent, name, depth, parallel, status and
// ms. The status of a flow that answered with a ko is "error", of an operation
// that failed "exception", else "success".
type Tracing struct{}

// New makes the extension.
func New() *Tracing { return &Tracing{} }

// InitPod begins a trace.
func (*Tracing) InitPod(*guest.Pod) error { return guest.Root.Set(finished, []any{}) }

// WrapExecute makes a span of a flow, a step, or items that run at once.
func (*Tracing) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	parent, err := guest.Or(guest.Own.Get(current), "")
	if err != nil {
		return guest.Value{}, err
	}
	id := strconv.FormatUint(guest.Rand.Uint64(), 16)
	if err := guest.Own.Set(current, id); err != nil {
		return guest.Value{}, err
	}
	started := guest.Monotonic()
	result, err := next(guest.Fetch)
	span := map[string]any{
		"id": id, "parent": parent, "name": x.Name(), "depth": x.Depth(), "parallel": x.IsParallel(),
		"status": status(result, err), "ms": float64(guest.Monotonic()-started) / float64(guest.Millisecond),
	}
	if _, lost := guest.Root.Append(finished, span); lost != nil {
		guest.Log.Warn("span not kept", "name", x.Name(), "error", lost)
	}
	return result, err
}

func status(result guest.Value, err error) string {
	if err != nil {
		return "exception"
	}
	if kind, _ := guest.As[string](result.Get("type")); kind == "ko" {
		return "error"
	}
	return "success"
}

// OnPodError notes what the execution ended with.
func (*Tracing) OnPodError(f *guest.PodFailure) {
	if err := guest.Root.Set(failure, f.Err().Error()); err != nil {
		guest.Log.Warn("failure not kept", "error", err)
	}
}

// DisposePod keeps the trace when the execution is over.
func (*Tracing) DisposePod(p *guest.Pod) error {
	failed, err := guest.Or(guest.Root.Get(failure), "")
	if err != nil {
		return err
	}
	return latest.Set(guest.Of(map[string]any{"flow": p.Flow().Name, "error": failed, "spans": guest.Root.Get(finished)}))
}

// Methods are what the host may call.
func (*Tracing) Methods() guest.Methods {
	return guest.Methods{
		"getTrace": func(guest.Value) (guest.Value, error) { return latest.Get() },
	}
}
