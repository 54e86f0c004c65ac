package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/audit/audit"
	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatAuditPrints(t *testing.T) { showtest.README(t, run) }

func both() []guesttest.Target {
	return guesttest.Both("./ext", func() any { return audit.New() })
}

func TestFlowsThatRunAtOnceHaveARecordEach(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, both(), guesttest.Config{}, func(t *testing.T, h *guesttest.Harness) {
		many := scope.NewFlow(scope.Definition{Name: "many"}, func(ctx context.Context, n int) (int, error) {
			var items []func(context.Context) (string, error)
			for range n {
				items = append(items, func(ctx context.Context) (string, error) {
					return scope.Exec(ctx, charge, Payment{"ann", 1, "4111"})
				})
			}
			all, err := scope.Parallel(ctx, items...)
			return all.Stats.Succeeded, err
		})
		n, err := scope.Run(t.Context(), h.Scope(t, scope.Config{}), many, 50)
		require.NoError(t, err)
		require.Equal(t, 50, n)
		v, err := h.Call("getTrail", nil)
		require.NoError(t, err)
		require.Len(t, v, 2+2*50)
	})
}

func TestAFlowThatCannotBeRecordedDoesNotRun(t *testing.T) {
	t.Parallel()
	full := guesttest.Config{State: map[string][]byte{"entries": []byte("no number")}}
	guesttest.Run(t, both(), full, func(t *testing.T, h *guesttest.Harness) {
		ran := false
		flow := scope.NewFlow(scope.Definition{Name: "f"}, func(context.Context, int) (int, error) { ran = true; return 0, nil })
		_, err := scope.Run(t.Context(), h.Scope(t, scope.Config{}), flow, 1)
		require.ErrorContains(t, err, "the audit trail cannot be written")
		require.False(t, ran)
	})
}
