package scope

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// A flight is one resolution or update of a cell under way. It is also the
// context of what runs inside it, so that a resolution knows what it is part
// of. It is allocated for each one and never used again.
type flight struct {
	context.Context
	cell   *cell
	parent *flight // the one that waits for this one, if any
	over   atomic.Bool

	mu    sync.Mutex
	done  chan struct{} // made by the first who waits
	ended bool

	// The outcome, once done. again means that there is none: whoever ran it
	// was cancelled, and another may try.
	value any
	err   error
	again bool

	waiters []*flight // that wait for this one; under waits
}

// waits guards the waiters of all flights: a circle may go through several
// scopes. Only those who wait take it.
var waits sync.Mutex

type flightKey struct{}

// Value gives the flight itself, and else what the caller's context has.
func (f *flight) Value(key any) any {
	if key == (flightKey{}) {
		return f
	}
	return f.Context.Value(key)
}

// flightOf gives the resolution that ctx belongs to. One that is over is
// nobody's: code that goes on in the background waits for itself alone.
func flightOf(ctx context.Context) *flight {
	f, _ := ctx.Value(flightKey{}).(*flight)
	for f != nil && f.over.Load() {
		f = f.parent
	}
	return f
}

func newFlight(ctx context.Context, c *cell) *flight {
	return &flight{Context: ctx, cell: c, parent: flightOf(ctx)}
}

// land ends the flight for all who wait.
func (f *flight) land(value any, err error, again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.value, f.err, f.again, f.ended = value, err, again, true
	f.over.Store(true)
	if f.done != nil {
		close(f.done)
	}
}

func (f *flight) wait() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done == nil {
		f.done = make(chan struct{})
		if f.ended {
			close(f.done)
		}
	}
	return f.done
}

// join waits for a flight from inside another, or from outside. It fails at
// once, with a circular DependencyError, when f waits for what would wait;
// tell says that it is a failure to tell of.
func (s *Scope) join(ctx context.Context, f *flight, tell bool) error {
	mine := flightOf(ctx)
	if mine != nil {
		waits.Lock()
		if circle := circleThrough(mine, f); circle != nil {
			waits.Unlock()
			return s.circular(mine, circle, tell)
		}
		f.waiters = append(f.waiters, mine)
		waits.Unlock()
		defer func() {
			waits.Lock()
			defer waits.Unlock()
			if i := slices.Index(f.waiters, mine); i >= 0 {
				f.waiters = slices.Delete(f.waiters, i, i+1)
			}
		}()
	}
	select {
	case <-f.wait():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// circleThrough looks whether f waits, through others, for mine. It gives the
// way round: f, …, mine, f. Waiting goes from a flight to its parent and to
// those that joined it.
func circleThrough(mine, f *flight) []AnyExecutor {
	cameFrom := map[*flight]*flight{mine: nil}
	for queue := []*flight{mine}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at == f {
			var way []AnyExecutor
			for ; at != nil; at = cameFrom[at] {
				way = append(way, at.cell.exec.self)
			}
			return append(way, f.cell.exec.self)
		}
		next := at.waiters
		if at.parent != nil {
			next = append(slices.Clone(next), at.parent)
		}
		for _, n := range next {
			if _, seen := cameFrom[n]; !seen && !n.over.Load() {
				cameFrom[n] = at
				queue = append(queue, n)
			}
		}
	}
	return nil
}

// chain lists the executors from the outermost resolution to f's.
func (f *flight) chain() []AnyExecutor {
	var out []AnyExecutor
	for ; f != nil; f = f.parent {
		out = append(out, f.cell.exec.self)
	}
	slices.Reverse(out)
	return out
}
