package state

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAValueThatGrowsHasAQuarterInReserveAtMost(t *testing.T) {
	t.Parallel()
	s := &space{limits: Limits{ValueBytes: 10_000}.withDefaults(), values: map[string][]byte{}}
	moved := 0
	for n := 1; n <= 10_000; n++ {
		before := cap(s.values["k"])
		length, err := s.Append(t.Context(), "k", []byte{'x'})
		require.NoError(t, err)
		require.Equal(t, n, length)
		have := cap(s.values["k"])
		if have != before {
			moved++
		}
		require.LessOrEqual(t, have, min(n+n/4, 10_000))
	}
	require.Less(t, moved, 60, "each move copies the whole value")
}
