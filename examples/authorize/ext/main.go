package main

import (
	"github.com/aril-wasm/aril/examples/authorize/authorize"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(authorize.New()) }
func main() {}
