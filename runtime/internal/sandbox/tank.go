package sandbox

import "sync/atomic"

// A FuelTank is fuel that many activations draw from: a chain's. It may be
// used from any goroutine.
type FuelTank struct{ left atomic.Int64 }

// Fill sets what is in the tank.
func (t *FuelTank) Fill(n int64) { t.left.Store(n) }

// take draws up to n and reports how much it got.
func (t *FuelTank) take(n int64) int64 {
	if n <= 0 {
		return 0
	}
	if left := t.left.Add(-n); left < 0 {
		short := min(-left, n)
		t.left.Add(short)
		return n - short
	}
	return n
}

func (t *FuelTank) give(n int64) { t.left.Add(n) }
