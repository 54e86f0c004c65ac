package scope_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen1LifecycleRows = []row{
	{id: "G1-B1", at: all, test: onlyANameIsNeeded,
		does: "An extension needs a name and nothing else; all hooks are optional, and names may repeat"},
	{id: "G1-B2", at: all, test: extensionsComeTwoWays,
		does: "Extensions come with Config.Extensions and with UseExtension, which returns what takes them out again. Pods and flows have lists of their own"},
	{id: "G1-B3", at: all, test: initRunsInOrderAndStartInTheBackground,
		does: "Init runs in the order of the list while New builds the scope, and its error is New's. What takes time belongs into Start, for which New does not wait, and Ready does"},
	{id: "G1-B4", at: all, test: useExtensionAppendsAndRemoves,
		does: "UseExtension calls Init at once and puts the extension at the end of the list. What it returns takes out that one registration, and Dispose is not called for it"},
	{id: "G1-B5", at: both, test: disposeHooksRunTogether,
		does:      "Dispose starts the Dispose hooks of all extensions at once and waits for all of them, before executors are released: a hook can still read values",
		otherwise: "Dispose hooks run one after the other, last added first, before executors are released", testOtherwise: disposeHooksRunInReverse},
	{id: "G1-B7", at: all, test: disposedScopeRefuses, absent: bug,
		does: "After Dispose everything answers ErrClosed, updates too, and Entries answers with none. Callbacks that are registered then are never called"},
	{id: "G1-B8", does: "An identity function that helps with types: an extension is any value with the methods", absent: typing},
}

var gen2LifecycleRows = []row{
	{id: "G2-B1", at: all, test: onlyANameIsNeeded,
		does: "An extension needs a name and nothing else, and names may repeat. The same value registered twice wraps twice"},
	{id: "G2-B2", at: all, test: eachInitSeesTheExtensionsBeforeIt,
		does: "Extensions are registered one after the other, and Init runs right after: it finds itself and those before it in force, those after it not. Tags, registry and presets are there"},
	{id: "G2-B3", at: all, test: startResolvesThroughEarlierExtensions,
		does: "New does not wait for Start, whose error comes from Ready. Both Init and Start can resolve, through the extensions registered by then"},
	{id: "G2-B4", at: all, test: failedInitTakesTheExtensionOut, absent: bug,
		does: "An extension whose Init fails is not registered, and the error is returned. A nil extension is an error"},
	{id: "G2-B5", at: all, test: removingTwiceTakesOutOne, absent: bug,
		does: "What UseExtension returns takes out its own registration, once; a second call does nothing, nor does one after Dispose. Dispose is not called for it"},
	{id: "G2-B6", at: all, test: noExtensionIsAddedWhileDisposing,
		does: "UseExtension on a scope that is being disposed of is ErrClosed: cannot register extension on a disposing scope"},
	{id: "G2-B7", at: both, test: disposeHooksRunTogether,
		does:      "Dispose starts the Dispose hooks of all extensions at once and waits for all of them, then releases the executors",
		otherwise: "Dispose hooks run one after the other, last added first, then executors are released", testOtherwise: disposeHooksRunInReverse},
	{id: "G2-B8", at: all, test: failedDisposeGoesOn, absent: bug,
		does: "A Dispose hook that fails stops nothing: the other hooks run, executors are released, the errors are joined. A second Dispose, or one at the same time, runs nothing again and gives the same error"},
	{id: "G2-B9", at: all, test: cleanupsRunLastFirst,
		does: "Cleanups of an executor run last first when its value goes: it is released, or replaced by an update or Reload, before the new value is there. One that fails stops neither the others nor Dispose, which returns its error"},
	{id: "G2-B11", does: "A function that returns the extension it is given, for its type", absent: typing},
}

func onlyANameIsNeeded(t *testing.T, c scope.Compat) {
	tr := &trace{}
	twice := tracer(tr, "same")
	s := newScope(t, c, named("x"), named("x"), named(""), twice, twice)
	require.Len(t, s.Extensions(), 5)
	require.Equal(t, 1, mustResolve(t, s, scope.Value(1, scope.Name("a"))))
	require.Equal(t, []string{"same> resolve a", "same> resolve a", "<same", "<same"}, tr.all())
	require.NoError(t, s.Dispose(t.Context()))
}

