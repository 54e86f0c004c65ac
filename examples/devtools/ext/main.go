// The DevTools extension as a module for the sandbox.
package main

import (
	"github.com/aril-wasm/aril/examples/devtools/devtools"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(devtools.New()) }
func main() {}
