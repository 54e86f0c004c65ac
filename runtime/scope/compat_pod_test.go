package scope_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen1PodRows = []row{
	{id: "G1-B6", at: all, test: disposeTakesPodsAlong, absent: bug,
		does: "Pods that are open when their scope is disposed of are disposed of first, with their extensions"},
	{id: "G1-B9", at: gen1, test: scopeExtensionsSeeNoExecutions,
		does:      "Extensions of a scope get Init, WrapResolve, OnError and Dispose, and nothing of the flows that run in it",
		otherwise: "Extensions of a scope see the flows that run in it too, with WrapExecute, InitPod and DisposePod", testOtherwise: scopeExtensionsSeeExecutions},
	{id: "G1-B10", at: all, test: executionExtensionsSeeTheExecution,
		does: "Extensions of one execution get InitPod, WrapExecute and DisposePod; not Init, WrapResolve, OnError, Dispose"},
	{id: "G1-B11", at: all, test: podsReuseTheExtensions,
		does:    "A pod has the extensions of its scope: their Init runs again for it, their Dispose when it is disposed of, their WrapResolve around what it resolves",
		differs: "each execution has a pod; here only one with presets of its own has"},
	{id: "G1-B12", at: all, test: podErrorsAreTold,
		does:    "OnPodError hears of the error that an execution or its InitPod ended with, as the document says",
		differs: "it is never called"},
	{id: "G1-B36", at: all, test: executionStepsInOrder,
		does: "An execution begins with its data, then InitPod hooks in the order of the list, each awaited, then the wrapped handler; then DisposePod hooks in the same order, then the pod goes"},
	{id: "G1-B37", at: byDefault | gen1, test: podHooksThatFail(false),
		does:      "InitPod may overwrite the data. When one fails, later ones are skipped, nothing runs, and the error is the execution's; all DisposePod hooks run in any case. A DisposePod that fails is reported, and changes no outcome",
		otherwise: "The same, but that a DisposePod that fails makes the execution fail", testOtherwise: podHooksThatFail(true),
		differs: "a DisposePod that fails skips the others"},
	{id: "G1-B50", at: all, test: podsTakeValuesOver,
		does:    "A pod refuses reactive dependencies, with code S005. A value of the scope that no preset touches is taken over; what the scope has not is resolved in the pod, whatever it depends on",
		differs: "what is taken over is not wrapped the first time"},
}

// podTracer notes all hooks of an extension.
func podTracer(tr *trace, name string) *flowExt {
	note := func(what string) func(context.Context, *scope.Scope) error {
		return func(context.Context, *scope.Scope) error { tr.add("%s %s", what, name); return nil }
	}
	return &flowExt{
		ext: &ext{name: name, init: note("init"), dispose: note("dispose"),
			wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
				tr.add("wrapResolve %s", name)
				return next(ctx)
			},
			onError: func(context.Context, error, scope.AnyExecutor, *scope.Scope) { tr.add("onError %s", name) }},
		exec: func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
			tr.add("wrapExecute %s", name)
			return next(ctx)
		},
		initPod:    func(context.Context, *scope.Scope, *scope.Context) error { tr.add("initPod %s", name); return nil },
		disposePod: func(context.Context, *scope.Scope, *scope.Context) error { tr.add("disposePod %s", name); return nil },
		onPodError: func(context.Context, error, *scope.Scope, *scope.Context) { tr.add("onPodError %s", name) },
	}
}

func disposeTakesPodsAlong(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, podTracer(tr, "A"))
	pod, err := s.Pod(t.Context(), scope.PodConfig{})
	require.NoError(t, err)
	cleaned := false
	mustResolve(t, pod, scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
		ctl.Cleanup(func(context.Context) error { cleaned = true; return nil })
		return 1, nil
	}))
	tr.take()
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"dispose A", "dispose A"}, tr.all())
	require.True(t, cleaned)
	_, err = scope.Resolve(t.Context(), pod, scope.Value(1))
	require.ErrorIs(t, err, scope.ErrClosed)
}

