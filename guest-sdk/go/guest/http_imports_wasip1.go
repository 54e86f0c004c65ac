package guest

import "unsafe"

//go:wasmimport aril_http_v1 fetch
func httpFetch(message unsafe.Pointer, length uint32) uint64
