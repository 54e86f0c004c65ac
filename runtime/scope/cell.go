package scope

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// A State says how far an executor is in a scope.
type State uint8

// The states. After a release it is None again.
const (
	None State = iota
	Pending
	Resolved
	Rejected
)

// String gives the state's name, in lower case.
func (s State) String() string { return [...]string{"none", "pending", "resolved", "rejected"}[s] }

// A cell is an executor's place in a scope. It leaves the scope with the
// release of its value, and is dead then: whoever still has it asks the scope
// for the next one.
type cell struct {
	scope *Scope
	exec  *executor

	content             atomic.Pointer[content] // nil is None
	compiled            atomic.Pointer[compiled]
	resolveOp, updateOp ResolveOperation

	mu         sync.Mutex
	dead       bool
	flight     *flight // resolves, updates or releases it now
	control    *Controller
	dependents map[*cell]struct{} // that depend on it reactively
	sources    []*cell            // on which it depends reactively
	resolvedAt uint64             // order of resolution in the scope
}

// content is what a cell holds.
type content struct {
	state State
	value any
	err   error
}

var pending = &content{state: Pending}

// cell finds or makes the executor's place.
func (s *Scope) cell(e *executor) (*cell, error) {
	if c, ok := s.cells.Load(e); ok {
		return c.(*cell), nil
	}
	if s.closed.Load() {
		return nil, s.errClosed()
	}
	if e == missing || e.self == nil {
		return nil, s.plainError(missing, CodeInvalidFactory, CategoryUser, StageValidation, errNilExecutor)
	}
	c := s.newCell(e)
	if other, there := s.cells.LoadOrStore(e, c); there {
		return other.(*cell), nil
	}
	s.index.note(e)
	return c, nil
}

func (s *Scope) newCell(e *executor) *cell {
	c := &cell{scope: s, exec: e}
	c.resolveOp = ResolveOperation{Operation: OpResolve, Executor: e.self, Scope: s}
	c.updateOp = ResolveOperation{Operation: OpUpdate, Executor: e.self, Scope: s}
	return c
}

// cellOr finds the executor's place, or makes one that is not the scope's.
func (s *Scope) cellOr(e *executor) *cell {
	if c, ok := s.cells.Load(e); ok {
		return c.(*cell)
	}
	return s.newCell(e)
}

// resolve gives an executor's value as a resolver of the outside or, with
// inner, a dependent gets it: through the extensions.
func (s *Scope) resolve(ctx context.Context, e *executor, force, inner bool) (any, error) {
	list := s.extensions.Load()
	if list.wraps == nil || inner && s.compat.TopOnly {
		if !force {
			if c, ok := s.cells.Load(e); ok {
				if at := c.(*cell).content.Load(); at != nil && at.state == Resolved {
					return at.value, nil
				}
			}
		}
		return s.value(ctx, e, force, 1)
	}
	c, err := s.cell(e)
	if err != nil {
		return nil, err
	}
	run := c.plan(list)
	if run.resolve == nil {
		return s.value(ctx, e, force, 1)
	}
	if within(ctx, &c.resolveOp) {
		return nil, s.reentrant(ctx, c)
	}
	wrapped := run.resolve
	if force {
		wrapped = run.reload
	}
	v, err := wrapped(ctx, nil)
	if err != nil {
		s.wrapFailed(ctx, c, err)
	}
	return v, err
}

// value gives an executor's value past the extensions: the innermost part of
// a resolve operation. attempt counts the calls of next of this operation.
func (s *Scope) value(ctx context.Context, e *executor, force bool, attempt int) (any, error) {
	for {
		c, err := s.cell(e)
		if err != nil {
			return nil, err
		}
		v, err, again := c.value(ctx, force, attempt)
		if !again {
			return v, err
		}
	}
}

