package scope_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// stillWorks makes a healthy resolution in a scope that had bad input.
func stillWorks(t *testing.T, s *scope.Scope) {
	t.Helper()
	require.Equal(t, "healthy", mustResolve(t, s, scope.Value("healthy")))
}

func TestNilFactoriesCannotBeResolved(t *testing.T) {
	t.Parallel()
	one := scope.Value(1)
	for name, e := range map[string]*scope.Executor[int]{
		"Provide":     scope.Provide[int](nil),
		"Derive":      scope.Derive[int, int](one, nil),
		"Derive2":     scope.Derive2[int, int, int](one, one, nil),
		"Derive3":     scope.Derive3[int, int, int, int](one, one, one, nil),
		"DeriveMany":  scope.DeriveMany[int, int]([]scope.Dependency[int]{one}, nil),
		"DeriveNamed": scope.DeriveNamed[int](map[string]scope.AnyDependency{"one": one}, nil),
		"ProvidePool": scope.ProvidePool[string, int](scope.PoolConfig[string]{}, nil).Of("k"),
		"DerivePool":  scope.DerivePool[string, int, int](scope.PoolConfig[string]{}, one, nil).Of("k"),
	} {
		cannotBeResolved(t, name, e, "factory is nil")
	}
}

func TestNilDependenciesCannotBeResolved(t *testing.T) {
	t.Parallel()
	type D = scope.Dependency[int]
	one := scope.Value(1)
	var none *scope.Executor[int]
	id := func(_ context.Context, _ *scope.Controller, n int) (int, error) { return n, nil }
	access := func(_ context.Context, _ *scope.Controller, a *scope.Accessor[int]) (int, error) { return a.Get() }
	for name, e := range map[string]*scope.Executor[int]{
		"Derive":           scope.Derive(D(nil), id),
		"Derive, typed":    scope.Derive(D(none), id),
		"Derive, reactive": scope.Derive(none.Reactive(), id),
		"Derive, lazy":     scope.Derive(none.Lazy(), access),
		"Derive, static":   scope.Derive(none.Static(), access),
		"Derive2": scope.Derive2(D(one), D(nil), func(context.Context, *scope.Controller, int, int) (int, error) {
			return 0, nil
		}),
		"Derive3": scope.Derive3(D(nil), D(one), D(one), func(context.Context, *scope.Controller, int, int, int) (int, error) {
			return 0, nil
		}),
		"DeriveMany": scope.DeriveMany([]D{one, nil}, func(context.Context, *scope.Controller, []int) (int, error) {
			return 0, nil
		}),
		"DeriveNamed": scope.DeriveNamed(map[string]scope.AnyDependency{"a": one, "b": nil}, func(context.Context, *scope.Controller, scope.Values) (int, error) {
			return 0, nil
		}),
		"DerivePool": scope.DerivePool(scope.PoolConfig[string]{}, D(nil), func(_ context.Context, _ *scope.Controller, _ string, n int) (int, error) {
			return n, nil
		}).Of("k"),
	} {
		cannotBeResolved(t, name, e, "dependency is nil")
	}
}

func TestANilTagCannotBeResolved(t *testing.T) {
	t.Parallel()
	var none *scope.Tag[int]
	var e *scope.Executor[int]
	require.NotPanics(t, func() {
		e = scope.Derive(none.Required(), func(_ context.Context, _ *scope.Controller, n int) (int, error) { return n, nil })
	})
	cannotBeResolved(t, "tag", e, "dependency is nil")
}

// cannotBeResolved holds that an executor, what depends on it, and a registry
// with it are refused.
func cannotBeResolved(t *testing.T, name string, e *scope.Executor[int], why string) {
	t.Helper()
	s := newScope(t, scope.Compat{})
	for _, asked := range []*scope.Executor[int]{e, plusOne("top", e)} {
		_, err := scope.Resolve(t.Context(), s, asked)
		require.ErrorContains(t, err, why, name)
		require.Equal(t, scope.CodeInvalidFactory, resolutionError(t, err).Code, name)
		require.Equal(t, scope.StageValidation, resolutionError(t, err).Stage, name)
		require.Same(t, e, resolutionError(t, err).Executor, name)
	}
	_, err := scope.New(t.Context(), scope.Config{Registry: []scope.AnyExecutor{e}})
	require.ErrorContains(t, err, why, name)
	stillWorks(t, s)
}

