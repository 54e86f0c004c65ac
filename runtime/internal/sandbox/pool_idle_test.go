package sandbox

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestValuesThatNobodyNeedsAreFreedDownToTheWarmOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, alive := counted(-1)
		p.IdleTime, p.Warm = time.Minute, 1
		take := func(n int) (all []int) {
			for range n {
				v, err := p.Take(t.Context(), true)
				require.NoError(t, err)
				all = append(all, v)
			}
			return all
		}
		give := func(all []int) {
			for _, v := range all {
				p.Give(v)
			}
		}
		give(take(10))
		require.EqualValues(t, 10, alive.Load())
		for range 20 { // three are needed all the time
			some := take(3)
			time.Sleep(10 * time.Second)
			give(some)
		}
		require.EqualValues(t, 4, alive.Load(), "those that are needed, and a warm one")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		require.EqualValues(t, 1, alive.Load())
		require.NoError(t, p.Close(t.Context()))
		require.Zero(t, alive.Load())
	})
}

func TestAClosedPoolSweepsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, alive := counted(-1)
		p.IdleTime = time.Minute
		v, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		p.Give(v)
		require.NoError(t, p.Close(t.Context()))
		time.Sleep(time.Hour)
		require.Zero(t, alive.Load())
	})
}

func TestWhoWaitsInVainIsToldWhoHoldsTheValues(t *testing.T) {
	t.Parallel()
	p, _ := counted(1)
	p.Holders = func() string { return ", all in order.place" }
	_, err := p.Take(t.Context(), true)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Take(ctx, true)
	require.ErrorIs(t, err, ErrBusy)
	require.ErrorContains(t, err, "one of 1, all in order.place")
}
