package scope_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// The last two of the scenarios that begin in extensions_behavior_test.go.

func TestOperationInspection(t *testing.T) {
	t.Parallel()
	var resolves []scope.ResolveOperation
	var executions []scope.ExecutionOperation
	var lifecycle []scope.LifecycleOperation
	var kinds []string
	spy := &flowExt{ext: &ext{name: "spy"}, any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		kinds = append(kinds, op.Kind)
		if r, ok := scope.IsResolve(op); ok {
			resolves = append(resolves, *r)
		}
		if e, ok := scope.IsExecution(op); ok {
			require.Equal(t, e.Name, op.Name)
			require.Equal(t, e.Key, op.Key)
			require.Equal(t, e.Input, op.Input())
			executions = append(executions, *e)
		}
		if l, ok := scope.IsLifecycle(op); ok {
			lifecycle = append(lifecycle, *l)
		}
		return next(ctx)
	}}
	s := newScope(t, scope.Compat{}, spy)
	take := func() { resolves, executions, lifecycle, kinds = nil, nil, nil, nil }
	leaf := scope.NewFlow(scope.Definition{Name: "leaf", Version: "2"}, func(_ context.Context, in string) (string, error) { return in, nil })

	t.Run("a resolution and an update name executor, scope and which of the two", func(t *testing.T) {
		take()
		a := scope.Value(1, scope.Name("a"))
		mustResolve(t, s, a)
		require.NoError(t, scope.Set(t.Context(), s, a, 2))
		require.Equal(t, []string{"resolve", "resolve"}, kinds)
		require.Equal(t, []scope.ResolveOperation{{scope.OpResolve, a, s}, {scope.OpUpdate, a, s}}, resolves)
	})

	t.Run("a flow has its definition, input, key and own context", func(t *testing.T) {
		take()
		var root, own *scope.Context
		top := scope.NewFlow(scope.Definition{Name: "top"}, func(ctx context.Context, in string) (string, error) {
			root = scope.Current(ctx)
			return scope.ExecWith(ctx, scope.ExecConfig{Key: "k"}, leaf, in+"!")
		})
		require.Equal(t, "x!", mustRun(t, s, top, "x"))
		require.Len(t, executions, 2)
		own = executions[1].Context
		require.Equal(t, []scope.ExecutionOperation{
			{Name: "top", Mode: scope.Sequential, Input: "x", Context: root, Flow: top, FlowName: "top"},
			{Name: "leaf", Mode: scope.Sequential, Input: "x!", Key: "k", Context: own, Flow: leaf,
				FlowName: "leaf", Depth: 1, ParentFlowName: "top"},
		}, executions)
		require.Same(t, root, own.Parent())
		d, ok := executions[1].Definition()
		require.True(t, ok)
		require.Equal(t, scope.Definition{Name: "leaf", Version: "2"}, d)
		require.Equal(t, []scope.LifecycleOperation{
			{Phase: scope.PhaseCreate, Context: root}, {Phase: scope.PhaseCreate, Context: own},
			{Phase: scope.PhaseClosing, Context: root, Mode: scope.Graceful},
			{Phase: scope.PhaseClosing, Context: own, Mode: scope.Graceful}, {Phase: scope.PhaseClosed, Context: own, Mode: scope.Graceful},
			{Phase: scope.PhaseClosed, Context: root, Mode: scope.Graceful},
		}, lifecycle)
	})

	t.Run("a step has its params, parallel its count, and neither a flow", func(t *testing.T) {
		take()
		var root *scope.Context
		runIn(t, s, func(ctx context.Context) {
			root = scope.Current(ctx)
			_, err := scope.StepWith(ctx, scope.ExecConfig{Key: "s", Params: []any{1, "two"}}, func(context.Context) (int, error) { return 1, nil })
			require.NoError(t, err)
			item := func(context.Context) (int, error) { return 1, nil }
			_, err = scope.Parallel(ctx, item, item, item)
			require.NoError(t, err)
			_, err = scope.ParallelSettled(ctx, item)
			require.NoError(t, err)
		})
		require.Equal(t, []scope.ExecutionOperation{
			{Name: "fn", Mode: scope.Sequential, Key: "s", Params: []any{1, "two"}, Context: root, FlowName: "root"},
			{Name: "parallel", Mode: scope.InParallel, Count: 3, Context: root, FlowName: "root"},
			{Name: "parallel-settled", Mode: scope.ParallelAndWait, Count: 1, Context: root, FlowName: "root"},
		}, executions[1:])
		_, ok := executions[1].Definition()
		require.False(t, ok)
	})

	t.Run("flows in items are in parallel, the operation around them is not", func(t *testing.T) {
		take()
		runIn(t, s, func(ctx context.Context) {
			_, err := scope.Parallel(ctx, func(ctx context.Context) (string, error) { return scope.Exec(ctx, leaf, "x") })
			require.NoError(t, err)
		})
		require.Len(t, executions, 3)
		require.False(t, executions[1].IsParallel)
		require.Equal(t, "parallel", executions[1].Name)
		require.True(t, executions[2].IsParallel)
		require.Equal(t, "root", executions[2].ParentFlowName)
	})

	t.Run("an abort is told as one", func(t *testing.T) {
		take()
		c, err := s.NewContext(t.Context(), scope.ContextConfig{Name: "request"})
		require.NoError(t, err)
		require.NoError(t, c.Close(t.Context(), scope.Abort))
		require.Equal(t, []scope.LifecycleOperation{{Phase: scope.PhaseCreate, Context: c},
			{Phase: scope.PhaseClosing, Context: c, Mode: scope.Abort}, {Phase: scope.PhaseClosed, Context: c, Mode: scope.Abort}}, lifecycle)
	})

	t.Run("a guest that wants one kind, name or key gets that", func(t *testing.T) {
		for _, tc := range []struct {
			filter aril.Filter
			want   []string // what is replaced of a resolution, two flows and a keyed one
		}{
			{aril.Filter{Kinds: []string{scope.KindResolve}, Names: []string{"a"}}, []string{"replaced", "x", "x", "x"}},
			{aril.Filter{Kinds: []string{scope.KindExecution}}, []string{"made", "replaced", "replaced", "replaced"}},
			{aril.Filter{Kinds: []string{scope.KindExecution}, Names: []string{"le*"}}, []string{"made", "replaced", "x", "replaced"}},
			{aril.Filter{Kinds: []string{scope.KindExecution}, Keys: []string{"k"}}, []string{"made", "x", "x", "replaced"}},
		} {
			s := newScope(t, scope.Compat{}, loadGuest(t, "replace", aril.ExtensionConfig{Filters: []aril.Filter{tc.filter}}))
			got := []string{mustResolve(t, s, scope.Value("made", scope.Name("a")))}
			c, err := s.NewContext(t.Context(), scope.ContextConfig{})
			require.NoError(t, err)
			other := scope.NewFlow(scope.Definition{Name: "other"}, func(_ context.Context, in string) (string, error) { return in, nil })
			for _, run := range []struct {
				flow *scope.Flow[string, string]
				key  string
			}{{leaf, ""}, {other, ""}, {leaf, "k"}} {
				v, err := scope.ExecWith(c.Context(), scope.ExecConfig{Key: run.key}, run.flow, "x")
				require.NoError(t, err)
				got = append(got, v)
			}
			require.Equal(t, tc.want, got, "%+v", tc.filter)
		}
	})
}

