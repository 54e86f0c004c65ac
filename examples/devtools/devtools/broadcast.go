//go:build !wasip1

package devtools

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

var broadcast = guest.Native("acme_devtools_v1", "broadcast")
