package guest

import "unsafe"

//go:wasmimport aril_scope_v1 lookup
func scopeLookup(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 entries
func scopeEntries(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 resolve
func scopeResolve(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 update
func scopeUpdate(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 release
func scopeRelease(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 subscribe
func scopeSubscribe(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 unsubscribe
func scopeUnsubscribe(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 get
func scopeGet(message unsafe.Pointer, length uint32) uint64

//go:wasmimport aril_scope_v1 set
func scopeSet(message unsafe.Pointer, length uint32) uint64
