package scope

import (
	"context"
	"errors"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// A RunConfig says how [RunWith] and [Start] begin an execution. The zero
// value is what [Run] does.
type RunConfig struct {
	// Timeout bounds the execution. Default none. See ExecConfig.
	Timeout time.Duration

	// Tags are seen by everything in it, before the scope's.
	Tags []Tagged

	// Extensions wrap what runs in it, outside of the scope's, in the order in
	// which they are added. Of a scope they hear nothing. Default none.
	Extensions []aril.Extension

	// Presets replace executors within the execution, which gets a pod of its
	// own for it: see [Scope.Pod]. Default none.
	Presets []Preset

	// Data is what the context's data begins with, before InitPod hooks see it.
	Data map[any]any

	// Metadata is kept with the context.
	Metadata map[string]any
}

// An ExecConfig says how [ExecWith] and [StepWith] run something within an
// execution. The zero value is what [Exec] and [Step] do.
type ExecConfig struct {
	// Key makes the outcome part of the journal of the context that it runs
	// in: a later one with the same key there gives the same outcome without
	// running. Any text. Default none.
	Key string

	// Timeout bounds the run: its context ends then, with a [*TimeoutError] as
	// cause. One that goes on all the same is left behind a moment later: the
	// caller gets the error, and the log says so. Default none.
	Timeout time.Duration

	// Tags are put on a flow's context.
	Tags []Tagged

	// Params are what extensions see of a step's parameters. Default none.
	Params []any
}

// Run executes a flow in a new execution context, as the root of what it runs,
// and closes the context, gracefully, before it returns.
//
// Errors: the handler's, or what an extension made of it; a
// [*ValidationError]; the [*ResolutionError] of the handler's dependencies;
// [ErrClosed]. What extensions say against the closing of the context is told
// to OnError and does not change the outcome.
func Run[In, Out any](ctx context.Context, s *Scope, f *Flow[In, Out], in In) (Out, error) {
	v, err := s.run(ctx, f.flow(), in, RunConfig{}, nil)
	return as[Out](v), err
}

// RunWith is [Run] with a configuration.
func RunWith[In, Out any](ctx context.Context, s *Scope, cfg RunConfig, f *Flow[In, Out], in In) (Out, error) {
	v, err := s.run(ctx, f.flow(), in, cfg, nil)
	return as[Out](v), err
}

// run is a root execution. started is told of the context.
func (s *Scope) run(ctx context.Context, f *flowCore, in any, cfg RunConfig, started func(*Context)) (v any, err error) {
	if s.closed.Load() {
		return nil, s.errClosed()
	}
	if err := tagErrors(cfg.Tags); err != nil {
		return nil, err
	}
	pod := s
	if len(cfg.Presets) > 0 {
		if pod, err = s.Pod(ctx, PodConfig{Presets: cfg.Presets}); err != nil {
			return nil, err
		}
		defer func() {
			if failed := pod.Dispose(context.WithoutCancel(ctx)); failed != nil {
				err = errors.Join(err, failed)
			}
		}()
	}
	list, err := pod.listWith(cfg.Extensions)
	if err != nil {
		return nil, err
	}
	if list.wraps != nil {
		var end func()
		ctx, end = list.wraps.Begin(ctx)
		defer end()
	}
	c := pod.newContext(ctx, nil, list, f.name, f, cfg.Tags)
	c.metadata = cfg.Metadata
	for k, value := range cfg.Data {
		c.data.Set(k, value)
	}
	finished := false
	defer func() {
		if !finished { // a handler ended the goroutine
			c.finish(errGoexit)
			_ = c.Close(context.WithoutCancel(ctx), Abort)
		}
	}()
	if started != nil {
		started(c)
	}
	if !s.compat.CreateOnlyMade {
		err = c.create()
	}
	if err == nil {
		err = list.initPods(c)
	}
	if err == nil {
		v, err = c.execute(in, ExecConfig{Timeout: cfg.Timeout}, nil)
	}
	if err != nil {
		list.podFailed(c, err)
	}
	finished = true
	c.finish(err)
	closing := c.Close(context.WithoutCancel(ctx), Graceful)
	disposing := list.disposePods(c)
	if s.compat.FailingClose && err == nil {
		err = errors.Join(closing, disposing)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Exec executes a flow within the execution that ctx belongs to: in a context
// of its own, a child of that one. Errors: as [Run]; [ErrNoContext]; a
// [*ContextClosedError] when the context is closing.
func Exec[In, Out any](ctx context.Context, f *Flow[In, Out], in In) (Out, error) {
	return ExecWith(ctx, ExecConfig{}, f, in)
}

// ExecWith is [Exec] with a configuration.
func ExecWith[In, Out any](ctx context.Context, cfg ExecConfig, f *Flow[In, Out], in In) (Out, error) {
	v, err := execNested(ctx, f.flow(), in, cfg)
	return as[Out](v), err
}

func execNested(ctx context.Context, f *flowCore, in any, cfg ExecConfig) (any, error) {
	at, err := enter(ctx)
	if err != nil {
		return nil, err
	}
	parent := at.current
	defer func() { parent.end(err) }()
	if err = tagErrors(cfg.Tags); err != nil {
		return nil, err
	}
	c := parent.scope.newContext(ctx, parent, parent.list, f.name, f, cfg.Tags)
	c.parallel = at.parallel
	if err = parent.adopt(c); err != nil {
		return nil, err
	}
	if !parent.scope.compat.CreateOnlyMade {
		if err = c.create(); err != nil {
			return nil, err
		}
	}
	var v any
	v, err = c.execute(in, cfg, parent)
	c.finish(err)
	return v, err
}

// A flowCall is the execution operation of a flow in its own context.
type flowCall struct {
	call
	op      ExecutionOperation
	context *Context
	key     string
	timeout time.Duration
	journal *Context // whose journal the key is of; nil for none
}

// run is what the extensions are around.
func (f *flowCall) run(ctx context.Context, in any) (any, error) {
	if f.key == "" && f.timeout <= 0 {
		return f.context.handle(ctx, in)
	}
	c := f.context
	return c.replayed(ctx, f.journal, f.key, func() (any, error) {
		v, err := timed(ctx, c.flow.name, f.timeout, c.scope, func(ctx context.Context) (any, error) { return c.handle(ctx, in) })
		if late, ok := err.(*TimeoutError); ok && late.LeftBehind {
			c.abandon()
		}
		return v, err
	})
}

// execute runs the flow of the context.
func (c *Context) execute(in any, cfg ExecConfig, journal *Context) (any, error) {
	flow := c.flow
	var around *plan
	if c.list.wraps != nil && cfg.Key == "" {
		around = c.list.plan(flow, KindExecution, flow.name, flow.in, flow.out)
	}
	alone := c.list.wraps == nil || around != nil && around.fn == nil
	if alone && cfg.Key == "" && cfg.Timeout <= 0 {
		return c.handle(&c.in, in)
	}
	f := &flowCall{context: c, key: cfg.Key, timeout: cfg.Timeout, journal: journal}
	if alone {
		return f.run(&c.in, in)
	}
	f.op = ExecutionOperation{Name: flow.name, Mode: Sequential, Input: in, Key: cfg.Key, Context: c, Flow: flow.self,
		FlowName: flow.name, Depth: c.depth, IsParallel: c.parallel, ParentFlowName: c.ParentFlowName()}
	f.call = call{&c.in, &f.op, f}
	if around == nil {
		return c.list.keyed(&f.call, KindExecution, flow.name, cfg.Key, flow.in, flow.out, in)
	}
	return around.fn(&f.call, in)
}

// handle resolves the handler and runs it, between the validators.
func (c *Context) handle(ctx context.Context, in any) (any, error) {
	f := c.flow
	h, err := c.scope.resolve(ctx, f.handler.core(), false, false)
	if err != nil {
		return nil, err
	}
	if err := f.validate(ctx, f.definition.Input, in, false); err != nil {
		return nil, err
	}
	var v any
	err = recovered(func() (err error) {
		v, err = h.(flowHandler)(ctx, in)
		return err
	})
	if err != nil {
		c.scope.logPanic(f.name, err)
		return nil, err
	}
	return v, f.validate(ctx, f.definition.Output, v, true)
}

// finish notes what an execution ended with.
func (c *Context) finish(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.completed, c.err = time.Now(), err
}
