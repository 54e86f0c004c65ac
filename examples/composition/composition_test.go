package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/composition/recorder"
	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatCompositionPrints(t *testing.T) { showtest.README(t, run) }

func TestTheRecorderKeepsTheLastHundredEventsUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	both := guesttest.Both("./ext", func() any { return recorder.New() })
	guesttest.Run(t, both, guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		for _, e := range []*scope.Executor[string]{scope.Value("1", scope.Name("first")), scope.Value("2", scope.Name("last"))} {
			for range 60 {
				_, err := scope.Resolve(t.Context(), s, e)
				require.NoError(t, err)
			}
		}
		events, err := h.Call("takeEvents", nil)
		require.NoError(t, err)
		require.Len(t, events, 100)
		require.NotContains(t, events, "value of first is 1")
		require.Equal(t, []any{"resolve last", "resolve last done"}, events.([]any)[98:])

		events, err = h.Call("takeEvents", nil)
		require.NoError(t, err)
		require.Empty(t, events)
	})
}
