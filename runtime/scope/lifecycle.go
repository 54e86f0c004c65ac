package scope

import (
	"context"
	"errors"
	"fmt"
)

// create tells extensions that the context begins.
func (c *Context) create() error { return c.announce(&c.in, PhaseCreate, "") }

// A lifecycleCall is a lifecycle operation. There is nothing inside of it:
// what happens, happens whatever extensions do.
type lifecycleCall struct {
	call
	op LifecycleOperation
}

func (*lifecycleCall) run(context.Context, any) (any, error) { return nil, nil }

// announce performs a lifecycle operation.
func (c *Context) announce(ctx context.Context, phase Phase, mode CloseMode) error {
	if !c.announced(phase) {
		return nil
	}
	l := &lifecycleCall{op: LifecycleOperation{Phase: phase, Context: c, Mode: mode}}
	l.call = call{ctx, &l.op, l}
	_, err := c.list.plan(phases[phase], KindLifecycle, string(phase), nil, nil).fn(&l.call, nil)
	return err
}

// phases are the phases as keys of plans, boxed once.
var phases = map[Phase]any{PhaseCreate: PhaseCreate, PhaseClosing: PhaseClosing, PhaseClosed: PhaseClosed}

// announced reports whether anybody is interested in a phase.
func (c *Context) announced(phase Phase) bool {
	return c.list.wraps != nil && c.list.plan(phases[phase], KindLifecycle, string(phase), nil, nil).fn != nil
}

// Close ends the context and those below it. Graceful waits for work under
// way; Abort ends its context.Context first, with [ErrContextClosed], waits
// all the same, and returns how it failed. Later calls, in whichever mode,
// wait for the first and return the same. ctx bounds the waiting: what runs
// then is left behind and named in the error.
//
// What extensions say against it is returned, and told to OnError; the context
// closes in any case.
func (c *Context) Close(ctx context.Context, mode CloseMode) error {
	if mode == "" {
		mode = Graceful
	}
	c.mu.Lock()
	if c.state != Active {
		return c.awaitClose(ctx)
	}
	c.state = Closing
	c.mu.Unlock()
	c.tellState(Closing, Active)
	if mode == Abort {
		c.in.end(ErrContextClosed)
	}
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	note(c.announceEnd(PhaseClosing, mode))
	note(c.settle(ctx, mode))
	for _, child := range c.offspring() {
		note(child.Close(ctx, mode))
	}
	c.mu.Lock()
	c.state = Closed
	c.mu.Unlock()
	note(c.announceEnd(PhaseClosed, mode))
	c.in.end(ErrContextClosed)
	c.tellState(Closed, Closing)
	err := errors.Join(errs...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeDone, c.closeErr = true, err
	if c.closed != nil {
		close(c.closed)
	}
	return err
}

// awaitClose waits for the Close that is under way. The caller holds the lock,
// which it gives back.
func (c *Context) awaitClose(ctx context.Context) error {
	if c.closeDone {
		defer c.mu.Unlock()
		return c.closeErr
	}
	if c.closed == nil {
		c.closed = make(chan struct{})
	}
	closed := c.closed
	c.mu.Unlock()
	select {
	case <-closed:
		return c.closeErr
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// announceEnd performs a lifecycle operation of a context that ends: with what
// it carries, though not with its end. It passes an error on, and tells of it.
func (c *Context) announceEnd(phase Phase, mode CloseMode) error {
	if !c.announced(phase) {
		return nil
	}
	return c.telling(c.announce(&located{context.WithoutCancel(&c.in), location{c, false}}, phase, mode))
}

// telling passes an error of an extension on, and tells of it.
func (c *Context) telling(err error) error {
	if err != nil {
		c.scope.logger.Warn("extension failed at the end of an execution", "scope", c.scope.name, "execution", c.name, "error", err)
		if !c.scope.compat.QuietWraps {
			c.scope.tellError(context.WithoutCancel(&c.in), err, nil)
		}
	}
	return err
}

// settle waits for work under way, and gives its failures after an abort.
func (c *Context) settle(ctx context.Context, mode CloseMode) error {
	c.mu.Lock()
	if c.running > 0 && c.idle == nil && !c.abandoned {
		c.idle = make(chan struct{})
	}
	idle := c.idle
	c.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("work was left behind: %w", context.Cause(ctx))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if mode == Abort {
		return errors.Join(c.failures...)
	}
	return nil
}

// offspring takes the children, in order.
func (c *Context) offspring() []*Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	children := c.children
	c.children = nil
	return children
}

func (c *Context) tellState(state, previous ContextState) {
	for _, fn := range c.observers.all() {
		c.scope.guard(nil, func() { (*fn)(state, previous) })
	}
}
