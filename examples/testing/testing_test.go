// Package testing_test shows how an author tests an extension. See README.md.
package testing_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/testing/lastvalue"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var (
	config = scope.Value("shop.db", scope.Name("config"))
	db     = scope.Derive(config, func(_ context.Context, _ *scope.Controller, file string) (string, error) {
		return "connection to " + file, nil
	}, scope.Name("db"))
	mail = scope.Provide(func(context.Context, *scope.Controller) (string, error) {
		return "", errors.New("no mail server")
	}, scope.Name("mail"))
)

// The shortest test: an extension that is part of the test, to see what the
// scope does.

type resolved struct {
	executor string
	value    any
}

type recorder struct{ resolved []resolved }

func (*recorder) Name() string { return "test" }

func (r *recorder) Init(_ context.Context, s *scope.Scope) error {
	s.OnChange(func(_ context.Context, c scope.Change) (*scope.Preset, error) {
		if c.Event == scope.OpResolve {
			r.resolved = append(r.resolved, resolved{c.Executor.Name(), c.Value})
		}
		return nil, nil
	})
	return nil
}

func TestAnExtensionOfTheTestTracksResolution(t *testing.T) {
	t.Parallel()
	r := new(recorder)
	s, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{r}})
	require.NoError(t, err)
	_, err = scope.Resolve(t.Context(), s, db)
	require.NoError(t, err)
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []resolved{{"config", "shop.db"}, {"db", "connection to shop.db"}}, r.resolved)
}

// Both runs a test with the extension as ordinary Go, under the debugger if
// need be, and as the module that will be deployed.
func both() []guesttest.Target {
	return guesttest.Both("./ext", func() any { return lastvalue.New() })
}

// Integration: the extension in a scope.

func TestItRemembersWhatWasResolvedLast(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		for _, e := range []*scope.Executor[string]{config, db, config} {
			_, err := scope.Resolve(t.Context(), s, e)
			require.NoError(t, err)
		}
		last, err := h.Call("getLast", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"executor": "db", "value": "connection to shop.db"}, last,
			"config was there already: nothing changed")
	})
}

func TestItForgetsNothingOnAnUpdate(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Resolve(t.Context(), s, config)
		require.NoError(t, err)
		require.NoError(t, scope.Set(t.Context(), s, config, "test.db"))
		last, err := h.Call("getLast", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"executor": "config", "value": "shop.db"}, last)
	})
}

// A preset puts something else in an executor's place: no database is needed.

func TestAPresetStandsInForWhatATestDoesNotHave(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{Presets: []scope.Preset{config.Preset("memory")}})
		_, err := scope.Resolve(t.Context(), s, db)
		require.NoError(t, err)
		last, err := h.Call("getLast", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"executor": "db", "value": "connection to memory"}, last)
	})
}

// Errors: what the extension does when things go wrong.

func TestAFailureIsNoResolution(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Resolve(t.Context(), s, mail)
		require.ErrorContains(t, err, "no mail server")
		last, err := h.Call("getLast", nil)
		require.NoError(t, err)
		require.Nil(t, last)
	})
}

func TestWithoutThePowerToSeeValuesItSaysSo(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), guesttest.Config{Powers: guest.ReadInput}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Resolve(t.Context(), s, config)
		require.NoError(t, err)
		last, err := h.Call("getLast", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"executor": "config", "value": "hidden"}, last)
	})
}

// Unit: one hook alone, with what its store holds set up and looked at.

func TestItGoesOnFromWhatItsStateHolds(t *testing.T) {
	t.Parallel()
	kept := []byte("\x82\xa8executor\xa2db\xa5value\x07")
	guesttest.Run(t, both(), guesttest.Config{State: map[string][]byte{"last": kept}}, func(t *testing.T, h *guesttest.Harness) {
		last, err := h.Call("getLast", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"executor": "db", "value": int64(7)}, last)
		require.Equal(t, kept, h.State()["last"])
	})
}

// Cost: what a resolution of a value that is there takes without and with it.

func BenchmarkResolve(b *testing.B) {
	x, err := native.New("lastvalue", lastvalue.New(), native.Config{})
	require.NoError(b, err)
	for _, c := range []struct {
		name       string
		extensions []aril.Extension
	}{{"without", nil}, {"with", []aril.Extension{x}}} {
		b.Run(c.name, func(b *testing.B) {
			s, err := scope.New(b.Context(), scope.Config{Extensions: c.extensions})
			require.NoError(b, err)
			_, err = scope.Resolve(b.Context(), s, db)
			require.NoError(b, err)
			for b.Loop() {
				_, _ = scope.Resolve(b.Context(), s, db)
			}
		})
	}
}
