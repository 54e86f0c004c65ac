// An extension that uses all of the SDK; see internal/sample.
package main

import (
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest/internal/sample"
)

func init() { guest.Register(new(sample.Extension)) }

func main() {}
