package guard

import (
	"context"
	"slices"
)

// A place is one request's right to run. All of it is guarded by gate.mu.
type place struct {
	gate     *gate
	party    *party
	held     bool
	over     bool
	entering chan struct{} // closed when the one who waits to come back is through
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
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.over {
		return false
	}
	if !p.held {
		return true // another one of this request gave it away
	}
	if g.outside >= g.away || named(p.party.id) && p.party.outside >= max(1, g.away/2) {
		return false
	}
	g.outside++
	p.party.outside++
	p.held = false
	g.release(p.party)
	return true
}

// enter takes a place again. Siblings wait for the one who does.
func (p *place) enter(ctx context.Context) {
	g := p.gate
	g.mu.Lock()
	if p.held || p.over {
		g.mu.Unlock()
		return
	}
	if sibling := p.entering; sibling != nil {
		g.mu.Unlock()
		select {
		case <-sibling:
		case <-ctx.Done():
		}
		return
	}
	if g.held < g.places {
		g.grant(p.party)
		p.inside()
		g.mu.Unlock()
		return
	}
	w := &waiter{party: p.party, ready: make(chan struct{})}
	g.back = append(g.back, w)
	entering := make(chan struct{})
	p.entering = entering
	g.mu.Unlock()
	select {
	case <-w.ready:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p.entering = nil
	close(entering)
	select {
	case <-w.ready:
		if p.over { // the request did not wait for this one
			g.release(p.party)
			return
		}
		p.inside()
	default:
		g.back = slices.DeleteFunc(g.back, func(o *waiter) bool { return o == w })
	}
}

// inside ends a time outside.
func (p *place) inside() {
	p.held = true
	p.gate.outside--
	p.party.outside--
}

// done gives the place back for good.
func (p *place) done() {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	if !p.held {
		g.outside--
		p.party.outside--
		g.forget(p.party)
		return
	}
	p.held = false
	g.release(p.party)
}
