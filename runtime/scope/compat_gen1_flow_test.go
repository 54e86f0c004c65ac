package scope_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen1FlowRows = []row{
	{id: "G1-B38", at: both, test: executeWrapsInOrder("A", "B"),
		does:      "WrapExecute gets flow name, depth, whether in parallel, the parent's flow name, and the flow. The first of the list is outermost",
		otherwise: "WrapExecute gets flow name, depth, whether in parallel, the parent's flow name, and the flow. The last of the list is outermost", testOtherwise: executeWrapsInOrder("B", "A")},
	{id: "G1-B39", at: all, test: rootIsWrappedWhole,
		does: "The root execution has depth 0, is not in parallel, and has no parent. Its wrap is around the resolution of the handler and the validation of the input: it sees the raw input, and the ValidationError"},
	{id: "G1-B40", at: all, test: nestedFlowsAreDeeper,
		does:    "A nested flow is one deeper, and has the caller's flow as parent. Its wrap is around the resolution of its handler, and its input is validated",
		differs: "the handler of a nested flow is resolved before the wrap, and its input is not validated"},
	{id: "G1-B41", at: all, test: itemsAreInParallel,
		does:    "Flows in items of ExecuteParallel are wrapped each, in parallel and one deeper. A function that is an item is not wrapped",
		differs: "a function given to execute is not wrapped; here a Step is, and so is the parallel operation itself"},
	{id: "G1-B42", at: all, test: koIsAValue,
		does: "A ko is a value: a wrap sees no error"},
	{id: "G1-B43", at: all, test: itemErrorsAreOutcomes,
		does: "In ExecuteParallel an error, of a handler or of a wrap, is that item's outcome; outside it is the caller's"},
	{id: "G1-B44", at: all, test: batchModes,
		does: "The modes: all-settled, the default, at once; all, one after the other until the first that is ko; race, at once and the first that is over, with a total of 1. The result is all-ok, partial or all-ko, with counts"},
	{id: "G1-B45", at: all, test: nextRunsTheHandlerAgain,
		does: "next again in WrapExecute runs the handler again. Without next the wrap's value is the result, which must be of the flow's type"},
	{id: "G1-B46", at: all, test: writesStayInTheChild,
		does: "A context reads what those around it hold, and what it writes stays in it. What is meant for them goes to Root().Data(), where Append loses nothing"},
	{id: "G1-B47", at: all, test: inputIsThatOfTheExecution,
		does: "The input that a wrap sees is that execution's own, raw"},
	{id: "G1-B48", at: all, test: keysAreTypedAccessors,
		does: "A Key is a typed accessor of a context's data: it reads and writes under an identity of its own, and refuses what its check refuses"},
	{id: "G1-B49", at: all, test: tracingExample,
		does: "The tracing example gives the right tree, in parallel too: each context has its own current span. A ko child is an error in it"},
}

func executeWrapsInOrder(outer, inner string) func(*testing.T, scope.Compat) {
	return func(t *testing.T, c scope.Compat) {
		tr := &trace{}
		var flow scope.AnyFlow
		member := func(name string) aril.Extension {
			return executes(name, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
				tr.add("%s> %s %d %v %q", name, op.FlowName, op.Depth, op.IsParallel, op.ParentFlowName)
				flow = op.Flow
				v, err := next(ctx)
				tr.add("<%s", name)
				return v, err
			})
		}
		f := adds("f", 1)
		_, err := scope.RunWith(t.Context(), newScope(t, c), scope.RunConfig{Extensions: []aril.Extension{member("A"), member("B")}}, f, 1)
		require.NoError(t, err)
		require.Equal(t, []string{outer + `> f 0 false ""`, inner + `> f 0 false ""`, "<" + inner, "<" + outer}, tr.all())
		require.Same(t, f, flow)
	}
}

