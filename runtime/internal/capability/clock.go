package capability

import (
	"context"
	"encoding/binary"
	"math"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// clockStep is how coarse every clock is: fine enough to measure by, too
// coarse to tell what a neighbour's caches hold.
const clockStep = time.Microsecond

// clockBase is a second before the process began: Go's runtime in a guest
// does not start on a clock that says 0.
var clockBase = time.Now().Add(-time.Second)

func monotonicNow() uint64 { return coarse(int64(time.Since(clockBase))) }
func wallNow() uint64      { return coarse(time.Now().UnixNano()) }

func coarse(ns int64) uint64 { return uint64(ns - ns%int64(clockStep)) }

// clockNow is aril_clock_v1.now(clock, buf).
func clockNow(c call, args []uint64) (abi.Status, uint32) {
	var now func() uint64
	switch args[0] {
	case names.ClockMonotonic:
		now = monotonicNow
	case names.ClockWall:
		now = wallNow
	default:
		return abi.Invalid, 0
	}
	if !c.inside(args[1], 8) {
		return abi.Invalid, 0
	}
	c.put(args[1], binary.LittleEndian.AppendUint64(nil, now()))
	return abi.OK, 8
}

// clockSleep is aril_clock_v1.sleep(ns).
func clockSleep(c call, args []uint64) (abi.Status, uint32) {
	ns := int64(args[0])
	if ns < 0 {
		return abi.Invalid, 0
	}
	if !c.sleep(uint64(ns)) {
		return abi.Canceled, 0
	}
	return abi.OK, 0
}

// sleep waits, and reports whether it could until the end: false if the caller
// gave up before. The activation's wait budget may end it meanwhile.
func (c call) sleep(ns uint64) bool {
	if ns == 0 {
		return true
	}
	err := c.Wait(func(ctx context.Context) error {
		timer := time.NewTimer(time.Duration(min(ns, math.MaxInt64)))
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return err == nil
}
