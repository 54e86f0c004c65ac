package main

import (
	"github.com/aril-wasm/aril/examples/telemetry/telemetry"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(telemetry.New()) }
func main() {}
