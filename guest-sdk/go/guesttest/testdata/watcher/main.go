// Command watcher is internal/watcher as a module.
package main

import (
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest/internal/watcher"
)

func init() { guest.Register(new(watcher.Extension)) }

func main() {}
