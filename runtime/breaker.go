package runtime

import (
	"sync/atomic"
	"time"
)

// A Breaker stops asking an extension that keeps breaking.
type Breaker struct {
	// Failures is how many breakages in a row open it. Default 16; Unlimited
	// means never. A caller's cancellation is no breakage.
	Failures int64

	// Cooldown is how long it stays open before one operation tries again.
	// Default 5 s.
	Cooldown time.Duration
}

// breaker is its state. closed until failures reach the bound; then open for
// the cooldown; then half-open: one try, whose outcome decides.
type breaker struct {
	Breaker
	failures atomic.Int64
	retryAt  atomic.Int64 // UnixNano at which one may try; 0 while closed
}

func (b *breaker) allow() bool {
	at := b.retryAt.Load()
	if at == 0 {
		return true
	}
	now := time.Now()
	return now.UnixNano() >= at && b.retryAt.CompareAndSwap(at, now.Add(b.Cooldown).UnixNano())
}

func (b *breaker) success() {
	if b.failures.Load() != 0 {
		b.failures.Store(0)
		b.retryAt.Store(0)
	}
}

func (b *breaker) failure() {
	if b.Failures >= 0 && b.failures.Add(1) >= b.Failures {
		b.retryAt.Store(time.Now().Add(b.Cooldown).UnixNano())
	}
}
