package sandbox

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// counted makes a pool over numbers, and counts how many of them are alive.
func counted(maximum int) (*Pool[int], *atomic.Int64) {
	var alive, next atomic.Int64
	return &Pool[int]{
		New:  func(context.Context, bool) (int, error) { alive.Add(1); return int(next.Add(1)), nil },
		Drop: func(int) { alive.Add(-1) },
		Max:  maximum,
	}, &alive
}

func TestAPoolGivesTheSameValueAgain(t *testing.T) {
	t.Parallel()
	p, alive := counted(2)
	v, err := p.Take(t.Context(), true)
	require.NoError(t, err)
	p.Give(v)
	again, err := p.Take(t.Context(), true)
	require.NoError(t, err)
	require.Equal(t, v, again)
	p.Discard(again)
	require.Zero(t, alive.Load())
	other, err := p.Take(t.Context(), true)
	require.NoError(t, err)
	require.NotEqual(t, v, other)
}

func TestAUsedValueIsCleanedBeforeItIsHandedOutAgain(t *testing.T) {
	t.Parallel()
	for _, quick := range []bool{true, false} {
		p, _ := counted(2)
		var cleaned atomic.Int64
		p.Clean = func(int) error { cleaned.Add(1); return nil }
		p.Quick = func(int) bool { return quick }
		v, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		require.Zero(t, cleaned.Load())
		for n := range int64(3) {
			p.Give(v)
			again, err := p.Take(t.Context(), true)
			require.NoError(t, err)
			if again == v {
				require.Equal(t, n+1, cleaned.Load())
			} else { // the first was with the pool's goroutine
				p.Give(v)
				v = again
			}
		}
	}
}

func TestWhatIsNotQuickToCleanIsCleanedWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := counted(2)
		var cleaned atomic.Int64
		p.Clean = func(int) error { cleaned.Add(1); return nil }
		v, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		p.Give(v)
		synctest.Wait()
		require.EqualValues(t, 1, cleaned.Load())
		require.Equal(t, 1, p.Idle())
		again, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		require.Equal(t, v, again)
		require.EqualValues(t, 1, cleaned.Load())
	})
}

func TestAValueThatCannotBeCleanedIsFreedAndTheNextIsMadeAnew(t *testing.T) {
	for _, quick := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p, alive := counted(1)
			p.Clean = func(int) error { return errors.New("boom") }
			p.Quick = func(int) bool { return quick }
			v, err := p.Take(t.Context(), true)
			require.NoError(t, err)
			p.Give(v)
			other, err := p.Take(t.Context(), true)
			require.NoError(t, err)
			require.NotEqual(t, v, other)
			p.Discard(other)
			synctest.Wait()
			require.Zero(t, alive.Load())
			require.Zero(t, p.Live())
		})
	}
}

func TestClosingAPoolWaitsForTheCleaner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, alive := counted(2)
		begun, goOn := make(chan struct{}), make(chan struct{})
		p.Clean = func(int) error { close(begun); <-goOn; return nil }
		v, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		p.Give(v)
		<-begun
		closed := make(chan error)
		go func() { closed <- p.Close(t.Context()) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Fatal("a value was being cleaned")
		default:
		}
		close(goOn)
		require.NoError(t, <-closed)
		require.Zero(t, alive.Load())
	})
}

func TestARootWaitsForAFullPoolAndANestedCallerGoesBeyondIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := counted(1)
		first, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		nested, err := p.Take(t.Context(), false)
		require.NoError(t, err)
		got := make(chan int)
		go func() {
			v, err := p.Take(t.Context(), true)
			if err != nil {
				v = -1
			}
			got <- v
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("a root did not wait")
		default:
		}
		p.Give(nested) // beyond the bound: freed, and the root still waits for a place
		p.Give(first)
		require.Positive(t, <-got)
	})
}

func TestAWaitingRootGivesUpWithItsContextAndItsTurnGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := counted(1)
		v, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := p.Take(ctx, true)
			failed <- err
		}()
		synctest.Wait()
		got := make(chan error)
		go func() {
			_, err := p.Take(t.Context(), true)
			got <- err
		}()
		synctest.Wait()
		cancel()
		err = <-failed
		require.ErrorIs(t, err, ErrBusy)
		require.ErrorIs(t, err, context.Canceled)
		p.Give(v)
		require.NoError(t, <-got)
	})
}

func TestClosingAPoolWaitsForWhatIsInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, alive := counted(-1)
		inUse, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		idle, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		p.Give(idle)
		closed := make(chan error)
		go func() { closed <- p.Close(t.Context()) }()
		synctest.Wait()
		require.EqualValues(t, 1, alive.Load(), "the idle one is freed at once, the other is not")
		_, err = p.Take(t.Context(), true)
		require.ErrorIs(t, err, ErrClosed)
		p.Give(inUse)
		require.NoError(t, <-closed)
		require.Zero(t, alive.Load())
	})
}

func TestClosingAPoolGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	p, alive := counted(-1)
	v, err := p.Take(t.Context(), true)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Close(ctx), context.Canceled)
	p.Give(v)
	require.Zero(t, alive.Load())
	require.NoError(t, p.Close(t.Context()))
}

func TestAFailedNewLeavesItsPlaceFree(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	fail := true
	p := &Pool[int]{New: func(context.Context, bool) (int, error) {
		if fail {
			return 0, boom
		}
		return 1, nil
	}, Drop: func(int) {}, Max: 1}
	_, err := p.Take(t.Context(), true)
	require.ErrorIs(t, err, boom)
	fail = false
	_, err = p.Take(t.Context(), true)
	require.NoError(t, err)
}

