// Package audit is an extension that keeps a trail of the flows that ran: what
// they were given, and what came of it.
package audit

import (
	"strconv"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

var (
	entries = guest.Counter("entries")
	trail   = guest.Map[guest.Value]("trail") // by number, with zeros in front
)

// An Audit is the extension. Its method is getTrail: a map of all records by
// number. A record has type, flow, and input, result or error.
type Audit struct{}

// New makes the extension.
func New() *Audit { return &Audit{} }

// WrapExecute records flows. One whose beginning cannot be recorded does not
// run: a trail with holes is worth nothing. Its end can only be warned of.
func (*Audit) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	if x.Flow().Name == "" {
		return next() // a step, or items at once: the flow around it is recorded
	}
	if err := record("flow-start", x.FlowName(), "input", x.Input()); err != nil {
		return guest.Value{}, guest.NewError("unaudited", "the audit trail cannot be written").Wrap(err)
	}
	result, err := next(guest.Fetch)
	var lost error
	if err != nil {
		lost = record("flow-error", x.FlowName(), "error", guest.Of(guest.Code(err)+": "+err.Error()))
	} else {
		lost = record("flow-end", x.FlowName(), "result", result)
	}
	if lost != nil {
		guest.Log.Error("audit record lost", "flow", x.FlowName(), "error", lost)
	}
	return result, err
}

func record(typ, flow, key string, value guest.Value) error {
	n, err := entries.Add(1)
	if err != nil {
		return err
	}
	number := strconv.FormatInt(1_000_000+n, 10)[1:]
	return trail.Set(number, guest.Of(map[string]any{"type": typ, "flow": flow, key: value}))
}

// Methods are what the host may call.
func (*Audit) Methods() guest.Methods {
	return guest.Methods{
		"getTrail": func(guest.Value) (guest.Value, error) { return trail.Value(), nil },
	}
}
