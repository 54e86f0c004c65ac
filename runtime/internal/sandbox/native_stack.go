package sandbox

import (
	"reflect"
	"sync/atomic"

	"github.com/tetratelabs/wazero/api"
)

// The engine gives each api.Function a stack on Go's heap. It grows with what
// an activation needs, up to Budget.Stack, and never shrinks. So a guest that
// calls deep and then waits in next, in a thousand operations at once, would
// hold a gigabyte that no quota counts. Here it is counted: what a stack has
// grown by is taken from the memory quota before an activation waits and when
// it ends, and a stack that grew much is dropped with its function.

const (
	firstStack = 10 << 10  // what every function has from the start; heapPerInstance has it
	keepStack  = 128 << 10 // the most that an idle function keeps
)

// A stackField is which field of the engine's function type is its stack, -1
// where none is. A process has one such type, the compiler's or the
// interpreter's, but in tests.
type stackField struct {
	typ   reflect.Type
	index int
}

var knownStackField atomic.Pointer[stackField]

// stackBytes is how large the stack of a function has become. 0 where the
// engine does not show it: TestTheEngineShowsItsStacks.
func stackBytes(fn api.Function) int64 {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Pointer {
		return 0
	}
	v = v.Elem()
	known := knownStackField.Load()
	if known == nil || known.typ != v.Type() {
		known = &stackField{typ: v.Type(), index: -1}
		if f, ok := v.Type().FieldByName("stack"); ok && f.Type.Kind() == reflect.Slice {
			known.index = f.Index[0]
		}
		knownStackField.Store(known)
	}
	if known.index < 0 {
		return 0
	}
	stack := v.Field(known.index)
	return int64(stack.Cap()) * int64(stack.Type().Elem().Size())
}

// billStack takes from the quota what the running function's stack has grown
// by. It reports whether there was as much.
func (i *Instance) billStack(h *hook) bool {
	grown := stackBytes(h.fn) - firstStack - h.paid
	if grown <= 0 {
		return true
	}
	m := i.memory
	if !m.quota.take(m.share, grown) && !m.press(grown) {
		return false
	}
	h.paid += grown
	m.overhead += grown
	return true
}

// settleStack is billStack at the end of an activation that ended well. A
// stack that is too large to keep, or to pay for, is let go of.
func (i *Instance) settleStack(h *hook) {
	if i.billStack(h) && h.paid <= keepStack {
		return
	}
	h.fn = i.module.ExportedFunction(h.name)
	i.memory.quota.give(i.memory.share, h.paid)
	i.memory.overhead -= h.paid
	h.paid = 0
}
