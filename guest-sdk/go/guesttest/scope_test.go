package guesttest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest/internal/watcher"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func watchers() []Target {
	return Both("./testdata/watcher", func() any { return new(watcher.Extension) })
}

type settings struct {
	Port int  `msg:"port"`
	Seen bool `msg:"seen"`
	open func()
}

var errBroken = errors.New("no database")

func executors() (config *scope.Executor[settings], address *scope.Executor[int], broken *scope.Executor[string]) {
	config = scope.Provide(func(context.Context, *scope.Controller) (settings, error) {
		return settings{Port: 8080, open: func() {}}, nil
	}, scope.Name("config"))
	address = scope.Derive(config.Reactive(), func(_ context.Context, _ *scope.Controller, s settings) (int, error) {
		return s.Port + 1, nil
	}, scope.Name("address"))
	broken = scope.Provide(func(context.Context, *scope.Controller) (string, error) { return "", errBroken }, scope.Name("broken"))
	return config, address, broken
}

func TestAnExtensionInAScopeTellsTheSameNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	Run(t, watchers(), Config{Name: "watcher"}, func(t *testing.T, h *Harness) {
		config, address, broken := executors()
		s := h.Scope(t, scope.Config{Name: "shop", Registry: []scope.AnyExecutor{config, address, broken}})
		for range 2 {
			got, err := scope.Resolve(t.Context(), s, address)
			require.NoError(t, err)
			require.Equal(t, 8081, got)
		}
		require.True(t, s.Lookup(config).Value.(settings).Seen, "the change was answered")
		require.NotNil(t, s.Lookup(config).Value.(settings).open)
		require.NoError(t, scope.Set(t.Context(), s, config, settings{Port: 1}))
		_, err := scope.Resolve(t.Context(), s, broken)
		require.ErrorIs(t, err, errBroken)
		require.NoError(t, s.Release(t.Context(), config))

		metric := func(resolved, updated, failed int64, last string) map[string]any {
			return map[string]any{"resolved": resolved, "updated": updated, "failed": failed, "last": last}
		}
		// Hits: the second resolution of address, and after the update those
		// of address, which has a value yet, and of config within it. The update is
		// the last of config to end.
		got, err := h.Call("getMetrics", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"hits": int64(3), "executors": map[string]any{
			"address": metric(3, 0, 0, "resolve"), "config": metric(2, 1, 0, "update"), "broken": metric(0, 0, 1, "resolve"),
		}}, got)
		got, err = h.Call("getExecutorMetrics", "address")
		require.NoError(t, err)
		require.Equal(t, metric(3, 0, 0, "resolve"), got)
		got, err = h.Call("getExecutorMetrics", "unknown")
		require.NoError(t, err)
		require.Nil(t, got)

		require.NoError(t, s.Dispose(t.Context()))
		got, err = h.Call("heard", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{
			"a": "attach ", "b": "start ", "c": "change resolve config", "d": "change update config", "e": "error broken error",
			"f": "release address", "g": "release config", "h": "detach ",
		}, got)
	})
}

func TestCountsOfConcurrentActivationsAddUpNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	Run(t, watchers(), Config{}, func(t *testing.T, h *Harness) {
		config, _, _ := executors()
		s := h.Scope(t, scope.Config{})
		const goroutines, each = 4, 25
		var group sync.WaitGroup
		for range goroutines {
			group.Go(func() {
				for range each {
					if _, err := scope.Resolve(t.Context(), s, config); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		got, err := h.Call("getExecutorMetrics", "config")
		require.NoError(t, err)
		require.Equal(t, int64(goroutines*each), got.(map[string]any)["resolved"])
	})
}

func TestAnExtensionActsOnItsScopeNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	Run(t, watchers(), Config{}, func(t *testing.T, h *Harness) {
		config, address, broken := executors()
		h.Scope(t, scope.Config{Registry: []scope.AnyExecutor{config, address, broken}, SharedKeys: []string{"region", "refuse"}})
		for _, step := range []struct {
			act  string
			want any
		}{
			{"update", "not_resolved"},
			{"release", "not_resolved"},
			{"resolve", int64(8080)},
			{"update", ""},
			{"resolve", int64(9)},
			{"list", "config=resolved! address=none broken=none "},
			{"update with a text", "invalid_argument"},
			{"reload", int64(8080)},
			{"release", ""},
			{"look for nothing", "not_found"},
			{"look elsewhere", "not_attached"},
			{"share", ""},
		} {
			got, err := h.Call("act", step.act)
			require.NoError(t, err, step.act)
			require.Equal(t, step.want, got, step.act)
		}
	})
}

func TestAnExtensionRefusesAScopeNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	Run(t, watchers(), Config{}, func(t *testing.T, h *Harness) {
		s := h.Scope(t, scope.Config{SharedKeys: []string{"refuse"}})
		s.Set("refuse", "too late")
		require.NotNil(t, s)
		_, err := h.Event(Event{Type: guest.EventAttach, Scope: s.ID()})
		var made *Error
		require.ErrorAs(t, err, &made)
		require.Equal(t, "refused", made.ErrorCode)
	})
}

func TestATickArrivesNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	Run(t, watchers(), Config{}, func(t *testing.T, h *Harness) {
		data := map[string]any{"subscription": 7, "every": int64(guest.Minute), "missed": 2}
		_, err := h.Event(Event{Type: guest.EventTick, Scope: 3, Data: data})
		require.NoError(t, err)
		_, err = h.Event(Event{Type: guest.EventTick, Scope: 3, Data: map[string]any{}})
		require.EqualError(t, err, "another one")
		got, err := h.Call("heard", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"a": "tick "}, got)
	})
}

func TestAnExtensionWithoutPowersRefusesAScopeAllTheSame(t *testing.T) {
	t.Parallel()
	Run(t, watchers(), Config{NoPowers: true}, func(t *testing.T, h *Harness) {
		s := h.Scope(t, scope.Config{SharedKeys: []string{"refuse"}})
		s.Set("refuse", "too late")
		_, err := h.Event(Event{Type: guest.EventAttach, Scope: s.ID()})
		var made *Error
		require.ErrorAs(t, err, &made)
		require.Equal(t, "refused", made.ErrorCode)
	})
}

func TestAnAnswerToAChangeNeedsThePowerChangeInput(t *testing.T) {
	t.Parallel()
	Run(t, watchers(), Config{Powers: allPowers &^ guest.ChangeInput}, func(t *testing.T, h *Harness) {
		config, _, _ := executors()
		s := h.Scope(t, scope.Config{})
		_, err := scope.Resolve(t.Context(), s, config)
		require.ErrorIs(t, err, aril.ErrDenied)
		require.ErrorContains(t, err, "event: denied: the answer to change needs the power ChangeInput")
	})
}
