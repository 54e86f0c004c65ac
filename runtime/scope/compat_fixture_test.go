package scope_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var errBoom = errors.New("boom")

// A trace is what happened, in order.
type trace struct {
	mu   sync.Mutex
	list []string
}

func (tr *trace) add(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.list = append(tr.list, fmt.Sprintf(format, args...))
}

// all gives what happened so far.
func (tr *trace) all() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.list)
}

// take gives what happened since the last take.
func (tr *trace) take() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	list := tr.list
	tr.list = nil
	return list
}

// An ext is an extension of functions; nil ones do nothing.
type ext struct {
	name    string
	init    func(context.Context, *scope.Scope) error
	start   func(context.Context, *scope.Scope) error
	wrap    func(context.Context, *scope.ResolveOperation, aril.Next) (any, error)
	onError func(context.Context, error, scope.AnyExecutor, *scope.Scope)
	dispose func(context.Context, *scope.Scope) error
	detach  func(context.Context, *scope.Scope) error
}

func (e *ext) Name() string { return e.name }

func (e *ext) Init(ctx context.Context, s *scope.Scope) error { return call(e.init, ctx, s) }

func (e *ext) Start(ctx context.Context, s *scope.Scope) error { return call(e.start, ctx, s) }

func (e *ext) Dispose(ctx context.Context, s *scope.Scope) error { return call(e.dispose, ctx, s) }

func (e *ext) Detach(ctx context.Context, s *scope.Scope) error { return call(e.detach, ctx, s) }

func (e *ext) WrapResolve(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
	if e.wrap == nil {
		return next(ctx)
	}
	return e.wrap(ctx, op, next)
}

func (e *ext) OnError(ctx context.Context, err error, x scope.AnyExecutor, s *scope.Scope) {
	if e.onError != nil {
		e.onError(ctx, err, x, s)
	}
}

func call(hook func(context.Context, *scope.Scope) error, ctx context.Context, s *scope.Scope) error {
	if hook == nil {
		return nil
	}
	return hook(ctx, s)
}

// A named is an extension without any hook.
type named string

func (n named) Name() string { return string(n) }

// tracer notes when it wraps, and what.
func tracer(tr *trace, name string) *ext {
	return &ext{name: name, wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		tr.add("%s> %s %s", name, op.Operation, scope.ExecutorName(op.Executor))
		v, err := next(ctx)
		tr.add("<%s", name)
		return v, err
	}}
}

// seen notes the operations that come past: "resolve a".
func seen(tr *trace) *ext {
	return &ext{name: "seen", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		tr.add("%s %s", op.Operation, scope.ExecutorName(op.Executor))
		return next(ctx)
	}}
}

// doubles answers every resolution with twice the value.
func doubles() *ext {
	return &ext{name: "doubles", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		v, err := next(ctx)
		if n, ok := v.(int); ok && op.Operation == scope.OpResolve {
			return 2 * n, err
		}
		return v, err
	}}
}

// retries calls next up to n times until it succeeds, and counts the calls.
func retries(n int, calls *int) *ext {
	return &ext{name: "retry", wrap: func(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (v any, err error) {
		for range n {
			*calls++
			if v, err = next(ctx); err == nil {
				return v, nil
			}
		}
		return nil, err
	}}
}

// newScope makes a scope that is disposed of at the end of the test.
func newScope(t testing.TB, c scope.Compat, extensions ...aril.Extension) *scope.Scope {
	t.Helper()
	return newScopeOf(t, scope.Config{Compat: c, Extensions: extensions})
}

func newScopeOf(t testing.TB, cfg scope.Config) *scope.Scope {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := scope.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Dispose(context.Background()) })
	return s
}

// counted is an executor that gives v and counts the runs of its factory.
func counted[T any](name string, v T, runs *int) *scope.Executor[T] {
	return scope.Provide(func(context.Context, *scope.Controller) (T, error) {
		*runs++
		return v, nil
	}, scope.Name(name))
}

// failing is an executor whose first n runs fail with errBoom, all of them
// where n is negative.
func failing(name string, n int, runs *int) *scope.Executor[int] {
	return scope.Provide(func(context.Context, *scope.Controller) (int, error) {
		*runs++
		if n < 0 || *runs <= n {
			return 0, errBoom
		}
		return 1, nil
	}, scope.Name(name))
}

