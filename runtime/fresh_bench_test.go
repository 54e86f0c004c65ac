package runtime

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/js"
)

// sdkGuest builds the extension of examples/hello, which is made with the Go
// SDK: it reads a string and runs next with another.
func sdkGuest(tb testing.TB) []byte {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "guest.wasm")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", file, "../examples/hello/ext")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	require.NoError(tb, err, string(out))
	module, err := os.ReadFile(file)
	require.NoError(tb, err)
	return module
}

// scriptGuest is the same in JavaScript: an interpreter of 690 KB and its
// script.
func scriptGuest(testing.TB) []byte {
	return js.Module([]byte(`export default { wrap(op, next) { return next("dear " + op.input); } }`))
}

// BenchmarkFresh measures what Fresh costs over Pooled: medians of operations
// that take turns, so that a busy neighbour slows both alike.
func BenchmarkFresh(b *testing.B) {
	ctx := context.Background()
	read := func(name string) func(testing.TB) []byte {
		return func(tb testing.TB) []byte {
			module, err := os.ReadFile("../testdata/" + name + ".wasm")
			require.NoError(tb, err)
			return module
		}
	}
	in := bytes.Repeat([]byte("x"), 128)
	for _, guest := range []struct {
		name   string
		module func(testing.TB) []byte
	}{
		{"wat-pass", read("guests/pass")}, {"c-pass", read("toolchains/c/pass")}, {"c-echo", read("toolchains/c/echo")},
		{"rust-echo", read("toolchains/rust/echo")}, {"go-sdk", sdkGuest}, {"js", scriptGuest},
	} {
		b.Run(guest.name, func(b *testing.B) {
			rt := newRuntime(b, Config{})
			module := guest.module(b)
			var runs []func()
			var guests []*Guest
			for _, isolation := range []Isolation{Pooled, Fresh} {
				g, err := rt.Load(ctx, module, ExtensionConfig{Name: "g", Isolation: isolation, Limits: Limits{MemoryBytes: 32 << 20}})
				require.NoError(b, err)
				op := Operation{Kind: "bench", Name: "op"}
				do := Wrap(NewPipeline(g), op, func(_ context.Context, in []byte) ([]byte, error) { return in, nil })
				run := func() {
					if _, err := do(ctx, in); err != nil {
						b.Fatal(err)
					}
				}
				if guest.name == "go-sdk" || guest.name == "js" {
					text := Wrap(NewPipeline(g), op, func(_ context.Context, in string) (string, error) { return in, nil })
					run = func() {
						if _, err := text(ctx, "world"); err != nil {
							b.Fatal(err)
						}
					}
				}
				runs, guests = append(runs, run), append(guests, g)
			}
			const batch = 20
			times := make([][]time.Duration, len(runs))
			for b.Loop() {
				for i, run := range runs {
					start := time.Now()
					for range batch {
						run()
					}
					times[i] = append(times[i], time.Since(start)/batch)
				}
			}
			median := func(i int) float64 {
				slices.Sort(times[i])
				return float64(times[i][len(times[i])/2].Nanoseconds())
			}
			b.ReportMetric(median(0), "pooled-ns")
			b.ReportMetric(median(1), "fresh-ns")
			b.ReportMetric(median(1)-median(0), "reset-ns")
			b.ReportMetric(float64(guests[1].template.template.Size())/1024, "KiB")
		})
	}
}
