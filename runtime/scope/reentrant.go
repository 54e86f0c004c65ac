package scope

import (
	"context"

	aril "github.com/aril-wasm/aril/runtime"
)

// within reports whether ctx is inside a wrap of this very operation.
func within(ctx context.Context, op *ResolveOperation) bool {
	for outer := range aril.Enclosing(ctx) {
		if r, ok := outer.Params.(*ResolveOperation); ok && r == op {
			return true
		}
	}
	return false
}

// reentrant is the error of a wrap that asks for what it is wrapping. If the
// factory is under way, it is a circle of dependencies.
func (s *Scope) reentrant(ctx context.Context, c *cell) error {
	if mine := flightOf(ctx); mine != nil {
		waits.Lock()
		c.mu.Lock()
		f := c.flight
		c.mu.Unlock()
		var circle []AnyExecutor
		if f != nil {
			circle = circleThrough(mine, f)
		}
		waits.Unlock()
		if circle != nil {
			return s.circular(mine, circle, true)
		}
	}
	err := s.plainError(c.exec, CodeCircular, CategoryUser, StageValidation, ErrReentrant)
	s.tellError(ctx, err, c.exec.self)
	return err
}
