package sandbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Pool keeps values that are dear to make and may be used by one at a time.
// It knows nothing of Wasm. All methods may be called from any goroutine.
//
//	Give      the value waits for the next Take; the oldest waiter wakes
//	Discard   the value is freed; the oldest waiter wakes and has one made
//	Clean     brings a value that was given back to what New made
type Pool[T any] struct {
	// New makes a value. wait says whether it may wait for resources: only a
	// root may, since a nested operation that waits can wait for its own root.
	New func(ctx context.Context, wait bool) (T, error)

	// Drop frees a value.
	Drop func(T)

	// Clean makes a used value as good as new. A value that it fails on is
	// freed. Nil: values are handed out as they came back.
	Clean func(T) error

	// Quick says that Clean costs less for a value than handing it to another
	// goroutine. Give then cleans at once. What is not quick is cleaned by a
	// goroutine of the pool, when a core is idle, or by the next Take. Nil:
	// nothing is quick.
	Quick func(T) bool

	Max int // values at once; below 0: no bound

	// IdleTime is how long a value stays that nobody needs: of those that lay
	// idle the whole time, all are freed but Warm. 0: for ever.
	IdleTime time.Duration
	Warm     int

	// Holders says who has the values, for the error of a root that waited in
	// vain. Nil: nobody says.
	Holders func() string

	mu       sync.Mutex
	idle     []T  // clean
	dirty    []T  // to be cleaned
	cleaning bool // a goroutine of the pool is at work
	live     int  // handed out, being made or being cleaned
	waiters  []chan struct{}
	low      int         // fewest that lay idle since the last sweep
	sweeper  *time.Timer // nil while no sweep is due
	closed   bool
	empty    chan struct{} // closed when live is 0 after Close
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
		if v, ok := pop(&p.idle); ok {
			p.took()
			p.mu.Unlock()
			return v, nil
		}
		if v, ok := pop(&p.dirty); ok {
			p.took()
			p.mu.Unlock()
			if p.Clean(v) == nil {
				return v, nil
			}
			p.Drop(v)
			p.mu.Lock()
			p.gone()
			continue
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
			held := ""
			if p.Holders != nil {
				held = p.Holders()
			}
			return zero, fmt.Errorf("%w: waiting for one of %d%s: %w", ErrBusy, p.Max, held, context.Cause(ctx))
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

// Give puts a value back that was used.
func (p *Pool[T]) Give(v T) {
	clean := p.Clean == nil
	if !clean && p.Quick != nil && p.Quick(v) {
		if p.Clean(v) != nil {
			p.Discard(v)
			return
		}
		clean = true
	}
	p.mu.Lock()
	if p.closed || (p.Max >= 0 && p.live > p.Max) {
		p.mu.Unlock()
		p.Discard(v)
		return
	}
	if clean {
		p.idle = append(p.idle, v)
	} else {
		p.dirty = append(p.dirty, v)
	}
	p.keep()
	start := !clean && !p.cleaning && len(p.waiters) == 0
	p.cleaning = p.cleaning || start
	p.left()
	p.mu.Unlock()
	if start {
		go p.clean()
	}
}

// clean cleans what waits for it, until nothing does.
func (p *Pool[T]) clean() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.closed { // what is left is Close's
			p.cleaning = false
			return
		}
		v, ok := pop(&p.dirty)
		if !ok {
			p.cleaning = false
			p.keep()
			return
		}
		p.live++
		p.mu.Unlock()
		failed := p.Clean(v) != nil
		if failed {
			p.Drop(v)
		}
		p.mu.Lock()
		switch {
		case failed:
		case p.closed:
			p.mu.Unlock()
			p.Drop(v)
			p.mu.Lock()
		default:
			p.idle = append(p.idle, v)
		}
		p.left()
	}
}

// took counts a value that was idle and is not.
func (p *Pool[T]) took() {
	p.live++
	p.low = min(p.low, len(p.idle)+len(p.dirty))
}

// keep sees to it that what lies idle for long is freed.
func (p *Pool[T]) keep() {
	if p.IdleTime <= 0 || p.sweeper != nil || p.closed || len(p.idle) <= p.Warm {
		return
	}
	p.low = len(p.idle) + len(p.dirty)
	p.sweeper = time.AfterFunc(p.IdleTime, p.sweep)
}

// sweep frees what nobody needed since the last time: the first in the list,
// since values are taken from its end.
func (p *Pool[T]) sweep() {
	p.mu.Lock()
	n := max(min(p.low-p.Warm, len(p.idle)), 0)
	old := slices.Clone(p.idle[:n])
	p.idle = slices.Delete(p.idle, 0, n)
	p.sweeper = nil
	p.keep()
	p.mu.Unlock()
	for _, v := range old {
		p.Drop(v)
	}
}

// pop takes the value that was added last: its memory is the likeliest to be
// in the processor's cache.
func pop[T any](list *[]T) (v T, ok bool) {
	n := len(*list) - 1
	if n < 0 {
		return v, false
	}
	var zero T
	v, (*list)[n] = (*list)[n], zero
	*list = (*list)[:n]
	return v, true
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
	p.gone()
	p.wake()
}

// gone counts a value out; whoever closes the pool waits for the last.
func (p *Pool[T]) gone() {
	p.live--
	if p.closed && p.live == 0 {
		close(p.empty)
	}
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
	idle := slices.Concat(p.idle, p.dirty)
	p.idle, p.dirty = nil, nil
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

// Waiting reports how many roots wait for a value that somebody else has.
func (p *Pool[T]) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiters)
}

// Idle reports how many values wait for use.
func (p *Pool[T]) Idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle) + len(p.dirty)
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
		if p.sweeper != nil {
			p.sweeper.Stop()
		}
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