// value is one try. again means that the cell is dead, or that whoever was
// busy with it leaves it to others.
func (c *cell) value(ctx context.Context, force bool, attempt int) (_ any, _ error, again bool) {
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return nil, nil, true
	}
	at := c.content.Load()
	if at != nil && !force && (at.state == Resolved ||
		at.state == Rejected && (attempt <= 1 || c.scope.compat.ReplayFailure)) {
		c.mu.Unlock()
		return at.value, at.err, false
	}
	if f := c.flight; f != nil {
		c.mu.Unlock()
		failed := at != nil && at.state == Rejected
		if err := c.scope.join(ctx, f, !failed); err != nil {
			if failed && errors.Is(err, ErrCircular) {
				err = at.err // its release waits for who asks: there is no trying again
			}
			return nil, err, false
		}
		// What runs anew must begin after now: what it reads may have changed.
		return f.value, f.err, f.again || force
	}
	if c.scope.closed.Load() {
		c.mu.Unlock()
		return nil, c.scope.errClosed(), false
	}
	f := newFlight(ctx, c)
	c.flight = f
	before := c.content.Swap(pending)
	c.mu.Unlock()
	defer func() {
		if !f.over.Load() { // the factory ended its goroutine: runtime.Goexit
			c.cleanUp(f)
			c.content.CompareAndSwap(pending, nil)
			c.land(f, nil, nil, true)
		}
	}()

	v, err, told := c.run(f)
	cancelled := err != nil && ctx.Err() != nil
	if err == nil && c.scope.closed.Load() { // it came too late
		c.cleanUp(f)
		v, err, cancelled = nil, c.scope.errClosed(), true
	}

	c.mu.Lock()
	switch {
	case cancelled && before != nil && before.state == Rejected:
		c.content.Store(before)
	case cancelled: // nobody's fault but the caller's: another may try
		c.content.Store(nil)
	case err != nil:
		c.content.Store(&content{state: Rejected, err: err})
	default:
		c.content.Store(&content{state: Resolved, value: v})
		c.resolvedAt = c.scope.order.Add(1)
	}
	c.mu.Unlock()
	if err != nil && !cancelled {
		c.scope.failed(f, c.exec, err, told)
	}
	c.land(f, v, err, cancelled)
	return v, err, false
}

// board begins a flight that is no resolution, once nothing else is under way.
// It gives nil when the cell is dead.
func (c *cell) board(ctx context.Context) (*flight, error) {
	for {
		c.mu.Lock()
		f := c.flight
		if c.dead {
			c.mu.Unlock()
			return nil, nil
		}
		if f == nil {
			f = newFlight(ctx, c)
			c.flight = f
			c.mu.Unlock()
			return f, nil
		}
		c.mu.Unlock()
		if err := c.scope.join(ctx, f, false); err != nil {
			return nil, err
		}
	}
}

func (c *cell) land(f *flight, v any, err error, again bool) {
	c.mu.Lock()
	c.flight = nil
	c.mu.Unlock()
	f.land(v, err, again)
}

// run makes a value: dependencies, factory, OnChange. told says that the error
// is a dependency's, whose own failure has been reported.
func (c *cell) run(f *flight) (v any, err error, told bool) {
	s, e := c.scope, c.exec
	c.cleanUp(f)
	if v, ok := s.inherited(e); ok {
		return v, nil, false
	}
	if preset, ok := s.presets[e]; ok {
		if preset.source == nil {
			return preset.value, nil, false
		}
		e = preset.source
	}
	if e.invalid != nil {
		return nil, s.resolutionError(f, CodeInvalidFactory, CategoryUser, StageValidation, e.invalid), false
	}
	deps, err, told := c.dependencies(f, e)
	if err != nil {
		return nil, err, told
	}
	control := &Controller{cell: c}
	c.mu.Lock()
	c.control = control
	c.mu.Unlock()
	v, err = c.callFactory(f, e, control, deps)
	if err == nil {
		v, err = s.changed(f, OpResolve, c.exec, v)
	}
	if err != nil {
		c.cleanUp(f)
	}
	return v, err, false
}

// callFactory runs the factory, whose panic is an error.
func (c *cell) callFactory(f *flight, e *executor, control *Controller, deps []any) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
		if err != nil {
			err = &FactoryError{*c.scope.resolutionError(f, CodeFactory, CategoryUser, StageFactory, err)}
		}
	}()
	return e.factory(f, control, deps)
}

func (s *Scope) resolutionError(f *flight, code Code, category Category, stage Stage, err error) *ResolutionError {
	return &ResolutionError{Code: s.compat.code(code), Category: category, Executor: f.cell.exec.self, Stage: stage,
		Chain: f.chain(), ScopeID: s.id, Time: time.Now(), Err: err}
}

