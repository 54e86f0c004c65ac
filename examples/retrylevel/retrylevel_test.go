package main

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/retrylevel/retrylevel"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestTheReadmeShowsWhatRetrylevelPrints(t *testing.T) { showtest.README(t, run) }

func TestWhatSucceedsIsNotRunAgain(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, guesttest.Both("./ext", func() any { return retrylevel.New() }), guesttest.Config{Config: map[string]any{"tries": 5}},
		func(t *testing.T, h *guesttest.Harness) {
			s := h.Scope(t, scope.Config{})
			for failures, want := range map[int]int{0: 1, 1: 2, 4: 5, 9: 5} {
				n := 0
				flow := scope.NewFlow(scope.Definition{}, func(context.Context, int) (int, error) {
					if n++; n <= failures {
						return 0, errors.New("again")
					}
					return n, nil
				})
				_, err := scope.Run(t.Context(), s, flow, 0)
				require.Equal(t, want, n)
				require.Equal(t, failures >= 5, err != nil)
			}
		})
}
