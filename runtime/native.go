package runtime

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// A nativeStep is a native layer of a plan.
type nativeStep[In, Out any] struct {
	plan  *plan[In, Out]
	layer *layer
	index int
}

// A nativeRun is one run of one native layer: what its extension is given, and
// what became of the rest.
type nativeRun[In, Out any] struct {
	Invocation
	inner innerRuns
	step  *nativeStep[In, Out]
	node  *node
	in    In
}

// A nativeRoot is the chain of a plan that begins with a native layer, and
// that layer's run, in one allocation; a nativeNested is the same further down
// a chain.
type (
	nativeRoot[In, Out any] struct {
		chain chain
		run   nativeRun[In, Out]
	}
	nativeNested[In, Out any] struct {
		node node
		run  nativeRun[In, Out]
	}
)

// callNative is call for a plan that begins with a native layer.
func (p *plan[In, Out]) callNative(ctx context.Context, in In) (out Out, err error) {
	var n *node
	var r *nativeRun[In, Out]
	if parent := around(ctx); parent != nil {
		nested := &nativeNested[In, Out]{}
		if err := nested.node.begin(ctx, parent, p.scope); err != nil {
			return out, err
		}
		n, r = &nested.node, &nested.run
	} else {
		root := &nativeRoot[In, Out]{}
		root.chain.begin(ctx, p.rt, p.scope)
		n, r = &root.chain.root, &root.run
	}
	n.op = p.op
	defer n.leave()
	v, err := r.do(n, &p.natives[0], n, in)
	out, _ = v.(Out)
	return out, err
}

// native runs the native layer i and what is inside it. The value is an Out.
func (p *plan[In, Out]) native(ctx context.Context, n *node, i int, in In) (any, error) {
	return new(nativeRun[In, Out]).do(ctx, &p.natives[i], n, in)
}

func (r *nativeRun[In, Out]) do(ctx context.Context, step *nativeStep[In, Out], n *node, in In) (any, error) {
	r.step, r.node, r.in = step, n, in
	p := step.plan
	r.Operation, r.Params, r.input = p.op, n.params(), r
	r.ID, r.Root, r.Depth = n.id, n.chain.root.id, int(n.depth)
	v, err := callNative(ctx, step.layer, &r.Invocation, r.next, &r.inner)
	if out, ok := v.(Out); err != nil && !ok { // a value beside an error is passed on as it is
		v = out
	} else if err == nil {
		if out, ok = p.out.from(v); !ok {
			v, err = out, &CallError{Extension: step.layer.ext.Name(), Operation: p.op.Name, Hook: "wrap", Err: ErrType,
				Detail: fmt.Sprintf("answered with %T; operation %q yields %v", v, p.op.Name, p.out.want()), Inner: r.inner.snapshot()}
		} else if v == nil {
			v = out
		}
	}
	if r.inner.close() {
		var none In
		r.in = none // the node may be kept for ever, what passed through it not
	}
	return v, err
}

func (r *nativeRun[In, Out]) operationInput() any { return r.in }

// next is what the extension gets to run the rest.
func (r *nativeRun[In, Out]) next(ctx context.Context, changed ...any) (v any, err error) {
	p := r.step.plan
	var in In
	if len(changed) > 0 {
		var ok bool
		if in, ok = p.in.from(changed[0]); !ok {
			return nil, fmt.Errorf("extension %q: input of operation %q: %w: %T, not %v",
				r.step.layer.ext.Name(), p.op.Name, ErrType, changed[0], p.in.want())
		}
	}
	call := r.inner.begin()
	if call == 0 {
		return nil, fmt.Errorf("extension %q: next of operation %q: %w: Wrap has returned", r.step.layer.ext.Name(), p.op.Name, ErrClosed)
	}
	clean := false
	defer func() { r.inner.end(call, clean, v, err) }()
	if len(changed) == 0 {
		in = r.in
	}
	v, err = p.boxed(ctx, r.node, r.step.index+1, in)
	clean = true
	return v, err
}

