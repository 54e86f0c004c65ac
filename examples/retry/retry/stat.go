package retry

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

//go:generate go run github.com/aril-wasm/aril/cmd/aril msgpack

// A Stat is what became of an executor's last resolution.
type Stat struct {
	Attempts      int             `msg:"attempts"`
	LastError     string          `msg:"lastError"`
	LastAttemptAt guest.Timestamp `msg:"lastAttemptAt"`
}
