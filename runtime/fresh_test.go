package runtime

import (
	"context"
	"encoding/hex"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a guest does to everything that it can reach, in turns with healthy
// operations of the same extension.
const (
	leaveNothing = iota
	fillEverything
	fillAndTrap
)

func TestNothingOfOneFreshOperationIsVisibleToTheNext(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{1 << 20, 1 << 30} { // tracked, and too large to be tracked
		rt := newRuntime(t, Config{})
		if limit > 1<<20 {
			rt = newRuntime(t, Config{MemoryBytes: 8 << 20})
		}
		g := load(t, rt, "residue", ExtensionConfig{
			Limits: Limits{MemoryBytes: limit}, Breaker: Breaker{Failures: Unlimited}})
		require.Equal(t, limit == 1<<20, tracked(Fresh, g.limits))
		do := Wrap(NewPipeline(g), Operation{Kind: "t", Name: "op"}, func(context.Context, int) ([]byte, error) { return nil, nil })
		var mu sync.Mutex
		entropies := map[string]bool{}
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				for n := range 30 {
					what := (n + worker) % 3
					out, err := do(context.Background(), what)
					if what == fillAndTrap {
						if err == nil {
							t.Error("it was to trap")
						}
						continue
					}
					if err != nil || len(out) != 16 {
						t.Error(what, out, err)
						return
					}
					if out[0] != 0 {
						t.Error("something was left by an earlier operation")
					}
					mu.Lock()
					entropies[hex.EncodeToString(out[8:])] = true
					mu.Unlock()
				}
			})
		}
		all.Wait()
		require.Len(t, entropies, 4*20, "two operations drew the same")
		require.NoError(t, g.Unload(t.Context()))
		require.Zero(t, rt.MemoryBytes())
	}
}

func TestAPooledGuestSeesWhatAnEarlierOperationLeft(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "residue", ExtensionConfig{Isolation: Pooled, Limits: Limits{MemoryBytes: 1 << 20}})
	do := Wrap(NewPipeline(g), Operation{Kind: "t", Name: "op"}, func(context.Context, int) ([]byte, error) { return nil, nil })
	_, err := do(t.Context(), fillEverything)
	require.NoError(t, err)
	out, err := do(t.Context(), leaveNothing)
	require.NoError(t, err)
	require.EqualValues(t, 1, out[0], "the probe finds nothing anywhere")
}

func TestWhoWaitsInVainForAnInstanceIsToldWhoHasThem(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{Limits: Limits{Instances: 2}})
	inside, leave := make(chan struct{}), make(chan struct{})
	slow := Wrap(NewPipeline(g), Operation{Kind: "t", Name: "order.place"}, func(context.Context, string) (string, error) {
		inside <- struct{}{}
		<-leave
		return "", nil
	})
	done := make(chan error)
	for range 2 {
		go func() { _, err := slow(context.Background(), ""); done <- err }()
		<-inside
	}
	_, err := g.pool.Take(canceled(), true)
	require.ErrorIs(t, err, ErrBusy)
	require.ErrorContains(t, err, `waiting for one of 2, held by 2 of "order.place"`)
	close(leave)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	require.Empty(t, g.holders())
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestASeededRuntimeRepeatsWhatGuestsDraw(t *testing.T) {
	t.Parallel()
	draw := func(seed *[32]byte) (drawn []string) {
		g := load(t, newRuntime(t, Config{Seed: seed}), "residue", ExtensionConfig{})
		do := Wrap(NewPipeline(g), Operation{Kind: "t", Name: "op"}, func(context.Context, int) ([]byte, error) { return nil, nil })
		for range 3 {
			out, err := do(t.Context(), 0)
			require.NoError(t, err)
			drawn = append(drawn, hex.EncodeToString(out[8:]))
		}
		require.NotEqual(t, drawn[0], drawn[1])
		return drawn
	}
	require.Equal(t, draw(&[32]byte{1}), draw(&[32]byte{1}))
	require.NotEqual(t, draw(&[32]byte{1}), draw(&[32]byte{2}))
	require.NotEqual(t, draw(nil), draw(nil))
}
