package runtime

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// A single hands out the one instance of a Single extension. A call chain that
// has it may enter it again from below its own innermost next, up to the
// nesting limit; every other taker queues. What it keeps is guarded by
// singlesMu: who waits for whom concerns all of them at once.
type single struct {
	name   string
	levels []*sandbox.Instance // of the instance, outermost first; kept for later operations
	uses   []use               // outermost first; empty when it is free
	holder *chain              // whose they are
}

// A use is one activation that is inside the instance.
type use struct {
	inst  *sandbox.Instance
	node  *node
	layer *layer // nil for a hook other than wrap
}

var singlesMu sync.Mutex

// A heldSingles is what a chain has to do with Single extensions.
type heldSingles struct {
	waits  []*single // of which it wants the instance
	inside int       // how many it has
}

// takeSingle takes the instance for a run of node n.
func (g *Guest) takeSingle(ctx context.Context, n *node, l *layer) (*sandbox.Instance, error) {
	s, c := g.single, n.chain
	singlesMu.Lock()
	if s.holder == c && s.below(n) {
		defer singlesMu.Unlock()
		return s.enter(g, n, l)
	}
	if err := s.wouldWait(c); err != nil {
		singlesMu.Unlock()
		return nil, err
	}
	if c.singles == nil {
		c.singles = &heldSingles{}
	}
	mine := c.singles
	mine.waits = append(mine.waits, s)
	singlesMu.Unlock()
	i, err := g.pool.Take(ctx, true)
	singlesMu.Lock()
	defer singlesMu.Unlock()
	at := slices.Index(mine.waits, s)
	mine.waits = slices.Delete(mine.waits, at, at+1)
	if err != nil {
		return nil, err
	}
	if len(s.levels) == 0 || s.levels[0] != i {
		i.Stack()
		s.levels = append(s.levels[:0], i)
	}
	s.holder = c
	mine.inside++
	i.Claim()
	s.uses = append(s.uses, use{i, n, l})
	return i, nil
}

// below tells whether a run comes from inside an activation that is in the
// instance.
func (s *single) below(n *node) bool {
	for p := n; p != nil; p = p.parent() {
		if slices.ContainsFunc(s.uses, func(u use) bool { return u.node == p }) {
			return true
		}
	}
	return false
}

// enter enters the instance again. The innermost activation must be waiting
// for what n is part of: only then its guest's frames end in the right order.
func (s *single) enter(g *Guest, n *node, l *layer) (*sandbox.Instance, error) {
	top := s.uses[len(s.uses)-1]
	under := false
	for p := n.parent(); p != nil && !under; p = p.parent() {
		under = p == top.node
	}
	// The same extension further in, in the same pipeline.
	under = under || n == top.node && further(top.layer, l)
	if len(s.uses) == len(s.levels) {
		next := s.levels[len(s.levels)-1].Nested()
		next.Act.Owner = newActivation(g, &next.Act)
		s.levels = append(s.levels, next)
	}
	i := s.levels[len(s.uses)]
	if !under || !i.Claim() {
		return nil, fmt.Errorf("%w: %q is Single, and something else that its next runs is inside it; run them one after the other", ErrBusy, s.name)
	}
	s.uses = append(s.uses, use{i, n, l})
	return i, nil
}

// further tells whether one layer of a pipeline is further in than another.
func further(outer, inner *layer) bool {
	return outer != nil && inner != nil && outer.index < inner.index
}

// wouldWait reports an error when waiting for the instance could last for
// ever: who has it waits for something that c has.
func (s *single) wouldWait(c *chain) error {
	if s.holder == c && c.singles.inside == 1 {
		return nil // another branch of the chain has it, and this one has nothing
	}
	seen := []*single{}
	var find func(s *single) *single
	find = func(s *single) *single {
		if s.holder == nil || slices.Contains(seen, s) {
			return nil
		}
		if seen = append(seen, s); s.holder == c {
			return s
		}
		for _, w := range s.holder.singles.waits {
			if found := find(w); found != nil {
				return found
			}
		}
		return nil
	}
	if found := find(s); found == s {
		return fmt.Errorf("%w: %q is Single, and another branch of this operation is inside it", ErrBusy, s.name)
	} else if found != nil {
		return fmt.Errorf("%w: this operation is inside %q and wants %q, while an operation inside %q wants %q; both are Single: take them in one order", ErrBusy, found.name, s.name, s.name, found.name)
	}
	return nil
}

// giveBackSingle ends a use. The instance goes back when no use is left: one
// that was poisoned may still have activations of others inside it.
func (g *Guest) giveBackSingle(i *sandbox.Instance) {
	s := g.single
	singlesMu.Lock()
	i.Unclaim()
	at := slices.IndexFunc(s.uses, func(u use) bool { return u.inst == i })
	s.uses = slices.Delete(s.uses, at, at+1)
	if len(s.uses) > 0 {
		singlesMu.Unlock()
		return
	}
	s.holder.singles.inside--
	s.holder = nil
	base := s.levels[0]
	lost := base.Poisoned()
	if lost {
		s.levels = nil
	}
	singlesMu.Unlock()
	if lost {
		g.restarts.Add(1)
		g.owner.logger.Warn("a Single extension lost its instance; it begins anew from its template")
		g.pool.Discard(base)
	} else {
		g.pool.Give(base)
	}
}

// Restarts is how often a Single extension began anew from its template,
// because its instance broke.
func (g *Guest) Restarts() int64 { return g.restarts.Load() }
