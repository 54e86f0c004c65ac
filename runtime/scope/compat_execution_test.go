package scope_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen2ExecutionRows = []row{
	{id: "G2-B12", at: all, test: contextsKeepTheirExtensions,
		does: "An execution keeps the extensions that its scope had when its root began, for executions and lifecycle; resolutions in it use those that the scope has now"},
	{id: "G2-B28", at: all, test: kindsOfExecutions,
		does: "Executions are: a flow run at the root, a flow executed within, a step, Parallel, ParallelSettled"},
	{id: "G2-B29", at: all, test: flowOperation,
		does: "The operation of a flow: the name of its definition, anonymous without one; mode sequential; the raw input; the key if there is one; the flow's own context; flow and definition"},
	{id: "G2-B30", at: all, test: stepOperation,
		does: "The operation of a step: name fn, mode sequential, params if there are any, the key if there is one, the context it runs in; no input and no flow"},
	{id: "G2-B31", at: gen2, test: itemsBeginBeforeTheirOperation,
		does:      "The operation of Parallel has its name and mode, and count. Its items have begun before: an extension cannot hold them",
		otherwise: "The items begin inside of the operation: an extension can delay or stop them", testOtherwise: itemsBeginInsideTheirOperation},
	{id: "G2-B32", at: all, test: parallelResultIsReplaced,
		does: "The result of a parallel operation is the outcomes and their count; a wrap may replace it"},
	{id: "G2-B33", at: all, test: parallelFailsFast,
		does: "Parallel returns the first error at once; the other items go on, and the execution ends after them. ParallelSettled has no error of its items"},
	{id: "G2-B34", at: all, test: orderOfOperations,
		does: "The order for a nested flow: execution of the root, resolution of its handler, steps, execution of the child, resolution of its handler; then closing of the root, closing and closed of the child, closed of the root"},
	{id: "G2-B35", at: both, test: keyedNext(false),
		does:      "next again runs a handler or function again. Of a keyed one it gives the journal's outcome, an error too",
		otherwise: "next again runs a handler or function again. Of a keyed one it gives the journal's value; after an error it runs again", testOtherwise: keyedNext(true)},
	{id: "G2-B39", at: all, test: timeouts,
		does:    "A timeout, of a step, a flow or a root, ends its context and the call with a TimeoutError. What does not mind its context is left behind, and the error says so. Timeout and tags are not in the operation. There is no retry option, which did nothing",
		differs: "the timeout of a root execution only aborts its signal: a handler that ignores it completes"},
	{id: "G2-B40", at: all, test: validationInsideTheWrap,
		does: "The input is validated inside of next: a wrap sees the raw input, and a ValidationError with code VALIDATION_ERROR. A validator of the result refuses, and changes nothing"},
	{id: "G2-B41", at: all, test: executionsExtensionsAreBesideTheScopes,
		does:    "An execution runs in a scope; extensions of its own are beside that scope's, and end with it",
		differs: "they are ignored where a scope is given, and without one a scope is made for the execution"},
	{id: "G2-B42", at: all, test: contextsTellWhereTheyAre, absent: bug,
		does: "A context tells its depth, flow name, parent's flow name, and whether it is in parallel, truly"},
	{id: "G2-B43", at: all, test: executionsHaveAStatus,
		does: "A started execution has result, flow name, status, context, abort and observers of its status: pending, running, then completed, failed or cancelled. Panics of observers are kept"},
}

