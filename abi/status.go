package abi

import (
	"strconv"

	"github.com/aril-wasm/aril/abi/names"
)

// A Status is the upper half of what every import returns to the guest.
type Status uint32

// The statuses of ABI v1. Meanings: abi/ABI.md#statuses.
const (
	OK          Status = names.StatusOK
	Failed      Status = names.StatusFailed
	NotFound    Status = names.StatusNotFound
	Denied      Status = names.StatusDenied
	Phase       Status = names.StatusPhase
	Limit       Status = names.StatusLimit
	TooLarge    Status = names.StatusTooLarge
	Invalid     Status = names.StatusInvalid
	Canceled    Status = names.StatusCanceled
	Stale       Status = names.StatusStale
	Conflict    Status = names.StatusConflict
	Unavailable Status = names.StatusUnavailable
	Busy        Status = names.StatusBusy
)

var statusNames = [...]string{"OK", "FAILED", "NOT_FOUND", "DENIED", "PHASE", "LIMIT", "TOO_LARGE", "INVALID", "CANCELED", "STALE", "CONFLICT", "UNAVAILABLE", "BUSY"}

// String gives the name that abi/ABI.md uses, or the number.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "status " + strconv.FormatUint(uint64(s), 10)
}

// Pack joins a status and its figure into the i64 that an import returns.
// n must be below 1<<31.
func Pack(s Status, n uint32) uint64 { return uint64(s)<<32 | uint64(n) }