// watched runs a flow with an extension of the execution's own.
func watched(t *testing.T, c scope.Compat, f *scope.Flow[int, int], in int, exec func(context.Context, *scope.ExecutionOperation, aril.Next) (any, error)) (int, error) {
	t.Helper()
	return scope.RunWith(t.Context(), newScope(t, c), scope.RunConfig{Extensions: []aril.Extension{executes("w", exec)}}, f, in)
}

// positive refuses negative numbers.
var positive = scope.ValidatorFunc(func(_ context.Context, v any) error {
	if n, ok := v.(int); !ok || n < 0 {
		return &scope.ValidationError{Issues: []scope.Issue{{Path: "n", Reason: "must not be negative"}}}
	}
	return nil
})

func rootIsWrappedWhole(t *testing.T, c scope.Compat) {
	runs := 0
	f := scope.DeriveFlow(scope.Definition{Name: "f", Input: positive}, counted("a", 1, &runs), func(_ context.Context, a, in int) (int, error) { return in, nil })
	var seen *scope.ValidationError
	_, err := watched(t, c, f, -1, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		require.Equal(t, -1, op.Input)
		require.Equal(t, "f", op.FlowName)
		require.Zero(t, op.Depth)
		require.False(t, op.IsParallel)
		require.Empty(t, op.ParentFlowName)
		require.Zero(t, runs)
		v, err := next(ctx)
		require.ErrorAs(t, err, &seen)
		require.Equal(t, 1, runs)
		return v, err
	})
	require.Same(t, seen, err)
	require.Equal(t, []scope.Issue{{Path: "n", Reason: "must not be negative"}}, seen.Issues)
	require.EqualError(t, err, `input of flow "f": n: must not be negative`)
}

func nestedFlowsAreDeeper(t *testing.T, c scope.Compat) {
	runs := 0
	tr := &trace{}
	child := scope.DeriveFlow(scope.Definition{Name: "child", Input: positive}, counted("a", 1, &runs), func(_ context.Context, a, in int) (int, error) { return in, nil })
	root := flowOf("root", func(ctx context.Context, in int) (int, error) { return scope.Exec(ctx, child, in) })
	watch := func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		tr.add("%s %d %v %q %d", op.FlowName, op.Depth, op.IsParallel, op.ParentFlowName, runs)
		return next(ctx)
	}
	_, err := watched(t, c, root, 1, watch)
	require.NoError(t, err)
	require.Equal(t, []string{`root 0 false "" 0`, `child 1 false "root" 0`}, tr.all())
	_, err = watched(t, c, root, -1, watch)
	var invalid *scope.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "child", invalid.Flow)
}

func itemsAreInParallel(t *testing.T, c scope.Compat) {
	tr := &trace{}
	child := adds("child", 1)
	root := flowOf("root", func(ctx context.Context, in int) (int, error) {
		b, err := scope.ExecuteParallel(ctx, scope.BatchConfig{},
			func(ctx context.Context) (int, error) { return scope.Exec(ctx, child, 1) },
			func(ctx context.Context) (int, error) { return scope.Exec(ctx, child, 2) },
			func(context.Context) (int, error) { return 3, nil })
		return b.Stats.Succeeded, err
	})
	v, err := watched(t, c, root, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Flow != nil {
			tr.add("%s %d %v %q", op.FlowName, op.Depth, op.IsParallel, op.ParentFlowName)
		} else {
			require.Equal(t, scope.ParallelAndWait, op.Mode)
		}
		return next(ctx)
	})
	require.NoError(t, err)
	require.Equal(t, 3, v)
	require.Equal(t, []string{`root 0 false ""`, `child 1 true "root"`, `child 1 true "root"`}, tr.all())
}

type outcome = scope.Result[int, string]

func koFlow(name string) *scope.Flow[int, outcome] {
	return scope.NewFlow(scope.Definition{Name: name}, func(_ context.Context, n int) (outcome, error) {
		if n < 0 {
			return scope.Ko[int]("negative", errBoom), nil
		}
		return scope.Ok[int, string](n), nil
	})
}