// plusOne depends on an int.
func plusOne(name string, on scope.Dependency[int]) *scope.Executor[int] {
	return scope.Derive(on, func(_ context.Context, _ *scope.Controller, n int) (int, error) { return n + 1, nil }, scope.Name(name))
}

func mustResolve[T any](t testing.TB, s *scope.Scope, e *scope.Executor[T]) T {
	t.Helper()
	v, err := scope.Resolve(t.Context(), s, e)
	require.NoError(t, err)
	return v
}

// mustGet gives the raw value that the scope keeps.
func mustGet[T any](t testing.TB, s *scope.Scope, e *scope.Executor[T]) T {
	t.Helper()
	v, err := scope.Access(s, e).Get()
	require.NoError(t, err)
	return v
}

// told notes OnError calls of a scope: "name: error".
func told(s *scope.Scope, tr *trace) {
	s.OnError(func(_ context.Context, err error, e scope.AnyExecutor, _ *scope.Scope) {
		tr.add("%s", scope.ExecutorName(e))
	})
}

// A flowExt is an ext with the hooks of executions too.
type flowExt struct {
	*ext
	any        func(context.Context, *aril.Invocation, aril.Next) (any, error)
	exec       func(context.Context, *scope.ExecutionOperation, aril.Next) (any, error)
	initPod    func(context.Context, *scope.Scope, *scope.Context) error
	disposePod func(context.Context, *scope.Scope, *scope.Context) error
	onPodError func(context.Context, error, *scope.Scope, *scope.Context)
}

func (e *flowExt) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
	if e.any == nil {
		return next(ctx)
	}
	return e.any(ctx, op, next)
}

func (e *flowExt) WrapExecute(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
	if e.exec == nil {
		return next(ctx)
	}
	return e.exec(ctx, op, next)
}

func (e *flowExt) InitPod(ctx context.Context, pod *scope.Scope, c *scope.Context) error {
	if e.initPod == nil {
		return nil
	}
	return e.initPod(ctx, pod, c)
}

func (e *flowExt) DisposePod(ctx context.Context, pod *scope.Scope, c *scope.Context) error {
	if e.disposePod == nil {
		return nil
	}
	return e.disposePod(ctx, pod, c)
}

func (e *flowExt) OnPodError(ctx context.Context, err error, pod *scope.Scope, c *scope.Context) {
	if e.onPodError != nil {
		e.onPodError(ctx, err, pod, c)
	}
}

// executes is an extension around executions.
func executes(name string, exec func(context.Context, *scope.ExecutionOperation, aril.Next) (any, error)) *flowExt {
	return &flowExt{ext: &ext{name: name}, exec: exec}
}

// everything notes every operation: "> execution f", "< execution f".
func everything(tr *trace) *flowExt {
	return &flowExt{ext: &ext{name: "everything"}, any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		what := op.Kind + " " + op.Name
		if l, ok := scope.IsLifecycle(op); ok {
			what = string(l.Phase) + " " + l.Context.Name()
		}
		tr.add("> %s", what)
		v, err := next(ctx)
		tr.add("< %s", what)
		return v, err
	}}
}

// flowOf is a flow from int to int.
func flowOf(name string, handler func(context.Context, int) (int, error)) *scope.Flow[int, int] {
	return scope.NewFlow(scope.Definition{Name: name}, handler)
}

// adds is a flow that adds n.
func adds(name string, n int) *scope.Flow[int, int] {
	return flowOf(name, func(_ context.Context, in int) (int, error) { return in + n, nil })
}

func mustRun[In, Out any](t testing.TB, s *scope.Scope, f *scope.Flow[In, Out], in In) Out {
	t.Helper()
	v, err := scope.Run(t.Context(), s, f, in)
	require.NoError(t, err)
	return v
}

// runIn runs handler as a flow in s.
func runIn(t testing.TB, s *scope.Scope, handler func(ctx context.Context)) {
	t.Helper()
	mustRun(t, s, flowOf("root", func(ctx context.Context, _ int) (int, error) { handler(ctx); return 0, nil }), 0)
}
