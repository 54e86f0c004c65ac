package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// A Duration is a span of time in nanoseconds. It stands in for time.Duration:
// importing time adds 260 KB to an extension.
type Duration int64

// Spans of time.
const (
	Nanosecond  Duration = 1
	Microsecond          = 1000 * Nanosecond
	Millisecond          = 1000 * Microsecond
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
)

// Now is the time of day, to the microsecond. It is the zero Timestamp where
// the host does not say.
func Now() Timestamp { return msgpack.TimestampOf(clock(names.ClockWall)) }

// Monotonic is the time since some point before the extension began, to the
// microsecond; differences between two of them do not depend on the time of
// day being set.
func Monotonic() Duration { return Duration(clock(names.ClockMonotonic)) }

var clockBuffer [8]byte

func clock(which uint32) int64 {
	if status, _ := host.Unpack(host.Now(which, &clockBuffer)); status != names.StatusOK {
		return 0
	}
	return number(&clockBuffer)
}

// Sleep waits for d, a [Duration] or a time.Duration. The host bills it as
// waiting, which has a limit of its own. It ends early with [ErrCanceled] when
// the caller gives up.
func Sleep[D ~int64](d D) error {
	if d <= 0 {
		return nil
	}
	status, _ := host.Unpack(host.Sleep(int64(d)))
	return check(status)
}

// number reads what the host wrote, little-endian.
func number(b *[8]byte) int64 {
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	return int64(v)
}
