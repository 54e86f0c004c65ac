package host

import (
	"unsafe"

	"github.com/aril-wasm/aril/abi/names"
)

// Pointers are passed as unsafe.Pointer, never as numbers: a stack that a
// number points into may move while the host runs other code of this guest.

//go:wasmimport aril_v1 next
func next(ptr unsafe.Pointer, n, flags uint32) uint64

//go:wasmimport aril_v1 read
func read(slot, offset uint32, buf unsafe.Pointer, limit uint32) uint64

//go:wasmimport aril_v1 outcome
func outcome(kind uint32, ptr unsafe.Pointer, n uint32) uint64

//go:wasmimport aril_v1 context_get
func contextGet(level uint32, key unsafe.Pointer, klen uint32, buf unsafe.Pointer, limit uint32) uint64

//go:wasmimport aril_v1 context_set
func contextSet(level uint32, key unsafe.Pointer, klen uint32, val unsafe.Pointer, vlen uint32) uint64

//go:wasmimport aril_v1 context_append
func contextAppend(level uint32, key unsafe.Pointer, klen uint32, val unsafe.Pointer, vlen uint32) uint64

//go:wasmimport aril_v1 context_swap
func contextSwap(level uint32, key unsafe.Pointer, klen uint32, val unsafe.Pointer, vlen uint32, buf unsafe.Pointer, limit uint32) uint64

//go:wasmimport aril_log_v1 write
func logWrite(level int32, msg unsafe.Pointer, mlen uint32, attrs unsafe.Pointer, alen uint32) uint64

//go:wasmimport aril_clock_v1 now
func clockNow(clock uint32, buf unsafe.Pointer) uint64

//go:wasmimport aril_clock_v1 sleep
func clockSleep(ns int64) uint64

//go:wasmimport aril_random_v1 fill
func randomFill(buf unsafe.Pointer, n uint32) uint64

//go:wasmimport aril_state_v1 get
func stateGet(key unsafe.Pointer, klen uint32, buf unsafe.Pointer, limit uint32) uint64

//go:wasmimport aril_state_v1 put
func statePut(key unsafe.Pointer, klen uint32, val unsafe.Pointer, vlen uint32) uint64

//go:wasmimport aril_state_v1 delete
func stateDelete(key unsafe.Pointer, klen uint32) uint64

//go:wasmimport aril_state_v1 list
func stateList(prefix unsafe.Pointer, plen uint32, after unsafe.Pointer, alen uint32, buf unsafe.Pointer, limit uint32) uint64

//go:wasmimport aril_state_v1 add
func stateAdd(key unsafe.Pointer, klen uint32, delta int64, buf unsafe.Pointer) uint64

//go:wasmimport aril_state_v1 append
func stateAppend(key unsafe.Pointer, klen uint32, val unsafe.Pointer, vlen uint32) uint64

//go:wasmimport aril_state_v1 compare_and_swap
func stateSwap(key unsafe.Pointer, klen uint32, old unsafe.Pointer, olen uint32, val unsafe.Pointer, nlen uint32) uint64

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func text(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

func Next(msg []byte, flags uint32) uint64 { return next(pointer(msg), uint32(len(msg)), flags) }

func Read(slot, offset uint32, buf []byte) uint64 {
	return read(slot, offset, pointer(buf), uint32(len(buf)))
}

func Outcome(kind uint32, msg []byte) uint64 { return outcome(kind, pointer(msg), uint32(len(msg))) }

// OutcomeNext passes an index where outcome has a pointer. That is sound
// because outcome runs no code of the guest's: nobody looks for pointers
// meanwhile.
func OutcomeNext(kind, i uint32) uint64 { return outcome(kind, unsafe.Add(nil, i), 0) }

func ContextGet(level uint32, key string, buf []byte) uint64 {
	return contextGet(level, text(key), uint32(len(key)), pointer(buf), uint32(len(buf)))
}

func ContextSet(level uint32, key string, val []byte) uint64 {
	return contextSet(level, text(key), uint32(len(key)), pointer(val), uint32(len(val)))
}

func ContextAppend(level uint32, key string, val []byte) uint64 {
	return contextAppend(level, text(key), uint32(len(key)), pointer(val), uint32(len(val)))
}

func ContextSwap(level uint32, key string, val, buf []byte) uint64 {
	return contextSwap(level, text(key), uint32(len(key)), pointer(val), uint32(len(val)), pointer(buf), uint32(len(buf)))
}

func Log(level int32, msg string, attrs []byte) uint64 {
	return logWrite(level, text(msg), uint32(len(msg)), pointer(attrs), uint32(len(attrs)))
}

func Now(clock uint32, buf *[8]byte) uint64 { return clockNow(clock, unsafe.Pointer(buf)) }

func Sleep(ns int64) uint64 { return clockSleep(ns) }

func Random(buf []byte) uint64 { return randomFill(pointer(buf), uint32(len(buf))) }

func StateGet(key string, buf []byte) uint64 {
	return stateGet(text(key), uint32(len(key)), pointer(buf), uint32(len(buf)))
}

func StatePut(key string, val []byte) uint64 {
	return statePut(text(key), uint32(len(key)), pointer(val), uint32(len(val)))
}

func StateDelete(key string) uint64 { return stateDelete(text(key), uint32(len(key))) }

func StateList(prefix, after string, buf []byte) uint64 {
	return stateList(text(prefix), uint32(len(prefix)), text(after), uint32(len(after)), pointer(buf), uint32(len(buf)))
}

func StateAdd(key string, delta int64, buf *[8]byte) uint64 {
	return stateAdd(text(key), uint32(len(key)), delta, unsafe.Pointer(buf))
}

func StateAppend(key string, val []byte) uint64 {
	return stateAppend(text(key), uint32(len(key)), pointer(val), uint32(len(val)))
}

// length marks a nil slice as no value at all.
func length(b []byte) uint32 {
	if b == nil {
		return names.Absent
	}
	return uint32(len(b))
}

// StateSwap is compare_and_swap; nil stands for "no value", as Absent does.
func StateSwap(key string, old, val []byte) uint64 {
	return stateSwap(text(key), uint32(len(key)), pointer(old), length(old), pointer(val), length(val))
}