func koIsAValue(t *testing.T, c scope.Compat) {
	var seen []any
	watch := executes("w", func(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (any, error) {
		v, err := next(ctx)
		require.NoError(t, err)
		seen = append(seen, v)
		return v, err
	})
	s := newScope(t, c)
	for _, n := range []int{-1, 5} {
		v, err := scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{watch}}, koFlow("f"), n)
		require.NoError(t, err)
		require.Equal(t, n < 0, v.IsKo())
		require.Equal(t, n >= 0, v.IsOk())
	}
	require.Equal(t, []any{outcome{Type: "ko", Fail: "negative", Cause: errBoom}, outcome{Type: "ok", Data: 5}}, seen)
}

func itemErrorsAreOutcomes(t *testing.T, c scope.Compat) {
	wrapErr := errors.New("of the wrap")
	bad := flowOf("bad", func(context.Context, int) (int, error) { return 0, errBoom })
	blocked := adds("blocked", 1)
	root := flowOf("root", func(ctx context.Context, in int) (int, error) {
		if in == 1 {
			return scope.Exec(ctx, blocked, 0)
		}
		b, err := scope.ExecuteParallel(ctx, scope.BatchConfig{},
			func(ctx context.Context) (int, error) { return scope.Exec(ctx, bad, 0) },
			func(ctx context.Context) (int, error) { return scope.Exec(ctx, blocked, 0) },
			func(ctx context.Context) (int, error) { panic("in an item") },
			nil,
			func(ctx context.Context) (int, error) { return 7, nil })
		require.ErrorIs(t, b.Results[0].Err, errBoom)
		require.ErrorIs(t, b.Results[1].Err, wrapErr)
		var p *scope.PanicError
		require.ErrorAs(t, b.Results[2].Err, &p)
		require.Error(t, b.Results[3].Err)
		require.Equal(t, "partial", b.Type)
		return b.Results[4].Value, err
	})
	watch := func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.FlowName == "blocked" {
			return nil, wrapErr
		}
		return next(ctx)
	}
	v, err := watched(t, c, root, 0, watch)
	require.NoError(t, err)
	require.Equal(t, 7, v)
	_, err = watched(t, c, root, 1, watch)
	require.Equal(t, wrapErr, err)
}

func batchModes(t *testing.T, c scope.Compat) {
	s := newScope(t, c)
	f := koFlow("f")
	item := func(n int) func(context.Context) (outcome, error) {
		return func(ctx context.Context) (outcome, error) { return scope.Exec(ctx, f, n) }
	}
	ran := &trace{}
	counts := func(n int) func(context.Context) (outcome, error) {
		return func(ctx context.Context) (outcome, error) { ran.add("%d", n); return item(n)(ctx) }
	}
	runIn(t, s, func(ctx context.Context) {
		for _, tc := range []struct {
			mode  scope.BatchMode
			items []int
			want  string
			stats scope.Stats
			ran   []string
		}{
			{"", []int{1, 2}, "all-ok", scope.Stats{Total: 2, Succeeded: 2}, []string{"1", "2"}},
			{scope.AllSettled, []int{1, -2}, "partial", scope.Stats{Total: 2, Succeeded: 1, Failed: 1}, []string{"1", "-2"}},
			{scope.AllSettled, []int{-1, -2}, "all-ko", scope.Stats{Total: 2, Failed: 2}, []string{"-1", "-2"}},
			{scope.AllOrKo, []int{1, -2, 3}, "partial", scope.Stats{Total: 2, Succeeded: 1, Failed: 1}, []string{"1", "-2"}},
			{scope.AllOrKo, []int{1, 2}, "all-ok", scope.Stats{Total: 2, Succeeded: 2}, []string{"1", "2"}},
			{scope.AllSettled, nil, "all-ok", scope.Stats{}, nil},
			{scope.AllOrKo, nil, "all-ok", scope.Stats{}, nil},
			{scope.Race, nil, "all-ok", scope.Stats{}, nil},
		} {
			var items []func(context.Context) (outcome, error)
			for _, n := range tc.items {
				items = append(items, counts(n))
			}
			over := &trace{}
			b, err := scope.ExecuteParallel(ctx, scope.BatchConfig{Mode: tc.mode, OnItem: func(i int, _ error) { over.add("%d", i) }}, items...)
			require.NoError(t, err)
			require.Equal(t, tc.want, b.Type, "%v %v", tc.mode, tc.items)
			require.Equal(t, tc.stats, b.Stats)
			require.ElementsMatch(t, tc.ran, ran.take())
			require.Len(t, over.all(), len(tc.ran))
			for i, r := range b.Results {
				require.Equal(t, tc.items[i] < 0, r.Value.IsKo())
			}
		}

		// At once: both must have begun for either to end.
		var met sync.WaitGroup
		met.Add(2)
		meet := func(context.Context) (int, error) { met.Done(); met.Wait(); return 1, nil }
		_, err := scope.ExecuteParallel(ctx, scope.BatchConfig{}, meet, meet)
		require.NoError(t, err)

		gate := make(chan struct{})
		mapped := errors.New("mapped")
		race, err := scope.ExecuteParallel(ctx, scope.BatchConfig{Mode: scope.Race, MapError: func(error, int) error { return mapped }},
			func(context.Context) (int, error) { <-gate; return 1, nil },
			func(context.Context) (int, error) { return 0, errBoom })
		close(gate)
		require.NoError(t, err)
		require.Equal(t, scope.Stats{Total: 1, Failed: 1}, race.Stats)
		require.Equal(t, []scope.Settled[int]{{Err: mapped}}, race.Results)
	})
}

