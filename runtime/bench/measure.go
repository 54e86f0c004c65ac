package main

import (
	"cmp"
	"context"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// A sample is one batch of operations.
type sample struct {
	ns     float64 // wall time of one operation; with many callers, of the batch divided by operations
	cpu    float64 // ns of processor time of this process for one operation
	allocs float64
	bytes  float64 // allocated on Go's heap for one operation
}

// A cell is one peer at one workload, over all rounds.
type cell struct {
	samples []sample
	err     error // why there are none
}

// median gives the median of what get picks.
func (c *cell) median(get func(sample) float64) float64 {
	values := make([]float64, len(c.samples))
	for i, s := range c.samples {
		values[i] = get(s)
	}
	return median(values)
}

func (c *cell) ns() float64 { return c.median(func(s sample) float64 { return s.ns }) }

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// A meter takes one sample in about its time.
type meter struct {
	time   time.Duration
	maxOps int // 0: no bound
}

// one measures op with one caller.
func (m meter) one(ctx context.Context, w *workload, op operation) (sample, error) {
	in := w.input()
	out, err := op(ctx, in)
	if err == nil {
		err = w.check(in, out)
	}
	if err != nil {
		return sample{}, err
	}
	loop := func(n int) error {
		for range n {
			if _, err := op(ctx, in); err != nil {
				return err
			}
		}
		return nil
	}
	n, err := m.calibrate(loop)
	if err != nil {
		return sample{}, err
	}
	goruntime.GC()
	return record(func() (int, error) { return n, loop(n) })
}

// calibrate finds how many operations take about m.time, and warms them up.
func (m meter) calibrate(loop func(int) error) (int, error) {
	for n := 1; ; n *= 2 {
		start := time.Now()
		if err := loop(n); err != nil {
			return 0, err
		}
		took := time.Since(start)
		if m.maxOps > 0 && n*4 > m.maxOps {
			return n, nil
		}
		if took >= m.time/8 {
			return max(1, int(float64(n)*float64(m.time)/float64(took))), nil
		}
	}
}

// many measures op with so many callers at once for about m.time.
func (m meter) many(ctx context.Context, w *workload, op operation, callers int) (sample, error) {
	in := w.input()
	run := func(d time.Duration) (int, error) {
		var done atomic.Int64
		var failed atomic.Pointer[error]
		var wait sync.WaitGroup
		end := time.Now().Add(d)
		for range callers {
			wait.Go(func() {
				n := 0
				for first := true; first || time.Now().Before(end); first = false {
					out, err := op(ctx, in)
					if err == nil && first {
						err = w.check(in, out)
					}
					if err != nil {
						failed.Store(&err)
						return
					}
					n++
				}
				done.Add(int64(n))
			})
		}
		wait.Wait()
		if err := failed.Load(); err != nil {
			return 0, *err
		}
		return int(done.Load()), nil
	}
	if _, err := run(m.time / 8); err != nil {
		return sample{}, err
	}
	goruntime.GC()
	return record(func() (int, error) { return run(m.time) })
}

// record runs f, which says how many operations it did.
func record(f func() (int, error)) (sample, error) {
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	n, err := f()
	took := time.Since(start)
	cpu = cpuTime() - cpu
	goruntime.ReadMemStats(&after)
	if err != nil {
		return sample{}, err
	}
	if n == 0 {
		return sample{}, fmt.Errorf("no operation in %v", took)
	}
	return sample{
		ns:     float64(took.Nanoseconds()) / float64(n),
		cpu:    float64(cpu.Nanoseconds()) / float64(n),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}, nil
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// copies is what moving 64 KiB in and out costs at the least: two copies and
// one encoding, in plain Go.
func (m meter) copies() (sample, error) {
	in, guest, out := make([]byte, 64<<10), make([]byte, 64<<10), make([]byte, 64<<10)
	message := make([]byte, 0, 65<<10)
	loop := func(n int) error {
		for range n {
			message = msgp.AppendBytes(message[:0], in)
			copy(guest, message)
			copy(out, guest)
		}
		return nil
	}
	n, err := m.calibrate(loop)
	if err != nil {
		return sample{}, err
	}
	return record(func() (int, error) { return n, loop(n) })
}
