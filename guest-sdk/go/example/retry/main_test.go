package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

// errTryAgain is an error of a host program that says so.
var errTryAgain = tryAgain{}

type tryAgain struct{}

func (tryAgain) Error() string   { return "try again" }
func (tryAgain) Retryable() bool { return true }

func TestItTriesThreeTimes(t *testing.T) {
	guesttest.Run(t, guesttest.Both(".", func() any { return new(retry) }),
		guesttest.Config{Config: map[string]any{"attempts": 3}},
		func(t *testing.T, h *guesttest.Harness) {
			calls := 0
			_, err := h.Wrap(guesttest.Operation{Name: "order.place"}, "an order",
				func(any) (any, error) { calls++; return nil, errTryAgain })
			require.ErrorIs(t, err, errTryAgain)
			require.Equal(t, 3, calls)
		})
}

func TestItStopsAtASuccessAndAtAnErrorThatTryingAgainDoesNotHelp(t *testing.T) {
	t.Parallel()
	guesttest.Run(t, guesttest.Both(".", func() any { return new(retry) }), guesttest.Config{},
		func(t *testing.T, h *guesttest.Harness) {
			for _, last := range []error{nil, os.ErrNotExist} {
				calls := 0
				got, err := h.Wrap(guesttest.Operation{}, 1, func(in any) (any, error) {
					if calls++; calls < 2 {
						return nil, errTryAgain
					}
					return in, last
				})
				require.Equal(t, last, err)
				require.Equal(t, 2, calls)
				if last == nil {
					require.Equal(t, int64(1), got)
				}
			}
			require.Equal(t, "trying again", h.Log()[0].Message)
		})
}

func TestItRefusesAConfigurationOfTheWrongType(t *testing.T) {
	t.Parallel()
	for _, target := range guesttest.Both(".", func() any { return new(retry) }) {
		_, err := guesttest.Open(t, target, guesttest.Config{Config: map[string]any{"attempts": "three"}})
		require.EqualError(t, err, "attempts: found a string, not an integer")
	}
}

func TestTheReadmeShowsThisProgramAndThisTest(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	require.Contains(t, string(readme), "```go\n"+string(program)+"```\n")
	test, err := os.ReadFile("main_test.go")
	require.NoError(t, err)
	_, snippet, ok := strings.Cut(string(readme), "```go\nfunc TestItTriesThreeTimes")
	require.True(t, ok)
	snippet, _, _ = strings.Cut(snippet, "```")
	require.Contains(t, string(test), "func TestItTriesThreeTimes"+snippet)
}