func nextRunsTheHandlerAgain(t *testing.T, c scope.Compat) {
	runs := 0
	f := flowOf("f", func(context.Context, int) (int, error) {
		if runs++; runs < 3 {
			return 0, errBoom
		}
		return runs, nil
	})
	v, err := watched(t, c, f, 0, func(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (v any, err error) {
		for range 3 {
			if v, err = next(ctx); err == nil {
				break
			}
		}
		return v, err
	})
	require.NoError(t, err)
	require.Equal(t, 3, v)
	v, err = watched(t, c, f, 0, func(context.Context, *scope.ExecutionOperation, aril.Next) (any, error) { return 99, nil })
	require.NoError(t, err)
	require.Equal(t, 99, v)
	_, err = watched(t, c, f, 0, func(context.Context, *scope.ExecutionOperation, aril.Next) (any, error) { return "text", nil })
	require.ErrorIs(t, err, scope.ErrType)
	require.Equal(t, 3, runs)
}

func writesStayInTheChild(t *testing.T, c scope.Compat) {
	child := flowOf("child", func(ctx context.Context, _ int) (int, error) {
		here := scope.Current(ctx)
		require.Equal(t, "root's", here.Get("k"))
		here.Set("k", "child's")
		require.Equal(t, "child's", here.Get("k"))
		return 0, nil
	})
	var root *scope.Context
	f := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		root = scope.Current(ctx)
		root.Set("k", "root's")
		for range 2 {
			if _, err := scope.Exec(ctx, child, 0); err != nil {
				return 0, err
			}
		}
		_, err := scope.Parallel(ctx, slices.Repeat([]func(context.Context) (int, error){
			func(ctx context.Context) (int, error) { return scope.Exec(ctx, child, 0) }}, 50)...)
		return 0, err
	})
	_, err := watched(t, c, f, 0, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		v, err := next(ctx)
		if op.Flow != nil {
			list, _ := op.Context.Get("performance").([]string) // as the document has it
			op.Context.Set("performance", append(list, op.FlowName))
			op.Context.Root().Data().Append("all", op.FlowName)
		}
		return v, err
	})
	require.NoError(t, err)
	require.Equal(t, "root's", root.Get("k"))
	require.Equal(t, []string{"root"}, root.Get("performance"))
	require.Len(t, root.Get("all"), 53)
}

