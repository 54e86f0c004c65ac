package inprocess

import (
	"bytes"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Outcome notes a value or an error.
func (a *Activation) Outcome(kind uint32, message []byte) uint64 {
	in := abi.OutcomePhases(kind)
	switch {
	case in == 0 || kind == names.OutcomeNext:
		return status(abi.Invalid)
	case !in.Has(a.Phase):
		return status(abi.Phase)
	}
	message = bytes.Clone(message)
	a.given = answer{there: true, bad: true, kind: kind}
	if kind == names.OutcomeError {
		if _, err := abi.DecodeError(message); err != nil {
			return status(abi.Invalid)
		}
		made, err := a.Values.DecodeError(message)
		switch {
		case err != nil && a.Values.Stale(err):
			return status(abi.Stale)
		case err != nil:
			return status(abi.Invalid)
		}
		a.given.err = made
	} else if abi.Scan(message, abi.ScanLimits{}) != nil {
		return status(abi.Invalid)
	}
	a.given.message, a.given.bad = message, false
	return status(abi.OK)
}

// OutcomeNext notes that the i-th next's outcome stands.
func (a *Activation) OutcomeNext(i uint32) uint64 {
	switch {
	case a.Phase != abi.PhaseWrap:
		return status(abi.Phase)
	case int(i) >= len(a.nexts):
		return status(abi.NotFound)
	}
	a.given = answer{there: true, kind: names.OutcomeNext, index: int(i)}
	return status(abi.OK)
}

// A Fault says how an extension broke the rules with what it returned.
type Fault struct {
	Denied bool // it lacks a power
	Type   bool // the value is not of the type that is wanted
	Reason string
}

func (f *Fault) Error() string { return f.Reason }

// Ended tells what a hook's result means. answered is false for PASS: the last
// outcome of next stands, see Last.
func (a *Activation) Ended(result uint32) (v any, answered bool, err error) {
	switch g := &a.given; {
	case result == names.HookPass:
		return nil, false, nil
	case result == names.HookDone && g.bad:
		return nil, false, &Fault{Reason: "the outcome is malformed, or has a part that is not of this activation"}
	case result != names.HookDone || !g.there:
		return nil, false, &Fault{Reason: "the hook's result is neither PASS nor DONE with an outcome"}
	case g.kind == names.OutcomeNext:
		return a.nexts[g.index].value, true, a.nexts[g.index].err
	case a.Phase == abi.PhaseWrap && len(a.nexts) > 0 && !a.may(guest.ChangeResult):
		return nil, false, &Fault{Denied: true, Reason: "the answer needs the power ChangeResult"}
	case a.Phase == abi.PhaseWrap && len(a.nexts) == 0 && !a.may(guest.Skip):
		return nil, false, &Fault{Denied: true, Reason: "the answer needs the power Skip"}
	case g.kind == names.OutcomeError:
		return nil, true, g.err
	}
	v, s := a.decode(a.given.message, Result)
	switch s {
	case abi.OK:
		return v, true, nil
	case abi.Stale:
		return nil, false, &Fault{Reason: "the value has a part that is not of this activation"}
	}
	return nil, false, &Fault{Type: true, Reason: "the value is not of the type that is wanted"}
}

// Last is the outcome of the last next; ran is false if there was none.
func (a *Activation) Last() (v any, err error, ran bool) {
	if len(a.nexts) == 0 {
		return nil, nil, false
	}
	last := a.nexts[len(a.nexts)-1]
	return last.value, last.err, true
}

// Nexts is how often next ran.
func (a *Activation) Nexts() int { return len(a.nexts) }
