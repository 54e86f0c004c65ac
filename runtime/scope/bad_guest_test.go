package scope_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// loadGuest loads a guest of testdata/guests, which may use scopes.
func loadGuest(t *testing.T, file string, cfg aril.ExtensionConfig) *aril.Guest {
	t.Helper()
	rt, err := aril.New(context.Background(), aril.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	module, err := os.ReadFile("../../testdata/guests/" + file + ".wasm")
	require.NoError(t, err)
	cfg.Name = "bad"
	cfg.Grants.Capabilities = append(cfg.Grants.Capabilities, scope.Capability)
	g, err := rt.Load(context.Background(), module, cfg)
	require.NoError(t, err)
	return g
}

func requireTrap(t *testing.T, err error, hook string) {
	t.Helper()
	require.ErrorIs(t, err, aril.ErrTrap)
	require.Equal(t, hook, requireBroken(t, err).Hook)
}

func requireBroken(t *testing.T, err error) *aril.CallError {
	t.Helper()
	var broken *aril.CallError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, "bad", broken.Extension)
	return broken
}

func TestAGuestThatTrapsInWrapBreaksThatResolutionAlone(t *testing.T) {
	t.Parallel()
	only := []aril.Filter{{Names: []string{"a"}}}
	for _, tc := range []struct {
		guest string
		after bool
	}{{"trap_before", false}, {"trap_after", true}} {
		t.Run(tc.guest, func(t *testing.T) {
			t.Parallel()
			told := 0
			s := newScope(t, scope.Compat{}, loadGuest(t, tc.guest, aril.ExtensionConfig{Filters: only}))
			s.OnError(func(_ context.Context, err error, e scope.AnyExecutor, _ *scope.Scope) { told++ })
			a := scope.Value(1, scope.Name("a"))
			top := plusOne("top", a)
			for range 3 {
				_, err := scope.Resolve(t.Context(), s, a)
				requireTrap(t, err, "wrap")
			}
			require.Equal(t, 3, told)
			_, err := scope.Resolve(t.Context(), s, top)
			requireTrap(t, err, "wrap")
			require.Equal(t, tc.after, s.Lookup(a).State == scope.Resolved)
			stillWorks(t, s)
			require.NoError(t, s.Dispose(t.Context()))
		})
	}
}

func TestAGuestThatTrapsOnAnEventBreaksThatAlone(t *testing.T) {
	t.Parallel()
	use := func(t *testing.T, event string) (*scope.Scope, *safeBuilder, error) {
		log := &safeBuilder{}
		s := newScopeOf(t, scope.Config{Logger: log.logger()})
		_, err := s.UseExtension(t.Context(), loadGuest(t, "subscriber", aril.ExtensionConfig{Config: event}))
		return s, log, err
	}
	a := scope.Value(1, scope.Name("a"))

	t.Run("attach", func(t *testing.T) {
		t.Parallel()
		s, _, err := use(t, "attach")
		requireTrap(t, err, "event")
		require.Empty(t, s.Extensions())
		stillWorks(t, s)
		require.NoError(t, s.Dispose(t.Context()))
	})
	t.Run("start", func(t *testing.T) {
		t.Parallel()
		s, log, err := use(t, "start")
		require.NoError(t, err)
		requireTrap(t, s.Ready(t.Context()), "event")
		require.Empty(t, s.Extensions())
		require.Contains(t, log.String(), "did not start")
		stillWorks(t, s)
		require.NoError(t, s.Dispose(t.Context()))
	})
	t.Run("change", func(t *testing.T) {
		t.Parallel()
		s, _, err := use(t, "change")
		require.NoError(t, err)
		_, err = scope.Resolve(t.Context(), s, a)
		requireTrap(t, err, "event")
		require.Equal(t, scope.CodeCallback, resolutionError(t, err).Code)
		require.Equal(t, scope.Rejected, s.Lookup(a).State)
		require.NoError(t, s.Dispose(t.Context()))
	})
	for event, cause := range map[string]func(*testing.T, *scope.Scope){
		"release": func(t *testing.T, s *scope.Scope) {
			mustResolve(t, s, a)
			require.NoError(t, s.Release(t.Context(), a))
			require.Equal(t, scope.None, s.Lookup(a).State)
		},
		"error": func(t *testing.T, s *scope.Scope) {
			runs := 0
			_, err := scope.Resolve(t.Context(), s, failing("b", -1, &runs))
			require.ErrorIs(t, err, errBoom)
			require.NotErrorIs(t, err, aril.ErrTrap)
		},
		"tick": nil,
	} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			s, log, err := use(t, event)
			require.NoError(t, err)
			if cause != nil {
				cause(t, s)
			}
			require.Eventually(t, func() bool {
				return strings.Contains(log.String(), "did not take an event") && strings.Contains(log.String(), "event="+event)
			}, 10*time.Second, time.Millisecond)
			require.Len(t, s.Extensions(), 1)
			stillWorks(t, s)
			require.NoError(t, s.Dispose(t.Context()))
		})
	}
	t.Run("detach", func(t *testing.T) {
		t.Parallel()
		s, _, err := use(t, "detach")
		require.NoError(t, err)
		cleaned, disposed := false, false
		_, err = s.UseExtension(t.Context(), &ext{name: "other", dispose: func(context.Context, *scope.Scope) error { disposed = true; return nil }})
		require.NoError(t, err)
		mustResolve(t, s, scope.Provide(func(_ context.Context, c *scope.Controller) (int, error) {
			c.Cleanup(func(context.Context) error { cleaned = true; return nil })
			return 1, nil
		}))
		requireTrap(t, s.Dispose(t.Context()), "event")
		require.True(t, cleaned)
		require.True(t, disposed)
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		s, log, err := use(t, "none")
		require.NoError(t, err)
		require.NoError(t, s.Ready(t.Context()))
		mustResolve(t, s, a)
		require.NoError(t, scope.Set(t.Context(), s, a, 2))
		require.NoError(t, s.Release(t.Context(), a))
		require.NoError(t, s.Dispose(t.Context()))
		require.Empty(t, log.String())
	})
}

