package main

import (
	"github.com/aril-wasm/aril/examples/logging/logging"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(logging.New()) }
func main() {}