func TestANilExecutorIsAnErrorNotAPanic(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	var none *scope.Executor[int]
	ctx := t.Context()
	for name, use := range map[string]func() error{
		"Resolve":           func() error { _, err := scope.Resolve(ctx, s, none); return err },
		"Reload":            func() error { _, err := scope.Reload(ctx, s, none); return err },
		"Set":               func() error { return scope.Set(ctx, s, none, 1) },
		"Update":            func() error { return scope.Update(ctx, s, none, func(n int) (int, error) { return n, nil }) },
		"Accessor.Resolve":  func() error { _, err := scope.Access(s, none).Resolve(ctx); return err },
		"Accessor.Get":      func() error { _, err := scope.Access(s, none).Get(); return err },
		"ResolveAny":        func() error { _, err := s.ResolveAny(ctx, nil); return err },
		"ResolveAny, typed": func() error { _, err := s.ResolveAny(ctx, none); return err },
		"SetAny":            func() error { return s.SetAny(ctx, nil, 1) },
		"Release":           func() error { return s.Release(ctx, nil) },
		"zero executor":     func() error { _, err := scope.Resolve(ctx, s, new(scope.Executor[int])); return err },
		"New, preset": func() error {
			_, err := scope.New(ctx, scope.Config{Presets: []scope.Preset{none.Preset(1)}})
			return err
		},
		"New, preset to": func() error {
			_, err := scope.New(ctx, scope.Config{Presets: []scope.Preset{scope.Value(1).PresetTo(none)}})
			return err
		},
		"New, registry": func() error {
			_, err := scope.New(ctx, scope.Config{Registry: []scope.AnyExecutor{none}})
			return err
		},
	} {
		var err error
		require.NotPanics(t, func() { err = use() }, name)
		require.Error(t, err, name)
	}
	require.Equal(t, scope.None, s.Lookup(nil).State)
	require.Equal(t, scope.None, s.Lookup(none).State)
	stillWorks(t, s)
}

func TestNewListsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	a, b := scope.Value(1, scope.Name("same")), scope.Value(2, scope.Name("same"))
	x, y := scope.Value(1, scope.Name("x")), scope.Value(1)
	_, err := scope.New(t.Context(), scope.Config{
		Name:       "bad",
		Extensions: []aril.Extension{nil},
		Presets:    []scope.Preset{{}, x.PresetTo(y), y.PresetTo(x)},
		Registry:   []scope.AnyExecutor{a, b, nil},
	})
	for _, want := range []string{`scope "bad"`, `two registered executors are named "same"`, "registered executor 2 is nil", "extension 0 is nil",
		"preset 0 is for no executor", "leads back to it"} {
		require.ErrorContains(t, err, want)
	}
}

func TestExecutorsOfOneNameAreTwoExecutors(t *testing.T) {
	t.Parallel()
	a, b := scope.Value(1, scope.Name("same")), scope.Value(2, scope.Name("same"))
	s := newScope(t, scope.Compat{})
	require.Equal(t, 1, mustResolve(t, s, a))
	require.Equal(t, 2, mustResolve(t, s, b))
	require.Same(t, a, s.ExecutorNamed("same"))
	require.Same(t, b, s.Executor(b.ID()))
}

func TestUnknownExecutorsAreNotResolved(t *testing.T) {
	t.Parallel()
	for _, list := range [][]aril.Extension{nil, {doubles()}} {
		s := newScope(t, scope.Compat{}, list...)
		a := scope.Value(1, scope.Name("a"))
		ctx := t.Context()
		_, got := scope.Access(s, a).Get()
		for name, err := range map[string]error{
			"Set":     scope.Set(ctx, s, a, 2),
			"Update":  scope.Update(ctx, s, a, func(n int) (int, error) { return n, nil }),
			"Release": s.Release(ctx, a),
			"Get":     got,
		} {
			require.ErrorIs(t, err, scope.ErrNotResolved, name)
			require.ErrorContains(t, err, `"a"`, name)
			require.Equal(t, scope.CodeNotResolved, resolutionError(t, err).Code, name)
		}
		require.NoError(t, s.ReleaseIfResolved(ctx, a))
		require.Nil(t, s.Executor(1<<60))
		require.Nil(t, s.Executor(0))
		require.Nil(t, s.ExecutorNamed("a"))
		require.Nil(t, s.ExecutorNamed(""))
		require.Empty(t, s.Entries())

		runs := 0
		bad := failing("bad", -1, &runs)
		_, _ = scope.Resolve(ctx, s, bad)
		err := scope.Set(ctx, s, bad, 2)
		require.ErrorIs(t, err, scope.ErrNotResolved)
		require.ErrorIs(t, err, errBoom)
	}
}

