package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/traceid/traceid"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatTraceidPrints(t *testing.T) { showtest.README(t, run) }

func TestTheNearestTagHoldsAndTheScopesComesLast(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, guesttest.Both("./ext", func() any { return traceid.New() }), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{Tags: []scope.Tagged{traceID.Of("host")}})
		top := scope.NewFlow(scope.Definition{Name: "top"}, func(ctx context.Context, _ int) (string, error) {
			return scope.ExecWith(ctx, scope.ExecConfig{Tags: []scope.Tagged{traceID.Of("near")}}, mail, "")
		})
		_, err := scope.Run(t.Context(), s, top, 1)
		require.NoError(t, err)
		var lines []string
		for _, l := range h.Log() {
			lines = append(lines, l.Message)
		}
		require.Equal(t, []string{"[trace:host] Starting span 1", "[trace:near] Starting span 2", "[trace:near] Ending span 2", "[trace:host] Ending span 1"}, lines)
	})
}
