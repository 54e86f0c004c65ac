package runtime

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// operationIDs numbers runs of operations, process-wide.
var operationIDs atomic.Uint64

// A chain is a root operation with everything that runs below it. Its budgets
// are shared by all its activations.
type chain struct {
	root        *node
	limits      ChainLimits
	fuel        sandbox.FuelTank
	deadline    time.Time
	activations atomic.Int64
	repeats     atomic.Int64
	held        atomic.Int64 // instances the chain has
	over        atomic.Bool  // the root has returned
}

// A node is one run of an operation, and the context that what is inside it
// gets. It is allocated for each run and never used again: inner code may keep
// it for as long as it likes.
type node struct {
	context.Context
	chain  *chain
	parent *node // nil at the root
	scope  *contextLevel
	id     uint64
	depth  int
	runs   atomic.Int64 // of the innermost function
	own    contextLevel
}

// A rootNode is a root's node with its chain in one allocation.
type rootNode struct {
	node
	chainOfRoot chain
}

type nodeKey struct{}

// Value gives the node itself, and else what the caller's context has.
func (n *node) Value(key any) any {
	if key == (nodeKey{}) {
		return n
	}
	return n.Context.Value(key)
}

var defaultChainLimits, _ = ChainLimits{}.withDefaults()

// enter makes the node of one run. A context that outlived its root begins a
// new chain: code that goes on in the background has no part in the budgets of
// the operation that started it.
func enter(ctx context.Context, rt *Runtime, scope *contextLevel) (*node, error) {
	if parent, _ := ctx.Value(nodeKey{}).(*node); parent != nil && !parent.chain.over.Load() {
		n := &node{Context: ctx, chain: parent.chain, parent: parent, scope: scope, depth: parent.depth + 1, id: operationIDs.Add(1)}
		if over(int64(n.depth), n.chain.limits.Nesting) {
			return nil, fmt.Errorf("%w: operation %d of a chain that may have %d", ErrNesting, n.depth+1, n.chain.limits.Nesting)
		}
		return n, nil
	}
	r := &rootNode{}
	r.node.Context, r.node.chain, r.node.scope = ctx, &r.chainOfRoot, scope
	r.node.id = operationIDs.Add(1)
	c := &r.chainOfRoot
	c.root, c.limits = &r.node, defaultChainLimits
	if rt != nil {
		c.limits = rt.chainLimits
	}
	c.fuel.Fill(c.limits.Fuel)
	if c.limits.Time >= 0 {
		c.deadline = time.Now().Add(c.limits.Time)
	}
	return &r.node, nil
}

// leave ends the run; the root's ends the chain.
func (n *node) leave() {
	if n.parent == nil {
		n.chain.over.Store(true)
	}
}

// budget puts the chain's share into an activation's budget.
func (c *chain) budget(b *sandbox.Budget, total time.Duration) {
	if c.limits.Fuel >= 0 {
		b.Shared = &c.fuel
	}
	deadline := c.deadline
	if total >= 0 {
		if d := time.Now().Add(total); deadline.IsZero() || d.Before(deadline) {
			deadline = d
		}
	}
	if !deadline.IsZero() {
		b.Deadline = sandbox.Nanotime(deadline)
	}
}

// repeat takes one repetition of next, and reports whether there was one.
func (c *chain) repeat() bool { return !over(c.repeats.Add(1), c.limits.Repeats) }

// activate counts one activation.
func (c *chain) activate() error {
	if over(c.activations.Add(1), c.limits.Activations) {
		return fmt.Errorf("%w: the chain's %d activations are used up", ErrNesting, c.limits.Activations)
	}
	return nil
}
