package main

import (
	"github.com/aril-wasm/aril/examples/composition/recorder"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(recorder.New()) }
func main() {}
