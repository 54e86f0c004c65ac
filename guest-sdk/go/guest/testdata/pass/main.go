// The smallest extension: it calls next and returns what comes.
package main

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

type pass struct{}

func (pass) Wrap(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() }

func init() { guest.Register(pass{}) }

func main() {}
