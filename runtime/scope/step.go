package scope

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strings"

	aril "github.com/aril-wasm/aril/runtime"
)

// Step runs a function as a step of the execution that ctx belongs to:
// extensions wrap it, as an operation of the name "fn". fn gets the context of
// the step. A panic in it is a [*PanicError].
func Step[T any](ctx context.Context, fn func(ctx context.Context) (T, error)) (T, error) {
	return StepWith(ctx, ExecConfig{}, fn)
}

// StepWith is [Step] with a configuration. With a key the outcome is
// journalled.
func StepWith[T any](ctx context.Context, cfg ExecConfig, fn func(ctx context.Context) (T, error)) (T, error) {
	v, err := step(ctx, cfg, reflect.TypeFor[T](), func(ctx context.Context) (any, error) { return fn(ctx) })
	return as[T](v), err
}

func step(ctx context.Context, cfg ExecConfig, out reflect.Type, fn func(context.Context) (any, error)) (any, error) {
	at, err := enter(ctx)
	if err != nil {
		return nil, err
	}
	c := at.current
	defer func() { c.end(err) }()
	f := &stepCall{context: c, cfg: cfg, fn: fn}
	var around *plan
	if c.list.wraps != nil && cfg.Key == "" {
		around = c.list.plan(out, KindExecution, stepName, nil, out)
	}
	var v any
	if c.list.wraps == nil || around != nil && around.fn == nil {
		v, err = f.run(ctx, nil)
		return v, err
	}
	f.op = ExecutionOperation{Name: stepName, Mode: Sequential, Key: cfg.Key, Context: c, Params: cfg.Params,
		FlowName: c.FlowName(), Depth: c.depth, IsParallel: at.parallel, ParentFlowName: c.ParentFlowName()}
	f.call = call{ctx, &f.op, f}
	if around == nil {
		v, err = c.list.keyed(&f.call, KindExecution, stepName, cfg.Key, nil, out, nil)
	} else {
		v, err = around.fn(&f.call, nil)
	}
	return v, err
}

const stepName = "fn"

// A stepCall is the execution operation of a function.
type stepCall struct {
	call
	op      ExecutionOperation
	context *Context
	cfg     ExecConfig
	fn      func(context.Context) (any, error)
}

// run is what the extensions are around.
func (f *stepCall) run(ctx context.Context, _ any) (any, error) {
	if f.cfg.Key == "" && f.cfg.Timeout <= 0 {
		return f.once(ctx)
	}
	c := f.context
	return c.replayed(ctx, c, f.cfg.Key, func() (any, error) {
		return timed(ctx, stepName, f.cfg.Timeout, c.scope, f.once)
	})
}

func (f *stepCall) once(ctx context.Context) (v any, err error) {
	err = recovered(func() (err error) { v, err = f.fn(ctx); return err })
	f.context.scope.logPanic(stepName, err)
	return v, err
}

// journaled is the outcome of a keyed execution.
type journaled struct {
	value any
	err   error
}

// journalKey is where a key is kept: keys of flows and steps are of one kind.
func (c *Context) journalKey(key string) string {
	name := "unknown"
	if c.flow != nil {
		name = c.flow.name
	}
	return fmt.Sprintf("%s:%d:%s", name, c.depth, key)
}

// replayed gives the journal's outcome of a key, or runs and journals it. An
// extension that calls next again after an error has it run again.
func (c *Context) replayed(ctx context.Context, journal *Context, key string, run func() (any, error)) (any, error) {
	if key == "" || journal == nil {
		return run()
	}
	at := journal.journalKey(key)
	journal.mu.Lock()
	old, there := journal.journal[at]
	journal.mu.Unlock()
	if there && (old.err == nil || c.scope.compat.ReplayFailure || aril.Attempt(ctx) < 2) {
		return old.value, old.err
	}
	v, err := run()
	journal.mu.Lock()
	defer journal.mu.Unlock()
	if journal.journal == nil {
		journal.journal = map[string]journaled{}
	}
	journal.journal[at] = journaled{v, err}
	return v, err
}

// Journal lists the keys of the context's journal, as "flow:depth:key".
func (c *Context) Journal() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]string, 0, len(c.journal))
	for k := range c.journal {
		keys = append(keys, k)
	}
	return keys
}

// ResetJournal forgets the outcomes whose keys, as Journal gives them, contain
// a text; all with "".
func (c *Context) ResetJournal(containing string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.journal, func(k string, _ journaled) bool { return strings.Contains(k, containing) })
}