// plainError is the error of an executor outside a resolution.
func (s *Scope) plainError(e *executor, code Code, category Category, stage Stage, err error) *ResolutionError {
	return &ResolutionError{Code: s.compat.code(code), Category: category, Executor: e.self, Stage: stage,
		Chain: []AnyExecutor{e.self}, ScopeID: s.id, Time: time.Now(), Err: err}
}

// circular makes the error of a resolution that waits for itself, and tells it
// unless it is nobody's failure.
func (s *Scope) circular(mine *flight, circle []AnyExecutor, tell bool) error {
	e := &DependencyError{ResolutionError: *s.resolutionError(mine, CodeCircular, CategoryUser, StageDependencies, ErrCircular)}
	e.Circle = circle
	if tell {
		s.tellError(mine, e, e.Executor)
	}
	return e
}

// dependencies resolves what the factory needs, in order. The error of a
// dependency passes as it is; told says that it is one.
func (c *cell) dependencies(f *flight, e *executor) (_ []any, err error, told bool) {
	if len(e.deps) == 0 {
		return nil, nil, false
	}
	s := c.scope
	values := make([]any, len(e.deps))
	for i, d := range e.deps {
		switch {
		case d.tag != nil:
			if values[i], err = d.tag(s); err != nil {
				return nil, &DependencyError{ResolutionError: *s.resolutionError(f, CodeDependencyNotFound, CategoryUser, StageDependencies, err), Missing: d.label}, false
			}
			continue
		case d.form == lazy:
			values[i] = d.access(s)
			continue
		case d.form == reactive && s.parent != nil:
			return nil, &DependencyError{ResolutionError: *s.resolutionError(f, CodeReactiveInPod, CategoryUser, StageDependencies, errReactiveInPod)}, false
		case d.form == reactive:
			if err := c.dependOn(d.target); err != nil {
				return nil, err, true
			}
		}
		if values[i], err = s.resolve(f, d.target, false, true); err != nil {
			return nil, err, true
		}
		if d.form == static {
			values[i] = d.access(s)
		}
	}
	return values, nil, false
}

// dependOn notes that the cell wants to know of another's changes.
func (c *cell) dependOn(e *executor) error {
	for {
		source, err := c.scope.cell(e)
		if err != nil {
			return err
		}
		source.mu.Lock()
		if source.dead {
			source.mu.Unlock()
			continue
		}
		if source.dependents == nil {
			source.dependents = map[*cell]struct{}{}
		}
		_, there := source.dependents[c]
		source.dependents[c] = struct{}{}
		source.mu.Unlock()
		if !there {
			c.mu.Lock()
			c.sources = append(c.sources, source)
			c.mu.Unlock()
		}
		return nil
	}
}

// compiled is what stands around one cell for one list of extensions: nothing,
// where none of them is interested in it.
type compiled struct {
	list                    *extensionList
	resolve, reload, update func(context.Context, any) (any, error)
}

// plan gives the wrapped operations of a cell.
func (c *cell) plan(list *extensionList) *compiled {
	if run := c.compiled.Load(); run != nil && run.list == list {
		return run
	}
	s, e := c.scope, c.exec
	op := aril.Operation{Kind: KindResolve, Name: e.name, Meta: metaOf(e.tags), Params: &c.resolveOp, ResultType: e.typ}
	run := &compiled{list: list}
	if !list.wraps.Interested(op) {
		c.compiled.Store(run)
		return run
	}
	run.resolve = aril.Wrap(list.wraps, op, func(ctx context.Context, _ any) (any, error) {
		if at := c.content.Load(); at != nil && at.state == Resolved {
			return at.value, nil
		}
		return s.value(ctx, e, false, aril.Attempt(ctx))
	})
	run.reload = aril.Wrap(list.wraps, op, func(ctx context.Context, _ any) (any, error) {
		return s.value(ctx, e, true, aril.Attempt(ctx))
	})
	op.Params, op.InputType = &c.updateOp, e.typ
	run.update = aril.Wrap(list.wraps, op, func(ctx context.Context, in any) (any, error) {
		return s.putInside(ctx, e, in)
	})
	c.compiled.Store(run)
	return run
}
