//go:build !wasip1

package sample

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

var reserve = guest.Native("acme_stock_v1", "reserve")
