package guesttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest/internal/tracer"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func tracers() []Target {
	return Both("./testdata/tracer", func() any { return new(tracer.Extension) })
}

var errSoldOut = errors.New("sold out")

// A shop is flows that use all kinds of executions.
var (
	charge = scope.NewFlow(scope.Definition{Name: "charge"}, func(ctx context.Context, in int) (int, error) {
		return scope.StepWith(ctx, scope.ExecConfig{Params: []any{in, "eur"}}, func(context.Context) (int, error) { return in * 2, nil })
	})
	answered = scope.NewFlow(scope.Definition{Name: "answered", Version: "3"}, func(context.Context, string) (int, error) { return 0, nil })
	checkout = scope.NewFlow(scope.Definition{Name: "checkout", Version: "2.1"}, func(ctx context.Context, items int) (int, error) {
		each := func(ctx context.Context) (int, error) { return scope.Exec(ctx, charge, 7) }
		all, err := scope.Parallel(ctx, slices.Repeat([]func(context.Context) (int, error){each}, items)...)
		if err != nil {
			return 0, err
		}
		sum := len(all.Values())
		tries := 0
		again, err := scope.StepWith(ctx, scope.ExecConfig{Key: "again"}, func(context.Context) (int, error) {
			if tries++; tries < 2 {
				return 0, errSoldOut
			}
			return tries, nil
		})
		if err != nil {
			return 0, err
		}
		fixed, err := scope.Exec(ctx, answered, "x")
		return sum + again + fixed, err
	})
	broke     = scope.NewFlow(scope.Definition{Name: "broke"}, func(context.Context, int) (int, error) { return 0, errSoldOut })
	forbidden = scope.NewFlow(scope.Definition{Name: "forbidden"}, func(context.Context, int) (int, error) {
		return 0, errors.New("it ran")
	})
)

func callOf(t *testing.T, h *Harness, method string) any {
	t.Helper()
	v, err := h.Call(method, nil)
	require.NoError(t, err)
	return v
}

func TestTheSpansOfAHundredAtOnceAreTheSameNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	const items = 100
	want := []string{
		`checkout -: checkout(100) sequential flow=checkout@2.1 depth=0 parent="" false`,
		`checkout checkout(100): parallel parallel flow=checkout@ depth=0 parent="" false count=100`,
		`checkout checkout(100): fn sequential flow=checkout@ depth=0 parent="" false key=again`,
		`checkout checkout(100): answered sequential flow=answered@3 depth=1 parent="checkout" false`,
	}
	for range items {
		want = append(want,
			`checkout parallel: charge(7) sequential flow=charge@ depth=1 parent="checkout" true`,
			`checkout charge(7): fn sequential flow=charge@ depth=1 parent="checkout" false params=[7 eur]`)
	}
	slices.Sort(want)
	Run(t, tracers(), Config{}, func(t *testing.T, h *Harness) {
		s := h.Scope(t, scope.Config{})
		got, err := scope.Run(t.Context(), s, checkout, items)
		require.NoError(t, err)
		require.Equal(t, items+2+42, got)
		var lines []string
		for _, line := range callOf(t, h, "spans").([]any) {
			lines = append(lines, line.(string))
		}
		slices.Sort(lines)
		require.Equal(t, want, lines)
		require.Equal(t, []any{"init checkout@2.1", "dispose checkout"}, callOf(t, h, "heard"))
		contexts := int64(1 + items + 1)
		require.Equal(t, map[string]any{"create ": contexts, "closing graceful": contexts, "closed graceful": contexts}, callOf(t, h, "lifecycle"))
	})
}

func TestAnExecutionThatFailsIsToldOfNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	Run(t, tracers(), Config{}, func(t *testing.T, h *Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Run(t.Context(), s, broke, 1)
		require.ErrorIs(t, err, errSoldOut)
		_, err = scope.Run(t.Context(), s, forbidden, 1)
		var made *aril.Error
		require.ErrorAs(t, err, &made)
		require.Equal(t, "forbidden", made.ErrorCode)
		require.Equal(t, []any{
			"init broke@", "error broke error", "dispose broke", "error forbidden forbidden", "dispose forbidden",
		}, callOf(t, h, "heard"))
	})
}

func TestToRefuseAnExecutionNeedsThePowerSkip(t *testing.T) {
	t.Parallel()
	Run(t, tracers(), Config{Powers: allPowers &^ guest.Skip}, func(t *testing.T, h *Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Run(t.Context(), s, forbidden, 1)
		require.ErrorIs(t, err, aril.ErrDenied)
		require.ErrorContains(t, err, "init_pod")
	})
}

func TestAnExtensionOfOneExecutionHearsOfItAlone(t *testing.T) {
	t.Parallel()
	Run(t, tracers(), Config{}, func(t *testing.T, h *Harness) {
		x, err := h.extension()
		require.NoError(t, err)
		s, err := scope.New(t.Context(), scope.Config{})
		require.NoError(t, err)
		_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{x}}, checkout, 2)
		require.NoError(t, err)
		_, err = scope.Run(t.Context(), s, broke, 1)
		require.ErrorIs(t, err, errSoldOut)
		require.NoError(t, s.Dispose(t.Context()))
		require.Equal(t, []any{"init checkout@2.1", "dispose checkout"}, callOf(t, h, "heard"))
		require.Len(t, callOf(t, h, "spans"), 4+2*2, fmt.Sprint(callOf(t, h, "spans")))
	})
}

func TestAnAnswerOfAnotherTypeBreaksTheExtensionNativelyAndAsAModule(t *testing.T) {
	t.Parallel()
	text := scope.NewFlow(scope.Definition{Name: "answered"}, func(context.Context, int) (string, error) { return "x", nil })
	Run(t, tracers(), Config{}, func(t *testing.T, h *Harness) {
		s := h.Scope(t, scope.Config{})
		_, err := scope.Run(t.Context(), s, text, 1)
		require.ErrorIs(t, err, aril.ErrType)
		var broken *aril.CallError
		require.ErrorAs(t, err, &broken)
		require.Equal(t, 1, broken.Inner.Calls)
		require.Equal(t, "x", broken.Inner.Value)
	})
}
