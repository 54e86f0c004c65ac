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
	p.describe(&op)
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
	op     *Operation
	rt     *Runtime // whose chain limits hold; nil without a guest
	scope  *contextLevel
	layers []layer
	fn     func(context.Context, In) (Out, error)
	in     valueType[In]
	out    valueType[Out]

	natives []nativeStep[In, Out] // as long as layers, if one is native
	frames  sync.Pool             // of *typedFrame[In, Out]
}

func newPlan[In, Out any](p *Pipeline, op *Operation, fn func(context.Context, In) (Out, error)) *plan[In, Out] {
	pl := &plan[In, Out]{op: op, fn: fn, layers: p.layers(op), scope: &p.store.level}
	pl.rt = runtimeOf(pl.layers)
	pl.in.set(op, "InputType", op.InputType, pl.rt != nil)
	pl.out.set(op, "ResultType", op.ResultType, pl.rt != nil)
	op.InputType, op.ResultType = typeOr[In](op.InputType), typeOr[Out](op.ResultType)
	for i := range pl.layers {
		if l := &pl.layers[i]; l.guest == nil {
			if pl.natives == nil {
				pl.natives = make([]nativeStep[In, Out], len(pl.layers))
			}
			pl.natives[i] = nativeStep[In, Out]{pl, l, i}
		}
	}
	return pl
}

// typeOr gives what an extension is told of a type: T itself where it says more
// than that it is an interface.
func typeOr[T any](told reflect.Type) reflect.Type {
	if t := reflect.TypeFor[T](); told == nil && t.Kind() != reflect.Interface {
		return t
	}
	return told
}

func (p *plan[In, Out]) call(ctx context.Context, in In) (out Out, err error) {
	if p.layers[0].guest == nil {
		return p.callNative(ctx, in)
	}
	n, err := enter(ctx, p.rt, p.scope)
	if err != nil {
		return out, err
	}
	n.op = p.op
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
		v, err := p.native(ctx, n, i, in)
		out, _ = v.(Out)
		return out, err
	}
	f, _ := p.frames.Get().(*typedFrame[In, Out])
	if f == nil {
		f = &typedFrame[In, Out]{}
	}
	f.plan, f.ctx, f.node, f.layer, f.in = p, ctx, n, i, in
	rest, err := l.guest.wrap(ctx, n, f, l, p.op)
	if !rest && err == nil {
		out, err = f.final.value, f.final.err
	}
	f.clear()
	p.frames.Put(f)
	if rest {
		return p.from(ctx, n, i+1, in)
	}
	return out, err
}

// innermost runs the operation itself.
func (p *plan[In, Out]) innermost(ctx context.Context, n *node, in In) (out Out, err error) {
	runs := n.runs.Add(1)
	if p.op.MaxNext > 0 && int64(runs) > int64(p.op.MaxNext) {
		return out, &Error{ErrorCode: "max_next", Message: fmt.Sprintf("operation %s may run %d times and has", quoteName(p.op.Name), p.op.MaxNext)}
	}
	if runs > 1 {
		ctx = &attempt{ctx, n, int(runs)}
	}
	return p.fn(ctx, in)
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
	staged   In // input for the next next, if isStaged
	isStaged bool
	outcomes []outcome[Out] // of next, in order
	answer   Out
	final    outcome[Out]
}

// clear lets go of everything but the space of outcomes.
func (f *typedFrame[In, Out]) clear() {
	space := f.outcomes
	clear(space)
	*f = typedFrame[In, Out]{}
	f.outcomes = space[:0]
}

func (f *typedFrame[In, Out]) last() *outcome[Out] { return &f.outcomes[len(f.outcomes)-1] }

func (f *typedFrame[In, Out]) appendInput(dst []byte, s codec.Session, l codec.Limits) ([]byte, error) {
	return f.plan.in.append(dst, &f.in, s, l)
}

func (f *typedFrame[In, Out]) appendResult(dst []byte, s codec.Session, l codec.Limits) ([]byte, error) {
	return f.plan.out.append(dst, &f.last().value, s, l)
}

func (f *typedFrame[In, Out]) stageInput(src []byte, s codec.Session, l codec.Limits) error {
	err := f.plan.in.decode(src, &f.staged, &f.in, s, l)
	f.isStaged = err == nil
	return err
}

func (f *typedFrame[In, Out]) next() {
	in := f.in
	if f.isStaged {
		var none In
		in, f.staged, f.isStaged = f.staged, none, false
	}
	value, err := f.plan.from(f.ctx, f.node, f.layer+1, in)
	f.outcomes = append(f.outcomes, outcome[Out]{value, err})
}

func (f *typedFrame[In, Out]) lastErr() error { return f.last().err }
func (f *typedFrame[In, Out]) lastValue() any { return f.last().value }

func (f *typedFrame[In, Out]) stageResult(src []byte, s codec.Session, l codec.Limits) error {
	var base *Out
	if len(f.outcomes) > 0 {
		base = &f.last().value
	}
	return f.plan.out.decode(src, &f.answer, base, s, l)
}

func (f *typedFrame[In, Out]) answerStaged()       { f.final = outcome[Out]{value: f.answer} }
func (f *typedFrame[In, Out]) answerErr(err error) { f.final = outcome[Out]{err: err} }
func (f *typedFrame[In, Out]) answerOutcome(i int) { f.final = f.outcomes[i] }
