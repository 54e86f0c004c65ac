package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/journal/journal"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

func TestTheReadmeShowsWhatJournalPrints(t *testing.T) { showtest.README(t, run) }

func TestOnlyWhatHasAKeyIsCountedAndRepeated(t *testing.T) {
	t.Parallel()
	both := guesttest.Both("./ext", func() any { return journal.New() })
	guesttest.Run(t, both, guesttest.Config{Config: map[string]any{"tries": 3}}, func(t *testing.T, h *guesttest.Harness) {
		down := errors.New("down")
		for key, want := range map[string]int{"": 1, "charge": 3} {
			runs := 0
			_, err := h.Wrap(guesttest.Operation{Kind: "execution", Name: "fn", Key: key}, nil, func(any) (any, error) { runs++; return nil, down })
			require.ErrorIs(t, err, down)
			require.Equal(t, want, runs)
		}
		v, err := h.Call("getAsked", nil)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"charge": int64(1)}, v)
	})
}
