//go:build !wasip1

package guest

import "github.com/aril-wasm/aril/abi/names"

var (
	scopeLookup      = Native(names.ModuleScope, "lookup")
	scopeEntries     = Native(names.ModuleScope, "entries")
	scopeResolve     = Native(names.ModuleScope, "resolve")
	scopeUpdate      = Native(names.ModuleScope, "update")
	scopeRelease     = Native(names.ModuleScope, "release")
	scopeSubscribe   = Native(names.ModuleScope, "subscribe")
	scopeUnsubscribe = Native(names.ModuleScope, "unsubscribe")
	scopeGet         = Native(names.ModuleScope, "get")
	scopeSet         = Native(names.ModuleScope, "set")
)
