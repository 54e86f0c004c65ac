package scope

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Release takes an executor's value out of the scope: first what depends on
// it reactively, then its cleanups, last first; then OnRelease hears of it. Its
// next resolution runs the factory again. Errors: [ErrNotResolved] without a
// value, [ErrClosed], the joined errors of cleanups, the context's while
// waiting for a resolution under way.
func (s *Scope) Release(ctx context.Context, e AnyExecutor) error {
	if s.closed.Load() {
		return s.errClosed()
	}
	found, err := s.release(ctx, coreOf(e))
	if err == nil && !found {
		err = s.notResolved(coreOf(e))
	}
	return err
}

// ReleaseIfResolved is Release that does not mind if there is no value: the
// seeds' soft release.
func (s *Scope) ReleaseIfResolved(ctx context.Context, e AnyExecutor) error {
	if s.closed.Load() {
		return s.errClosed()
	}
	_, err := s.release(ctx, coreOf(e))
	return err
}

// release reports whether there was something to release.
func (s *Scope) release(ctx context.Context, e *executor) (found bool, err error) {
	v, ok := s.cells.Load(e)
	if !ok {
		return false, nil
	}
	c := v.(*cell)
	f, err := c.board(ctx)
	if f == nil || err != nil {
		return false, err
	}
	defer func() { c.land(f, nil, nil, true) }()
	at := c.content.Load()
	if at == nil {
		return false, nil
	}
	var errs []error
	for _, d := range slices.Backward(c.downstream()) {
		// One that waits for this very release to end has not seen the value.
		if _, err := s.release(f, d.exec); err != nil && !errors.Is(err, ErrCircular) {
			errs = append(errs, err)
		}
	}
	c.content.Store(pending)
	errs = append(errs, c.cleanUp(f)...)
	s.tellReleased(f, e)
	c.die()
	return true, errors.Join(errs...)
}

// die takes the cell out of the scope. Its flight is under way.
func (c *cell) die() {
	c.mu.Lock()
	c.dead = true
	sources := c.sources
	c.sources = nil
	c.mu.Unlock()
	for _, source := range sources {
		source.mu.Lock()
		delete(source.dependents, c)
		source.mu.Unlock()
	}
	c.scope.index.forget(c.exec, c.scope.roster) // before another cell can come
	c.scope.cells.CompareAndDelete(c.exec, c)
	c.content.Store(nil)
}

func (s *Scope) notResolved(e *executor) error {
	if s.closed.Load() {
		return s.errClosed()
	}
	return s.plainError(e, CodeNotResolved, CategoryUser, StageValidation, ErrNotResolved)
}

func (s *Scope) errClosed() error {
	return fmt.Errorf("scope %s: %w", strconv.Quote(s.name), ErrClosed)
}
