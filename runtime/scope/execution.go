package scope

import (
	"context"
	"sync"
)

// An Execution is a root execution that goes on by itself. It may be used from
// any goroutine.
type Execution[Out any] struct{ run *execution }

type execution struct {
	flow   *flowCore
	cancel context.CancelCauseFunc
	ready  chan struct{} // the context is there, or never will be
	done   chan struct{}

	mu        sync.Mutex
	status    Status
	context   *Context
	value     any
	err       error
	callbacks []error
	observers listeners[func(Status)]
}

// A Status is how far an [Execution] is.
type Status string

// The statuses.
const (
	StatusPending   Status = "pending"
	StatusRunning   Status = "running"
	StatusCompleted Status = "completed"
	StatusFailed    Status = "failed"
	StatusCancelled Status = "cancelled"
)

// Start begins what [RunWith] does, and returns at once. The execution ends
// with ctx; wait for it with Result.
func Start[In, Out any](ctx context.Context, s *Scope, cfg RunConfig, f *Flow[In, Out], in In) *Execution[Out] {
	ctx, cancel := context.WithCancelCause(ctx)
	x := &execution{flow: f.flow(), cancel: cancel, ready: make(chan struct{}), done: make(chan struct{}), status: StatusPending}
	go func() {
		defer cancel(nil)
		var v any
		err := errGoexit
		ready := sync.OnceFunc(func() { close(x.ready) })
		defer func() {
			ready()
			x.end(ctx, v, err)
		}()
		v, err = s.run(ctx, f.flow(), in, cfg, func(c *Context) {
			x.mu.Lock()
			x.context = c
			x.mu.Unlock()
			ready()
			x.become(StatusRunning)
		})
	}()
	return &Execution[Out]{x}
}

func (x *execution) end(ctx context.Context, v any, err error) {
	x.mu.Lock()
	x.value, x.err = v, err
	x.mu.Unlock()
	switch {
	case err == nil:
		x.become(StatusCompleted)
	case ctx.Err() != nil:
		x.become(StatusCancelled)
	default:
		x.become(StatusFailed)
	}
	close(x.done)
}

func (x *execution) become(s Status) {
	x.mu.Lock()
	x.status = s
	x.mu.Unlock()
	for _, fn := range x.observers.all() {
		if err := recovered(func() error { (*fn)(s); return nil }); err != nil {
			x.mu.Lock()
			x.callbacks = append(x.callbacks, err)
			x.mu.Unlock()
		}
	}
}

// FlowName is the name of the flow.
func (x *Execution[Out]) FlowName() string { return x.run.flow.name }

// Context waits for the execution context; it is nil if the execution ended
// before there was one.
func (x *Execution[Out]) Context() *Context {
	<-x.run.ready
	x.run.mu.Lock()
	defer x.run.mu.Unlock()
	return x.run.context
}

// Status is how far it is.
func (x *Execution[Out]) Status() Status {
	x.run.mu.Lock()
	defer x.run.mu.Unlock()
	return x.run.status
}

// OnStatus has fn called with each later status. Panics of it are kept for
// CallbackErrors.
func (x *Execution[Out]) OnStatus(fn func(Status)) (remove func()) { return x.run.observers.add(fn) }

// CallbackErrors are the panics of OnStatus callbacks.
func (x *Execution[Out]) CallbackErrors() []error {
	x.run.mu.Lock()
	defer x.run.mu.Unlock()
	return append([]error(nil), x.run.callbacks...)
}

// Abort ends the execution's context, with a cause. Nil is
// context.Canceled.
func (x *Execution[Out]) Abort(cause error) { x.run.cancel(cause) }

// Done is closed when it is over.
func (x *Execution[Out]) Done() <-chan struct{} { return x.run.done }

// Result waits for the outcome, or for ctx.
func (x *Execution[Out]) Result(ctx context.Context) (Out, error) {
	select {
	case <-x.run.done:
		x.run.mu.Lock()
		defer x.run.mu.Unlock()
		return as[Out](x.run.value), x.run.err
	case <-ctx.Done():
		var none Out
		return none, context.Cause(ctx)
	}
}