func contextsKeepTheirExtensions(t *testing.T, c scope.Compat) {
	c.SeparateLists = false // for the scope's extensions to see executions
	tr := &trace{}
	s := newScope(t, c, everything(tr))
	late := &trace{}
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) {
		remove, err := s.UseExtension(ctx, everything(late))
		require.NoError(t, err)
		defer remove()
		_, err = scope.Step(ctx, func(context.Context) (int, error) { return 1, nil })
		require.NoError(t, err)
		return scope.Resolve(ctx, s, scope.Value(1, scope.Name("a")))
	})
	mustRun(t, s, f, 0)
	require.Equal(t, []string{"> resolve a", "< resolve a"}, late.take())
	require.Contains(t, tr.take(), "> execution fn")

	open, err := s.NewContext(t.Context(), scope.ContextConfig{})
	require.NoError(t, err)
	_, err = s.UseExtension(t.Context(), everything(late))
	require.NoError(t, err)
	_, err = scope.Exec(open.Context(), adds("g", 1), 1)
	require.NoError(t, err)
	require.NoError(t, open.Close(t.Context(), scope.Graceful))
	require.Equal(t, []string{"> resolve g", "< resolve g"}, late.take())
	mustRun(t, s, adds("h", 1), 1)
	require.Contains(t, late.all(), "> execution h")
}

// operations runs a flow of each kind of execution, and gives the operations
// that came past.
func operations(t *testing.T, c scope.Compat) map[string]scope.ExecutionOperation {
	got := map[string]scope.ExecutionOperation{}
	child := scope.NewFlow(scope.Definition{}, func(context.Context, string) (int, error) { return 1, nil })
	one := func(context.Context) (int, error) { return 1, nil }
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		_, err := scope.ExecWith(ctx, scope.ExecConfig{Key: "k1"}, child, "in")
		require.NoError(t, err)
		_, err = scope.Step(ctx, one)
		require.NoError(t, err)
		_, err = scope.StepWith(ctx, scope.ExecConfig{Key: "k2", Params: []any{5, 3}}, one)
		require.NoError(t, err)
		_, err = scope.Parallel(ctx, one, one)
		require.NoError(t, err)
		_, err = scope.ParallelSettled(ctx, one, one, one)
		require.NoError(t, err)
		return 0, nil
	})
	_, err := watched(t, c, root, 7, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		name := op.Name
		if op.Key == "k2" {
			name = "keyed fn"
		}
		got[name] = *op
		require.NotNil(t, op.Context)
		return next(ctx)
	})
	require.NoError(t, err)
	return got
}

func kindsOfExecutions(t *testing.T, c scope.Compat) {
	got := operations(t, c)
	require.Len(t, got, 6)
	for _, name := range []string{"root", "anonymous", "fn", "keyed fn", "parallel", "parallel-settled"} {
		require.Contains(t, got, name)
	}
	require.Equal(t, 2, got["parallel"].Count)
	require.Equal(t, 3, got["parallel-settled"].Count)
	require.Equal(t, scope.InParallel, got["parallel"].Mode)
	require.Equal(t, scope.ParallelAndWait, got["parallel-settled"].Mode)
	require.Same(t, got["root"].Context, got["parallel"].Context)
}

func flowOperation(t *testing.T, c scope.Compat) {
	got := operations(t, c)
	root, child := got["root"], got["anonymous"]
	require.Equal(t, 7, root.Input)
	require.Equal(t, "in", child.Input)
	require.Equal(t, scope.Sequential, child.Mode)
	require.Equal(t, "k1", child.Key)
	require.Empty(t, root.Key)
	require.Same(t, root.Context, child.Context.Parent())
	d, ok := root.Definition()
	require.True(t, ok)
	require.Equal(t, "root", d.Name)
	require.Equal(t, child.Flow.Definition(), scope.Definition{})
	require.Nil(t, child.Params)
	require.Zero(t, child.Count)
}

func stepOperation(t *testing.T, c scope.Compat) {
	got := operations(t, c)
	fn, keyed := got["fn"], got["keyed fn"]
	require.Equal(t, scope.Sequential, fn.Mode)
	require.Nil(t, fn.Params)
	require.Empty(t, fn.Key)
	require.Equal(t, []any{5, 3}, keyed.Params)
	require.Equal(t, "k2", keyed.Key)
	for _, op := range []scope.ExecutionOperation{fn, keyed} {
		require.Same(t, got["root"].Context, op.Context)
		require.Nil(t, op.Input)
		require.Nil(t, op.Flow)
		_, ok := op.Definition()
		require.False(t, ok)
	}
}