// boxed is from for a native layer: the value is boxed once, however many
// native layers it goes through.
func (p *plan[In, Out]) boxed(ctx context.Context, n *node, i int, in In) (any, error) {
	if i < len(p.layers) && p.layers[i].guest == nil {
		return p.native(ctx, n, i, in)
	}
	return p.from(ctx, n, i, in)
}

// innerRuns records what became of the operation inside a native extension,
// which may call next from several goroutines. Most call it once: the first
// call keeps its outcome without a lock.
type innerRuns struct {
	state atomic.Uint64
	value any // of the first call: its own until runsFirst is set
	err   error
	later atomic.Pointer[laterRuns]
}

// laterRuns has the outcome of the last of several calls to come back.
type laterRuns struct {
	mu    sync.Mutex
	value any
	err   error
}

// Parts of innerRuns.state.
const (
	runsCalls   = 1 << 0  // of next; 30 bits
	runsRunning = 1 << 30 // calls that have not come back; 30 bits
	runsFirst   = 1 << 60 // the first call came back before there was another
	runsPanic   = 1 << 61 // a panic came out of next, so it is not the extension's
	runsClosed  = 1 << 62 // Wrap has returned

	runsMask = 1<<30 - 1
)

func calls(state uint64) int    { return int(state & runsMask) }
func running(state uint64) bool { return state/runsRunning&runsMask != 0 }

// begin counts a call of next and gives its number, from 1; 0 when there may
// be none any more.
func (r *innerRuns) begin() int {
	s := r.state.Add(runsCalls + runsRunning)
	if s&runsClosed != 0 {
		r.state.Add(^uint64(runsCalls + runsRunning - 1))
		return 0
	}
	return calls(s)
}

// end keeps the outcome of a call that came back, by itself or by a panic.
func (r *innerRuns) end(call int, clean bool, value any, err error) {
	switch {
	case !clean:
		r.state.Or(runsPanic)
	case call == 1 && calls(r.state.Load()) == 1:
		r.value, r.err = value, err
		r.state.Add(runsFirst - runsRunning)
		return
	default:
		r.later.CompareAndSwap(nil, &laterRuns{})
		l := r.later.Load()
		l.mu.Lock()
		l.value, l.err = value, err
		l.mu.Unlock()
	}
	r.state.Add(^uint64(runsRunning - 1))
}

// close lets go of outcomes, and reports whether nobody is inside next or can
// come there any more.
func (r *innerRuns) close() bool {
	if running(r.state.Or(runsClosed)) {
		return false
	}
	r.value, r.err = nil, nil
	if r.later.Load() != nil {
		r.later.Store(nil)
	}
	return true
}

func (r *innerRuns) panicked() bool { return r.state.Load()&runsPanic != 0 }

func (r *innerRuns) snapshot() Inner {
	s := r.state.Load()
	in := Inner{Calls: calls(s), Running: running(s)}
	if l := r.later.Load(); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		in.Value, in.Err = l.value, l.err
	} else if s&runsFirst != 0 {
		in.Value, in.Err = r.value, r.err
	}
	return in
}

// callNative calls the Wrap of a native extension and turns its own panic into
// a CallError. A panic that came through next is not its own, and goes on.
func callNative(ctx context.Context, l *layer, inv *Invocation, next Next, inner *innerRuns) (v any, err error) {
	finished := false
	defer func() {
		if finished || inner.panicked() {
			return
		}
		if r := recover(); r != nil {
			v, err = nil, &CallError{Extension: l.ext.Name(), Operation: inv.Operation.Name, Hook: "wrap", Err: ErrPanic,
				Detail: fmt.Sprint(r), Inner: inner.snapshot()}
		}
	}()
	v, err = l.native.Wrap(ctx, inv, next)
	finished = true
	return v, err
}
