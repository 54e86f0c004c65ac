package main

import (
	"github.com/aril-wasm/aril/examples/tracing/tracing"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(tracing.New()) }
func main() {}
