package guesttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// An activation is one call of one hook; the imports of the instance go to it.
type activation struct {
	fake      *fake
	phase     abi.Phases
	id, root  uint64
	depth     uint32
	parent    *activation
	own       level
	rootLevel level

	op      Operation
	input   any
	rest    func(any) (any, error)
	nexts   []outcome
	past    int  // calls of next past the limit
	inNext  bool // the operation itself runs
	mailbox []byte
	slots   map[uint32][]byte
	handles handles

	answered bool
	kind     uint32
	index    int    // of a NEXT
	message  []byte // of a VALUE
	err      error  // of an ERROR
}

type outcome struct {
	value any
	err   error
}

func randomHandle() (h [names.HandleSize]byte) {
	_, _ = rand.Read(h[:]) // never fails
	return h
}

// deliver puts a message into the mailbox, where the guest expects it.
func (a *activation) deliver(message []byte) uint32 {
	a.slots[names.SlotMessage] = message
	if len(message) <= len(a.mailbox) {
		copy(a.mailbox, message)
	}
	return uint32(len(message))
}

// allowed tells whether a function may be called from where the guest is.
func (a *activation) allowed(module, name string) bool {
	for _, f := range abi.Imports() {
		if f.Module == module && f.Name == name {
			return f.Phases.Has(a.phase)
		}
	}
	return false
}

func status(s abi.Status) uint64 { return abi.Pack(s, 0) }

func size(n int) uint64 { return abi.Pack(abi.OK, uint32(n)) }

func (a *activation) may(p guest.Powers) bool { return a.fake.config.Powers.Has(p) }

// Next runs the rest.
func (a *activation) Next(message []byte, flags uint32) uint64 {
	replace, read := flags&names.NextReplace != 0, flags&names.NextRead != 0
	switch {
	case !a.allowed(names.ModuleAril, "next"):
		return status(abi.Phase)
	case flags > names.NextReplace|names.NextRead:
		return status(abi.Invalid)
	case replace && !a.may(guest.ChangeInput), read && !a.may(guest.ReadResult), len(a.nexts) > 0 && !a.may(guest.Repeat):
		return status(abi.Denied)
	case len(a.nexts) >= a.op.MaxNext:
		if a.past++; a.past > 10 {
			panic("next was called far too often")
		}
		return status(abi.Limit)
	}
	input := a.input
	if replace {
		var s abi.Status
		if input, s = a.decode(message); s != abi.OK {
			return status(s)
		}
	}
	delete(a.slots, names.SlotResult)
	delete(a.slots, names.SlotError)
	out := a.runRest(input)
	a.nexts = append(a.nexts, out)
	s, slot := abi.OK, uint32(names.SlotResult)
	if out.err != nil {
		s, slot = abi.Failed, names.SlotError
	}
	if !read {
		return status(s)
	}
	b, _ := a.slot(slot)
	return abi.Pack(s, a.deliver(b))
}

func (a *activation) runRest(input any) outcome {
	a.inNext = true
	v, err := a.rest(input)
	a.inNext = false
	return outcome{generic(v), err}
}

func (a *activation) decode(message []byte) (any, abi.Status) {
	message = bytes.Clone(message)
	if abi.Scan(message, abi.ScanLimits{}) != nil {
		return nil, abi.Invalid
	}
	v, err := a.handles.decode(message)
	switch {
	case err == errStaleValue:
		return nil, abi.Stale
	case err != nil:
		return nil, abi.Invalid
	}
	return v, abi.OK
}

// Read copies a part of a slot.
func (a *activation) Read(slot, offset uint32, buf []byte) uint64 {
	in := abi.SlotPhases(slot)
	switch {
	case in == 0:
		return status(abi.Invalid)
	case !in.Has(a.phase):
		return status(abi.Phase)
	}
	b, s := a.slot(slot)
	if s != abi.OK {
		return status(s)
	}
	if int(offset) < len(b) {
		copy(buf, b[offset:])
	}
	return size(len(b))
}

func (a *activation) slot(slot uint32) ([]byte, abi.Status) {
	if b, ok := a.slots[slot]; ok {
		return b, abi.OK
	}
	var b []byte
	switch slot {
	case names.SlotInput:
		if a.phase != abi.PhaseCall && !a.may(guest.ReadInput) {
			return nil, abi.Denied
		}
		b = a.handles.encode(nil, a.input)
	case names.SlotResult, names.SlotError:
		if slot == names.SlotResult && !a.may(guest.ReadResult) {
			return nil, abi.Denied
		}
		if len(a.nexts) == 0 || (a.nexts[len(a.nexts)-1].err != nil) != (slot == names.SlotError) {
			return nil, abi.NotFound
		}
		last := a.nexts[len(a.nexts)-1]
		if slot == names.SlotResult {
			b = a.handles.encode(nil, last.value)
		} else {
			b = abi.AppendError(nil, a.describe(last.err))
		}
	case names.SlotParams:
		if a.op.Params == nil {
			return nil, abi.NotFound
		}
		if !a.may(guest.ReadInput) {
			return nil, abi.Denied
		}
		b = a.handles.encode(nil, generic(a.op.Params))
	case names.SlotConfig:
		if a.fake.config.Config == nil {
			return nil, abi.NotFound
		}
		b = a.handles.encode(nil, a.fake.config.Config)
	case names.SlotScript:
		if b = a.fake.config.Script; len(b) == 0 {
			return nil, abi.NotFound
		}
	default:
		return nil, abi.NotFound
	}
	a.slots[slot] = b
	return b, abi.OK
}

