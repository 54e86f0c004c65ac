package main

import (
	"github.com/aril-wasm/aril/examples/caching/caching"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(caching.New()) }
func main() {}