func inputIsThatOfTheExecution(t *testing.T, c scope.Compat) {
	tr := &trace{}
	leaf := adds("leaf", 0)
	mid := flowOf("mid", func(ctx context.Context, _ int) (int, error) { return scope.Exec(ctx, leaf, 2) })
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) { return scope.Exec(ctx, mid, 1) })
	_, err := watched(t, c, root, 7, func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		tr.add("%s %v", op.FlowName, op.Input)
		return next(ctx)
	})
	require.NoError(t, err)
	require.Equal(t, []string{"root 7", "mid 1", "leaf 2"}, tr.all())
}

func keysAreTypedAccessors(t *testing.T, c scope.Compat) {
	cfg := scope.KeyConfig[int]{Name: "count", Validate: func(n int) error {
		if n < 0 {
			return errBoom
		}
		return nil
	}}
	count, other := scope.NewKey(cfg), scope.NewKey(cfg)
	seven := 7
	withDefault := scope.NewKey(scope.KeyConfig[int]{Default: &seven})
	child := flowOf("child", func(ctx context.Context, _ int) (int, error) { return count.Get(scope.Current(ctx)) })
	runIn(t, newScope(t, c), func(ctx context.Context) {
		here := scope.Current(ctx)
		_, err := count.Get(here)
		require.ErrorContains(t, err, `"count"`)
		require.NoError(t, count.Set(here, 3))
		require.ErrorIs(t, count.Set(here, -3), errBoom)
		n, err := scope.Exec(ctx, child, 0)
		require.NoError(t, err)
		require.Equal(t, 3, n)
		_, ok := other.Find(here)
		require.False(t, ok)
		n, ok = withDefault.Find(here)
		require.True(t, ok)
		require.Equal(t, 7, n)
		require.Equal(t, 3, here.Data().Get(count))
		count.Delete(here)
		_, ok = count.Find(here)
		require.False(t, ok)
	})
}

func tracingExample(t *testing.T, c scope.Compat) {
	type span struct {
		name, status string
		parent       *span
		children     []*span
	}
	var mu sync.Mutex
	var roots []*span
	tracer := executes("execution-tracer", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
		if op.Flow == nil {
			return next(ctx)
		}
		parent, _ := op.Context.Get("currentSpan").(*span)
		own := &span{name: op.FlowName, parent: parent}
		mu.Lock()
		if parent != nil {
			parent.children = append(parent.children, own)
		} else {
			roots = append(roots, own)
		}
		mu.Unlock()
		op.Context.Set("currentSpan", own)
		v, err := next(ctx)
		own.status = "success"
		if r, ok := v.(outcome); err != nil || ok && r.IsKo() {
			own.status = "error"
		}
		return v, err
	})
	leaf := koFlow("leaf")
	mid := flowOf("mid", func(ctx context.Context, _ int) (int, error) { _, err := scope.Exec(ctx, leaf, 1); return 0, err })
	root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
		items := []func(context.Context) (int, error){func(ctx context.Context) (int, error) { return scope.Exec(ctx, mid, 0) }}
		for i := range 100 {
			items = append(items, func(ctx context.Context) (int, error) { _, err := scope.Exec(ctx, leaf, i%2-1); return 0, err })
		}
		_, err := scope.Parallel(ctx, items...)
		return 0, err
	})
	_, err := scope.RunWith(t.Context(), newScope(t, c), scope.RunConfig{Extensions: []aril.Extension{tracer}}, root, 0)
	require.NoError(t, err)
	require.Len(t, roots, 1)
	tree := map[string]int{}
	var walk func(*span, string)
	walk = func(s *span, path string) {
		path += "/" + s.name
		tree[fmt.Sprint(path, " ", s.status)]++
		for _, c := range s.children {
			walk(c, path)
		}
	}
	walk(roots[0], "")
	require.Equal(t, map[string]int{"/root success": 1, "/root/mid success": 1, "/root/mid/leaf success": 1,
		"/root/leaf success": 50, "/root/leaf error": 50}, tree)
}
