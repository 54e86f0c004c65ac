package runtime

import (
	"errors"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// hostAril is module aril_v1: what a guest does with the operation itself.
// Types, phases and names are in package abi; TestHostFunctionsMatchTheABI
// compares.
var hostAril = sandbox.HostModule{Name: names.ModuleAril, Funcs: []sandbox.HostFunc{
	{Name: "next", Call: hostNext},
	{Name: "read", Call: hostRead},
	{Name: "outcome", Call: hostOutcome},
	{Name: "context_get", Call: hostContextGet},
	{Name: "context_set", Call: hostContextSet},
	{Name: "context_append", Call: hostContextAppend},
	{Name: "context_swap", Call: hostContextSwap},
}}

// pastLimit is how many calls past a limit are answered with LIMIT before the
// activation ends.
const pastLimit = 10

func hostNext(act *sandbox.Activation, stack []uint64) {
	a := act.Owner.(*activation)
	status, n := a.callNext(uint64(uint32(stack[0])), uint64(uint32(stack[1])), uint32(stack[2]))
	stack[0] = abi.Pack(status, n)
}

func (a *activation) callNext(ptr, n uint64, flags uint32) (abi.Status, uint32) {
	switch {
	case flags&^(names.NextReplace|names.NextRead) != 0:
		return abi.Invalid, 0
	case flags&names.NextReplace != 0 && !a.powers().has(ChangeInput),
		flags&names.NextRead != 0 && !a.powers().has(ReadResult),
		a.nexts > 0 && !a.powers().has(Repeat):
		return abi.Denied, 0
	case over(int64(a.nexts+1), a.layer.max):
		if a.past++; a.past > pastLimit {
			a.act.Abort(ErrABI)
		}
		return abi.Limit, 0
	case a.nexts > 0 && !a.node.chain.repeat():
		return abi.Limit, 0
	}
	if flags&names.NextReplace != 0 {
		src, s := a.take(ptr, n, a.guest.limits.InputBytes)
		if s != abi.OK {
			return s, 0
		}
		if err := a.frame.stageInput(src, &a.values.handles, a.guest.codecLimits(a.guest.limits.InputBytes)); err != nil {
			a.guest.rt.logRejected(a, "input", err)
			return rejection(err), 0
		}
		a.changed = true
		a.act.Pause() // otherwise all was billed when this function was entered
	}
	a.forget(slotsOfNext)
	a.act.PayStack()
	a.nexts++
	a.runNext()
	status := abi.OK
	s := names.SlotResult
	if a.frame.lastErr() != nil {
		status, s = abi.Failed, names.SlotError
	}
	if flags&names.NextRead == 0 {
		return status, 0
	}
	bytes, got := a.slot(uint32(s))
	if got != abi.OK {
		return status, 0 // it ran; reading the slot says what is wrong with it
	}
	if uint64(len(bytes)) <= uint64(len(a.act.Mailbox())) {
		if a.move(uint64(len(bytes))) != abi.OK {
			return status, 0
		}
		a.act.Deliver(bytes)
	}
	return status, uint32(len(bytes))
}

// runNext runs the rest of the pipeline, while self time stands still. A panic
// of the operation must not cross the guest's frames as it is: it is kept, the
// guest is unwound, and Guest.wrap raises it again.
func (a *activation) runNext() {
	a.inNext = true
	finished := false
	defer func() {
		if finished {
			return
		}
		if r := recover(); r != nil {
			a.panicked, a.panicValue = true, r
			a.act.Abort(ErrPanic)
		}
		// Otherwise the goroutine is exiting, and the instance goes with it.
	}()
	a.act.Open()
	a.frame.next()
	finished = true
	a.inNext = false
	a.act.Unpause()
	a.act.CheckAlive()
}

// take views n bytes of the guest's at ptr, at most limit of them, and bills
// them. The view is good until the guest or anything for it runs.
func (a *activation) take(ptr, n uint64, limit int64) ([]byte, abi.Status) {
	b, ok := a.act.Read(ptr, n)
	if !ok {
		return nil, abi.Invalid
	}
	if over(int64(n), limit) {
		return nil, abi.TooLarge
	}
	return b, a.move(n)
}

// move bills n bytes that cross the boundary.
func (a *activation) move(n uint64) abi.Status {
	if over(a.moved+int64(n), a.guest.limits.TransferBytes) {
		return abi.Limit
	}
	a.moved += int64(n)
	a.act.ChargeBytes(n)
	return abi.OK
}

func hostRead(act *sandbox.Activation, stack []uint64) {
	a := act.Owner.(*activation)
	status, n := a.read(uint32(stack[0]), uint64(uint32(stack[1])), uint64(uint32(stack[2])), uint64(uint32(stack[3])))
	stack[0] = abi.Pack(status, n)
}

func (a *activation) read(slot uint32, offset, buf, limit uint64) (abi.Status, uint32) {
	phases := abi.SlotPhases(slot)
	if phases == 0 {
		return abi.Invalid, 0
	}
	if !phases.Has(1 << a.act.Phase()) {
		return abi.Phase, 0
	}
	if _, ok := a.act.Read(buf, limit); !ok {
		return abi.Invalid, 0
	}
	bytes, s := a.slot(slot)
	if s != abi.OK {
		return s, 0
	}
	if offset < uint64(len(bytes)) {
		part := bytes[offset:]
		part = part[:min(uint64(len(part)), limit)]
		if s := a.move(uint64(len(part))); s != abi.OK {
			return s, 0
		}
		a.act.Write(buf, part)
	}
	return abi.OK, uint32(len(bytes))
}

// slot gives a slot's bytes, encoding them when nobody has before.
func (a *activation) slot(i uint32) ([]byte, abi.Status) {
	s := &a.slots[i]
	if s.why != abi.OK {
		return nil, s.why
	}
	if s.ready {
		return s.bytes, abi.OK
	}
	var err error
	l := a.guest.codecLimits(a.guest.limits.InputBytes)
	dst := a.room(int(i))
	switch i {
	case names.SlotInput:
		switch {
		case a.frame == nil && (a.act.Phase() != sandbox.PhaseEvent || a.powers().has(ReadInput)):
			if failure, ok := a.input.(error); ok && a.act.Phase() == sandbox.PhaseEvent {
				dst = a.values.appendError(dst, failure, -1)
			} else {
				dst, err = a.values.append(dst, a.input, l)
			}
		case !a.powers().has(ReadInput):
			return nil, abi.Denied
		default:
			dst, err = a.frame.appendInput(dst, &a.values.handles, l)
		}
	case names.SlotResult:
		if !a.powers().has(ReadResult) {
			return nil, abi.Denied
		}
		if a.nexts == 0 || a.frame.lastErr() != nil {
			return nil, abi.NotFound
		}
		l = a.guest.codecLimits(a.guest.limits.ResultBytes)
		dst, err = a.frame.appendResult(dst, &a.values.handles, l)
	case names.SlotError:
		if a.nexts == 0 || a.frame.lastErr() == nil {
			return nil, abi.NotFound
		}
		dst = a.values.appendError(dst, a.frame.lastErr(), a.nexts-1)
	case names.SlotParams:
		if !a.powers().has(ReadInput) {
			return nil, abi.Denied
		}
		params := a.node.params()
		if params == nil {
			return nil, abi.NotFound
		}
		dst, err = a.values.append(dst, params, l)
	case names.SlotConfig:
		if len(a.guest.configBytes) == 0 {
			return nil, abi.NotFound
		}
		dst = append(dst, a.guest.configBytes...)
	case names.SlotScript:
		if len(a.guest.script) == 0 {
			return nil, abi.NotFound
		}
		dst = append(dst, a.guest.script...)
	default:
		return nil, abi.NotFound
	}
	if err != nil {
		// Kept, so that the work is done and billed once.
		s.why = abi.Failed
		if errors.Is(err, abi.ErrOverLimit) && !errors.Is(err, codec.ErrDepth) {
			s.why = abi.TooLarge
		} else {
			a.guest.rt.logRejected(a, "value", err)
		}
		a.act.ChargeBytes(uint64(max(l.Bytes, 0)))
		return nil, s.why
	}
	s.bytes, s.ready = dst, true
	a.act.ChargeBytes(uint64(len(dst)))
	return dst, abi.OK
}

func hostOutcome(act *sandbox.Activation, stack []uint64) {
	a := act.Owner.(*activation)
	stack[0] = abi.Pack(a.giveOutcome(uint32(stack[0]), uint64(uint32(stack[1])), uint64(uint32(stack[2]))), 0)
}

func (a *activation) giveOutcome(kind uint32, ptr, n uint64) abi.Status {
	phases := abi.OutcomePhases(kind)
	if phases == 0 {
		return abi.Invalid
	}
	if !phases.Has(1 << a.act.Phase()) {
		return abi.Phase
	}
	if kind == names.OutcomeNext {
		if n != 0 {
			return abi.Invalid
		}
		if ptr >= uint64(a.nexts) {
			return abi.NotFound
		}
		a.answer, a.answerIndex = answerNext, int(ptr)
		a.changed = a.changed || a.answerIndex != a.nexts-1
		return abi.OK
	}
	if !a.mayAnswer(kind) {
		return abi.Denied
	}
	src, s := a.take(ptr, n, a.guest.limits.ResultBytes)
	if s != abi.OK {
		return s
	}
	var err error
	if kind == names.OutcomeValue {
		err = a.answerWithValue(src)
	} else {
		err = a.answerWithError(src)
	}
	if err != nil {
		a.answer, a.answerWhy = answerBad, err
		a.guest.rt.logRejected(a, "outcome", err)
		return rejection(err)
	}
	return abi.OK
}
