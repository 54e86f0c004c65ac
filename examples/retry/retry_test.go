package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/retry/retry"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

func TestTheReadmeShowsWhatRetryPrints(t *testing.T) { showtest.README(t, run) }

// The harness knows no scopes; it makes the operations that a scope makes.
func TestItTriesOnlyWhatMayPassAndOnlyResolutions(t *testing.T) {
	t.Parallel()
	both := guesttest.Both("./ext", func() any { return retry.New() })
	config := guesttest.Config{Config: map[string]any{"maxRetries": 2, "backoffMs": 1}}
	for _, c := range []struct {
		name, operation string
		err             error
		runs            int
	}{
		{"a network error of a resolution is tried again", "resolve", networkError{"reset"}, 3},
		{"a rate limit is told by its text", "resolve", errors.New("rate limit: 10 a second"), 3},
		{"a syntax error will not pass", "resolve", errors.New("syntax error"), 1},
		{"an update is tried once", "update", networkError{"reset"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			guesttest.Run(t, both, config, func(t *testing.T, h *guesttest.Harness) {
				runs := 0
				_, err := h.Wrap(guesttest.Operation{Kind: "resolve", Name: "db", Params: map[string]any{"operation": c.operation, "executor": 1, "scope": 1}},
					nil, func(any) (any, error) { runs++; return nil, c.err })
				require.ErrorIs(t, err, c.err)
				require.Equal(t, c.runs, runs)
			})
		})
	}
}
