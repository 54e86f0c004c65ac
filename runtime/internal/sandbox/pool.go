package sandbox

import (
	"context"
	"fmt"
	"sync"
)

// A Pool keeps values that are dear to make and may be used by one at a time.
// It knows nothing of Wasm. All methods may be called from any goroutine.
//
//	Give      the value waits for the next Take; the oldest waiter wakes
//	Discard   the value is freed; the oldest waiter wakes and has one made
//	KeepIdle  false: every Give is a Discard
type Pool[T any] struct {
	// New makes a value. wait says whether it may wait for resources: only a
	// root may, since a nested operation that waits can wait for its own root.
	New func(ctx context.Context, wait bool) (T, error)

	// Drop frees a value.
	Drop func(T)

	Max      int  // values at once; below 0: no bound
	KeepIdle bool // keep values that are given back

	mu      sync.Mutex
	idle    []T
	live    int // handed out, or being made
	waiters []chan struct{}
	closed  bool
	empty   chan struct{} // closed when live is 0 after Close
}

// Take gives a value to use. Past Max a root waits, in order, until ctx is
// done; a nested caller gets a value beyond the bound, since its root holds
// one and would wait for it.
func (p *Pool[T]) Take(ctx context.Context, root bool) (T, error) {
	var zero T
	p.mu.Lock()
	for {
		if p.closed {
			p.mu.Unlock()
			return zero, ErrClosed
		}
		if n := len(p.idle); n > 0 {
			v := p.idle[n-1]
			p.idle[n-1] = zero
			p.idle = p.idle[:n-1]
			p.live++
			p.mu.Unlock()
			return v, nil
		}
		if p.Max < 0 || p.live < p.Max || !root {
			break
		}
		w := make(chan struct{})
		p.waiters = append(p.waiters, w)
		p.mu.Unlock()
		select {
		case <-w:
			p.mu.Lock()
		case <-ctx.Done():
			p.abandon(w)
			return zero, fmt.Errorf("%w: waiting for one of %d: %w", ErrBusy, p.Max, context.Cause(ctx))
		}
	}
	p.live++
	p.mu.Unlock()
	v, err := p.New(ctx, root)
	if err != nil {
		p.leave()
	}
	return v, err
}

// abandon takes w out of the queue, or hands its turn on.
func (p *Pool[T]) abandon(w chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, o := range p.waiters {
		if o == w {
			p.waiters = append(p.waiters[:i], p.waiters[i+1:]...)
			return
		}
	}
	p.wake()
}

// Give puts a value back that is as good as new.
func (p *Pool[T]) Give(v T) {
	p.mu.Lock()
	if !p.KeepIdle || p.closed || (p.Max >= 0 && p.live > p.Max) {
		p.mu.Unlock()
		p.Discard(v)
		return
	}
	p.idle = append(p.idle, v)
	p.left()
	p.mu.Unlock()
}

// Discard frees a value that must not be used again.
func (p *Pool[T]) Discard(v T) {
	p.Drop(v)
	p.leave()
}

func (p *Pool[T]) leave() {
	p.mu.Lock()
	p.left()
	p.mu.Unlock()
}

func (p *Pool[T]) left() {
	p.live--
	if p.closed && p.live == 0 {
		close(p.empty)
	}
	p.wake()
}

func (p *Pool[T]) wake() {
	if len(p.waiters) > 0 {
		close(p.waiters[0])
		p.waiters = p.waiters[1:]
	}
}

// EvictIdle frees the values that nobody uses and reports how many.
func (p *Pool[T]) EvictIdle() int {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, v := range idle {
		p.Drop(v)
	}
	return len(idle)
}

// Live reports how many values are in use, and Idle how many are not.
func (p *Pool[T]) Live() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

// Idle reports how many values wait for use.
func (p *Pool[T]) Idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// Close frees the idle values, refuses new callers, and waits until every
// value in use was given back or ctx is done; those still out are freed when
// they come back.
func (p *Pool[T]) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		p.empty = make(chan struct{})
		if p.live == 0 {
			close(p.empty)
		}
		for _, w := range p.waiters {
			close(w)
		}
		p.waiters = nil
	}
	empty := p.empty
	p.mu.Unlock()
	p.EvictIdle()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d still in use: %w", p.Live(), context.Cause(ctx))
	}
}