func TestValuesOfAnotherTypeAreErrType(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, list := range [][]aril.Extension{nil, {doubles()}} {
		s := newScope(t, scope.Compat{}, list...)
		a := scope.Value(1, scope.Name("a"))
		mustResolve(t, s, a)
		for _, v := range []any{"text", nil, int64(2), errBoom} {
			require.ErrorIs(t, s.SetAny(ctx, a, v), scope.ErrType, "%v", v)
		}
		require.Equal(t, 1, mustGet(t, s, a))

		pointer := scope.Value(new(int))
		mustResolve(t, s, pointer)
		require.NoError(t, s.SetAny(ctx, pointer, nil))
		require.Nil(t, mustGet(t, s, pointer))
		face := scope.Value[io.Reader](nil)
		require.Nil(t, mustResolve(t, s, face))
		require.ErrorIs(t, s.SetAny(ctx, face, 5), scope.ErrType)
		require.Nil(t, mustGet(t, s, face))
	}

	v := scope.Values{"a": 1, "n": nil}
	_, err := scope.From[string](v, "a")
	require.ErrorContains(t, err, `dependency "a" is a int, not a string`)
	_, err = scope.From[int](v, "b")
	require.ErrorContains(t, err, `no dependency is named "b"`)
	n, err := scope.From[io.Reader](v, "n")
	require.NoError(t, err)
	require.Nil(t, n)
}

func TestAPresetOfAnotherExecutorIsNoAnswerToAChange(t *testing.T) {
	t.Parallel()
	a, b := scope.Value(1, scope.Name("a")), scope.Value(2)
	for name, answer := range map[string]scope.Preset{"of b": b.Preset(5), "to b": a.PresetTo(b), "empty": {}} {
		s := newScope(t, scope.Compat{})
		remove := s.OnChange(func(_ context.Context, c scope.Change) (*scope.Preset, error) { return &answer, nil })
		_, err := scope.Resolve(t.Context(), s, a)
		require.ErrorContains(t, err, "no value of \"a\"", name)
		require.Equal(t, scope.CodePreset, resolutionError(t, err).Code)
		remove()
		_, err = scope.Reload(t.Context(), s, a)
		require.NoError(t, err)
	}
}

func TestAKeyThatThePoolRefusesCannotBeResolved(t *testing.T) {
	t.Parallel()
	pool := scope.ProvidePool(scope.PoolConfig[string]{Key: func(k string) (string, error) {
		if k == "" {
			return "", errBoom
		}
		return k, nil
	}}, func(_ context.Context, _ *scope.Controller, k string) (string, error) { return k, nil })
	s := newScope(t, scope.Compat{})
	_, err := scope.Resolve(t.Context(), s, pool.Of(""))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, scope.CodeInvalidFactory, resolutionError(t, err).Code)
	require.Equal(t, "k", mustResolve(t, s, pool.Of("k")))
	require.Same(t, pool.Of("k"), pool.Of("k"))
	require.NoError(t, pool.Release(t.Context(), s))
}

func TestATickOfNoDurationComesAllTheSame(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	for _, d := range []time.Duration{0, -time.Hour} {
		ticked := make(chan struct{})
		var once sync.Once
		remove := s.Every(d, func(context.Context) { once.Do(func() { close(ticked) }) })
		<-ticked
		remove()
	}
	stillWorks(t, s)
}

