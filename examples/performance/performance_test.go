package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/performance/performance"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatPerformancePrints(t *testing.T) { showtest.README(t, run) }

func TestMeasurementsOfFlowsThatFailAreKept(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, guesttest.Both("./ext", func() any { return performance.New() }), guesttest.Config{Powers: guest.ReadInput}, func(t *testing.T, h *guesttest.Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Run(t.Context(), s, index, 13)
		require.EqualError(t, err, "not found")
		v, err := h.Call("getPerformance", nil)
		require.NoError(t, err)
		flows := v.(map[string]any)
		for name, depth := range map[string]int{"index": 0, "fetch": 1} {
			flow := flows[name].(map[string]any)
			require.GreaterOrEqual(t, flow["microseconds"], int64(0))
			delete(flow, "microseconds")
			require.Equal(t, map[string]any{"calls": int64(1), "parallel": int64(0), "failed": int64(1), "depth": int64(depth)}, flow)
		}
	})
}

// An ownLevel does what the extension must not: it keeps measurements at level
// Own, as the document that the extension comes from does.
type ownLevel struct{ seen map[string]int }

func (e ownLevel) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	result, err := next()
	n, _ := guest.Own.Append("performance", x.FlowName())
	e.seen[x.FlowName()] = n
	return result, err
}

func TestAtLevelOwnNothingReachesTheParent(t *testing.T) {
	t.Parallel()
	e := ownLevel{map[string]int{}}
	h := guesttest.New(t, guesttest.Native(func() any { return e }), guesttest.Config{})
	nested := scope.NewFlow(scope.Definition{Name: "nested"}, func(ctx context.Context, n int) (string, error) { return scope.Exec(ctx, index, n) })
	_, err := scope.Run(t.Context(), h.Scope(t, scope.Config{}), nested, 1)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"nested": 1, "index": 1, "fetch": 1}, e.seen)
}
