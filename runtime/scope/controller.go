package scope

import (
	"context"
	"runtime/debug"
	"sync"
)

// A Controller belongs to one value of an executor in a scope; its factory
// gets it. It may be kept, and used from any goroutine.
type Controller struct {
	cell *cell

	mu       sync.Mutex
	over     bool
	cleanups []func(context.Context) error
	ctx      context.Context
	cancel   context.CancelFunc
}

// Scope is where the value lives.
func (c *Controller) Scope() *Scope { return c.cell.scope }

// Cleanup has fn run when the value goes: it is released, replaced by an
// update or by being resolved anew, its factory fails after all, or the scope
// is disposed. Cleanups run last first, all of them; an error or a panic of
// one is told to OnError, and returned by what made the value go. Once the
// value is gone, fn runs at once.
func (c *Controller) Cleanup(fn func(ctx context.Context) error) {
	c.mu.Lock()
	if !c.over {
		c.cleanups = append(c.cleanups, fn)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	_ = c.cell.scope.cleanup(context.Background(), c.cell.exec, fn)
}

// Context lives as long as the value: for goroutines that serve it. It has
// nothing of the context that the value was resolved with.
func (c *Controller) Context() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithCancel(context.Background())
		if c.over {
			c.cancel()
		}
	}
	return c.ctx
}

// Release is [Scope.Release] of the executor.
func (c *Controller) Release(ctx context.Context) error {
	return c.cell.scope.Release(ctx, c.cell.exec.self)
}

// Reload resolves the executor anew, and then what depends on it reactively.
func (c *Controller) Reload(ctx context.Context) error {
	_, err := c.cell.scope.reload(ctx, c.cell.exec, false)
	return err
}

// finish runs the cleanups and ends the context.
func (c *Controller) finish(ctx context.Context) []error {
	c.mu.Lock()
	c.over = true
	cleanups, cancel := c.cleanups, c.cancel
	c.cleanups = nil
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	var errs []error
	for i := len(cleanups) - 1; i >= 0; i-- {
		if err := c.cell.scope.cleanup(ctx, c.cell.exec, cleanups[i]); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// cleanUp ends the present value's controller.
func (c *cell) cleanUp(ctx context.Context) []error {
	c.mu.Lock()
	control := c.control
	c.control = nil
	c.mu.Unlock()
	if control == nil {
		return nil
	}
	return control.finish(ctx)
}

// cleanup runs one cleanup and reports its failure.
func (s *Scope) cleanup(ctx context.Context, e *executor, fn func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
		if err != nil {
			err = s.plainError(e, CodeCleanup, CategorySystem, StagePost, err)
			s.failed(ctx, e, err, false)
		}
	}()
	return fn(ctx)
}
