package guard

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A machine has processors that requests take in turns, as goroutines do.
type machine struct{ processors chan bool }

const slice = 100 * time.Microsecond

// work takes so much time of a processor.
func (m *machine) work(d time.Duration) {
	for d > 0 {
		m.processors <- true
		time.Sleep(min(d, slice))
		<-m.processors
		d -= slice
	}
}

// A load is how long requests take of a processor.
type load func(r *rand.Rand) time.Duration

func exponential(mean time.Duration) load {
	return func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(mean)) }
}

// An outcome of a load at some rate.
type outcome struct {
	p50, p99 time.Duration // of what was admitted, its wait included
	admitted float64       // of all
	busy     float64       // of the processors
}

// offer simulates two processors under requests that come at random, at a rate
// of so many times what they can do. The first are not counted: a burst, which
// is let in, is not the steady state.
func offer(t *testing.T, cfg AdmissionConfig, l load, mean time.Duration, rate float64) (o outcome) {
	synctest.Test(t, func(t *testing.T) {
		g := newAdmission(cfg).gate
		m := &machine{make(chan bool, 2)}
		r := rand.New(rand.NewPCG(1, 2))
		between := float64(mean) / 2 / rate
		var mu sync.Mutex
		var times []time.Duration
		var work time.Duration
		var wg sync.WaitGroup
		const n, first = 6_000, 1_000
		begun := time.Now()
		for i := range n {
			time.Sleep(time.Duration(r.ExpFloat64() * between))
			d := l(r)
			wg.Go(func() {
				came := time.Now()
				p, err := g.take(t.Context(), "")
				if err != nil {
					return
				}
				m.work(d)
				p.done()
				mu.Lock()
				defer mu.Unlock()
				work += d
				if i >= first {
					times = append(times, time.Since(came))
				}
			})
		}
		wg.Wait()
		slices.Sort(times)
		o = outcome{times[len(times)/2], times[len(times)*99/100], float64(len(times)) / (n - first), float64(work) / 2 / float64(time.Since(begun))}
	})
	return o
}

func mixed(r *rand.Rand) time.Duration {
	switch n := r.IntN(100); {
	case n < 30:
		return 50 * time.Microsecond // a 304
	case n < 98:
		return time.Duration(200+r.IntN(400)) * time.Microsecond // one instance
	default:
		return time.Duration(5+r.IntN(5)) * time.Millisecond // a page
	}
}

// The figure of the service: at twice what the processors can do the 99th
// percentile of what is admitted is at most 5 times that of a machine with
// little to do, and the processors lose no time over those who are turned away.
func TestOverloadMakesWhatIsAdmittedLittleSlower(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]struct {
		load load
		mean time.Duration
		most float64
	}{
		"times like those of a queue's textbook": {exponential(400 * time.Microsecond), 400 * time.Microsecond, 5},
		"304s, instances and pages":              {mixed, 437 * time.Microsecond, 5},
		// Nothing on a real machine is as even as this. Sixteen at two
		// processors, as many as sixteen clients need, must take eight times as
		// long as one.
		"all the same": {func(*rand.Rand) time.Duration { return 400 * time.Microsecond }, 400 * time.Microsecond, 8.5},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := AdmissionConfig{Places: 4} // the default of two processors
			idle, busy := offer(t, cfg, l.load, l.mean, 0.1), offer(t, cfg, l.load, l.mean, 2)
			t.Logf("idle p99 %v; busy p50 %v, p99 %v, admitted %.2f, processors %.2f", idle.p99, busy.p50, busy.p99, busy.admitted, busy.busy)
			require.Equal(t, 1.0, idle.admitted)
			require.Less(t, float64(busy.p99), l.most*float64(idle.p99))
			require.Greater(t, busy.admitted, 0.47)
			require.Greater(t, busy.busy, 0.97)
		})
	}
}
