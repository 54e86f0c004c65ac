package main

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/internal/showtest"
	"github.com/aril-wasm/aril/examples/logging/logging"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

func TestTheReadmeShowsWhatLoggingPrints(t *testing.T) { showtest.README(t, run) }

func TestLinesSayHowLongItTookUnlessToldNotTo(t *testing.T) {
	t.Parallel()
	both := guesttest.Both("./ext", func() any { return logging.New() })
	for name, c := range map[string]struct {
		config any
		ms     bool
	}{
		"by default":             {nil, true},
		"told not to":            {map[string]any{"durations": false}, false},
		"told to do so in words": {map[string]any{"durations": true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			guesttest.Run(t, both, guesttest.Config{Config: c.config}, func(t *testing.T, h *guesttest.Harness) {
				down := errors.New("down")
				_, err := h.Wrap(guesttest.Operation{Kind: "execution", Name: "order.place"}, nil, func(any) (any, error) { return nil, down })
				require.ErrorIs(t, err, down)
				log := h.Log()
				require.Len(t, log, 2)
				require.Equal(t, "[execution] Starting", log[0].Message)
				require.NotContains(t, log[0].Pairs, "ms")
				require.Equal(t, "[execution] Failed", log[1].Message)
				require.EqualValues(t, slog.LevelError, log[1].Level)
				require.Equal(t, "down", log[1].Pairs["error"])
				_, timed := log[1].Pairs["ms"]
				require.Equal(t, c.ms, timed)
			})
		})
	}
}

func TestAConfigurationThatIsNoAnswerIsRefused(t *testing.T) {
	t.Parallel()
	_, err := guesttest.Open(t, guesttest.Native(func() any { return logging.New() }),
		guesttest.Config{Config: map[string]any{"durations": "sometimes"}})
	require.ErrorContains(t, err, "durations")
}
