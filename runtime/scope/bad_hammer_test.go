package scope_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// A tally counts values that were made, and how often each was cleaned up.
type tally struct {
	made    atomic.Int64
	mu      sync.Mutex
	cleaned map[int64]int
}

// executor makes values whose cleanup is counted; some fail.
func (y *tally) executor(name string, deps ...scope.Dependency[int]) *scope.Executor[int] {
	return scope.DeriveMany(deps, func(ctx context.Context, c *scope.Controller, v []int) (int, error) {
		id := y.made.Add(1)
		c.Cleanup(func(context.Context) error {
			y.mu.Lock()
			defer y.mu.Unlock()
			y.cleaned[id]++
			return nil
		})
		if id%17 == 0 {
			return 0, errBoom
		}
		runtime.Gosched()
		return len(v), ctx.Err()
	}, scope.Name(name))
}

// expected are the errors that a hammer may see.
func expected(err error) bool {
	for _, may := range []error{nil, errBoom, scope.ErrNotResolved, scope.ErrClosed, context.Canceled} {
		if err == may || may != nil && errors.Is(err, may) {
			return true
		}
	}
	return false
}

// TestEverythingAtOnce uses one scope from many goroutines in every way, and
// disposes of it while they do. It runs alone, to count goroutines.
func TestEverythingAtOnce(t *testing.T) {
	guest := loadGuest(t, "subscriber", aril.ExtensionConfig{Config: "none"})
	for _, tc := range []struct {
		compat    scope.Compat
		extension aril.Extension
	}{{scope.Compat{}, named("none")}, {scope.Compat{}, doubles()}, {scope.CompatGen2, doubles()}, {scope.Compat{}, guest}} {
		before := runtime.NumGoroutine()
		everythingAtOnce(t, tc.compat, tc.extension)
		deadline := time.Now().Add(10 * time.Second)
		for runtime.NumGoroutine() > before {
			require.Truef(t, time.Now().Before(deadline), "%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks())
			runtime.Gosched()
		}
	}
}

func stacks() string {
	b := make([]byte, 1<<20)
	return strings.ReplaceAll(string(b[:runtime.Stack(b, true)]), "\t", " ")
}

func everythingAtOnce(t *testing.T, c scope.Compat, with aril.Extension) {
	tl := &tally{cleaned: map[int64]int{}}
	log := &safeBuilder{}
	s, err := scope.New(t.Context(), scope.Config{Compat: c, Logger: log.logger(), Extensions: []aril.Extension{with}})
	require.NoError(t, err)

	roots := []*scope.Executor[int]{tl.executor("r0"), tl.executor("r1"), tl.executor("r2")}
	all := append([]*scope.Executor[int]{}, roots...)
	for i := range 4 {
		mid := tl.executor(fmt.Sprint("m", i), roots[i%3].Reactive(), roots[(i+1)%3])
		all = append(all, mid, tl.executor(fmt.Sprint("t", i), mid.Reactive(), roots[2].Reactive()))
	}
	pool := scope.ProvidePool(scope.PoolConfig[int]{Name: "p"}, func(context.Context, *scope.Controller, int) (int, error) { return 1, nil })

	const workers = 16
	var group sync.WaitGroup
	var most, done atomic.Int64
	enough := make(chan struct{})
	worker := func(seed uint64) {
		defer group.Done()
		r := rand.New(rand.NewPCG(seed, 1))
		for range 300 {
			if done.Add(1) == workers*300/2 {
				close(enough)
			}
			ctx, cancel := context.WithCancel(t.Context())
			if r.IntN(10) == 0 {
				cancel()
			}
			e := all[r.IntN(len(all))]
			var err error
			switch r.IntN(16) {
			case 0, 1, 2:
				_, err = scope.Resolve(ctx, s, e)
			case 3:
				_, err = scope.Access(s, e).Resolve(ctx)
			case 4:
				_, err = scope.Reload(ctx, s, e)
			case 5:
				err = scope.Set(ctx, s, e, r.IntN(10))
			case 6:
				err = scope.Update(ctx, s, e, func(n int) (int, error) { return n + 1, nil })
			case 7:
				err = s.Release(ctx, e)
			case 8:
				err = s.ReleaseIfResolved(ctx, e)
			case 9:
				var remove func()
				if remove, err = s.UseExtension(ctx, &ext{name: "x", start: func(ctx context.Context, _ *scope.Scope) error {
					<-ctx.Done()
					return nil
				}}); err == nil {
					_, _ = scope.Resolve(ctx, s, e)
					remove()
				}
			case 10:
				remove := s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { return nil, nil })
				also := scope.OnUpdate(s, e, func(context.Context, int) {})
				_, err = scope.Resolve(ctx, s, e)
				remove()
				also()
			case 11:
				remove := s.OnError(func(context.Context, error, scope.AnyExecutor, *scope.Scope) {})
				also := s.OnRelease(func(context.Context, scope.AnyExecutor) {})
				err = s.SetAny(ctx, e, 5)
				remove()
				also()
			case 12:
				remove := s.Every(time.Microsecond, func(context.Context) { s.Lookup(e) })
				defer remove()
			case 13:
				most.Store(max(most.Load(), int64(len(s.Entries()))))
				_ = s.Extensions()
				s.Set("k", r.IntN(10))
				_ = s.Get("k")
				_ = s.Executor(e.ID())
				_ = s.ExecutorNamed(e.Name())
			case 14:
				_, _ = scope.Resolve(ctx, s, pool.Of(r.IntN(4)))
				err = pool.Release(ctx, s)
			case 15:
				// New ones each time, so that cells come and go.
				_, err = scope.Resolve(ctx, s, tl.executor("", e.Reactive()))
			}
			cancel()
			if !expected(err) {
				t.Errorf("%v", err)
			}
		}
	}
	for i := range workers {
		group.Add(1)
		go worker(uint64(i))
	}
	disposed := make(chan error, 2)
	half := func() {
		<-enough
		disposed <- s.Dispose(context.Background())
	}
	go half()
	go half()
	group.Wait()
	require.NoError(t, <-disposed)
	require.NoError(t, <-disposed)

	require.Empty(t, s.Entries())
	require.Empty(t, s.Extensions())
	require.Positive(t, most.Load())
	tl.mu.Lock()
	defer tl.mu.Unlock()
	for id := range tl.made.Load() {
		require.Equalf(t, 1, tl.cleaned[id+1], "cleanups of value %d", id+1)
	}
	require.NotContains(t, log.String(), "panic")
}

// TestManyResolveOneColdGraph has everybody ask for the top of one graph.
func TestManyResolveOneColdGraph(t *testing.T) {
	t.Parallel()
	for _, list := range [][]aril.Extension{nil, {&ext{name: "pass"}}} {
		s := newScope(t, scope.Compat{}, list...)
		var runs atomic.Int64
		one := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return int(runs.Add(1)), nil })
		a, b := plusOne("a", one), plusOne("b", one)
		top := scope.Derive2(a, b, func(_ context.Context, _ *scope.Controller, a, b int) (int, error) { return a + b, nil })
		var g sync.WaitGroup
		for i := range 200 {
			g.Go(func() {
				v, err := scope.Resolve(t.Context(), s, []*scope.Executor[int]{top, a, b}[i%3])
				if err != nil || v != []int{4, 2, 2}[i%3] {
					t.Errorf("got %d, %v", v, err)
				}
			})
		}
		g.Wait()
		require.EqualValues(t, 1, runs.Load())
	}
}
