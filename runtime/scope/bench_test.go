package scope_test

import (
	"context"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// pass is a native extension that does nothing.
type pass struct{}

func (pass) Name() string { return "pass" }

func (pass) Wrap(ctx context.Context, _ *aril.Invocation, next aril.Next) (any, error) {
	return next(ctx)
}

func BenchmarkResolve(b *testing.B) {
	run := func(b *testing.B, extensions ...aril.Extension) {
		ctx := context.Background()
		s, err := scope.New(ctx, scope.Config{Extensions: extensions})
		require.NoError(b, err)
		e := scope.Value("a value", scope.Name("a"))
		_, err = scope.Resolve(ctx, s, e)
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			if v, err := scope.Resolve(ctx, s, e); err != nil || v != "a value" {
				b.Fatal(v, err)
			}
		}
	}
	b.Run("cached/extensions=0", func(b *testing.B) { run(b) })
	b.Run("cached/extensions=1", func(b *testing.B) { run(b, pass{}) })
	b.Run("cached/guest", func(b *testing.B) {
		rt, err := aril.New(context.Background(), aril.Config{})
		require.NoError(b, err)
		defer func() { _ = rt.Close(context.Background()) }()
		module, err := os.ReadFile("../../testdata/guests/pass.wasm")
		require.NoError(b, err)
		g, err := rt.Load(context.Background(), module, aril.ExtensionConfig{Name: "pass", Isolation: aril.Pooled})
		require.NoError(b, err)
		run(b, g)
	})
	b.Run("graph=10000", func(b *testing.B) {
		ctx := context.Background()
		top := graph(10_000)
		b.ReportAllocs()
		for b.Loop() {
			s, err := scope.New(ctx, scope.Config{})
			require.NoError(b, err)
			if _, err := scope.Resolve(ctx, s, top); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// graph makes n executors in layers of 100, each of which depends on ten of
// the layer below, and one that depends on the uppermost layer.
func graph(n int) *scope.Executor[int] {
	var below []scope.Dependency[int]
	for made := 1; made < n; {
		var layer []scope.Dependency[int]
		for i := 0; i < 100 && made < n; i++ {
			var deps []scope.Dependency[int]
			for j := range min(10, len(below)) {
				deps = append(deps, below[(i+j*7)%len(below)])
			}
			layer = append(layer, scope.DeriveMany(deps, func(_ context.Context, _ *scope.Controller, v []int) (int, error) { return len(v), nil }))
			made++
		}
		below = layer
	}
	return scope.DeriveMany(below, func(_ context.Context, _ *scope.Controller, v []int) (int, error) { return len(v), nil })
}

func BenchmarkUpdate(b *testing.B) {
	b.Run("dependents=1000", func(b *testing.B) {
		ctx := context.Background()
		s, err := scope.New(ctx, scope.Config{})
		require.NoError(b, err)
		source := scope.Value(0)
		for range 1000 {
			e := scope.Derive(source.Reactive(), func(_ context.Context, _ *scope.Controller, v int) (int, error) { return v + 1, nil })
			_, err := scope.Resolve(ctx, s, e)
			require.NoError(b, err)
		}
		n := 0
		for b.Loop() {
			n++
			if err := scope.Set(ctx, s, source, n); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkExec(b *testing.B) {
	empty := scope.NewFlow(scope.Definition{Name: "empty"}, func(context.Context, int) (int, error) { return 0, nil })
	run := func(b *testing.B, extensions ...aril.Extension) {
		ctx := context.Background()
		s, err := scope.New(ctx, scope.Config{Extensions: extensions})
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := scope.Run(ctx, s, empty, 1); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("extensions=0", func(b *testing.B) { run(b) })
	b.Run("extensions=1", func(b *testing.B) { run(b, pass{}) })
	nested := func(b *testing.B, extensions ...aril.Extension) {
		ctx := context.Background()
		s, err := scope.New(ctx, scope.Config{Extensions: extensions})
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			c, err := s.NewContext(ctx, scope.ContextConfig{})
			require.NoError(b, err)
			b.StartTimer()
			for range 1000 {
				if _, err := scope.Exec(c.Context(), empty, 1); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			_ = c.Close(ctx, scope.Graceful)
			b.StartTimer()
		}
	}
	b.Run("nested=1000/extensions=0", func(b *testing.B) { nested(b) })
	b.Run("nested=1000/extensions=1", func(b *testing.B) { nested(b, pass{}) })
}

func BenchmarkParallel(b *testing.B) {
	ctx := context.Background()
	s, err := scope.New(ctx, scope.Config{})
	require.NoError(b, err)
	c, err := s.NewContext(ctx, scope.ContextConfig{})
	require.NoError(b, err)
	items := make([]func(context.Context) (int, error), 1000)
	for i := range items {
		items[i] = func(context.Context) (int, error) { return i, nil }
	}
	b.Run("items=1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := scope.Parallel(c.Context(), items...); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCloseTree(b *testing.B) {
	ctx := context.Background()
	s, err := scope.New(ctx, scope.Config{})
	require.NoError(b, err)
	leaf := scope.NewFlow(scope.Definition{Name: "leaf"}, func(context.Context, int) (int, error) { return 0, nil })
	branch := scope.NewFlow(scope.Definition{Name: "branch"}, func(ctx context.Context, n int) (int, error) {
		for range n {
			if _, err := scope.Exec(ctx, leaf, 0); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	b.Run("contexts=100000", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			c, err := s.NewContext(ctx, scope.ContextConfig{})
			require.NoError(b, err)
			for range 316 {
				_, err := scope.Exec(c.Context(), branch, 316)
				require.NoError(b, err)
			}
			b.StartTimer()
			if err := c.Close(ctx, scope.Graceful); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkLiveContexts reports how much memory a context holds that waits in
// its handler's parent.
func BenchmarkLiveContexts(b *testing.B) {
	ctx := context.Background()
	s, err := scope.New(ctx, scope.Config{})
	require.NoError(b, err)
	leaf := scope.NewFlow(scope.Definition{Name: "leaf"}, func(context.Context, int) (int, error) { return 0, nil })
	const live = 100_000
	for b.Loop() {
		c, err := s.NewContext(ctx, scope.ContextConfig{})
		require.NoError(b, err)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range live {
			_, err := scope.Exec(c.Context(), leaf, 0)
			require.NoError(b, err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/live, "B/context")
		require.NoError(b, c.Close(ctx, scope.Graceful))
	}
}
