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

// A node is one run of an operation, and the context that what is inside it
// gets. It is allocated for each run and never used again: inner code may keep
// it for as long as it likes. Its size is what an operation costs, see
// BenchmarkWrap.
type node struct {
	context.Context
	chain *chain
	scope *contextLevel
	op    *Operation // nil for a hook other than wrap
	id    uint64
	depth int32
	runs  atomic.Int32                 // of the innermost function
	own   atomic.Pointer[contextLevel] // nil until a guest looks
}

// A chain is a root operation with everything that runs below it. Its budgets
// are shared by all its activations.
type chain struct {
	root        node
	limits      *chainLimits
	fuel        sandbox.FuelTank
	activations atomic.Int64
	repeats     atomic.Int64
	held        atomic.Int32 // instances the chain has
	over        atomic.Bool  // the root has returned
	singles     *heldSingles // guarded by singlesMu; nil until the chain wants one
}

// chainLimits are the limits of a chain. Those of a chain whose time is
// limited are its own.
type chainLimits struct {
	ChainLimits
	end int64 // as in sandbox.Budget.Deadline
}

type nodeKey struct{}

// Value gives the node itself, and else what the caller's context has.
func (n *node) Value(key any) any {
	if key == (nodeKey{}) {
		return n
	}
	return n.Context.Value(key)
}

// nodeOf finds the innermost run that ctx comes from.
func nodeOf(ctx context.Context) *node {
	n, _ := ctx.Value(nodeKey{}).(*node)
	return n
}

// parent is the run that this one is nested in, nil at the root.
func (n *node) parent() *node {
	if n == &n.chain.root {
		return nil
	}
	return nodeOf(n.Context)
}

// params are the operation's, for this run.
func (n *node) params() any {
	if n.op.ParamsOf != nil {
		return n.op.ParamsOf(n.Context)
	}
	return n.op.Params
}

// An attempt is the context of the second and later runs of an operation's own
// function; the first has none.
type attempt struct {
	context.Context
	node *node
	run  int
}

type attemptKey struct{}

// Value gives the attempt itself, and else what the context around it has.
func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// Attempt says, inside an operation's own function and with its context, which
// run of the function this is: 1 first, more when an extension called next
// again. It is 0 outside an operation and before the first run, 1 in an
// extension after it. An operation that no extension is
// interested in is none: there it tells of the operation around it.
func Attempt(ctx context.Context) int {
	n := nodeOf(ctx)
	if n == nil {
		return 0
	}
	if a, _ := ctx.Value(attemptKey{}).(*attempt); a != nil && a.node == n {
		return a.run
	}
	return int(min(n.runs.Load(), 1))
}

var defaultChainLimits = func() chainLimits {
	l, _ := ChainLimits{}.withDefaults() // zero is valid
	return chainLimits{ChainLimits: l}
}()

// around finds the operation that ctx belongs to, nil when there is none that
// goes on. A context that outlived its root begins a new chain: code that goes
// on in the background has no part in the budgets of the operation that
// started it.
func around(ctx context.Context) *node {
	if n := nodeOf(ctx); n != nil && !n.chain.over.Load() {
		return n
	}
	return nil
}

// enter makes the node of one run.
func enter(ctx context.Context, rt *Runtime, scope *contextLevel) (*node, error) {
	if parent := around(ctx); parent != nil {
		n := &node{}
		return n, n.begin(ctx, parent, scope)
	}
	c := &chain{}
	c.begin(ctx, rt, scope)
	return &c.root, nil
}

// begin makes a new node one of parent's chain.
func (n *node) begin(ctx context.Context, parent *node, scope *contextLevel) error {
	n.Context, n.chain, n.scope = ctx, parent.chain, scope
	n.depth, n.id = parent.depth+1, operationIDs.Add(1)
	if over(int64(n.depth), n.chain.limits.Nesting) {
		return fmt.Errorf("%w: operation %d of a chain that may have %d", ErrNesting, n.depth+1, n.chain.limits.Nesting)
	}
	return nil
}

// begin makes the root of a new chain.
func (c *chain) begin(ctx context.Context, rt *Runtime, scope *contextLevel) {
	n := &c.root
	n.Context, n.chain, n.scope, n.id = ctx, c, scope, operationIDs.Add(1)
	c.limits = &defaultChainLimits
	if rt != nil {
		c.limits = &rt.chainLimits
	}
	if c.limits.Time >= 0 {
		own := *c.limits
		own.end = sandbox.Nanotime(time.Now().Add(own.Time))
		c.limits = &own
	}
}

// leave ends the run; the root's ends the chain.
func (n *node) leave() {
	if n == &n.chain.root {
		n.chain.over.Store(true)
	}
}

// budget puts the chain's share into an activation's budget.
func (c *chain) budget(b *sandbox.Budget, total time.Duration) {
	if c.limits.Fuel >= 0 {
		b.Shared, b.SharedFuel = &c.fuel, c.limits.Fuel
	}
	b.Deadline = c.limits.end
	if total >= 0 {
		if d := sandbox.Nanotime(time.Now().Add(total)); b.Deadline == 0 || d < b.Deadline {
			b.Deadline = d
		}
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
