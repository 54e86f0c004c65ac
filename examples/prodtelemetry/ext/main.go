// The production telemetry as a module for the sandbox.
package main

import (
	"github.com/aril-wasm/aril/examples/prodtelemetry/prodtelemetry"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(prodtelemetry.New()) }
func main() {}
