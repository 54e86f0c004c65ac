package sandbox

import (
	"reflect"
	"unsafe"

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

// A nativeStack is where the engine keeps a function's stack: a slice in the
// function itself, which the engine puts a larger one into when it grows.
type nativeStack struct {
	slice *[]byte // a slice header; its elements may be wider
	width int64   // bytes of an element
}

// stackOf finds the stack of a function by reflection. What it gives is empty
// for ever where the engine does not show it: TestTheEngineShowsItsStacks.
func stackOf(fn api.Function) nativeStack {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nativeStack{slice: new([]byte)}
	}
	stack := v.Elem().FieldByName("stack")
	if stack.Kind() != reflect.Slice {
		return nativeStack{slice: new([]byte)}
	}
	return nativeStack{slice: (*[]byte)(unsafe.Pointer(stack.UnsafeAddr())), width: int64(stack.Type().Elem().Size())}
}

// bytes is how large the stack has become.
func (s nativeStack) bytes() int64 { return int64(cap(*s.slice)) * s.width }

// billStack takes from the quota what the running function's stack has grown
// by. It reports whether there was as much.
func (i *Instance) billStack(h *hook) bool {
	if h.stack.slice == nil {
		h.stack = stackOf(h.fn)
	}
	grown := h.stack.bytes() - firstStack - h.paid
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
	h.fn, h.stack = i.module.ExportedFunction(h.name), nativeStack{}
	i.memory.quota.give(i.memory.share, h.paid)
	i.memory.overhead -= h.paid
	h.paid = 0
}