func extensionsComeTwoWays(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, tracer(tr, "A"))
	remove, err := s.UseExtension(t.Context(), tracer(tr, "B"))
	require.NoError(t, err)
	a := scope.Value(1, scope.Name("a"))
	mustResolve(t, s, a)
	require.ElementsMatch(t, []string{"A> resolve a", "B> resolve a", "<A", "<B"}, tr.take())
	remove()
	mustResolve(t, s, a)
	require.Equal(t, []string{"A> resolve a", "<A"}, tr.take())
}

func initRunsInOrderAndStartInTheBackground(t *testing.T, c scope.Compat) {
	tr := &trace{}
	gate := make(chan struct{})
	slow := func(name string) *ext {
		return &ext{name: name,
			init:  func(context.Context, *scope.Scope) error { tr.add("init %s", name); return nil },
			start: func(context.Context, *scope.Scope) error { <-gate; tr.add("started"); return nil }}
	}
	s := newScope(t, c, slow("A"), slow("B")) // returns, though the gate is shut
	require.Equal(t, []string{"init A", "init B"}, tr.take())
	mustResolve(t, s, scope.Value(1))
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Ready(waiting), context.Canceled)
	close(gate)
	require.NoError(t, s.Ready(t.Context()))
	require.Equal(t, []string{"started", "started"}, tr.all())

	_, err := scope.New(t.Context(), scope.Config{Compat: c, Extensions: []aril.Extension{
		&ext{name: "bad", init: func(context.Context, *scope.Scope) error { return errBoom }}}})
	require.ErrorIs(t, err, errBoom)
	require.ErrorContains(t, err, `extension "bad": init`)
}

func useExtensionAppendsAndRemoves(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, named("A"))
	b := &ext{name: "B",
		init:    func(context.Context, *scope.Scope) error { tr.add("init"); return nil },
		dispose: func(context.Context, *scope.Scope) error { tr.add("dispose"); return nil },
		detach:  func(context.Context, *scope.Scope) error { tr.add("detach"); return nil }}
	remove, err := s.UseExtension(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, []string{"init"}, tr.take())
	_, err = s.UseExtension(t.Context(), named("C"))
	require.NoError(t, err)
	require.Equal(t, []aril.Extension{named("A"), b, named("C")}, s.Extensions())
	remove()
	require.Equal(t, []aril.Extension{named("A"), named("C")}, s.Extensions())
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"detach"}, tr.all())
}

func disposeHooksRunTogether(t *testing.T, c scope.Compat) {
	tr := &trace{}
	a, b := make(chan struct{}), make(chan struct{})
	cell := scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
		ctl.Cleanup(func(context.Context) error { tr.add("released"); return nil })
		return 7, nil
	})
	s := newScope(t, c,
		&ext{name: "A", dispose: func(ctx context.Context, s *scope.Scope) error {
			close(a)
			<-b // which B opens: it runs at the same time
			v, err := scope.Access(s, cell).Get()
			tr.add("A read %d", v)
			return err
		}},
		&ext{name: "B", dispose: func(context.Context, *scope.Scope) error {
			<-a
			close(b)
			return nil
		}})
	mustResolve(t, s, cell)
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"A read 7", "released"}, tr.all())
}

func disposeHooksRunInReverse(t *testing.T, c scope.Compat) {
	tr := &trace{}
	cell := scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
		ctl.Cleanup(func(context.Context) error { tr.add("released"); return nil })
		return 7, nil
	})
	hook := func(name string) *ext {
		return &ext{name: name, dispose: func(ctx context.Context, s *scope.Scope) error {
			v, err := scope.Resolve(ctx, s, cell)
			tr.add("%s reads %d", name, v)
			return err
		}}
	}
	s := newScope(t, c, hook("A"), hook("B"), hook("C"))
	mustResolve(t, s, cell)
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"C reads 7", "B reads 7", "A reads 7", "released"}, tr.all())
}

