package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

// A failure is an error of a host's.
type failure struct{ passing bool }

func (f *failure) Error() string   { return "failure" }
func (f *failure) Retryable() bool { return f.passing }

func TestRetryCallsAgainWhileTheReasonIsPassing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		maxNext  int
		outcomes []error // in order; after the last one, nil
		calls    int
	}{
		"not after success":               {16, nil, 1},
		"until success":                   {16, []error{&failure{true}, &failure{true}}, 3},
		"at most as often as configured":  {16, []error{&failure{true}, &failure{true}, &failure{true}, &failure{true}}, 4},
		"not when the reason will stay":   {16, []error{&failure{true}, &failure{false}}, 2},
		"not more often than it may":      {2, []error{&failure{true}, &failure{true}}, 2},
		"not an operation that runs once": {1, []error{&failure{true}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := guesttest.New(t, guesttest.Native(func() any { return new(retry) }), guesttest.Config{
				Config: map[string]any{"attempts": 4, "pause": 1},
				Powers: guest.Repeat,
			})
			calls := 0
			var last error
			got, err := h.Wrap(guesttest.Operation{MaxNext: c.maxNext}, nil, func(any) (any, error) {
				calls++
				if last = nil; calls <= len(c.outcomes) {
					last = c.outcomes[calls-1]
				}
				return int64(calls), last
			})
			require.Equal(t, c.calls, calls)
			require.Equal(t, last, err)
			if err == nil {
				require.Equal(t, int64(calls), got)
			}
			require.Len(t, h.Log(), calls-1)
		})
	}
}

func TestRetryRefusesAConfigurationThatIsNoNumber(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"attempts", "pause"} {
		_, err := guesttest.Open(t, guesttest.Native(func() any { return new(retry) }), guesttest.Config{Config: map[string]any{key: "many"}})
		require.Error(t, err)
	}
}