func scopeExtensionsSeeNoExecutions(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, podTracer(tr, "A"))
	require.Equal(t, 2, mustRun(t, s, adds("f", 1), 1))
	_, err := scope.Run(t.Context(), s, flowOf("bad", func(context.Context, int) (int, error) { return 0, errBoom }), 1)
	require.ErrorIs(t, err, errBoom)
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"init A", "wrapResolve A", "wrapResolve A", "dispose A"}, tr.all())
}

func scopeExtensionsSeeExecutions(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, podTracer(tr, "A"))
	require.Equal(t, 2, mustRun(t, s, adds("f", 1), 1))
	require.Equal(t, []string{"init A", "initPod A", "wrapExecute A", "wrapResolve A", "disposePod A"}, tr.take())
	_, err := scope.Run(t.Context(), s, flowOf("bad", func(context.Context, int) (int, error) { return 0, errBoom }), 1)
	require.ErrorIs(t, err, errBoom)
	require.Contains(t, tr.take(), "onPodError A")
}

func executionExtensionsSeeTheExecution(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c)
	runs := 0
	f := scope.DeriveFlow(scope.Definition{Name: "f"}, failing("a", -1, &runs), func(_ context.Context, a, in int) (int, error) { return a + in, nil })
	v, err := scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{podTracer(tr, "E")}}, adds("f", 1), 1)
	require.NoError(t, err)
	require.Equal(t, 2, v)
	require.Equal(t, []string{"initPod E", "wrapExecute E", "disposePod E"}, tr.take())
	_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{podTracer(tr, "E")}}, f, 1)
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, []string{"initPod E", "wrapExecute E", "onPodError E", "disposePod E"}, tr.take())
	require.NoError(t, s.Dispose(t.Context()))
	require.Empty(t, tr.all())
}

func podsReuseTheExtensions(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, podTracer(tr, "A"))
	require.Equal(t, []string{"init A"}, tr.take())
	pod, err := s.Pod(t.Context(), scope.PodConfig{Extensions: []aril.Extension{podTracer(tr, "P")}})
	require.NoError(t, err)
	require.Equal(t, []string{"init A", "init P"}, tr.take())
	mustResolve(t, pod, scope.Value(1))
	require.ElementsMatch(t, []string{"wrapResolve A", "wrapResolve P"}, tr.take())
	require.NoError(t, pod.Dispose(t.Context()))
	require.ElementsMatch(t, []string{"dispose A", "dispose P"}, tr.take())
	mustResolve(t, s, scope.Value(1))
	require.Equal(t, []string{"wrapResolve A"}, tr.take())
	_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Presets: []scope.Preset{scope.Value(1).Preset(2)}}, adds("f", 1), 1)
	require.NoError(t, err)
	require.Contains(t, tr.all(), "init A")
	require.Equal(t, "dispose A", tr.all()[len(tr.all())-1])
}

func podErrorsAreTold(t *testing.T, c scope.Compat) {
	var got []error
	hears := func(initPod error) *flowExt {
		return &flowExt{ext: &ext{name: "E"},
			initPod: func(context.Context, *scope.Scope, *scope.Context) error { return initPod },
			onPodError: func(_ context.Context, err error, pod *scope.Scope, c *scope.Context) {
				require.NotNil(t, pod)
				require.Equal(t, "f", c.FlowName())
				got = append(got, err)
				panic("in onPodError")
			}}
	}
	s := newScope(t, c)
	f := flowOf("f", func(context.Context, int) (int, error) { return 0, errBoom })
	_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{hears(nil)}}, f, 1)
	require.Equal(t, errBoom, err)
	require.Equal(t, []error{errBoom}, got)
	_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{hears(errBoom)}}, adds("f", 1), 1)
	require.ErrorIs(t, err, errBoom)
	require.Len(t, got, 2)
	_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{hears(nil)}}, adds("f", 1), 1)
	require.NoError(t, err)
	require.Len(t, got, 2)
}

