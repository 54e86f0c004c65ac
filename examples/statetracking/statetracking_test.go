package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/statetracking/statetracking"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatStateTrackingPrints(t *testing.T) { showtest.README(t, run) }

func TestOtherExecutorsAreNotTracked(t *testing.T) {
	t.Parallel()
	both := guesttest.Both("./ext", func() any { return statetracking.New() })
	config := guesttest.Config{Powers: guest.ReadInput | guest.ReadResult}
	guesttest.Run(t, both, config, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		for _, e := range []*scope.Executor[int]{scope.Value(1, scope.Name("config")), scope.Value(2), scope.Value(3, scope.Name("cart.state"))} {
			_, err := scope.Resolve(t.Context(), s, e)
			require.NoError(t, err)
		}
		changes, err := h.Call("getChanges", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"state": int64(1)}, changes)
		require.Len(t, h.Log(), 1)
		require.Equal(t, map[string]any{"by": "resolve", "name": "cart.state", "value": int64(3)}, h.Log()[0].Pairs)
	})
}
