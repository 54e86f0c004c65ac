package guard

import (
	"context"
	"slices"
	"sync"
)

// A place is one request's right to run.
type place struct {
	gate  *gate
	party *party

	mu   sync.Mutex // before gate.mu
	held bool
	over bool
}

type placeKey struct{}

// Outside gives the place of a request to others while it waits for another
// system, such as a backend that a task asks. Call back when that is over: it
// waits for a place, before requests that have not begun, or for the end of
// ctx. Places are for work of this process; without this they would all be
// taken by requests that wait, with the processors idle.
//
// Of a request that asks several backends at once the first gives the place
// away and the first that is back takes one again. Where too many requests are
// outside, and for a ctx that is not of a request, nothing happens.
func Outside(ctx context.Context) (back func()) {
	p, _ := ctx.Value(placeKey{}).(*place)
	if p == nil || !p.leave() {
		return func() {}
	}
	return func() { p.enter(ctx) }
}

// leave reports whether enter is to be called.
func (p *place) leave() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return false
	}
	if !p.held {
		return true // another one of this request gave it away
	}
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.outside >= g.away || named(p.party.id) && p.party.outside >= max(1, g.away/2) {
		return false
	}
	g.outside++
	p.party.outside++
	g.release(p.party)
	p.held = false
	return true
}

// enter takes a place again. Siblings wait for the one who does.
func (p *place) enter(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held || p.over {
		return
	}
	g := p.gate
	g.mu.Lock()
	if g.held < g.places {
		g.grant(p.party)
		p.inside()
		g.mu.Unlock()
		return
	}
	w := &waiter{party: p.party, ready: make(chan struct{})}
	g.back = append(g.back, w)
	g.mu.Unlock()
	select {
	case <-w.ready:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.ready:
		p.inside()
	default:
		g.back = slices.DeleteFunc(g.back, func(o *waiter) bool { return o == w })
	}
}

// inside is called with gate.mu.
func (p *place) inside() {
	p.held = true
	p.gate.outside--
	p.party.outside--
}

// done gives the place back for good.
func (p *place) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if !p.held {
		p.gate.outside--
		p.party.outside--
		g.forget(p.party)
		return
	}
	p.held = false
	g.release(p.party)
}
