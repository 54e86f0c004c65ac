package sandbox

import "sync/atomic"

// A FuelTank counts fuel that many activations draw: a chain's. It may be
// used from any goroutine. The zero value is full.
type FuelTank struct{ taken atomic.Int64 }

// take draws up to n of a tank that holds size, and reports how much it got.
func (t *FuelTank) take(n, size int64) int64 {
	if n <= 0 {
		return 0
	}
	if missing := t.taken.Add(n) - size; missing > 0 {
		short := min(missing, n)
		t.taken.Add(-short)
		return n - short
	}
	return n
}

func (t *FuelTank) give(n int64) { t.taken.Add(-n) }
