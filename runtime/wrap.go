package runtime

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/aril-wasm/aril/runtime/internal/codec"
)

// Wrap puts a pipeline around fn and returns a function to call in its place.
// It resolves filters and types once; the returned function is the hot path,
// safe for concurrent use if fn is. Without an interested extension it is fn
// itself.
//
// The context that fn gets carries the identity of the call chain; operations
// that fn runs with it are nested in this one. fn may keep it.
//
// A panic of fn passes through the extensions with its original value: guests
// are unwound, their instances discarded.
func Wrap[In, Out any](p *Pipeline, op Operation, fn func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	pl := newPlan(p, &op, fn)
	if len(pl.layers) == 0 {
		return fn
	}
	return pl.call
}

// Do runs fn inside the pipeline, for callers whose types are not known before.
// It costs more than a function from [Wrap], since filters are looked at each
// time. A replacement that a guest makes of input or result takes the type of
// what it replaces, where that is not nil.
func (p *Pipeline) Do(ctx context.Context, op Operation, input any, fn func(context.Context, any) (any, error)) (any, error) {
	pl := newPlan(p, &op, fn)
	if len(pl.layers) == 0 {
		return fn(ctx, input)
	}
	return pl.call(ctx, input)
}

// A plan is a pipeline ready for one operation.
type plan[In, Out any] struct {
	op      *Operation
	rt      *Runtime // whose chain limits hold; nil without a guest
	scope   *contextLevel
	layers  []layer
	fn      func(context.Context, In) (Out, error)
	in, out *codec.Type
	frames  sync.Pool // of *typedFrame[In, Out]
}

func newPlan[In, Out any](p *Pipeline, op *Operation, fn func(context.Context, In) (Out, error)) *plan[In, Out] {
	pl := &plan[In, Out]{op: op, fn: fn, layers: p.layers(op), scope: &p.store}
	if pl.rt = runtimeOf(pl.layers); pl.rt != nil {
		pl.in, pl.out = codec.For(reflect.TypeFor[In]()), codec.For(reflect.TypeFor[Out]())
	}
	return pl
}

func (p *plan[In, Out]) call(ctx context.Context, in In) (out Out, err error) {
	n, err := enter(ctx, p.rt, p.scope)
	if err != nil {
		return out, err
	}
	defer n.leave()
	return p.from(n, n, 0, in)
}

// from runs the pipeline from layer i on. ctx is what the layer outside gave
// to next.
func (p *plan[In, Out]) from(ctx context.Context, n *node, i int, in In) (out Out, err error) {
	if i == len(p.layers) {
		return p.innermost(ctx, n, in)
	}
	l := &p.layers[i]
	if l.guest == nil {
		return p.native(ctx, n, i, in)
	}
	f, _ := p.frames.Get().(*typedFrame[In, Out])
	if f == nil {
		f = &typedFrame[In, Out]{plan: p}
	}
	f.ctx, f.node, f.layer, f.in = ctx, n, i, in
	rest, err := l.guest.wrap(ctx, n, f, l, p.op)
	if !rest && err == nil {
		out, err = f.final.value, f.final.err
	}
	*f = typedFrame[In, Out]{plan: p, outcomes: f.emptied()}
	p.frames.Put(f)
	if rest {
		return p.from(ctx, n, i+1, in)
	}
	return out, err
}

// innermost runs the operation itself.
func (p *plan[In, Out]) innermost(ctx context.Context, n *node, in In) (out Out, err error) {
	if runs := n.runs.Add(1); p.op.MaxNext > 0 && runs > int64(p.op.MaxNext) {
		return out, &Error{ErrorCode: "max_next", Message: fmt.Sprintf("operation %s may run %d times and has", quoteName(p.op.Name), p.op.MaxNext)}
	}
	return p.fn(ctx, in)
}

