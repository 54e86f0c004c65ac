package guard

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func newGate(places, queue int) *gate {
	a := newAdmission(AdmissionConfig{Places: places, Queue: queue, Burst: queue})
	return a.gate
}

// queued starts to wait for a place and gives the result when there is one.
func queued(t *testing.T, g *gate, id string) <-chan any {
	t.Helper()
	got := make(chan any, 1)
	go func() {
		p, err := g.take(t.Context(), id)
		if err != nil {
			got <- err
			return
		}
		got <- p
	}()
	synctest.Wait()
	return got
}

func waitingIn(g *gate) int {
	_, n, _ := g.state()
	return n
}

func held(t *testing.T, g *gate, id string) *place {
	t.Helper()
	p, err := g.take(t.Context(), id)
	require.NoError(t, err)
	return p
}

func TestAPlaceGoesToTheFirstWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 4)
		p := held(t, g, "")
		first := queued(t, g, "")
		time.Sleep(time.Millisecond)
		second := queued(t, g, "")
		require.Empty(t, first)
		p.done()
		p = (<-first).(*place)
		require.Empty(t, second)
		p.done()
		(<-second).(*place).done()
		require.Equal(t, 0, g.held)
		require.Empty(t, g.parties, "nothing is kept of callers who have gone")
	})
}

func TestAPlaceGivenBackTwiceIsOnePlace(t *testing.T) {
	t.Parallel()
	g := newGate(2, 4)
	p := held(t, g, "")
	held(t, g, "")
	p.done()
	p.done()
	require.Equal(t, 1, g.held)
}

func TestAFullQueueTurnsAwayAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 2)
		held(t, g, "")
		queued(t, g, "")
		queued(t, g, "")
		begun := time.Now()
		_, err := g.take(t.Context(), "")
		require.ErrorIs(t, err, errQueueFull)
		require.Zero(t, time.Since(begun))
		time.Sleep(2 * time.Second) // those who wait give up
	})
}

func TestAWaitEndsWithPatienceOrTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 4)
		p := held(t, g, "")
		begun := time.Now()
		_, err := g.take(t.Context(), "")
		require.ErrorIs(t, err, errWaited)
		require.Equal(t, time.Second, time.Since(begun))

		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Millisecond)
			cancel()
		}()
		_, err = g.take(ctx, "")
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 0, waitingIn(g))
		p.done()
		held(t, g, "").done()
	})
}

// A place that comes in the moment in which its client goes is not lost; one
// that comes in the moment in which patience ends is taken.
func TestAPlaceThatComesTooLateIsGivenOn(t *testing.T) {
	t.Parallel()
	g := newGate(1, 4)
	granted := func() *waiter {
		w := &waiter{party: g.party("x"), ready: make(chan struct{})}
		g.grant(w.party)
		close(w.ready)
		return w
	}
	require.ErrorIs(t, g.abandon(granted(), context.Canceled), context.Canceled)
	require.Equal(t, 0, g.held)
	require.NoError(t, g.abandon(granted(), errWaited))
	require.Equal(t, 1, g.held)
}

// A queue that stands is held short; one that has just come is not.
func TestABurstMayWaitWhereAStandingQueueMayNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 2)
		g.burst = 8
		p := held(t, g, "")
		release := func(n int) {
			g.mu.Lock()
			defer g.mu.Unlock()
			for range n {
				g.release(p.party)
			}
		}
		refused := func() {
			_, err := g.take(t.Context(), "")
			require.ErrorIs(t, err, errQueueFull)
		}
		time.Sleep(calmTime)
		for range 8 {
			queued(t, g, "")
		}
		require.Equal(t, 8, waitingIn(g))
		refused()
		time.Sleep(burstTime + 1)
		release(6)
		require.Equal(t, 2, waitingIn(g))
		refused()
		time.Sleep(calmTime / 2)
		refused()
		time.Sleep(calmTime / 2) // the two are through with waiting, but it was not calm
		queued(t, g, "")
		queued(t, g, "")
		require.Equal(t, 2, waitingIn(g))
		refused()
		time.Sleep(2 * calmTime)
		for range 8 {
			queued(t, g, "")
		}
		require.Equal(t, 8, waitingIn(g), "after a calm time there may be a burst again")
		time.Sleep(2 * time.Second)
	})
}

func TestOneCallerCannotKeepAnotherOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4, 8)
		var greedy []*place
		for range 3 {
			greedy = append(greedy, held(t, g, "greedy"))
		}
		var waiting []<-chan any
		for range 8 {
			waiting = append(waiting, queued(t, g, "greedy"))
			time.Sleep(time.Microsecond)
		}
		require.Equal(t, [2]int{3, 8}, [2]int{g.held, waitingIn(g)}, "a named caller leaves a quarter of the places")
		modest := held(t, g, "modest")
		second := queued(t, g, "modest")
		require.ErrorIs(t, (<-waiting[7]).(error), errQueueFull, "the last of the one with most made room")
		greedy[0].done()
		require.IsType(t, &place{}, <-second, "who holds fewer goes first, whoever came first")
		modest.done()
		require.IsType(t, &place{}, <-waiting[0])
		time.Sleep(2 * time.Second)
	})
}

