package scope

import (
	"context"
	"sync"
	"sync/atomic"
)

// A location is where in a Context something runs.
type location struct {
	current  *Context
	parallel bool // inside an item of Parallel
}

type locationKey struct{}

// whereabouts gives the location that ctx belongs to, nil for none.
func whereabouts(ctx context.Context) *location {
	at, _ := ctx.Value(locationKey{}).(*location)
	return at
}

// enter counts work in the execution that ctx belongs to. Who gets a location
// calls end of its context.
func enter(ctx context.Context) (*location, error) {
	at := whereabouts(ctx)
	if at == nil {
		return nil, ErrNoContext
	}
	if err := at.current.begin(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		at.current.end(nil)
		return nil, context.Cause(ctx)
	}
	return at, nil
}

// inContext is the context.Context of what runs in a Context. A cancellation
// of its own is only made when somebody looks for it: most executions end
// before anybody does.
type inContext struct {
	context.Context // the caller's
	location

	mu    sync.Mutex
	own   atomic.Pointer[ownCancel]
	cause atomic.Pointer[error] // of its end, if it has ended
}

type ownCancel struct {
	context.Context
	cancel context.CancelCauseFunc
}

// Value gives the location, and else what the context around it has.
func (c *inContext) Value(key any) any {
	if key == (locationKey{}) {
		return &c.location
	}
	if c.cause.Load() != nil { // the package context may be looking for it
		return c.cancellation().Value(key)
	}
	if own := c.own.Load(); own != nil {
		return own.Value(key)
	}
	return c.Context.Value(key)
}

// Done is closed when the context around it ends, or the execution.
func (c *inContext) Done() <-chan struct{} { return c.cancellation().Done() }

// Err is nil until then.
func (c *inContext) Err() error {
	if own := c.own.Load(); own != nil {
		return own.Err()
	}
	if c.cause.Load() != nil {
		return context.Canceled
	}
	return c.Context.Err()
}

// cancellation makes the cancellation of its own.
func (c *inContext) cancellation() *ownCancel {
	if own := c.own.Load(); own != nil {
		return own
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if own := c.own.Load(); own != nil {
		return own
	}
	own := &ownCancel{}
	own.Context, own.cancel = context.WithCancelCause(c.Context)
	if cause := c.cause.Load(); cause != nil {
		own.cancel(*cause)
	}
	c.own.Store(own)
	return own
}

// end ends it. The first cause holds.
func (c *inContext) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cause.CompareAndSwap(nil, &cause)
	if own := c.own.Load(); own != nil {
		own.cancel(cause)
	}
}

// located is ctx at another location.
type located struct {
	context.Context
	location
}

// Value gives the location, and else what the context around it has.
func (l *located) Value(key any) any {
	if key == (locationKey{}) {
		return &l.location
	}
	return l.Context.Value(key)
}
