package main

import (
	"context"
	"runtime"

	aril "github.com/aril-wasm/aril/runtime"
)

// Memory is what the host tells extensions of its process, in bytes.
type memory struct {
	HeapUsed  int64 `msg:"heapUsed"`
	HeapTotal int64 `msg:"heapTotal"`
	RSS       int64 `msg:"rss"` // what was asked of the operating system
}

func readMemory() memory {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{int64(m.HeapAlloc), int64(m.HeapSys), int64(m.Sys)}
}

// process is a capability of this program's own: a guest sees no memory but
// its own.
var process = aril.Capability{Module: "acme_process_v1", Functions: []aril.Function{
	aril.Func("memory", func(context.Context, *aril.Call, any) (memory, error) { return readMemory(), nil }),
}}

// nativeProcess is the same for an extension in this process.
func nativeProcess(context.Context, any) (any, error) { return readMemory(), nil }