func itemsBeginBeforeTheirOperation(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	begun := make(chan struct{})
	s := newScope(t, c, executes("w", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Count > 0 {
			<-begun // before next: it began by itself
		}
		return next(ctx)
	}))
	runIn(t, s, func(ctx context.Context) {
		_, err := scope.Parallel(ctx, func(context.Context) (int, error) { close(begun); return 1, nil })
		require.NoError(t, err)
	})
}

func itemsBeginInsideTheirOperation(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	begun := 0
	s := newScope(t, c, executes("w", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Count > 0 {
			return nil, errBoom
		}
		return next(ctx)
	}))
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) {
		_, err := scope.Parallel(ctx, func(context.Context) (int, error) { begun++; return 1, nil })
		require.ErrorIs(t, err, errBoom)
		_, err = scope.ParallelSettled(ctx, func(context.Context) (int, error) { begun++; return 1, nil })
		require.ErrorIs(t, err, errBoom)
		return 0, nil
	})
	mustRun(t, s, f, 0) // ends after all that it began
	require.Zero(t, begun)
}

func parallelResultIsReplaced(t *testing.T, c scope.Compat) {
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) {
		got, err := scope.ParallelSettled(ctx, func(context.Context) (int, error) { return 1, nil }, func(context.Context) (int, error) { return 0, errBoom })
		require.Equal(t, []int{9}, got.Values())
		return got.Stats.Total, err
	})
	v, err := watched(t, c, f, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		v, err := next(ctx)
		if together, ok := v.(scope.Together[int]); ok {
			require.Equal(t, scope.Stats{Total: 2, Succeeded: 1, Failed: 1}, together.Stats)
			require.Equal(t, []scope.Settled[int]{{Value: 1}, {Err: errBoom}}, together.Results)
			require.Equal(t, []error{errBoom}, together.Errs())
			return scope.Together[int]{Results: []scope.Settled[int]{{Value: 9}}, Stats: scope.Stats{Total: 42}}, nil
		}
		return v, err
	})
	require.NoError(t, err)
	require.Equal(t, 42, v)
}

func parallelFailsFast(t *testing.T, c scope.Compat) {
	for _, list := range [][]aril.Extension{nil, {executes("pass", nil)}} {
		s := newScope(t, c, list...)
		gate := make(chan struct{})
		finished := false
		runIn(t, s, func(ctx context.Context) {
			_, err := scope.Parallel(ctx,
				func(context.Context) (int, error) { <-gate; finished = true; return 1, nil },
				func(context.Context) (int, error) { return 0, errBoom })
			require.ErrorIs(t, err, errBoom)
			require.Equal(t, scope.Active, scope.Current(ctx).State())
			close(gate)
		})
		require.True(t, finished) // the execution ended after it
		runIn(t, s, func(ctx context.Context) {
			got, err := scope.ParallelSettled(ctx,
				func(context.Context) (int, error) { return 0, errBoom },
				func(context.Context) (int, error) { panic(errBoom) },
				func(context.Context) (int, error) { return 1, nil })
			require.NoError(t, err)
			require.Equal(t, scope.Stats{Total: 3, Succeeded: 1, Failed: 2}, got.Stats)
			require.ErrorIs(t, got.Results[1].Err, errBoom)
		})
	}
}

func orderOfOperations(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	tr := &trace{}
	s := newScope(t, c, everything(tr))
	child := adds("child", 1)
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		if _, err := scope.Step(ctx, func(context.Context) (int, error) { return 1, nil }); err != nil {
			return 0, err
		}
		return scope.Exec(ctx, child, 1)
	})
	mustRun(t, s, root, 0)
	var entered []string
	for _, l := range tr.all() {
		if l[0] == '>' && l[:8] != "> create" {
			entered = append(entered, l[2:])
		}
	}
	require.Equal(t, []string{"execution root", "resolve root", "execution fn", "execution child", "resolve child",
		"closing root", "closing child", "closed child", "closed root"}, entered)
	all := tr.all()
	require.Equal(t, "< closed root", all[len(all)-1])
}

