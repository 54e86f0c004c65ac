package main

import (
	"github.com/aril-wasm/aril/examples/journal/journal"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(journal.New()) }
func main() {}
