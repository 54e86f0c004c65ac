//go:build !wasip1

package host

import (
	"encoding/binary"
	"sync"

	"github.com/aril-wasm/aril/abi/names"
)

// A Host answers the imports of one instance. It runs on the goroutine that
// called it; only Next may enter the same instance again.
type Host interface {
	Next(msg []byte, flags uint32) uint64
	Read(slot, offset uint32, buf []byte) uint64
	Outcome(kind uint32, msg []byte) uint64
	OutcomeNext(i uint32) uint64
	ContextGet(level uint32, key string, buf []byte) uint64
	ContextSet(level uint32, key string, val []byte) uint64
	ContextAppend(level uint32, key string, val []byte) uint64
	ContextSwap(level uint32, key string, val, buf []byte) uint64
	Log(level int32, msg string, attrs []byte) uint64
	Now(clock uint32) (ns int64, r uint64)
	Sleep(ns int64) uint64
	Random(buf []byte) uint64
	StateGet(key string, buf []byte) uint64
	StatePut(key string, val []byte) uint64
	StateDelete(key string) uint64
	StateList(prefix, after string, buf []byte) uint64
	StateAdd(key string, delta int64) (sum int64, r uint64)
	StateAppend(key string, val []byte) uint64
	StateSwap(key string, old, val []byte) uint64
	// Call runs a function of a capability that is not Aril's own.
	Call(module, function string, msg []byte) uint64
}

// A Guest is an extension with its own copy of what a module keeps in its
// memory. Its hooks are called within [Enter].
type Guest interface {
	Mailbox() []byte
	// Hears reports whether it has a hook for events.
	Hears() bool
	Init(n uint32) uint32
	Wrap(n uint32) uint32
	Event(n uint32) uint32
	Call(n uint32) uint32
	Dispose() uint32
}

// NewGuest makes a Guest of what an author registers. Package guest sets it.
// Where several Guests share the extension, nobody sets its memory back, and
// it is not told that somebody did.
var NewGuest func(extension any, shared bool) Guest

// Guest code runs one activation at a time, as it does in Wasm, though several
// instances may exist at once. The lock passes to others while the holder is
// inside Next, or waits for the host.
var (
	turn    sync.Mutex
	current Host
	owner   Guest
)

// Enter runs hook as an activation of g, whose imports go to h.
func Enter(g Guest, h Host, hook func() uint32) uint32 {
	turn.Lock()
	current, owner = h, g
	defer func() {
		current, owner = nil, nil
		turn.Unlock()
	}()
	return hook()
}

// Running gives the Guest whose activation runs, or nil.
func Running() Guest { return owner }

func Next(msg []byte, flags uint32) uint64 {
	return away(func(h Host) uint64 { return h.Next(msg, flags) })
}

// away is ask for what may take long or enter an extension: others run
// meanwhile.
func away(f func(Host) uint64) uint64 {
	if current == nil {
		return phase
	}
	h, g := current, owner
	current, owner = nil, nil
	turn.Unlock()
	defer func() {
		turn.Lock()
		current, owner = h, g
	}()
	return f(h)
}

// phase is what an import answers outside any activation.
const phase = names.StatusPhase << 32

func ask(f func(Host) uint64) uint64 {
	if current == nil {
		return phase
	}
	return f(current)
}

func Read(slot, offset uint32, buf []byte) uint64 {
	return ask(func(h Host) uint64 { return h.Read(slot, offset, buf) })
}

func Outcome(kind uint32, msg []byte) uint64 {
	return ask(func(h Host) uint64 { return h.Outcome(kind, msg) })
}

func OutcomeNext(_, i uint32) uint64 {
	return ask(func(h Host) uint64 { return h.OutcomeNext(i) })
}

func ContextGet(level uint32, key string, buf []byte) uint64 {
	return ask(func(h Host) uint64 { return h.ContextGet(level, key, buf) })
}

func ContextSet(level uint32, key string, val []byte) uint64 {
	return ask(func(h Host) uint64 { return h.ContextSet(level, key, val) })
}

func ContextAppend(level uint32, key string, val []byte) uint64 {
	return ask(func(h Host) uint64 { return h.ContextAppend(level, key, val) })
}

func ContextSwap(level uint32, key string, val, buf []byte) uint64 {
	return ask(func(h Host) uint64 { return h.ContextSwap(level, key, val, buf) })
}

func Log(level int32, msg string, attrs []byte) uint64 {
	return ask(func(h Host) uint64 { return h.Log(level, msg, attrs) })
}

func Sleep(ns int64) uint64 {
	return away(func(h Host) uint64 { return h.Sleep(ns) })
}

func Random(buf []byte) uint64 {
	return ask(func(h Host) uint64 { return h.Random(buf) })
}

func StateGet(key string, buf []byte) uint64 {
	return away(func(h Host) uint64 { return h.StateGet(key, buf) })
}

func StatePut(key string, val []byte) uint64 {
	return away(func(h Host) uint64 { return h.StatePut(key, val) })
}

func StateDelete(key string) uint64 {
	return away(func(h Host) uint64 { return h.StateDelete(key) })
}

func StateList(prefix, after string, buf []byte) uint64 {
	return away(func(h Host) uint64 { return h.StateList(prefix, after, buf) })
}

func StateAppend(key string, val []byte) uint64 {
	return away(func(h Host) uint64 { return h.StateAppend(key, val) })
}

func StateSwap(key string, old, val []byte) uint64 {
	return away(func(h Host) uint64 { return h.StateSwap(key, old, val) })
}

func Call(module, function string, msg []byte) uint64 {
	return away(func(h Host) uint64 { return h.Call(module, function, msg) })
}

func Now(clock uint32, buf *[8]byte) uint64 {
	return ask(func(h Host) uint64 { return number(buf, func() (int64, uint64) { return h.Now(clock) }) })
}

func StateAdd(key string, delta int64, buf *[8]byte) uint64 {
	var sum int64
	r := away(func(h Host) (r uint64) {
		sum, r = h.StateAdd(key, delta)
		return r
	})
	// buf may be shared by all activations.
	return number(buf, func() (int64, uint64) { return sum, r })
}

// number writes f's number as the host writes it to memory.
func number(buf *[8]byte, f func() (int64, uint64)) uint64 {
	v, r := f()
	if status, _ := Unpack(r); status == names.StatusOK {
		binary.LittleEndian.PutUint64(buf[:], uint64(v))
	}
	return r
}
