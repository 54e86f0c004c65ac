package main

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/telemetry/telemetry"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatTelemetryPrints(t *testing.T) { showtest.README(t, run) }

var powers = guesttest.Config{Powers: guest.ReadInput}

func both() []guesttest.Target {
	return guesttest.Both("./ext", func() any { return telemetry.New() })
}

func call(t *testing.T, h *guesttest.Harness, method string, args any) map[string]any {
	t.Helper()
	v, err := h.Call(method, args)
	require.NoError(t, err)
	m, _ := v.(map[string]any)
	return m
}

func TestNothingIsLostWhenManyResolveAtOnce(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), powers, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		const callers, times = 8, 25
		var group sync.WaitGroup
		errs := make(chan error, callers*times)
		for range callers {
			group.Go(func() {
				for range times {
					_, err := scope.Resolve(context.Background(), s, config)
					errs <- err
				}
			})
		}
		group.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		stats := call(t, h, "getCacheStats", nil)
		require.EqualValues(t, callers*times, stats["hits"].(int64)+stats["misses"].(int64))
		require.GreaterOrEqual(t, stats["misses"], int64(1))
		require.EqualValues(t, callers*times, call(t, h, "getExecutorMetrics", "config")["resolveCount"])
	})
}

func TestExecutorsWithoutANameShareOneEntry(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), powers, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		for _, e := range []*scope.Executor[int]{scope.Value(1), scope.Value(2)} {
			_, err := scope.Resolve(t.Context(), s, e)
			require.NoError(t, err)
		}
		require.EqualValues(t, 2, call(t, h, "getExecutorMetrics", "unnamed")["resolveCount"])
	})
}

func TestAFailedUpdateIsTimedAndNotCounted(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), powers, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Resolve(t.Context(), s, config)
		require.NoError(t, err)
		refused := errors.New("refused")
		err = scope.Update(t.Context(), s, config, func(string) (string, error) { return "", refused })
		require.ErrorIs(t, err, refused)
		m := call(t, h, "getExecutorMetrics", "config")
		require.EqualValues(t, 0, m["updateCount"])
		require.EqualValues(t, 0, m["errorCount"])
		require.Positive(t, m["lastUpdateErrorTime"])
	})
}

func TestThereAreNoMetricsOfWhatWasNeverResolved(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), powers, func(t *testing.T, h *guesttest.Harness) {
		require.Nil(t, call(t, h, "getExecutorMetrics", "config"))
		require.Empty(t, call(t, h, "getExecutorMetrics", nil))
		require.EqualValues(t, 0, call(t, h, "getMetrics", nil)["cache"].(map[string]any)["ratio"])
	})
}
