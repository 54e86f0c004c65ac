package guest

import (
	"strconv"

	"github.com/aril-wasm/aril/abi/names"
)

// A Status is why the host did not do what it was asked. Compare with
// errors.Is or ==.
type Status uint32

// The statuses, as errors.
const (
	ErrFailed      Status = names.StatusFailed      // the host could not encode the value
	ErrNotFound    Status = names.StatusNotFound    // no such key, part or value
	ErrDenied      Status = names.StatusDenied      // the extension lacks a power or a grant
	ErrPhase       Status = names.StatusPhase       // not to be called from this hook, or outside one
	ErrLimit       Status = names.StatusLimit       // a count or a sum is used up
	ErrTooLarge    Status = names.StatusTooLarge    // one value is larger than its limit
	ErrInvalid     Status = names.StatusInvalid     // a number or a message is malformed
	ErrCanceled    Status = names.StatusCanceled    // the caller has given up; finish soon
	ErrStale       Status = names.StatusStale       // of an activation that is over, or of a next before the last
	ErrConflict    Status = names.StatusConflict    // the state holds another value
	ErrUnavailable Status = names.StatusUnavailable // a back end did not answer
	ErrBusy        Status = names.StatusBusy        // would have to wait for itself
)

var statusCodes = [...]string{
	names.StatusFailed:      "failed",
	names.StatusNotFound:    "not_found",
	names.StatusDenied:      "denied",
	names.StatusPhase:       "phase",
	names.StatusLimit:       "limit",
	names.StatusTooLarge:    "too_large",
	names.StatusInvalid:     "invalid",
	names.StatusCanceled:    "canceled",
	names.StatusStale:       "stale",
	names.StatusConflict:    "conflict",
	names.StatusUnavailable: "unavailable",
	names.StatusBusy:        "busy",
}

// Code is the status in lower case, such as "too_large". It is the code of the
// error that the host gets when an extension returns a Status.
func (s Status) Code() string {
	if int(s) < len(statusCodes) && s != names.StatusOK {
		return statusCodes[s]
	}
	return "status_" + strconv.FormatUint(uint64(s), 10)
}

// Error describes the status.
func (s Status) Error() string { return "aril: " + s.Code() }

// check gives a status as an error, nil for OK.
func check(status uint32) error {
	if status == names.StatusOK {
		return nil
	}
	return Status(status)
}
