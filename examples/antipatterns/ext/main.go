package main

import (
	"github.com/aril-wasm/aril/examples/antipatterns/forgetful"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(forgetful.New()) }
func main() {}