// Callers who have the same are equal: a full queue of one's own is full.
func TestAFullQueueOfEqualsTurnsAwayTheNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 2)
		held(t, g, "a")
		a, b := queued(t, g, "a"), queued(t, g, "b")
		_, err := g.take(t.Context(), "a")
		require.ErrorIs(t, err, errQueueFull)
		_, err = g.take(t.Context(), "c")
		require.ErrorIs(t, err, errQueueFull)
		require.Empty(t, a)
		require.Empty(t, b)
		time.Sleep(2 * time.Second)
	})
}

func TestAPlaceIsOthersWhileItsRequestIsOutside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 4)
		p := held(t, g, "")
		ctx := context.WithValue(t.Context(), placeKey{}, p)
		next := queued(t, g, "")
		back := Outside(ctx)
		other := (<-next).(*place)
		last := queued(t, g, "")
		returned := make(chan bool)
		go func() {
			back()
			close(returned)
		}()
		synctest.Wait()
		require.Empty(t, last)
		other.done()
		<-returned
		require.Empty(t, last, "who comes back goes before who has not begun")
		p.done()
		(<-last).(*place).done()
		_, waiting, outside := g.state()
		require.Equal(t, [3]int{0, 0, 0}, [3]int{g.held, waiting, outside})
		require.Empty(t, g.parties)
	})
}

func TestOutsideIsBounded(t *testing.T) {
	t.Parallel()
	g := newGate(2, 4)
	g.away = 1
	a, b := held(t, g, ""), held(t, g, "")
	Outside(context.WithValue(t.Context(), placeKey{}, a))
	require.Equal(t, 1, g.held)
	Outside(context.WithValue(t.Context(), placeKey{}, b))
	require.Equal(t, 1, g.held, "the second keeps its place")
	Outside(t.Context())() // no request: nothing happens
	a.done()
	b.done()
	require.Equal(t, [2]int{0, 0}, [2]int{g.held, g.outside})
}

func TestARequestThatEndsOutsideLeavesNothing(t *testing.T) {
	t.Parallel()
	g := newGate(1, 4)
	p := held(t, g, "x")
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), placeKey{}, p))
	back := Outside(ctx)
	other := held(t, g, "y")
	cancel()
	back() // no place comes free, but nobody waits for this one any more
	p.done()
	other.done()
	require.Equal(t, [2]int{0, 0}, [2]int{g.held, g.outside})
	require.Empty(t, g.parties)
	require.Empty(t, g.back)
	Outside(ctx)() // too late
	require.Equal(t, [2]int{0, 0}, [2]int{g.held, g.outside})
}

// A request may end while a goroutine that it does not wait for comes back.
func TestAPlaceForARequestThatIsOverGoesToTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 4)
		p := held(t, g, "x")
		back := Outside(context.WithValue(t.Context(), placeKey{}, p))
		other := held(t, g, "y")
		go back()
		synctest.Wait()
		p.done()
		last := queued(t, g, "z")
		other.done()
		(<-last).(*place).done()
		synctest.Wait()
		require.Equal(t, [2]int{0, 0}, [2]int{g.held, g.outside})
		require.Empty(t, g.parties)
	})
}

// However callers come, wait, give up, go outside and come back, no place is
// lost and never are there more than there are.
func TestNoPlaceIsLostOrMadeUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4, 6)
		g.burst, g.patience, g.away = 9, 5*time.Millisecond, 5
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(i), 1))
				pause := func(most time.Duration) { time.Sleep(time.Duration(rng.Int64N(int64(most)))) }
				for range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.Int64N(int64(20*time.Millisecond))))
					p, err := g.take(ctx, []string{"", "a", "b", fmt.Sprint(i)}[rng.IntN(4)])
					if err == nil {
						ctx := context.WithValue(ctx, placeKey{}, p)
						var inside sync.WaitGroup
						for range rng.IntN(4) {
							inside.Go(func() {
								back := Outside(ctx)
								time.Sleep(time.Millisecond)
								back()
							})
						}
						g.mu.Lock()
						if g.held > g.places {
							t.Errorf("%d places of %d", g.held, g.places)
						}
						g.mu.Unlock()
						pause(3 * time.Millisecond)
						inside.Wait()
						p.done()
					}
					cancel()
					pause(time.Millisecond)
				}
			})
		}
		wg.Wait()
		h, w, o := g.state()
		require.Equal(t, [3]int{0, 0, 0}, [3]int{h, w, o})
		require.Empty(t, g.parties)
		require.Empty(t, g.lines)
		require.Empty(t, g.back)
	})
}