func keyedNext(again bool) func(*testing.T, scope.Compat) {
	return func(t *testing.T, c scope.Compat) {
		runs := 0
		work := func(context.Context) (int, error) {
			if runs++; runs < 3 {
				return 0, errBoom
			}
			return runs, nil
		}
		nested := flowOf("nested", func(ctx context.Context, _ int) (int, error) { return work(ctx) })
		try := func(fn func(ctx context.Context) (int, error)) (int, error) {
			runs = 0
			return watched(t, c, flowOf("f", func(ctx context.Context, _ int) (int, error) { return fn(ctx) }), 0,
				func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (v any, err error) {
					if op.Name == "f" {
						return next(ctx)
					}
					for range 3 {
						if v, err = next(ctx); err == nil {
							return v, nil
						}
					}
					return v, err
				})
		}
		for _, plain := range []func(context.Context) (int, error){
			func(ctx context.Context) (int, error) { return scope.Step(ctx, work) },
			func(ctx context.Context) (int, error) { return scope.Exec(ctx, nested, 0) },
		} {
			v, err := try(plain)
			require.NoError(t, err)
			require.Equal(t, 3, v)
		}
		key := scope.ExecConfig{Key: "k"}
		for _, keyed := range []func(context.Context) (int, error){
			func(ctx context.Context) (int, error) { return scope.StepWith(ctx, key, work) },
			func(ctx context.Context) (int, error) { return scope.ExecWith(ctx, key, nested, 0) },
		} {
			v, err := try(keyed)
			if again {
				require.NoError(t, err)
				require.Equal(t, 3, v)
			} else {
				require.ErrorIs(t, err, errBoom)
				require.Equal(t, 1, runs)
			}
		}
	}
}

func timeouts(t *testing.T, c scope.Compat) {
	log := &safeBuilder{}
	s := newScopeOf(t, scope.Config{Compat: c, Logger: log.logger()})
	gate := make(chan struct{})
	cfg := scope.ExecConfig{Timeout: time.Millisecond}
	minds := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, context.Cause(ctx) }
	ignores := func(context.Context) (int, error) { <-gate; return 0, nil }
	isLate := func(err error, name string, left bool) {
		t.Helper()
		var late *scope.TimeoutError
		require.ErrorAs(t, err, &late)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, name, late.Name)
		require.Equal(t, time.Millisecond, late.After)
		require.Equal(t, left, late.LeftBehind)
	}
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		_, err := scope.StepWith(ctx, cfg, minds)
		isLate(err, "fn", false)
		_, err = scope.StepWith(ctx, cfg, ignores)
		isLate(err, "fn", true)
		_, err = scope.ExecWith(ctx, cfg, flowOf("child", func(ctx context.Context, _ int) (int, error) { return minds(ctx) }), 0)
		isLate(err, "child", false)
		_, err = scope.StepWith(ctx, scope.ExecConfig{Timeout: time.Hour}, func(context.Context) (int, error) { return 1, nil })
		require.NoError(t, err)
		return 0, nil
	})
	mustRun(t, s, root, 0)
	require.Contains(t, log.String(), "past its timeout")
	_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Timeout: time.Millisecond}, flowOf("r", func(ctx context.Context, _ int) (int, error) { return minds(ctx) }), 0)
	isLate(err, "r", false)
	_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Timeout: time.Millisecond}, flowOf("r", func(ctx context.Context, _ int) (int, error) { return ignores(ctx) }), 0)
	isLate(err, "r", true)
	close(gate)
}

func validationInsideTheWrap(t *testing.T, c scope.Compat) {
	rootIsWrappedWhole(t, c)
	f := scope.NewFlow(scope.Definition{Name: "f", Output: positive}, func(_ context.Context, n int) (int, error) { return n, nil })
	var code string
	watch := func(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (any, error) {
		v, err := next(ctx)
		var coded interface{ Code() string }
		if errors.As(err, &coded) {
			code = coded.Code()
		}
		return v, err
	}
	v, err := watched(t, c, f, 5, watch)
	require.NoError(t, err)
	require.Equal(t, 5, v)
	_, err = watched(t, c, f, -5, watch)
	require.EqualError(t, err, `result of flow "f": n: must not be negative`)
	require.Equal(t, "VALIDATION_ERROR", code)
	plain := scope.NewFlow(scope.Definition{Name: "g", Input: scope.ValidatorFunc(func(context.Context, any) error { return errBoom })},
		func(_ context.Context, n int) (int, error) { return n, nil })
	_, err = watched(t, c, plain, 1, watch)
	require.ErrorIs(t, err, errBoom)
	var invalid *scope.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, []scope.Issue{{Reason: "boom"}}, invalid.Issues)
}