// native runs a native extension. Its panics are its own, those of what it
// wraps are not.
func (p *plan[In, Out]) native(ctx context.Context, n *node, i int, in In) (out Out, err error) {
	l := &p.layers[i]
	var inner innerRuns
	next := func(ctx context.Context, changed ...any) (any, error) {
		in := in
		if len(changed) > 0 {
			var ok bool
			if in, ok = changed[0].(In); !ok && changed[0] != nil {
				return nil, fmt.Errorf("extension %q: input of operation %q: %w: %T, not %v", l.ext.Name(), p.op.Name, ErrType, changed[0], reflect.TypeFor[In]())
			}
		}
		inner.begin()
		clean := false
		defer func() { inner.end(!clean) }()
		out, err := p.from(ctx, n, i+1, in)
		clean = true
		inner.outcome(out, err)
		return out, err
	}
	inv := &Invocation{Operation: p.op, ID: n.id, Root: n.chain.root.id, Depth: n.depth, input: func() any { return in }}
	v, err := callNative(ctx, l, inv, next, &inner, p.op)
	if err != nil {
		out, _ = v.(Out) // a value beside an error is passed on as it is
		return out, err
	}
	out, ok := v.(Out)
	if !ok && v != nil {
		return out, &CallError{Extension: l.ext.Name(), Operation: p.op.Name, Hook: "wrap", Err: ErrType,
			Detail: fmt.Sprintf("answered with %T; operation %q yields %v", v, p.op.Name, reflect.TypeFor[Out]()), Inner: inner.snapshot()}
	}
	return out, nil
}

// A frame is one guest layer's view of one run: what its host functions work
// on without knowing the operation's types.
type frame interface {
	appendInput(dst []byte, s codec.Session, l codec.Limits) ([]byte, error)
	appendResult(dst []byte, s codec.Session, l codec.Limits) ([]byte, error)

	// stageInput decodes the input for the next next; without it the frame's
	// own input is used.
	stageInput(src []byte, s codec.Session, l codec.Limits) error
	// next runs the rest and keeps its outcome.
	next()
	// lastErr is the last outcome's error; lastValue boxes its value.
	lastErr() error
	lastValue() any

	// stageResult decodes an answer onto a copy of the last outcome's value.
	stageResult(src []byte, s codec.Session, l codec.Limits) error
	answerStaged()
	answerErr(error)
	answerOutcome(i int)
}

type outcome[Out any] struct {
	value Out
	err   error
}

// A typedFrame is the frame of one layer in one run. Frames are used again.
type typedFrame[In, Out any] struct {
	plan  *plan[In, Out]
	ctx   context.Context
	node  *node
	layer int

	in       In
	staged   *In
	outcomes []outcome[Out] // of next, in order
	answer   *Out
	final    outcome[Out]
}

// emptied gives the space of outcomes for the next run.
func (f *typedFrame[In, Out]) emptied() []outcome[Out] {
	clear(f.outcomes)
	return f.outcomes[:0]
}

func (f *typedFrame[In, Out]) last() *outcome[Out] { return &f.outcomes[len(f.outcomes)-1] }

func (f *typedFrame[In, Out]) appendInput(dst []byte, s codec.Session, l codec.Limits) ([]byte, error) {
	return f.plan.in.Append(dst, &f.in, s, l)
}

func (f *typedFrame[In, Out]) appendResult(dst []byte, s codec.Session, l codec.Limits) ([]byte, error) {
	return f.plan.out.Append(dst, &f.last().value, s, l)
}

func (f *typedFrame[In, Out]) stageInput(src []byte, s codec.Session, l codec.Limits) error {
	in := new(In)
	if err := f.plan.in.Decode(src, in, &f.in, s, l); err != nil {
		return err
	}
	f.staged = in
	return nil
}

func (f *typedFrame[In, Out]) next() {
	in := f.in
	if f.staged != nil {
		in, f.staged = *f.staged, nil
	}
	value, err := f.plan.from(f.ctx, f.node, f.layer+1, in)
	f.outcomes = append(f.outcomes, outcome[Out]{value, err})
}

func (f *typedFrame[In, Out]) lastErr() error { return f.last().err }
func (f *typedFrame[In, Out]) lastValue() any { return f.last().value }

func (f *typedFrame[In, Out]) stageResult(src []byte, s codec.Session, l codec.Limits) error {
	var base any
	if len(f.outcomes) > 0 {
		base = &f.last().value
	}
	out := new(Out)
	if err := f.plan.out.Decode(src, out, base, s, l); err != nil {
		return err
	}
	f.answer = out
	return nil
}

func (f *typedFrame[In, Out]) answerStaged()       { f.final = outcome[Out]{value: *f.answer} }
func (f *typedFrame[In, Out]) answerErr(err error) { f.final = outcome[Out]{err: err} }
func (f *typedFrame[In, Out]) answerOutcome(i int) { f.final = f.outcomes[i] }
