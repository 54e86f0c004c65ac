package runtime

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	goruntime "runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every benchmark has all limits on, at their defaults, and the module
// metered. Guests have 128 KiB of memory unless the name says otherwise.

func BenchmarkWrap(b *testing.B) {
	in := bytes.Repeat([]byte{7}, 128)
	bare := func(_ context.Context, in []byte) ([]byte, error) { return in, nil }
	op := Operation{Kind: "bench", Name: "echo"}
	run := func(b *testing.B, f func(context.Context, []byte) ([]byte, error)) {
		b.Helper()
		b.ReportAllocs()
		ctx := b.Context()
		for b.Loop() {
			out, err := f(ctx, in)
			if err != nil || len(out) != len(in) {
				b.Fatal(err)
			}
		}
	}
	rt := newRuntime(b, Config{})
	b.Run("bare", func(b *testing.B) { run(b, bare) })
	b.Run("none", func(b *testing.B) {
		g := load(b, rt, "pass", ExtensionConfig{Filters: []Filter{{Kinds: []string{"other"}}}})
		run(b, Wrap(NewPipeline(g), op, bare))
	})
	one := NewPipeline(native{name: "n"})
	b.Run("native", func(b *testing.B) { run(b, Wrap(one, op, bare)) })
	b.Run("native/three", func(b *testing.B) {
		run(b, Wrap(NewPipeline(native{name: "a"}, native{name: "b"}, native{name: "c"}), op, bare))
	})
	b.Run("native/untyped", func(b *testing.B) {
		said := op
		said.InputType, said.ResultType = reflect.TypeFor[*order](), reflect.TypeFor[*order]()
		f := Wrap(one, said, func(_ context.Context, in any) (any, error) { return in, nil })
		b.ReportAllocs()
		ctx, in := b.Context(), any(&order{})
		for b.Loop() {
			if out, err := f(ctx, in); err != nil || out != in {
				b.Fatal(err)
			}
		}
	})
	for _, guest := range []string{"pass", "echo"} {
		for _, mode := range []struct {
			name string
			Isolation
		}{{"pooled", Pooled}, {"fresh", Fresh}} {
			name := guest
			if guest == "pass" {
				name = "passthrough"
			}
			b.Run(name+"/"+mode.name, func(b *testing.B) {
				g := load(b, rt, guest, ExtensionConfig{Name: "g", Isolation: mode.Isolation})
				run(b, Wrap(NewPipeline(g), op, bare))
			})
		}
	}
	b.Run("passthrough/pooled/parallel", func(b *testing.B) {
		f := Wrap(NewPipeline(load(b, rt, "pass", ExtensionConfig{Isolation: Pooled})), op, bare)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := f(context.Background(), in); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkEnd measures how long after its deadline, or after its caller gave
// up, a guest in an endless loop is gone: goal 5 ms.
func BenchmarkEnd(b *testing.B) {
	rt := newRuntime(b, Config{})
	op := &operation{}
	b.Run("deadline", func(b *testing.B) {
		const limit = 20 * time.Millisecond
		g := load(b, rt, "spin", ExtensionConfig{Limits: Limits{Fuel: Unlimited, SelfTime: limit}, Breaker: Breaker{Failures: Unlimited}})
		do := Wrap(NewPipeline(g), text, op.run)
		late(b, func() time.Duration {
			start := time.Now()
			_, err := do(b.Context(), "in")
			require.ErrorIs(b, err, ErrDeadline)
			return time.Since(start) - limit
		})
	})
	b.Run("cancel", func(b *testing.B) {
		g := load(b, rt, "spin", ExtensionConfig{Limits: Limits{Fuel: Unlimited, SelfTime: Unlimited}})
		do := Wrap(NewPipeline(g), text, op.run)
		late(b, func() time.Duration {
			ctx, cancel := context.WithCancel(b.Context())
			var at time.Time
			time.AfterFunc(5*time.Millisecond, func() { at = time.Now(); cancel() })
			_, err := do(ctx, "in")
			require.ErrorIs(b, err, context.Canceled)
			return time.Since(at)
		})
	})
}

// BenchmarkGC measures runtime.GC() with a guest spinning on every core: goal
// a median of 5 ms and a worst of 20 of 10 ms.
func BenchmarkGC(b *testing.B) {
	rt := newRuntime(b, Config{Chain: ChainLimits{Fuel: Unlimited}})
	g := load(b, rt, "spin", ExtensionConfig{Limits: Limits{Fuel: Unlimited, SelfTime: Unlimited}})
	do := Wrap(NewPipeline(g), text, (&operation{}).run)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	ended := make(chan struct{})
	cores := goruntime.GOMAXPROCS(0)
	for range cores {
		go func() {
			_, _ = do(ctx, "in") // ends with the context
			ended <- struct{}{}
		}()
	}
	time.Sleep(20 * time.Millisecond)
	late(b, func() time.Duration {
		start := time.Now()
		goruntime.GC()
		return time.Since(start)
	})
	cancel()
	for range cores {
		<-ended
	}
}

// late runs f b.N times, at least 20, and reports the median and the worst.
func late(b *testing.B, f func() time.Duration) {
	b.Helper()
	var all []time.Duration
	for b.Loop() {
		all = append(all, f())
	}
	for len(all) < 20 && b.N > 1 {
		all = append(all, f())
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "median-µs")
	b.ReportMetric(float64(all[len(all)-1].Microseconds()), "worst-µs")
}

// goGuest builds a Go guest of about 3 MB, as authors do.
func goGuest(b *testing.B) []byte {
	b.Helper()
	dir := b.TempDir()
	source := `package main

import (
	"encoding/json"
	"fmt"
	"os"
)

//go:wasmexport aril_abi_v1
func abi() int64 { return 1<<32 | 4096 }

//go:wasmexport aril_wrap
func wrap(n int32) int32 {
	b, err := json.Marshal(map[string]any{"n": n})
	fmt.Fprintln(os.Stderr, string(b), err)
	return 1
}

func main() {}
`
	require.NoError(b, os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module guest\n\ngo 1.25\n"), 0o600))
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", "guest.wasm", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
	module, err := os.ReadFile(filepath.Join(dir, "guest.wasm"))
	require.NoError(b, err)
	return module
}

// BenchmarkLoad loads a Go guest with fmt and encoding/json.
func BenchmarkLoad(b *testing.B) {
	module := goGuest(b)
	cfg := ExtensionConfig{Name: "go", Limits: Limits{MemoryBytes: 32 << 20}}
	mb := float64(len(module)) / 1e6
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			rt := newRuntime(b, Config{})
			_, err := rt.Load(b.Context(), module, cfg)
			require.NoError(b, err)
		}
		b.ReportMetric(mb, "MB")
	})
	b.Run("again", func(b *testing.B) {
		rt := newRuntime(b, Config{})
		_, err := rt.Load(b.Context(), module, cfg)
		require.NoError(b, err)
		for b.Loop() {
			g, err := rt.Load(b.Context(), module, cfg)
			require.NoError(b, err)
			require.NoError(b, g.Unload(b.Context()))
		}
	})
	b.Run("cached-dir", func(b *testing.B) {
		dir := filepath.Join(b.TempDir(), "cache")
		rt := newRuntime(b, Config{CacheDir: dir})
		_, err := rt.Load(b.Context(), module, cfg)
		require.NoError(b, err)
		for b.Loop() {
			rt := newRuntime(b, Config{CacheDir: dir})
			_, err := rt.Load(b.Context(), module, cfg)
			require.NoError(b, err)
		}
	})
	b.Run("admission", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := Inspect(module, cfg)
			require.NoError(b, err)
		}
		b.ReportMetric(mb, "MB")
	})
}
