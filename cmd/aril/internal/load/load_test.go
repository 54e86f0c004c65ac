package load_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	aril "github.com/aril-wasm/aril/runtime"
)

func TestLimitsAreReadInTheirUnits(t *testing.T) {
	t.Parallel()
	got, err := load.Limits([]string{"fuel=1M", "memory_bytes=32MiB", "self_time=50ms", "wait_time=unlimited", "host_calls=1_000", "input_bytes=4KiB"})
	require.NoError(t, err)
	require.Equal(t, aril.Limits{
		Fuel: 1e6, MemoryBytes: 32 << 20, SelfTime: 50 * time.Millisecond, WaitTime: aril.Unlimited, HostCalls: 1000, InputBytes: 4096,
	}, got)
}

func TestEveryLimitHasAName(t *testing.T) {
	t.Parallel()
	names := load.LimitNames()
	require.Len(t, names, reflect.TypeFor[aril.Limits]().NumField())
	for _, n := range names {
		_, err := load.Limits([]string{n + "=unlimited"})
		require.NoError(t, err)
	}
}

func TestWhatIsNoLimitIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"fuel", "fuel=", "fuel=-1", "fuel=0", "fuel=1.5M", "fuel=99999999999G", "self_time=5", "self_time=-1s", "speed=1"} {
		_, err := load.Limits([]string{bad})
		require.Error(t, err, bad)
	}
}

func TestPowersAreReadByName(t *testing.T) {
	t.Parallel()
	got, err := load.Powers([]string{"ReadInput", "Skip"})
	require.NoError(t, err)
	require.Equal(t, aril.ReadInput|aril.Skip, got)
	got, err = load.Powers(nil)
	require.NoError(t, err)
	require.Zero(t, got, "all of them")
	got, err = load.Powers([]string{"none"})
	require.NoError(t, err)
	require.Equal(t, aril.ObserveOnly, got)
	_, err = load.Powers([]string{"none", "Skip"})
	require.Error(t, err)
}
