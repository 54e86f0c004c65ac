package guest

import "unsafe"

var mailbox [mailboxSize]byte

func init() { registered.mailbox = &mailbox }

func self() *instance { return &registered }

//go:wasmexport aril_abi_v1
func exportABI() int64 {
	return int64(uintptr(unsafe.Pointer(&mailbox)))<<32 | mailboxSize
}

//go:wasmexport aril_init
func exportInit(n uint32) uint32 { return registered.runInit(n) }

//go:wasmexport aril_wrap
func exportWrap(n uint32) uint32 { return registered.runWrap(n) }

//go:wasmexport aril_event
func exportEvent(n uint32) uint32 { return registered.runEvent(n) }

//go:wasmexport aril_call
func exportCall(n uint32) uint32 { return registered.runCall(n) }

//go:wasmexport aril_dispose
func exportDispose() uint32 { return registered.runDispose() }
