package sample

import "unsafe"

//go:wasmimport acme_stock_v1 reserve
func reserve(message unsafe.Pointer, length uint32) uint64
