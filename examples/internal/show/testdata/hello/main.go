package main

import (
	"github.com/aril-wasm/aril/examples/internal/show/testdata/greeter"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(greeter.New("hello")) }
func main() {}
