//go:build !wasip1

package guest

import "github.com/aril-wasm/aril/abi/names"

var httpFetch = Native(names.ModuleHTTP, "fetch")