// A factory that ends its goroutine, as a failing test's does, leaves nobody
// waiting.
func TestAFactoryThatExitsItsGoroutineIsAFailure(t *testing.T) {
	t.Parallel()
	for _, list := range [][]aril.Extension{nil, {&ext{name: "pass"}}} {
		s := newScope(t, scope.Compat{}, list...)
		runs, cleaned := 0, 0
		a := scope.Provide(func(_ context.Context, c *scope.Controller) (int, error) {
			c.Cleanup(func(context.Context) error { cleaned++; return nil })
			if runs++; runs == 1 {
				runtime.Goexit()
			}
			return runs, nil
		})
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = scope.Resolve(t.Context(), s, a)
		}()
		<-gone
		require.NotEqual(t, scope.Pending, s.Lookup(a).State)
		require.Equal(t, 1, cleaned, "what it had begun is cleaned up")
		_, err := scope.Reload(t.Context(), s, a)
		require.NoError(t, err)
		require.NoError(t, s.Dispose(t.Context()))
	}
}

func TestPanicsOfCallbacksAreErrorsOrLogged(t *testing.T) {
	t.Parallel()
	log := &safeBuilder{}
	s := newScopeOf(t, scope.Config{Logger: log.logger()})
	ctx := t.Context()
	a := scope.Value(1, scope.Name("a"))
	b := plusOne("b", a.Reactive())
	mustResolve(t, s, b)

	var p *scope.PanicError
	require.ErrorAs(t, scope.Update(ctx, s, a, func(int) (int, error) { panic(errBoom) }), &p)
	require.ErrorIs(t, scope.Update(ctx, s, a, func(int) (int, error) { panic(errBoom) }), errBoom)
	require.Equal(t, 1, mustGet(t, s, a))

	scope.OnUpdate(s, a, func(context.Context, int) { panic("in OnUpdate") })
	s.OnRelease(func(context.Context, scope.AnyExecutor) { panic("in OnRelease") })
	heard := 0
	s.OnRelease(func(context.Context, scope.AnyExecutor) { heard++ })
	require.NoError(t, scope.Set(ctx, s, a, 2))
	require.Equal(t, 3, mustGet(t, s, b))
	require.NoError(t, s.Release(ctx, a))
	require.Equal(t, 2, heard)
	require.Contains(t, log.String(), "in OnUpdate")
	require.Contains(t, log.String(), "in OnRelease")

	remove := s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { panic("in OnChange") })
	_, err := scope.Resolve(ctx, s, a)
	require.ErrorAs(t, err, &p)
	require.Equal(t, scope.CodeCallback, resolutionError(t, err).Code)
	remove()

	messy := scope.Provide(func(_ context.Context, c *scope.Controller) (int, error) {
		c.Cleanup(func(context.Context) error { heard++; return nil })
		c.Cleanup(func(context.Context) error { panic("in a cleanup") })
		return 1, nil
	})
	mustResolve(t, s, messy)
	require.ErrorAs(t, s.Release(ctx, messy), &p)
	require.Equal(t, 4, heard) // the other cleanup, and OnRelease
	stillWorks(t, s)
}

func TestAnUpdateThatFailsItsDependentsSaysSo(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	a := scope.Value(1)
	picky := scope.Derive(a.Reactive(), func(_ context.Context, _ *scope.Controller, n int) (int, error) {
		if n < 0 {
			return 0, errBoom
		}
		return n, nil
	})
	other := plusOne("other", a.Reactive())
	mustResolve(t, s, picky)
	mustResolve(t, s, other)
	require.ErrorIs(t, scope.Set(t.Context(), s, a, -5), errBoom)
	require.Equal(t, -5, mustGet(t, s, a))
	require.Equal(t, -4, mustGet(t, s, other))
	require.Equal(t, scope.Rejected, s.Lookup(picky).State)
	require.NoError(t, scope.Set(t.Context(), s, a, 5))
	require.Equal(t, 5, mustGet(t, s, picky))
}

func TestUpdatingInsideAnUpdateIsACircle(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	a := scope.Value(1, scope.Name("a"))
	mustResolve(t, s, a)
	s.OnChange(func(ctx context.Context, c scope.Change) (*scope.Preset, error) {
		return nil, scope.Set(ctx, s, a, 3)
	})
	err := scope.Set(t.Context(), s, a, 2)
	require.ErrorIs(t, err, scope.ErrCircular)
	var de *scope.DependencyError
	require.True(t, errors.As(err, &de))
	require.Equal(t, 1, mustGet(t, s, a))
}