func disposedScopeRefuses(t *testing.T, c scope.Compat) {
	a := scope.Value(1, scope.Name("a"))
	tr := &trace{}
	s := newScope(t, c, seen(tr))
	mustResolve(t, s, a)
	require.NoError(t, s.Dispose(t.Context()))
	tr.take()
	told(s, tr)
	s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { tr.add("change"); return nil, nil })

	_, err := scope.Resolve(t.Context(), s, a)
	require.ErrorIs(t, err, scope.ErrClosed)
	_, err = scope.Access(s, a).Resolve(t.Context())
	require.ErrorIs(t, err, scope.ErrClosed)
	require.ErrorIs(t, scope.Set(t.Context(), s, a, 2), scope.ErrClosed)
	require.ErrorIs(t, scope.Update(t.Context(), s, a, func(n int) (int, error) { return n, nil }), scope.ErrClosed)
	require.ErrorIs(t, s.Release(t.Context(), a), scope.ErrClosed)
	_, err = s.UseExtension(t.Context(), named("late"))
	require.ErrorIs(t, err, scope.ErrClosed)
	require.Empty(t, s.Entries())
	require.Empty(t, tr.all())
}

func eachInitSeesTheExtensionsBeforeIt(t *testing.T, c scope.Compat) {
	tr := &trace{}
	tag := scope.NewTag(scope.TagConfig[string]{Label: "region"})
	a := scope.Value(1, scope.Name("a"))
	member := func(name string) *ext {
		e := seen(tr)
		e.name = name
		wrap := e.wrap
		e.wrap = func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
			tr.add("%s wraps", name)
			return wrap(ctx, op, next)
		}
		e.init = func(ctx context.Context, s *scope.Scope) error {
			tr.add("init %s", name)
			if name != "B" {
				return nil
			}
			region, err := tag.Get(s)
			require.NoError(t, err)
			require.Equal(t, "eu", region)
			require.Equal(t, []scope.AnyExecutor{a}, s.RegisteredExecutors())
			v, err := scope.Resolve(ctx, s, a)
			require.Equal(t, 5, v) // the preset's
			return err
		}
		return e
	}
	newScopeOf(t, scope.Config{Compat: c, Tags: []scope.Tagged{tag.Of("eu")}, Registry: []scope.AnyExecutor{a},
		Presets: []scope.Preset{a.Preset(5)}, Extensions: []aril.Extension{member("A"), member("B"), member("C")}})
	got := tr.all()
	require.Equal(t, []string{"init A", "init B"}, got[:2])
	require.ElementsMatch(t, []string{"A wraps", "resolve a", "B wraps", "resolve a"}, got[2:6])
	require.Equal(t, []string{"init C"}, got[6:])
}

func startResolvesThroughEarlierExtensions(t *testing.T, c scope.Compat) {
	tr := &trace{}
	a := scope.Value(1, scope.Name("a"))
	s := newScope(t, c, seen(tr),
		&ext{name: "init", init: func(ctx context.Context, s *scope.Scope) error {
			_, err := scope.Resolve(ctx, s, a)
			return err
		}},
		&ext{name: "start", start: func(ctx context.Context, s *scope.Scope) error {
			_, err := scope.Resolve(ctx, s, a)
			return errors.Join(err, errBoom)
		}})
	err := s.Ready(t.Context())
	require.ErrorIs(t, err, errBoom)
	require.ErrorContains(t, err, `extension "start": start`)
	require.Equal(t, []string{"resolve a", "resolve a"}, tr.all())
	require.Len(t, s.Extensions(), 2)
}

func failedInitTakesTheExtensionOut(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c)
	bad := tracer(tr, "bad")
	bad.init = func(context.Context, *scope.Scope) error { return errBoom }
	remove, err := s.UseExtension(t.Context(), bad)
	require.ErrorIs(t, err, errBoom)
	require.Nil(t, remove)
	require.Empty(t, s.Extensions())
	mustResolve(t, s, scope.Value(1))
	require.Empty(t, tr.all())
	_, err = s.UseExtension(t.Context(), nil)
	require.ErrorContains(t, err, "nil extension")
}

