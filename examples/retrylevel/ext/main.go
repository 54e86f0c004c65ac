package main

import (
	"github.com/aril-wasm/aril/examples/retrylevel/retrylevel"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func init() { guest.Register(retrylevel.New()) }
func main() {}
