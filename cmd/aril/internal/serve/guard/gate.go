package guard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

var (
	errQueueFull = errors.New("queue full")
	errWaited    = errors.New("waited too long")
)

// burstTime is how long a burst may last, calmTime how long nobody may have
// needed one before the next.
const (
	burstTime = 20 * time.Millisecond
	calmTime  = time.Second
)

// A gate gives out places. It knows nothing of HTTP.
//
// Whoever waits does so in a queue of his own caller. A free place goes to the
// caller who holds fewest, so that one who sends a thousand requests does not
// keep out another who sends one; a full queue makes room for the other one by
// turning away the last of the one who waits with most. Within a caller the
// first who came is the first to go.
//
// The length of the queue bounds the wait: a place comes free every (time of a
// request / places), however long requests take. A longer queue takes bursts,
// which cost nobody anything if they are over soon; one that stands only makes
// everybody late. So the longer one is there for burstTime, and again after
// calmTime in which nobody needed it. CoDel does the same by how long requests
// have waited, for which it must know what is long.
// Last in, first out serves those better who come last and lets the others wait
// till the queue is empty: under twice the load that the processors can take
// the 99th percentile was 3 times as long (TestOverload…, 21 ms for 6 ms).
type gate struct {
	places   int
	share    int // places that one named caller may hold
	queue    int // requests that may wait
	burst    int // requests that may wait in a burst
	away     int // requests that may be outside
	patience time.Duration

	mu      sync.Mutex
	held    int
	outside int
	waiting int
	began   time.Time // the last burst
	needed  time.Time // when the queue was last too short
	parties map[string]*party
	lines   []*party  // those with somebody waiting
	back    []*waiter // those that come back from outside, who go first
}

// A party is a caller with a place or in the queue.
type party struct {
	id      string
	held    int
	outside int
	line    []*waiter
}

type waiter struct {
	party *party
	since time.Time
	ready chan struct{} // closed with a result
	err   error         // set before ready is closed; nil: the place is his
}

// take gives a place to a caller, or errQueueFull, errWaited or the error of
// ctx. Give it back with done.
func (g *gate) take(ctx context.Context, id string) (*place, error) {
	g.mu.Lock()
	p := g.party(id)
	if g.held < g.places && g.mayHold(p) { // then nobody waits who could have it
		g.grant(p)
		g.mu.Unlock()
		return &place{gate: g, party: p, held: true}, nil
	}
	now := time.Now()
	if !g.room(p, now) {
		g.forget(p)
		g.mu.Unlock()
		return nil, errQueueFull
	}
	w := &waiter{party: p, since: now, ready: make(chan struct{})}
	if len(p.line) == 0 {
		g.lines = append(g.lines, p)
	}
	p.line = append(p.line, w)
	g.waiting++
	g.mu.Unlock()

	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	var err error
	select {
	case <-w.ready:
		err = w.err
	case <-timer.C:
		err = g.abandon(w, errWaited)
	case <-ctx.Done():
		err = g.abandon(w, ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	return &place{gate: g, party: p, held: true}, nil
}

// room makes room for one more of p. A full queue turns away the last who came
// of the caller with most in it, if that one would still have as many as p.
func (g *gate) room(p *party, now time.Time) bool {
	if g.waiting < g.queue {
		return true
	}
	if now.Sub(g.needed) > calmTime {
		g.began = now
	}
	g.needed = now
	if g.waiting < g.burst && now.Sub(g.began) <= burstTime {
		return true
	}
	most := p
	for _, other := range g.lines {
		if len(other.line) > len(most.line) {
			most = other
		}
	}
	if len(most.line) <= len(p.line)+1 {
		return false
	}
	w := most.line[len(most.line)-1]
	g.leave(w)
	w.err = errQueueFull
	close(w.ready)
	return true
}

// abandon takes a waiter out of the queue. One who got his place meanwhile
// keeps it if it was his patience that ended.
func (g *gate) abandon(w *waiter, why error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.ready:
		if w.err == nil && why != errWaited {
			g.release(w.party)
			return why
		}
		return w.err
	default:
	}
	g.leave(w)
	g.forget(w.party)
	return why
}

// leave takes a waiter out of his line.
func (g *gate) leave(w *waiter) {
	p := w.party
	p.line = slices.DeleteFunc(p.line, func(o *waiter) bool { return o == w })
	if len(p.line) == 0 {
		g.lines = slices.DeleteFunc(g.lines, func(o *party) bool { return o == p })
	}
	g.waiting--
}

// release gives a place to whoever is next.
func (g *gate) release(p *party) {
	g.held--
	p.held--
	g.dispatch()
	g.forget(p)
}

func (g *gate) dispatch() {
	for g.held < g.places {
		if len(g.back) > 0 {
			w := g.back[0]
			g.back = slices.Delete(g.back, 0, 1)
			g.grant(w.party)
			close(w.ready)
			continue
		}
		var next *party
		for _, p := range g.lines {
			if g.mayHold(p) && (next == nil || p.held < next.held || p.held == next.held && p.line[0].since.Before(next.line[0].since)) {
				next = p
			}
		}
		if next == nil {
			return
		}
		w := next.line[0]
		g.leave(w)
		g.grant(next)
		close(w.ready)
	}
}

func (g *gate) grant(p *party) {
	g.held++
	p.held++
}

func (g *gate) mayHold(p *party) bool { return !named(p.id) || p.held < g.share }

func (g *gate) party(id string) *party {
	p := g.parties[id]
	if p == nil {
		p = &party{id: id}
		g.parties[id] = p
	}
	return p
}

// forget drops a caller of whom nothing is left.
func (g *gate) forget(p *party) {
	if p.held == 0 && p.outside == 0 && len(p.line) == 0 && g.parties[p.id] == p {
		delete(g.parties, p.id)
	}
}

// state is for metrics.
func (g *gate) state() (held, waiting, outside int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held, g.waiting, g.outside
}
