package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/tracing/tracing"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatTracingPrints(t *testing.T) { showtest.README(t, run) }

func TestExecutionsAtTheSameTimeHaveTracesOfTheirOwn(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, guesttest.Both("./ext", func() any { return tracing.New() }), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		inside, leave := make(chan struct{}), make(chan struct{})
		waits := scope.NewFlow(scope.Definition{Name: "waits"}, func(context.Context, int) (int, error) {
			close(inside)
			<-leave
			return 0, nil
		})
		over := make(chan error)
		go func() {
			_, err := scope.Run(context.Background(), s, waits, 0)
			over <- err
		}()
		<-inside
		_, err := scope.Run(t.Context(), s, order, 3)
		require.NoError(t, err)
		require.Len(t, spans(t, h, "order"), 8)
		close(leave)
		require.NoError(t, <-over)
		require.Len(t, spans(t, h, "waits"), 1)
	})
}

// spans are those of the latest trace, which must be of that flow.
func spans(t *testing.T, h *guesttest.Harness, flow string) []any {
	t.Helper()
	v, err := h.Call("getTrace", nil)
	require.NoError(t, err)
	trace := v.(map[string]any)
	require.Equal(t, flow, trace["flow"])
	return trace["spans"].([]any)
}