func TestAGuestsReplacementOfAnotherTypeIsItsError(t *testing.T) {
	t.Parallel()
	t.Run("in wrap", func(t *testing.T) {
		t.Parallel()
		s := newScope(t, scope.Compat{}, loadGuest(t, "replace", aril.ExtensionConfig{Filters: []aril.Filter{{Names: []string{"a", "text"}}}}))
		a := scope.Value(1, scope.Name("a"))
		_, err := scope.Resolve(t.Context(), s, a)
		require.ErrorIs(t, err, scope.ErrType)
		require.Equal(t, "wrap", requireBroken(t, err).Hook)
		require.Equal(t, "replaced", mustResolve(t, s, scope.Value("x", scope.Name("text"))))
		stillWorks(t, s)
	})
	t.Run("in an update", func(t *testing.T) {
		t.Parallel()
		s := newScope(t, scope.Compat{})
		a, text := scope.Value(1, scope.Name("a")), scope.Value("x", scope.Name("text"))
		mustResolve(t, s, a)
		mustResolve(t, s, text)
		_, err := s.UseExtension(t.Context(), loadGuest(t, "replace", aril.ExtensionConfig{}))
		require.NoError(t, err)
		require.ErrorIs(t, scope.Set(t.Context(), s, a, 2), scope.ErrType)
		require.Equal(t, 1, mustGet(t, s, a))
		require.NoError(t, scope.Set(t.Context(), s, text, "new"))
		require.Equal(t, "changed", mustGet(t, s, text))
	})
	t.Run("in answer to a change", func(t *testing.T) {
		t.Parallel()
		s := newScope(t, scope.Compat{}, loadGuest(t, "subscriber", aril.ExtensionConfig{Config: "answer"}))
		_, err := scope.Resolve(t.Context(), s, scope.Value(1, scope.Name("a")))
		require.ErrorIs(t, err, scope.ErrType)
		require.Equal(t, "text", mustResolve(t, s, scope.Value("x")))
	})
	t.Run("without the power", func(t *testing.T) {
		t.Parallel()
		s := newScope(t, scope.Compat{}, loadGuest(t, "subscriber", aril.ExtensionConfig{Config: "answer", Powers: aril.ObserveOnly}))
		text := scope.Value("x")
		_, err := scope.Resolve(t.Context(), s, text)
		requireBroken(t, err)
		require.Equal(t, scope.Rejected, s.Lookup(text).State)
	})
}

func TestAGuestThatAsksForWhatItWrapsIsToldSo(t *testing.T) {
	t.Parallel()
	for _, isolation := range []aril.Isolation{aril.Fresh, aril.Pooled} {
		g := loadGuest(t, "reentrant", aril.ExtensionConfig{Isolation: isolation, Filters: []aril.Filter{{Names: []string{"a"}}}})
		s := newScope(t, scope.Compat{}, g)
		_, err := scope.Resolve(t.Context(), s, scope.Value(1, scope.Name("a")))
		var e *aril.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "reentrant", e.ErrorCode)
		_, err = scope.Resolve(t.Context(), s, plusOne("top", scope.Value(1, scope.Name("a"))))
		require.ErrorAs(t, err, &e)
		require.Equal(t, "reentrant", e.ErrorCode)
		stillWorks(t, s)
	}
}

func TestAGuestThatMayNotUseScopesIsNotAsked(t *testing.T) {
	t.Parallel()
	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	module, err := os.ReadFile("../../testdata/guests/subscriber.wasm")
	require.NoError(t, err)
	_, err = rt.Load(t.Context(), module, aril.ExtensionConfig{Name: "bad"})
	require.ErrorIs(t, err, aril.ErrRefused)
	require.ErrorContains(t, err, "aril_scope_v1")
}

func TestAnUnloadedGuestIsAnErrorOfWhatItWraps(t *testing.T) {
	t.Parallel()
	g := loadGuest(t, "pass", aril.ExtensionConfig{})
	s := newScope(t, scope.Compat{})
	remove, err := s.UseExtension(t.Context(), g)
	require.NoError(t, err)
	stillWorks(t, s)
	require.NoError(t, g.Unload(t.Context()))
	_, err = scope.Resolve(t.Context(), s, scope.Value(1))
	require.ErrorIs(t, err, aril.ErrClosed)
	requireBroken(t, err)
	remove()
	stillWorks(t, s)
}

func TestWhatAGuestKeptInAScopeGoesWithIt(t *testing.T) {
	t.Parallel()
	g := loadGuest(t, "keeper", aril.ExtensionConfig{})
	s := newScope(t, scope.Compat{})
	a := scope.Value(1)
	for range 2 {
		remove, err := s.UseExtension(t.Context(), g)
		require.NoError(t, err)
		_, err = scope.Resolve(t.Context(), s, a)
		require.NoError(t, err)
		_, err = scope.Resolve(t.Context(), s, a)
		require.ErrorIs(t, err, aril.ErrTrap, "it is kept as long as the guest is there")
		remove()
	}
}
