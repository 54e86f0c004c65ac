package main

import (
	"github.com/aril-wasm/aril/examples/retry/retry"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(retry.New()) }
func main() {}
