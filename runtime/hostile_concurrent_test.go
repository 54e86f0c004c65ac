package runtime_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// brutes are guests that use up one thing each, for tests that run many at
// once.
var brutes = []string{
	"loop", "recurse", "recurse_big_frames", "recurse_vectors", "double_60", "fill_loop", "grow_and_touch",
	"grow_refused_then_unreachable", "unreachable", "return_3", "next_16", "context_flood_scope", "remember",
}

// shortLimits end each brute soon.
var shortLimits = aril.Limits{Fuel: 2_000_000, SelfTime: 5 * time.Second, MemoryBytes: 4 << 20}

func loadBrute(t *testing.T, rt *aril.Runtime, name string, isolation aril.Isolation, l aril.Limits) *aril.Guest {
	t.Helper()
	code, err := os.ReadFile(filepath.Join(hostileDir, name+".wasm"))
	require.NoError(t, err)
	g, err := rt.Load(t.Context(), code, aril.ExtensionConfig{Name: name, Isolation: isolation, Limits: l, Breaker: aril.Breaker{Failures: aril.Unlimited}})
	require.NoError(t, err)
	return g
}

func attackOnce(ctx context.Context, g *aril.Guest) error {
	_, err := aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "test", Name: "attacked"},
		func(context.Context, []byte) (string, error) { return "inner", nil })(ctx, nil)
	return err
}

func TestHealthyOperationsGoOnWhileOthersAttack(t *testing.T) {
	r := newHostileRig(t)
	var attacks sync.WaitGroup
	var attacked atomic.Int64
	stop := make(chan struct{})
	for i, name := range brutes {
		isolation := aril.Fresh
		if i%2 == 1 && name != "remember" {
			isolation = aril.Pooled
		}
		g := loadBrute(t, r.rt, name, isolation, shortLimits)
		attacks.Add(1)
		go func() {
			defer attacks.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				var broken *aril.CallError
				if err := attackOnce(t.Context(), g); err != nil && !errors.As(err, &broken) {
					t.Errorf("%s: %v", name, err)
					return
				}
				attacked.Add(1)
			}
		}()
	}
	for range 300 {
		r.requireHealthy(t)
	}
	for attacked.Load() < int64(10*len(brutes)) {
		r.requireHealthy(t)
	}
	close(stop)
	attacks.Wait()
	for _, g := range r.rt.Guests() {
		if g.Name() != "healthy" {
			require.NoError(t, g.Unload(t.Context()))
		}
	}
	require.Equal(t, r.memory, r.rt.MemoryBytes())
	r.requireHealthy(t)
}

func TestAllInstancesTogetherKeepToTheRuntimesMemory(t *testing.T) {
	t.Parallel()
	const quota = 32 << 20
	rt, err := aril.New(t.Context(), aril.Config{MemoryBytes: quota})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	g := loadBrute(t, rt, "grow_and_touch", aril.Fresh, aril.Limits{SelfTime: time.Minute})
	var all sync.WaitGroup
	for range 32 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 4 {
				// It takes what it gets: memory.grow answers -1 past the quota.
				if err := attackOnce(t.Context(), g); err != nil {
					t.Error(err)
				}
				if used := rt.MemoryBytes(); used > quota {
					t.Errorf("%d bytes are in use, the runtime may have %d", used, quota)
				}
			}
		}()
	}
	all.Wait()
	require.NoError(t, g.Unload(t.Context()))
	require.Zero(t, rt.MemoryBytes())
}

func TestUnloadDuringAnAttackWaitsForItAndFreesEverything(t *testing.T) {
	t.Parallel()
	for _, name := range brutes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, err := aril.New(t.Context(), aril.Config{})
			require.NoError(t, err)
			g := loadBrute(t, rt, name, aril.Fresh, shortLimits)
			var all sync.WaitGroup
			for range 8 {
				all.Add(1)
				go func() {
					defer all.Done()
					for {
						if err := attackOnce(t.Context(), g); errors.Is(err, aril.ErrClosed) {
							return
						}
					}
				}()
			}
			require.NoError(t, g.Unload(t.Context()))
			all.Wait()
			require.Zero(t, rt.MemoryBytes())
			require.NoError(t, rt.Close(t.Context()))
		})
	}
}

func TestAnAttackerThatIsCanceledAtAnyMomentLeavesNothing(t *testing.T) {
	r := newHostileRig(t)
	for _, name := range brutes {
		g := loadBrute(t, r.rt, name, aril.Fresh, aril.Limits{Fuel: 20_000_000, SelfTime: 5 * time.Second, MemoryBytes: 4 << 20})
		for i := range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
			err := attackOnce(ctx, g)
			cancel()
			var broken *aril.CallError
			if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &broken) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		require.NoError(t, g.Unload(t.Context()))
		require.Equal(t, r.memory, r.rt.MemoryBytes(), name)
		r.requireHealthy(t)
	}
}
