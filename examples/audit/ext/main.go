package main

import (
	"github.com/aril-wasm/aril/examples/audit/audit"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(audit.New()) }
func main() {}
