// Package inprocess answers the imports of an extension that runs as ordinary
// Go: package guesttest plays a host with it, and package native puts an
// extension into a real one. What each import does is in abi/ABI.md; what
// differs between the two is behind [Values] and [Services].
package inprocess

import (
	"bytes"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// A Part says what a message of the guest stands in for.
type Part uint8

// The parts.
const (
	Generic Part = iota // nothing: an argument, an attribute, an answer to a call
	Input               // the input of next
	Result              // what the hook is about: the operation's result, the subject of an event
)

// Values turns what a host holds into messages and back, for one activation.
type Values interface {
	Append(dst []byte, v any) ([]byte, error)
	// Decode reads one message. A stale handle is an error that Stale knows.
	Decode(src []byte, as Part) (any, error)
	AppendError(dst []byte, err error) []byte
	DecodeError(src []byte) (made, err error)
	Stale(err error) bool
}

// An Activation is one run of one hook. It is the [host.Host] of the instance
// that runs it, and for one goroutine.
type Activation struct {
	Phase    abi.Phases
	Powers   guest.Powers
	Values   Values
	Services Services
	Mailbox  []byte

	Own, Root, Scope *Level

	Input  func() any
	Params any // nil for none
	Config any // nil for none
	Script []byte

	// MaxNext and Rest are for wrap. changed says that in replaces the input.
	MaxNext int
	Rest    func(in any, changed bool) (any, error)

	// InRest is true while Rest runs: a panic is then not the extension's.
	InRest bool

	nexts []outcome
	first [1]outcome // room for the most usual number of them
	past  int        // calls of next past the limit
	slots [names.SlotScript + 1]slot
	given answer
}

type outcome struct {
	value any
	err   error
}

type slot struct {
	message []byte
	ready   bool
}

// An answer is what outcome was last called with.
type answer struct {
	there   bool
	bad     bool // it was refused, and may not be used
	kind    uint32
	index   int
	message []byte
	err     error
}

var _ host.Host = (*Activation)(nil)

func status(s abi.Status) uint64 { return abi.Pack(s, 0) }

func size(n int) uint64 { return abi.Pack(abi.OK, uint32(n)) }

// Deliver puts a message where the guest expects it and gives its length.
func (a *Activation) Deliver(message []byte) uint32 {
	a.slots[names.SlotMessage] = slot{message, true}
	if len(message) <= len(a.Mailbox) {
		copy(a.Mailbox, message)
	}
	return uint32(len(message))
}

// Fail delivers an error as a function's answer.
func (a *Activation) Fail(err error) uint64 {
	return abi.Pack(abi.Failed, a.Deliver(a.Values.AppendError(nil, err)))
}

// Answer delivers a value as a function's answer.
func (a *Activation) Answer(v any) uint64 {
	b, err := a.Values.Append(nil, v)
	if err != nil {
		return a.Fail(err)
	}
	return size(int(a.Deliver(b)))
}

// phases says from where each function may be called, and whether it works
// after its caller has given up.
var phases = func() map[[2]string]abi.Import {
	all := map[[2]string]abi.Import{}
	for _, f := range abi.Imports() {
		all[[2]string{f.Module, f.Name}] = f
	}
	return all
}()

// gate tells whether a function may be called now.
func (a *Activation) gate(module, name string) abi.Status {
	f := phases[[2]string{module, name}]
	switch {
	case !f.Phases.Has(a.Phase):
		return abi.Phase
	case !f.AfterCancel && a.Services.Canceled():
		return abi.Canceled
	}
	return abi.OK
}

func (a *Activation) may(p guest.Powers) bool { return a.Powers.Has(p) }

// pastMax is how often next answers LIMIT before the activation ends.
const pastMax = 10

// Next runs the rest.
func (a *Activation) Next(message []byte, flags uint32) uint64 {
	replace, read := flags&names.NextReplace != 0, flags&names.NextRead != 0
	if s := a.gate(names.ModuleAril, "next"); s != abi.OK {
		return status(s)
	}
	switch {
	case flags > names.NextReplace|names.NextRead:
		return status(abi.Invalid)
	case replace && !a.may(guest.ChangeInput), read && !a.may(guest.ReadResult), len(a.nexts) > 0 && !a.may(guest.Repeat):
		return status(abi.Denied)
	case len(a.nexts) >= a.MaxNext:
		if a.past++; a.past > pastMax {
			panic("next was called far too often")
		}
		return status(abi.Limit)
	}
	var in any
	if replace {
		var s abi.Status
		if in, s = a.decode(message, Input); s != abi.OK {
			return status(s)
		}
	}
	a.slots[names.SlotResult], a.slots[names.SlotError] = slot{}, slot{}
	a.InRest = true
	v, err := a.Rest(in, replace)
	a.InRest = false
	if a.nexts == nil {
		a.nexts = a.first[:0]
	}
	a.nexts = append(a.nexts, outcome{v, err})
	s, which := abi.OK, uint32(names.SlotResult)
	if err != nil {
		s, which = abi.Failed, names.SlotError
	}
	if !read {
		return status(s)
	}
	b, problem := a.slot(which)
	if problem != abi.OK {
		return status(s)
	}
	return abi.Pack(s, a.Deliver(b))
}

// decode reads a message of the guest's.
func (a *Activation) decode(message []byte, as Part) (any, abi.Status) {
	if abi.Scan(message, abi.ScanLimits{}) != nil {
		return nil, abi.Invalid
	}
	// The guest may use its buffer again.
	v, err := a.Values.Decode(bytes.Clone(message), as)
	switch {
	case err == nil:
		return v, abi.OK
	case a.Values.Stale(err):
		return nil, abi.Stale
	}
	return nil, abi.Invalid
}

// Argument decodes a function's argument, generic.
func (a *Activation) Argument(message []byte) (any, abi.Status) { return a.decode(message, Generic) }

// Read copies a part of a slot.
func (a *Activation) Read(number, offset uint32, buf []byte) uint64 {
	in := abi.SlotPhases(number)
	switch {
	case in == 0:
		return status(abi.Invalid)
	case !in.Has(a.Phase):
		return status(abi.Phase)
	}
	b, s := a.slot(number)
	if s != abi.OK {
		return status(s)
	}
	if int(offset) < len(b) {
		copy(buf, b[offset:])
	}
	return size(len(b))
}

// slot encodes what a slot holds, once.
func (a *Activation) slot(number uint32) ([]byte, abi.Status) {
	if s := &a.slots[number]; s.ready {
		return s.message, abi.OK
	}
	var v any
	switch number {
	case names.SlotInput:
		if a.Phase != abi.PhaseCall && !a.may(guest.ReadInput) {
			return nil, abi.Denied
		}
		v = a.Input()
	case names.SlotResult, names.SlotError:
		if number == names.SlotResult && !a.may(guest.ReadResult) {
			return nil, abi.Denied
		}
		if len(a.nexts) == 0 || (a.nexts[len(a.nexts)-1].err != nil) != (number == names.SlotError) {
			return nil, abi.NotFound
		}
		last := a.nexts[len(a.nexts)-1]
		if v = last.value; number == names.SlotError {
			v = last.err
		}
	case names.SlotParams:
		switch v = a.Params; {
		case v == nil:
			return nil, abi.NotFound
		case !a.may(guest.ReadInput):
			return nil, abi.Denied
		}
	case names.SlotConfig:
		if v = a.Config; v == nil {
			return nil, abi.NotFound
		}
	case names.SlotScript:
		if len(a.Script) == 0 {
			return nil, abi.NotFound
		}
		a.slots[number] = slot{a.Script, true}
		return a.Script, abi.OK
	default:
		return nil, abi.NotFound
	}
	var b []byte
	var err error
	if number == names.SlotError {
		b = a.Values.AppendError(nil, v.(error))
	} else if b, err = a.Values.Append(nil, v); err != nil {
		return nil, abi.Failed
	}
	a.slots[number] = slot{b, true}
	return b, abi.OK
}
