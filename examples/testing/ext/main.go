package main

import (
	"github.com/aril-wasm/aril/examples/testing/lastvalue"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(lastvalue.New()) }
func main() {}
