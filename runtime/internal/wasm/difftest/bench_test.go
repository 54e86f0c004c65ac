package difftest

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// BenchmarkMetering compares, for real work, the module as it is (plain), what
// the rewriter makes of it without metering (unmetered) and with it (metered,
// refuelled by slices of 100,000), the same with marks (tracked), and the plain module under wazero's own
// time limit (wazero-timeout). Each reports its median; "ratio" is of the
// median to the plain one. Sub-benchmark mean reports the geometric means.
func BenchmarkMetering(b *testing.B) {
	variants := []string{"plain", "unmetered", "metered", "tracked", "wazero-timeout"}
	sums := make([]float64, len(variants))
	counted := 0
	for _, name := range kernels {
		b.Run(name, func(b *testing.B) {
			code := kernel(b, name)
			runs := []func(){
				plainRun(b, code, false),
				rewrittenRun(b, code, wasm.RewriteOptions{Unmetered: true}),
				rewrittenRun(b, code, wasm.RewriteOptions{}),
				rewrittenRun(b, code, wasm.RewriteOptions{Track: true}),
				plainRun(b, code, true),
			}
			medians := interleaved(runs)
			counted++
			for i, variant := range variants {
				ratio := float64(medians[i]) / float64(medians[0])
				sums[i] += math.Log(ratio)
				b.Run(variant, func(b *testing.B) {
					for b.Loop() {
						runs[i]()
					}
					b.ReportMetric(float64(medians[i].Nanoseconds()), "median-ns")
					b.ReportMetric(ratio, "ratio")
				})
			}
		})
	}
	b.Run("mean", func(b *testing.B) {
		for b.Loop() {
		}
		for i, variant := range variants[1:] {
			b.ReportMetric(math.Exp(sums[i+1]/float64(counted)), variant+"-ratio")
		}
	})
}

// interleaved gives the median time of each run. They take turns, so that a
// busy neighbour slows all alike.
func interleaved(runs []func()) []time.Duration {
	const rounds = 41
	times := make([][]time.Duration, len(runs))
	for range rounds {
		for i, run := range runs {
			start := time.Now()
			run()
			times[i] = append(times[i], time.Since(start))
		}
	}
	medians := make([]time.Duration, len(runs))
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][rounds/2]
	}
	return medians
}

func rewrittenRun(b *testing.B, code []byte, opt wasm.RewriteOptions) func() {
	r := rewrite(b, code, opt)
	m, err := newMachine(b, engines[0], r.Code, r)
	require.NoError(b, err)
	run := m.mod.ExportedFunction("run")
	stack := make([]uint64, 1)
	ctx := context.Background()
	m.global(wasm.StackGlobal).Set(1 << 20)
	return func() {
		stack[0] = 1
		if err := run.CallWithStack(ctx, stack); err != nil {
			b.Fatal(err)
		}
	}
}

func plainRun(b *testing.B, code []byte, timeout bool) func() {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(timeout))
	b.Cleanup(func() { rt.Close(ctx) })
	mod, err := rt.Instantiate(ctx, code)
	require.NoError(b, err)
	run := mod.ExportedFunction("run")
	stack := make([]uint64, 1)
	return func() {
		ctx, cancel := ctx, context.CancelFunc(func() {})
		if timeout {
			ctx, cancel = context.WithTimeout(ctx, time.Minute)
		}
		defer cancel()
		stack[0] = 1
		if err := run.CallWithStack(ctx, stack); err != nil {
			b.Fatal(err)
		}
	}
}

var _ api.Module