func removingTwiceTakesOutOne(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c)
	e := tracer(tr, "E")
	e.dispose = func(context.Context, *scope.Scope) error { tr.add("dispose"); return nil }
	e.detach = func(context.Context, *scope.Scope) error { tr.add("detach"); return nil }
	first, err := s.UseExtension(t.Context(), e)
	require.NoError(t, err)
	_, err = s.UseExtension(t.Context(), e)
	require.NoError(t, err)
	first()
	first()
	require.Equal(t, []string{"detach"}, tr.take())
	mustResolve(t, s, scope.Value(1, scope.Name("a")))
	require.Equal(t, []string{"E> resolve a", "<E"}, tr.take())
	require.NoError(t, s.Dispose(t.Context()))
	first()
	require.Equal(t, []string{"dispose"}, tr.all())
}

func noExtensionIsAddedWhileDisposing(t *testing.T, c scope.Compat) {
	s := newScope(t, c, &ext{name: "A", dispose: func(ctx context.Context, s *scope.Scope) error {
		_, err := s.UseExtension(ctx, named("late"))
		return err
	}})
	err := s.Dispose(t.Context())
	require.ErrorIs(t, err, scope.ErrClosed)
	require.ErrorContains(t, err, `cannot register extension "late" on a disposing scope`)
}

func failedDisposeGoesOn(t *testing.T, c scope.Compat) {
	tr := &trace{}
	second := errors.New("second")
	fails := func(name string, err error) *ext {
		return &ext{name: name, dispose: func(context.Context, *scope.Scope) error { tr.add("dispose"); return err }}
	}
	s := newScope(t, c, fails("A", errBoom), fails("B", nil), fails("C", second))
	mustResolve(t, s, scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
		ctl.Cleanup(func(context.Context) error { tr.add("released"); return nil })
		return 1, nil
	}))
	at := make(chan error, 2)
	for range cap(at) {
		go func() { at <- s.Dispose(t.Context()) }()
	}
	for range cap(at) {
		err := <-at
		require.ErrorIs(t, err, errBoom)
		require.ErrorIs(t, err, second)
		require.ErrorContains(t, err, `extension "A": dispose`)
	}
	require.Equal(t, []string{"dispose", "dispose", "dispose", "released"}, tr.all())
	require.ErrorIs(t, s.Dispose(t.Context()), errBoom)
	require.Len(t, tr.all(), 4)
	require.ErrorIs(t, scope.Set(t.Context(), s, scope.Value(1), 2), scope.ErrClosed)
}

func cleanupsRunLastFirst(t *testing.T, c scope.Compat) {
	tr := &trace{}
	make := func(name string) *scope.Executor[int] {
		return scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
			for i := range 3 {
				ctl.Cleanup(func(context.Context) error {
					tr.add("%s%d", name, i)
					if i == 1 {
						return errBoom
					}
					return nil
				})
			}
			return 1, nil
		}, scope.Name(name))
	}
	a, b := make("a"), make("b")
	s := newScope(t, c)
	mustResolve(t, s, a)
	mustResolve(t, s, b)
	require.ErrorIs(t, s.Release(t.Context(), a), errBoom)
	require.Equal(t, []string{"a2", "a1", "a0"}, tr.take())
	mustResolve(t, s, a)
	require.ErrorIs(t, s.Dispose(t.Context()), errBoom)
	require.Equal(t, []string{"a2", "a1", "a0", "b2", "b1", "b0"}, tr.all())

	value := 0
	var former *scope.Executor[int]
	former = scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
		value++
		ctl.Cleanup(func(context.Context) error {
			tr.add("%v", ctl.Scope().Lookup(former).Value)
			return nil
		})
		return value, nil
	})
	s = newScope(t, c)
	mustResolve(t, s, former)
	tr.take()
	require.NoError(t, scope.Set(t.Context(), s, former, 10))
	require.Equal(t, []string{"1"}, tr.take())
	require.NoError(t, scope.Set(t.Context(), s, former, 11)) // which has no cleanup
	require.Empty(t, tr.take())
	mustReload(t, s, former)
	mustReload(t, s, former)
	require.Equal(t, []string{"<nil>"}, tr.all()) // being resolved anew
}
