package scope_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen2ExampleRows = []row{
	{id: "G2-B68", at: all, test: loggingExample,
		does: "The logging example works: for one flow it logs its execution, the resolution of its handler, and its context's lifecycle"},
	{id: "G2-B69", at: all, test: tracingTagExample,
		does: "The tracing example works: root and child read the trace's id, a tag of the execution, through the operation's context"},
	{id: "G2-B70", at: all, test: extensionsKeepThingsInTheScope,
		does: "A scope has a store of its own, Set and Get, apart from executors, so that the caching example works as written. Its keyed steps, too"},
	{id: "G2-B71", at: both, test: retryExample(false),
		does:      "The retry example retries flows and functions, not resolutions nor keyed steps",
		otherwise: "The retry example retries flows and functions, resolutions and keyed steps", testOtherwise: retryExample(true)},
	{id: "G2-B72", at: all, test: retriesMultiply,
		does: "Retries on every level multiply: three attempts around a flow with one step that always fails run it nine times and catch twelve errors. An extension chooses its level by the operation"},
	{id: "G2-B73", at: all, test: disposedScopeRefuses, absent: bug,
		does: "After Dispose everything answers ErrClosed, Update and Set too; Entries answers with none; another Dispose gives what the first gave"},
}

func loggingExample(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	tr := &trace{}
	s := newScope(t, c, &flowExt{ext: &ext{name: "logging"}, any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		tr.add("[%s]", op.Kind)
		return next(ctx)
	}})
	mustRun(t, s, adds("f", 1), 1)
	want := []string{"[execution]", "[resolve]", "[context-lifecycle]", "[context-lifecycle]"}
	if !c.CreateOnlyMade {
		want = append([]string{"[context-lifecycle]"}, want...)
	}
	require.Equal(t, want, tr.all())
}

func tracingTagExample(t *testing.T, c scope.Compat) {
	traceID := scope.NewTag(scope.TagConfig[string]{Label: "trace"})
	tr := &trace{}
	tracing := executes("tracing", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Flow == nil {
			return next(ctx)
		}
		id, err := traceID.Get(op.Context)
		require.NoError(t, err)
		tr.add("start %s %s", id, op.Name)
		defer tr.add("end %s %s", id, op.Name)
		return next(ctx)
	})
	child := adds("child", 1)
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) { return scope.Exec(ctx, child, 1) })
	_, err := scope.RunWith(t.Context(), newScope(t, c), scope.RunConfig{Tags: []scope.Tagged{traceID.Of("T1")}, Extensions: []aril.Extension{tracing}}, root, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"start T1 root", "start T1 child", "end T1 child", "end T1 root"}, tr.all())
}

// retrying is the document's extension: three attempts at everything.
func retrying(caught *int) *flowExt {
	return &flowExt{ext: &ext{name: "retry"}, any: func(ctx context.Context, _ *aril.Invocation, next aril.Next) (v any, err error) {
		for range 3 {
			if v, err = next(ctx); err == nil {
				return v, nil
			}
			*caught++
		}
		return nil, err
	}}
}

func retryExample(everything bool) func(*testing.T, scope.Compat) {
	return func(t *testing.T, c scope.Compat) {
		c.SeparateLists = false
		caught := 0
		s := newScope(t, c, retrying(&caught))
		runs := 0
		work := func(context.Context) (int, error) {
			if runs++; runs < 3 {
				return 0, errBoom
			}
			return runs, nil
		}
		v := mustRun(t, s, flowOf("flow", func(ctx context.Context, _ int) (int, error) { return work(ctx) }), 0)
		require.Equal(t, 3, v)
		in := newContext(t, s, "made").Context()
		runs = 0
		v, err := scope.Step(in, work)
		require.NoError(t, err)
		require.Equal(t, 3, v)
		runs = 0
		_, err = scope.StepWith(in, scope.ExecConfig{Key: "k"}, work)
		require.Equal(t, everything, err == nil)
		runs = 0
		_, err = scope.Resolve(t.Context(), s, failing("a", 2, &runs))
		require.Equal(t, everything, err == nil)
	}
}

func retriesMultiply(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	caught, runs := 0, 0
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) {
		return scope.Step(ctx, func(context.Context) (int, error) { runs++; return 0, errBoom })
	})
	_, err := scope.Run(t.Context(), newScope(t, c, retrying(&caught)), f, 0)
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, 9, runs)
	require.Equal(t, 12, caught)

	caught, runs = 0, 0
	all := retrying(&caught)
	steps := executes("steps", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Flow != nil {
			return next(ctx)
		}
		return all.any(ctx, nil, next)
	})
	_, err = scope.Run(t.Context(), newScope(t, c, steps), f, 0)
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, 3, runs)
}

func extensionsKeepThingsInTheScope(t *testing.T, c scope.Compat) {
	cleared := false
	cache := &ext{name: "caching",
		init: func(_ context.Context, s *scope.Scope) error {
			s.Set("cache", map[string]any{})
			return nil
		},
		wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
			cache := op.Scope.Get("cache").(map[string]any)
			if v, ok := cache[op.Executor.Name()]; ok {
				return v, nil
			}
			v, err := next(ctx)
			if err == nil {
				cache[op.Executor.Name()] = v
			}
			return v, err
		},
		dispose: func(_ context.Context, s *scope.Scope) error {
			clear(s.Get("cache").(map[string]any))
			s.Set("cache", nil)
			cleared = s.Get("cache") == nil
			return nil
		}}
	runs := 0
	a := counted("a", 1, &runs)
	s := newScope(t, c, cache)
	mustResolve(t, s, a)
	require.NoError(t, s.Release(t.Context(), a))
	require.Equal(t, 1, mustResolve(t, s, a)) // of the cache
	require.Equal(t, 1, runs)
	require.Equal(t, map[string]any{"a": 1}, s.Get("cache"))
	require.Nil(t, s.Get("other"))
	require.Empty(t, s.Entries())
	require.NoError(t, s.Dispose(t.Context()))
	require.True(t, cleared)
}