func TestAsyncExtensions(t *testing.T) {
	t.Parallel()

	t.Run("a slow start holds up nothing but Ready", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var started atomic.Bool
			s := newScope(t, scope.Compat{}, &ext{name: "slow", start: func(ctx context.Context, _ *scope.Scope) error {
				select {
				case <-time.After(time.Hour):
					started.Store(true)
				case <-ctx.Done():
				}
				return ctx.Err()
			}})
			require.Equal(t, 2, mustRun(t, s, adds("f", 1), 1))
			require.False(t, started.Load())
			require.NoError(t, s.Ready(t.Context()))
			require.True(t, started.Load())
			require.NoError(t, s.Dispose(t.Context()))
		})
	})

	t.Run("a wrap may wait before, after and between calls of next", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			backoff := executes("retry", func(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (v any, err error) {
				for pause := time.Second; pause <= 4*time.Second; pause *= 2 {
					if v, err = next(ctx); err == nil {
						return v, nil
					}
					select {
					case <-time.After(pause):
					case <-ctx.Done():
						return nil, context.Cause(ctx)
					}
				}
				return v, err
			})
			runs := 0
			f := flowOf("f", func(context.Context, int) (int, error) {
				if runs++; runs < 3 {
					return 0, errBoom
				}
				return runs, nil
			})
			s := newScope(t, scope.Compat{}, backoff)
			begun := time.Now()
			require.Equal(t, 3, mustRun(t, s, f, 0))
			require.Equal(t, 3*time.Second, time.Since(begun))

			runs = -1000
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			_, err := scope.Run(ctx, s, f, 0)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, -999, runs)
			require.NoError(t, s.Dispose(t.Context()))
		})
	})

	t.Run("next may be called from goroutines, all of them answered", func(t *testing.T) {
		t.Parallel()
		race := executes("hedge", func(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (any, error) {
			answers := make(chan any, 3)
			for range cap(answers) {
				go func() {
					v, err := next(ctx)
					if err != nil {
						v = err
					}
					answers <- v
				}()
			}
			sum := 0
			for range cap(answers) {
				sum += (<-answers).(int)
			}
			return sum, nil
		})
		require.Equal(t, 6, mustRun(t, newScope(t, scope.Compat{}, race), adds("f", 1), 1))
	})

	t.Run("next is nobody's once wrap has returned", func(t *testing.T) {
		t.Parallel()
		var late aril.Next
		s := newScope(t, scope.Compat{}, executes("leaks", func(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (any, error) {
			late = next
			return next(ctx)
		}))
		require.Equal(t, 2, mustRun(t, s, adds("f", 1), 1))
		_, err := late(t.Context())
		require.ErrorIs(t, err, aril.ErrClosed)
	})

	t.Run("a guest wraps a hundred flows at once, each with an instance of its own", func(t *testing.T) {
		t.Parallel()
		var inside sync.WaitGroup
		inside.Add(100)
		meet := scope.NewFlow(scope.Definition{Name: "meet"}, func(_ context.Context, in int) (int, error) {
			inside.Done()
			inside.Wait() // for all the others
			return in, nil
		})
		s := newScope(t, scope.Compat{}, loadGuest(t, "touch", aril.ExtensionConfig{}))
		runIn(t, s, func(ctx context.Context) {
			var items []func(context.Context) (int, error)
			for i := range 100 {
				items = append(items, func(ctx context.Context) (int, error) { return scope.Exec(ctx, meet, i) })
			}
			all, err := scope.Parallel(ctx, items...)
			require.NoError(t, err)
			for i, v := range all.Values() {
				require.Equal(t, i, v)
			}
		})
	})
}
