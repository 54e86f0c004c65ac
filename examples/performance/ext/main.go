package main

import (
	"github.com/aril-wasm/aril/examples/performance/performance"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(performance.New()) }
func main() {}
