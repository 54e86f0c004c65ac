package main

import (
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest/internal/tracer"
)

func init() { guest.Register(new(tracer.Extension)) }

func main() {}
