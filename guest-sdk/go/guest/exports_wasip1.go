package guest

import (
	"unsafe"
)

var mailbox [mailboxSize]byte

func init() { registered.mailbox = &mailbox }

func self() *instance { return &registered }

//go:wasmexport aril_abi_v1
func exportABI() int64 {
	return int64(uintptr(unsafe.Pointer(&mailbox)))<<32 | mailboxSize
}

//go:wasmexport aril_init
func exportInit(n uint32) uint32 {
	result := registered.runInit(n)
	warmUp()
	return result
}

// warmUp does once, into the template, what each Fresh operation would do anew
// at its first value: it lets the stack grow to what SDK and author are likely
// to need, which else is copied frame by frame (150,000 units of fuel); it
// fills the caches of type assertions; and it takes memory for small objects
// of every size, with pointers and without. That costs address space alone: a
// page that nobody writes to is not there.
func warmUp() {
	warmed = growStack()
	for size := 8; size <= 1024; size += 8 {
		warmed, warmedPointers = make([]byte, size), make([]*byte, size/8)
	}
	warmed, warmedPointers = nil, nil
}

// Assigned to, so that the compiler keeps what warmUp makes.
var (
	warmed         []byte
	warmedPointers []*byte
)

//go:noinline
func growStack() []byte {
	var room [24 << 10]byte
	return warmed[:room[len(warmed)]]
}

//go:wasmexport aril_wrap
func exportWrap(n uint32) uint32 { return registered.runWrap(n) }

//go:wasmexport aril_event
func exportEvent(n uint32) uint32 { return registered.runEvent(n) }

//go:wasmexport aril_call
func exportCall(n uint32) uint32 { return registered.runCall(n) }

//go:wasmexport aril_dispose
func exportDispose() uint32 { return registered.runDispose() }