func executionsExtensionsAreBesideTheScopes(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	tr := &trace{}
	s := newScope(t, c, everything(tr))
	own := &trace{}
	_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{everything(own)}}, adds("f", 1), 1)
	require.NoError(t, err)
	require.Contains(t, tr.take(), "> execution f")
	require.Contains(t, own.take(), "> execution f")
	mustRun(t, s, adds("f", 1), 1)
	require.Contains(t, tr.all(), "> execution f")
	require.Empty(t, own.all())
	_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{nil}}, adds("f", 1), 1)
	require.ErrorContains(t, err, "extension 0 is nil")
}

func contextsTellWhereTheyAre(t *testing.T, c scope.Compat) {
	tr := &trace{}
	where := func(ctx context.Context, _ int) (int, error) {
		here := scope.Current(ctx)
		tr.add("%d %s %q %v", here.Depth(), here.FlowName(), here.ParentFlowName(), here.IsParallel())
		return 0, nil
	}
	leaf := flowOf("leaf", where)
	mid := flowOf("mid", func(ctx context.Context, _ int) (int, error) { _, _ = where(ctx, 0); return scope.Exec(ctx, leaf, 0) })
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		_, _ = where(ctx, 0)
		_, err := scope.Parallel(ctx, func(ctx context.Context) (int, error) { return scope.Exec(ctx, mid, 0) })
		require.NoError(t, err)
		return scope.Exec(ctx, leaf, 0)
	})
	mustRun(t, newScope(t, c), root, 0)
	require.Equal(t, []string{`0 root "" false`, `1 mid "root" true`, `2 leaf "mid" false`, `1 leaf "root" false`}, tr.all())
}

func executionsHaveAStatus(t *testing.T, c scope.Compat) {
	s := newScope(t, c)
	start := func(handler func(context.Context, int) (int, error)) (*scope.Execution[int], *trace, chan struct{}) {
		gate := make(chan struct{})
		x := scope.Start(t.Context(), s, scope.RunConfig{}, flowOf("f", func(ctx context.Context, n int) (int, error) { <-gate; return handler(ctx, n) }), 1)
		tr := &trace{}
		x.OnStatus(func(st scope.Status) { tr.add("%s", st) })
		return x, tr, gate
	}
	x, tr, gate := start(func(_ context.Context, n int) (int, error) { return n + 1, nil })
	x.OnStatus(func(scope.Status) { panic("in an observer") })
	require.Equal(t, "f", x.FlowName())
	require.Equal(t, "f", x.Context().FlowName())
	early, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := x.Result(early)
	require.ErrorIs(t, err, context.Canceled)
	close(gate)
	v, err := x.Result(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, v)
	require.Equal(t, scope.StatusCompleted, x.Status())
	require.Contains(t, tr.all(), "completed")
	require.NotEmpty(t, x.CallbackErrors())

	x, _, gate = start(func(context.Context, int) (int, error) { return 0, errBoom })
	close(gate)
	<-x.Done()
	require.Equal(t, scope.StatusFailed, x.Status())
	_, err = x.Result(t.Context())
	require.Equal(t, errBoom, err)

	x, tr, gate = start(func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, context.Cause(ctx) })
	close(gate)
	x.Abort(errBoom)
	_, err = x.Result(t.Context())
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, scope.StatusCancelled, x.Status())
	require.Equal(t, "cancelled", tr.all()[len(tr.all())-1])
	require.Equal(t, scope.Closed, x.Context().State())
}