func TestAPoolUnderManyGoroutinesHandsNoValueOutTwice(t *testing.T) {
	t.Parallel()
	p, alive := counted(4)
	var holders [10_000]atomic.Int32
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 500 {
				v, err := p.Take(context.Background(), true)
				if err != nil {
					t.Error(err)
					return
				}
				if holders[v].Add(1) != 1 {
					t.Error("two holders of one value")
				}
				holders[v].Add(-1)
				if (i+g)%7 == 0 {
					p.Discard(v)
				} else {
					p.Give(v)
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, p.Live())
	require.LessOrEqual(t, alive.Load(), int64(4))
	require.NoError(t, p.Close(t.Context()))
	require.Zero(t, alive.Load())
}

func TestAQuotaServesWaitersInOrderAndRefusesWhatCanNeverFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, first := NewQuota(100), new(Share)
		require.True(t, q.take(first, 80))
		require.ErrorIs(t, q.wait(t.Context(), new(Share), 101, nil), ErrMemory)
		var order []int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, n := range []int64{50, 10} {
			wg.Go(func() {
				if err := q.wait(t.Context(), new(Share), n, nil); err == nil {
					mu.Lock()
					order = append(order, i)
					mu.Unlock()
				}
			})
			synctest.Wait()
		}
		require.False(t, q.take(new(Share), 5), "nobody overtakes those who wait")
		require.Empty(t, order)
		q.give(first, 80)
		wg.Wait()
		require.ElementsMatch(t, []int{0, 1}, order)
		require.EqualValues(t, 60, q.Used())
	})
}

func TestAQuotaWaiterThatGivesUpLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, first := NewQuota(100), new(Share)
		require.True(t, q.take(first, 100))
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() { failed <- q.wait(ctx, new(Share), 60, nil) }()
		synctest.Wait()
		served := make(chan error)
		go func() { served <- q.wait(t.Context(), new(Share), 30, nil) }()
		synctest.Wait()
		q.give(first, 40)
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-failed, context.Canceled)
		require.NoError(t, <-served)
		require.EqualValues(t, 90, q.Used())
	})
}

func TestWhoHoldsLeastOfAQuotaIsServedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, greedy, modest := NewQuota(100), new(Share), new(Share)
		require.True(t, q.take(greedy, 100))
		var order []string
		var mu sync.Mutex
		ask := func(name string, s *Share, n int64) {
			go func() {
				if q.wait(t.Context(), s, n, nil) == nil {
					mu.Lock()
					order = append(order, name)
					mu.Unlock()
				}
			}()
			synctest.Wait()
		}
		for range 3 {
			ask("greedy", greedy, 10)
		}
		ask("modest", modest, 40)
		ask("modest", modest, 40)
		q.give(greedy, 30)
		synctest.Wait()
		require.Empty(t, order, "what is small does not overtake what comes first")
		q.give(greedy, 10)
		synctest.Wait()
		require.Equal(t, []string{"modest"}, order)
		q.give(greedy, 40) // greedy holds 20, modest 40
		synctest.Wait()
		require.Equal(t, []string{"modest", "greedy", "greedy", "greedy"}, order)
		q.give(modest, 40)
		synctest.Wait()
		require.Equal(t, "modest", order[4])
		require.EqualValues(t, 90, q.Used())
	})
}

func TestATankIsNeverOverdrawn(t *testing.T) {
	t.Parallel()
	var tank FuelTank
	var got atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				got.Add(tank.take(7, 1000))
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1000, got.Load())
	require.EqualValues(t, 1000, tank.taken.Load())
}

// The goroutine that cleans may come to it only when the pool is closed.
func TestAPoolThatIsClosedBeforeItsCleanerRunsIsClosedOnce(t *testing.T) {
	t.Parallel()
	dropped := 0
	p := &Pool[int]{
		New: func(context.Context, bool) (int, error) { return 7, nil }, Drop: func(int) { dropped++ },
		Clean: func(int) error { return nil }, Max: 1,
	}
	p.cleaning = true // as Give leaves it when the goroutine has not begun
	v, err := p.Take(t.Context(), true)
	require.NoError(t, err)
	p.Give(v)
	p.mu.Lock()
	p.closed, p.empty = true, make(chan struct{})
	close(p.empty)
	p.mu.Unlock()
	p.clean()
	require.NoError(t, p.Close(t.Context()))
	require.Equal(t, 1, dropped)
}

// A value that Take cannot clean may be the last that Close waits for.
func TestCloseDoesNotWaitForAValueThatCouldNotBeCleaned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cleaning, finish := make(chan struct{}), make(chan struct{})
		p := &Pool[int]{
			New: func(context.Context, bool) (int, error) { return 7, nil }, Drop: func(int) {},
			Clean: func(int) error { close(cleaning); <-finish; return ErrMemory }, Max: 1,
		}
		v, err := p.Take(t.Context(), true)
		require.NoError(t, err)
		p.cleaning = true // the pool's own cleaner is elsewhere
		p.Give(v)
		taken, closed := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := p.Take(t.Context(), true)
			taken <- err
		}()
		<-cleaning
		go func() { closed <- p.Close(t.Context()) }()
		synctest.Wait()
		close(finish)
		require.ErrorIs(t, <-taken, ErrClosed)
		require.NoError(t, <-closed)
	})
}
