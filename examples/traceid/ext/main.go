package main

import (
	"github.com/aril-wasm/aril/examples/traceid/traceid"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(traceid.New()) }
func main() {}