func executionStepsInOrder(t *testing.T, c scope.Compat) {
	tr := &trace{}
	member := func(name string) *flowExt {
		e := podTracer(tr, name)
		e.wrap = nil
		e.initPod = func(_ context.Context, _ *scope.Scope, c *scope.Context) error {
			tr.add("initPod %s %v", name, c.Get("from"))
			c.Set("from", name)
			return nil
		}
		return e
	}
	a := scope.Value(1)
	f := scope.DeriveFlow(scope.Definition{Name: "f"}, a, func(ctx context.Context, a, _ int) (int, error) {
		tr.add("handler %v", scope.Current(ctx).Get("from"))
		return a, nil
	})
	s := newScopeOf(t, scope.Config{Compat: c, Extensions: []aril.Extension{&ext{name: "S", dispose: func(context.Context, *scope.Scope) error {
		tr.add("pod disposed")
		return nil
	}}}})
	v, err := scope.RunWith(t.Context(), s, scope.RunConfig{Data: map[any]any{"from": "caller"}, Presets: []scope.Preset{a.Preset(5)},
		Extensions: []aril.Extension{member("A"), member("B")}}, f, 0)
	require.NoError(t, err)
	require.Equal(t, 5, v)
	outer, inner := "wrapExecute B", "wrapExecute A"
	if c.FirstOutermost {
		outer, inner = inner, outer
	}
	require.Equal(t, []string{"initPod A caller", "initPod B A", outer, inner, "handler B", "disposePod A", "disposePod B", "pod disposed"}, tr.all())
}

func podHooksThatFail(fails bool) func(*testing.T, scope.Compat) {
	return func(t *testing.T, c scope.Compat) {
		tr := &trace{}
		member := func(name string, initPod, disposePod error) *flowExt {
			e := podTracer(tr, name)
			e.wrap, e.onPodError = nil, nil
			init, dispose := e.initPod, e.disposePod
			e.initPod = func(ctx context.Context, s *scope.Scope, c *scope.Context) error { _ = init(ctx, s, c); return initPod }
			e.disposePod = func(ctx context.Context, s *scope.Scope, c *scope.Context) error {
				_ = dispose(ctx, s, c)
				return disposePod
			}
			return e
		}
		s := newScope(t, c)
		run := func(list ...aril.Extension) error {
			_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: list},
				flowOf("f", func(context.Context, int) (int, error) { tr.add("handler"); return 1, nil }), 1)
			return err
		}
		err := run(member("A", nil, nil), member("B", errBoom, nil), member("C", nil, nil))
		require.ErrorIs(t, err, errBoom)
		require.ErrorContains(t, err, `extension "B": init_pod`)
		require.Equal(t, []string{"initPod A", "initPod B", "disposePod A", "disposePod B", "disposePod C"}, tr.take())

		heard := 0
		s.OnError(func(_ context.Context, err error, e scope.AnyExecutor, _ *scope.Scope) {
			require.ErrorIs(t, err, errBoom)
			require.Nil(t, e)
			heard++
		})
		err = run(member("A", nil, errBoom), member("B", nil, nil))
		require.Equal(t, []string{"disposePod A", "disposePod B"}, tr.all()[len(tr.all())-2:])
		require.Contains(t, tr.all(), "handler")
		if fails {
			require.ErrorIs(t, err, errBoom)
		} else {
			require.NoError(t, err)
		}
		if !c.QuietWraps {
			require.Equal(t, 1, heard)
		}
	}
}

func podsTakeValuesOver(t *testing.T, c scope.Compat) {
	runs := 0
	a := counted("a", 10, &runs)
	b := plusOne("b", a)
	s := newScope(t, c)
	mustResolve(t, s, a)
	pod, err := s.Pod(t.Context(), scope.PodConfig{})
	require.NoError(t, err)
	require.Equal(t, 10, mustResolve(t, pod, a))
	require.Equal(t, 11, mustResolve(t, pod, b))
	require.Equal(t, 1, runs)
	require.Equal(t, scope.None, s.Lookup(b).State)
	require.NoError(t, pod.Dispose(t.Context()))
	require.Equal(t, 10, mustGet(t, s, a))

	preset, err := s.Pod(t.Context(), scope.PodConfig{Presets: []scope.Preset{a.Preset(20)}})
	require.NoError(t, err)
	require.Equal(t, 21, mustResolve(t, preset, b))
	require.Equal(t, 10, mustGet(t, s, a))
	_, err = scope.Resolve(t.Context(), preset, plusOne("r", a.Reactive()))
	require.Error(t, err)
	require.Equal(t, scope.Code("S005"), resolutionError(t, err).Code)
	require.NoError(t, preset.Dispose(t.Context()))
}