// describe tells a guest of a Go error.
func (a *activation) describe(err error) *abi.Error {
	e := &abi.Error{Code: "error", Message: err.Error(), Kind: names.ErrorHost, Handle: a.handles.hold(err)}
	if c, ok := find[interface{ Code() string }](err); ok {
		e.Code = c.Code()
	}
	if r, ok := find[interface{ Retryable() bool }](err); ok {
		e.Retryable = r.Retryable()
	}
	switch own, _ := find[*Error](err); {
	case own != nil:
		e.Kind, e.Retryable = names.ErrorExtension, own.Retryable
		if own == err {
			e.Message = own.Message
		}
		if own.Data != nil {
			e.Data = a.handles.encode(nil, generic(own.Data))
		}
	case errors.Is(err, context.Canceled):
		e.Kind, e.Code = names.ErrorCanceled, "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Code = names.ErrorCanceled, "deadline_exceeded"
	case !a.may(guest.ReadErrorText):
		e.Message = "internal error"
		if p, ok := find[interface{ PublicMessage() string }](err); ok {
			e.Message = p.PublicMessage()
		}
		return e
	}
	if cause := errors.Unwrap(err); cause != nil {
		e.Cause = a.describe(cause)
	}
	return e
}

func find[T any](err error) (t T, ok bool) {
	ok = errors.As(err, &t)
	return t, ok
}

// Outcome notes a value or an error.
func (a *activation) Outcome(kind uint32, message []byte) uint64 {
	in := abi.OutcomePhases(kind)
	switch {
	case in == 0 || kind == names.OutcomeNext:
		return status(abi.Invalid)
	case !in.Has(a.phase):
		return status(abi.Phase)
	}
	message = bytes.Clone(message)
	if kind == names.OutcomeError {
		e, err := abi.DecodeError(message)
		if err != nil {
			return status(abi.Invalid)
		}
		if a.err, err = a.goError(e); err != nil {
			return status(abi.Stale)
		}
	} else if abi.Scan(message, abi.ScanLimits{}) != nil {
		return status(abi.Invalid)
	}
	a.answered, a.kind, a.message = true, kind, message
	return status(abi.OK)
}

// goError gives the host's error for a guest's.
func (a *activation) goError(e *abi.Error) (error, error) {
	made := &Error{ErrorCode: e.Code, Message: e.Message, Retryable: e.Retryable}
	var err error
	if len(e.Data) > 0 {
		if made.Data, err = a.handles.decode(e.Data); err != nil {
			return nil, err
		}
	}
	if len(e.Handle) > 0 {
		held, ok := a.handles.lookup(e.Handle)
		if made.Cause, _ = held.(error); !ok || made.Cause == nil {
			return nil, errStaleValue
		}
		if was := a.describe(made.Cause); was.Code == e.Code && was.Message == e.Message {
			return made.Cause, nil
		}
		return made, nil
	}
	if e.Cause != nil {
		made.Cause, err = a.goError(e.Cause)
	}
	return made, err
}

// OutcomeNext notes that the i-th next's outcome stands.
func (a *activation) OutcomeNext(i uint32) uint64 {
	switch {
	case a.phase != abi.PhaseWrap:
		return status(abi.Phase)
	case int(i) >= len(a.nexts):
		return status(abi.NotFound)
	}
	a.answered, a.kind, a.index = true, names.OutcomeNext, int(i)
	return status(abi.OK)
}

// outcome turns what a hook returned into what the operation ends with.
func (a *activation) outcome(result uint32) (v any, answered bool, err error) {
	switch {
	case result == names.HookPass:
		return nil, false, nil
	case result != names.HookDone || !a.answered:
		return nil, false, &Broken{Reason: "the hook's result is neither PASS nor DONE with an outcome"}
	case a.kind == names.OutcomeNext:
		return a.nexts[a.index].value, true, a.nexts[a.index].err
	case a.phase == abi.PhaseWrap && len(a.nexts) > 0 && !a.may(guest.ChangeResult):
		return nil, false, &Broken{Reason: "denied: it changed the result"}
	case a.phase == abi.PhaseWrap && len(a.nexts) == 0 && !a.may(guest.Skip):
		return nil, false, &Broken{Reason: "denied: it did not call next"}
	case a.kind == names.OutcomeError:
		return nil, true, a.err
	}
	v, s := a.decode(a.message)
	if s != abi.OK {
		return nil, false, &Broken{Reason: "the value has a part that is not of this activation"}
	}
	return v, true, nil
}
