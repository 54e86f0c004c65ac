package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// conclude tells the host what a hook returned and gives the hook's result.
func (a *activation) conclude(v Value, err error) uint32 {
	if err != nil {
		return a.concludeError(err)
	}
	if v.err == errPass {
		return names.HookPass
	}
	if c := v.lazy; v.err == nil && c != nil && c.a == a && c.generation == v.generation && c.slot == names.SlotResult {
		return a.concludeNext(c.index)
	}
	b, err := v.bytes()
	if err != nil {
		return a.concludeError(err)
	}
	switch status, _ := host.Unpack(host.Outcome(names.OutcomeValue, b)); status {
	case names.StatusOK:
	case names.StatusInvalid, names.StatusStale:
		// It does not fit, and the host says why better than a status would.
	default:
		return a.concludeError(Status(status))
	}
	return names.HookDone
}

// concludeNext makes the outcome of the index-th next stand.
func (a *activation) concludeNext(index uint32) uint32 {
	if index+1 == a.calls {
		return names.HookPass
	}
	if status, _ := host.Unpack(host.OutcomeNext(names.OutcomeNext, index)); status != names.StatusOK {
		return a.concludeError(Status(status))
	}
	return names.HookDone
}

func (a *activation) concludeError(err error) uint32 {
	if e, ok := err.(*Error); ok && e.origin.a == a && e.origin.generation == a.generation && e.origin.as == e.visible() {
		return a.concludeNext(e.origin.index)
	}
	message := a.in.borrow()
	b, unfit := asError(err).append(message, 1)
	if unfit != nil {
		b, _ = NewError(Code(err), err.Error()).append(message, 1)
	}
	status, _ := host.Unpack(host.Outcome(names.OutcomeError, b))
	if status != names.StatusOK {
		b, _ = (&Error{Code: Code(err), Message: "the error cannot be shown: " + Status(status).Error()}).append(b[:0], 1)
		status, _ = host.Unpack(host.Outcome(names.OutcomeError, b))
	}
	a.in.restore(b)
	if status != names.StatusOK {
		panic("guest: the host takes no outcome: " + Status(status).Error())
	}
	return names.HookDone
}
