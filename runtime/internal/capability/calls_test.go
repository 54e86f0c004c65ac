package capability_test

import (
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/state"
)

// BenchmarkHostCall is a guest's call of a host function, there and back.
func BenchmarkHostCall(b *testing.B) {
	g := load(b, build(b, "clang-19", "--target=wasm32", "-O2", "-ffreestanding", "-nostdlib", "-Wl,--no-entry", "-o", "OUT", "testdata/calls.c"))
	store, err := state.Memory(state.Limits{}).Open("tenant", "extension")
	require.NoError(b, err)
	for which, name := range []string{"clock now", "random fill 16", "log write", "state get 128", "state put 128", "state add", "WASI clock_time_get"} {
		b.Run(name, func(b *testing.B) {
			const calls = 1000
			instance, err := g.template.NewInstance(b.Context(), false)
			require.NoError(b, err)
			defer func() { require.NoError(b, instance.Close()) }()
			o := newOwner(io.Discard)
			o.store = store
			instance.Act.Owner = o
			budget := sandbox.Budget{Fuel: -1, SelfTime: -1, WaitTime: -1, Stack: 1 << 20, HostCalls: -1}
			b.ReportAllocs()
			for b.Loop() {
				o.logBytes = math.MaxInt64
				good, _, err := instance.Run(b.Context(), sandbox.PhaseWrap, budget, uint64(which<<24|calls))
				if err != nil || good != 1 {
					b.Fatal(good, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*calls), "ns/call")
		})
	}
}
