package scope

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
)

// Update replaces an executor's value by what fn makes of it, for everybody:
// whoever depends on it reactively is resolved anew before Update returns.
// Updates of one executor run one after the other; a failed one changes
// nothing, and does not stand in the way of later ones. The former value's
// cleanups run before the new one can be seen.
//
// Errors: fn's; [ErrNotResolved] without a value; [ErrClosed]; the joined
// errors of dependents, when the value itself was replaced; the context's,
// while waiting for others. Update of an executor from inside fn, or from a
// callback of its change, is a circular *DependencyError.
func Update[T any](ctx context.Context, s *Scope, e *Executor[T], fn func(old T) (T, error)) error {
	return s.update(ctx, e.core(), updateFunc(func(old any) (any, error) { return fn(as[T](old)) }))
}

// Set is [Update] with a value that is there already.
func Set[T any](ctx context.Context, s *Scope, e *Executor[T], value T) error {
	return s.update(ctx, e.core(), value)
}

// SetAny is [Set] for an executor whose type is not known before. A value of
// another type is [ErrType].
func (s *Scope) SetAny(ctx context.Context, e AnyExecutor, value any) error {
	return s.update(ctx, coreOf(e), value)
}

// An updateFunc is the input of an update operation that computes its value.
type updateFunc func(old any) (any, error)

// update runs the update operation through the extensions. What they answer
// does not matter; whether they call next does.
func (s *Scope) update(ctx context.Context, e *executor, in any) error {
	list := s.extensions.Load()
	if list.wraps == nil {
		_, err := s.put(ctx, e, in)
		return err
	}
	c := s.cellOr(e)
	run := c.plan(list)
	if run.update == nil {
		_, err := s.put(ctx, e, in)
		return err
	}
	if within(ctx, &c.updateOp) {
		return s.reentrant(ctx, c)
	}
	inner := &innerError{Context: ctx}
	_, err := run.update(inner, in)
	if err != nil && !inner.was(err) {
		s.wrapFailed(ctx, c, err)
	}
	return err
}

// An innerError is the context of an update that keeps what the update itself
// ended with, so that an error of a wrap can be told from it.
type innerError struct {
	context.Context
	last atomic.Pointer[error]
}

type innerErrorKey struct{}

func (i *innerError) Value(key any) any {
	if key == (innerErrorKey{}) {
		return i
	}
	return i.Context.Value(key)
}

func (i *innerError) was(err error) bool {
	last := i.last.Load()
	return last != nil && same(*last, err)
}

// putInside is put within an update operation.
func (s *Scope) putInside(ctx context.Context, e *executor, in any) (any, error) {
	v, err := s.put(ctx, e, in)
	if err != nil {
		ctx.Value(innerErrorKey{}).(*innerError).last.Store(&err)
	}
	return v, err
}

// put is the innermost part of an update.
func (s *Scope) put(ctx context.Context, e *executor, in any) (any, error) {
	v, ok := s.cells.Load(e)
	if !ok {
		return nil, s.notResolved(e)
	}
	c := v.(*cell)
	f, err := c.board(ctx)
	switch {
	case err != nil:
		return nil, err
	case f == nil || c.content.Load() == nil:
		err = s.notResolved(e)
	case c.content.Load().state != Resolved:
		err = fmt.Errorf("%w: its resolution failed: %w", s.notResolved(e), c.content.Load().err)
	}
	if f != nil {
		defer c.land(f, nil, nil, true)
	}
	if err != nil {
		return nil, err
	}
	value := in
	if fn, ok := in.(updateFunc); ok {
		if value, err = callUpdate(fn, c.content.Load().value); err != nil {
			return nil, err
		}
	}
	if value, err = s.changed(f, OpUpdate, e, value); err != nil {
		return nil, err
	}
	errs := c.cleanUp(f)
	c.content.Store(&content{state: Resolved, value: value})
	errs = append(errs, s.refresh(f, c)...)
	s.tellUpdated(f, e, value)
	return value, errors.Join(errs...)
}

func callUpdate(fn updateFunc, old any) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
	}()
	return fn(old)
}

// refresh resolves anew what depends on c reactively, each once, after all
// that it depends on itself.
func (s *Scope) refresh(f *flight, c *cell) []error {
	var errs []error
	for _, d := range c.downstream() {
		if d.content.Load() == nil {
			continue // it was released, or never got a value
		}
		v, err := s.resolve(f, d.exec, true, true)
		if err == nil {
			s.tellUpdated(f, d.exec, v)
		} else if !slices.ContainsFunc(errs, func(e error) bool { return same(e, err) }) {
			errs = append(errs, err)
		}
	}
	return errs
}

// downstream lists the reactive dependents, nearest first.
func (c *cell) downstream() []*cell {
	c.mu.Lock()
	none := len(c.dependents) == 0
	c.mu.Unlock()
	if none {
		return nil
	}
	var order []*cell
	seen := map[*cell]bool{}
	var visit func(*cell)
	visit = func(at *cell) {
		if seen[at] {
			return
		}
		seen[at] = true
		for _, d := range at.directDependents() {
			visit(d)
		}
		order = append(order, at)
	}
	visit(c)
	slices.Reverse(order)
	return order[1:]
}

// directDependents lists them in the order in which they were resolved.
func (c *cell) directDependents() []*cell {
	c.mu.Lock()
	type placed struct {
		cell *cell
		at   uint64
	}
	list := make([]placed, 0, len(c.dependents))
	for d := range c.dependents {
		list = append(list, placed{cell: d})
	}
	c.mu.Unlock()
	for i := range list {
		list[i].cell.mu.Lock()
		list[i].at = list[i].cell.resolvedAt
		list[i].cell.mu.Unlock()
	}
	// Last first: what visits them reverses the order.
	slices.SortFunc(list, func(a, b placed) int { return int(int64(b.at) - int64(a.at)) })
	out := make([]*cell, len(list))
	for i := range list {
		out[i] = list[i].cell
	}
	return out
}

// reload resolves an executor anew, and then its reactive dependents.
func (s *Scope) reload(ctx context.Context, e *executor, inner bool) (any, error) {
	v, err := s.resolve(ctx, e, true, inner)
	if err != nil {
		return nil, err
	}
	found, ok := s.cells.Load(e)
	if !ok {
		return v, nil // released meanwhile
	}
	c := found.(*cell)
	f := newFlight(ctx, c)
	defer f.land(nil, nil, true)
	errs := s.refresh(f, c)
	if at := c.content.Load(); at != nil && at.state == Resolved {
		s.tellUpdated(f, e, at.value)
	}
	return v, errors.Join(errs...)
}
