// The extension that the Go SDK is tested with: every role of
// testdata/conformance, see package roles.
package main

import (
	"github.com/aril-wasm/aril/guest-sdk/go/conformance/roles"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(roles.New()) }

func main() {}
