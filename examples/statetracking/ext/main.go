package main

import (
	"github.com/aril-wasm/aril/examples/statetracking/statetracking"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(statetracking.New()) }
func main() {}
