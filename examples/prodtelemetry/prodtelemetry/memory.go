//go:build !wasip1

package prodtelemetry

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

var processMemory = guest.Native("acme_process_v1", "memory")
