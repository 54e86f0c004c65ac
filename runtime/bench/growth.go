package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	runtime "github.com/aril-wasm/aril/runtime"
)

// A series is how one cost grows with x.
type series struct {
	name string
	x, y []float64
}

// A growth is one chart: what grows, and what it costs.
type growth struct {
	name, about, x, y string
	series            []series
}

// one gives a series of g, made when it is not there.
func (g *growth) one(name string) *series {
	for i := range g.series {
		if g.series[i].name == name {
			return &g.series[i]
		}
	}
	g.series = append(g.series, series{name: name})
	return &g.series[len(g.series)-1]
}

func (g *growth) add(name string, x, y float64) {
	s := g.one(name)
	s.x, s.y = append(s.x, x), append(s.y, y)
}

// A growthReport is all of them, and the two figures of memory.
type growthReport struct {
	charts       []*growth
	idleKiB      float64 // of one loaded extension, of the most that were loaded
	waitingKiB   float64 // of one operation that waits in next
	waitingCount int
}

// measureGrowth measures how cost grows. Each point is the median of three.
func measureGrowth(ctx context.Context, o options) (*growthReport, error) {
	r := &growthReport{}
	m := growthMeter{meter{time: o.time}, 3}
	if o.quick {
		m.times = 1
	}
	for _, f := range []func(context.Context, growthMeter, options) (*growth, error){layers, payloads, memories} {
		chart, err := f(ctx, m, o)
		if err != nil {
			return nil, err
		}
		r.charts = append(r.charts, chart)
	}
	chart, idle, err := extensions(ctx, m, o)
	if err != nil {
		return nil, err
	}
	r.charts, r.idleKiB = append(r.charts, chart), idle
	r.waitingCount = 10_000
	if o.quick {
		r.waitingCount = 100
	}
	r.waitingKiB, err = waitingMemory(ctx, r.waitingCount)
	return r, err
}

type growthMeter struct {
	meter
	times int
}

// ns is the median time of one operation.
func (m growthMeter) ns(ctx context.Context, w *workload, op operation) (float64, error) {
	c := cell{}
	for range m.times {
		s, err := m.one(ctx, w, op)
		if err != nil {
			return 0, err
		}
		c.samples = append(c.samples, s)
	}
	return c.ns(), nil
}

// a nativePass is a native extension that passes.
type nativePass struct{ name string }

func (n nativePass) Name() string { return n.name }
func (nativePass) Wrap(ctx context.Context, _ *runtime.Invocation, next runtime.Next) (any, error) {
	return next(ctx)
}

// layers: 1 to 64 extensions around one operation.
func layers(ctx context.Context, m growthMeter, _ options) (*growth, error) {
	g := &growth{name: "layers", about: "extensions around one operation, each of which passes", x: "extensions", y: "ns an operation"}
	w := &workload{name: "layers", work: pass, bytes: 128}
	op := runtime.Operation{Kind: "bench", Name: "operation"}
	for _, kind := range []string{"pooled", "fresh", "native"} {
		for n := 1; n <= 64; n *= 2 {
			err := func() error {
				rt, err := runtime.New(ctx, runtime.Config{})
				if err != nil {
					return err
				}
				defer func() { _ = rt.Close(ctx) }()
				var all []runtime.Extension
				for i := range n {
					name := "layer" + strconv.Itoa(i)
					if kind == "native" {
						all = append(all, nativePass{name})
						continue
					}
					e, err := rt.Load(ctx, guestFile("aril_pass"), runtime.ExtensionConfig{Name: name, Isolation: isolation(kind == "fresh")})
					if err != nil {
						return err
					}
					all = append(all, e)
				}
				ns, err := m.ns(ctx, w, runtime.Wrap(runtime.NewPipeline(all...), op, identity))
				g.add(kind, float64(n), ns)
				return err
			}()
			if err != nil {
				return nil, fmt.Errorf("%d %s layers: %w", n, kind, err)
			}
		}
	}
	return g, nil
}

// payloads: 16 B to 4 MiB read, and replaced.
func payloads(ctx context.Context, m growthMeter, _ options) (*growth, error) {
	g := &growth{name: "payload", about: "`echo` of larger payloads; the guests have buffers of 4 MiB", x: "bytes", y: "ns an operation"}
	limits := runtime.Limits{MemoryBytes: 32 << 20, InputBytes: 8 << 20, ResultBytes: 8 << 20}
	openers := []struct {
		name string
		open func(*workload) (operation, func() error, error)
	}{
		{"native", func(w *workload) (operation, func() error, error) { return native().open(ctx, w, 1, identity) }},
		{"wazero", func(w *workload) (operation, func() error, error) {
			return openWazero(ctx, w, guestFile("raw_huge"), false, 1, identity)
		}},
		{"aril-pooled", func(*workload) (operation, func() error, error) {
			return openAril(ctx, guestFile("aril_huge"), runtime.Config{}, runtime.ExtensionConfig{Isolation: runtime.Pooled, Limits: limits}, identity)
		}},
		{"aril-fresh", func(*workload) (operation, func() error, error) {
			return openAril(ctx, guestFile("aril_huge"), runtime.Config{}, runtime.ExtensionConfig{Limits: limits}, identity)
		}},
	}
	for _, o := range openers {
		for n := 16; n <= 4<<20; n *= 8 {
			w := &workload{name: "payload", work: echo, bytes: n}
			if err := g.measure(ctx, m, o.name, float64(n), w, o.open); err != nil {
				return nil, err
			}
		}
	}
	return g, nil
}

// memories: guests of 64 KiB to 64 MiB, every page of which is in use.
func memories(ctx context.Context, m growthMeter, _ options) (*growth, error) {
	g := &growth{name: "memory", about: "`echo` of 128 B in guests that have written to every page of their memory before their template was taken", x: "bytes of guest memory", y: "ns an operation"}
	w := &workload{name: "memory", work: echo, bytes: 128}
	for _, fresh := range []bool{false, true} {
		for _, kib := range []int{64, 1 << 10, 16 << 10, 64 << 10} {
			name := map[bool]string{false: "pooled", true: "fresh"}[fresh]
			err := g.measure(ctx, m, name, float64(kib<<10), w, func(*workload) (operation, func() error, error) {
				return openAril(ctx, guestFile("aril_memory_"+strconv.Itoa(kib)), runtime.Config{}, runtime.ExtensionConfig{
					Isolation: isolation(fresh), Limits: runtime.Limits{MemoryBytes: 128 << 20},
				}, identity)
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return g, nil
}

// measure adds one point.
func (g *growth) measure(ctx context.Context, m growthMeter, name string, x float64, w *workload, open func(*workload) (operation, func() error, error)) error {
	op, done, err := open(w)
	if err != nil {
		return fmt.Errorf("%s, %s, %g: %w", g.name, name, x, err)
	}
	ns, err := m.ns(ctx, w, op)
	if err = errors.Join(err, done()); err != nil {
		return fmt.Errorf("%s, %s, %g: %w", g.name, name, x, err)
	}
	g.add(name, x, ns)
	return nil
}

// extensions: 1 to 10,000 of them loaded in one Runtime, under different
// names and configurations, each having run once.
func extensions(ctx context.Context, m growthMeter, o options) (_ *growth, idleKiB float64, _ error) {
	g := &growth{name: "extensions", about: "extensions of one module loaded in one Runtime, each of which has run once: time to load one more, time of an operation through the last", x: "loaded extensions", y: "ns"}
	counts := []int{1, 10, 100, 1000, 10_000}
	if o.quick {
		counts = []int{1, 10, 100}
	}
	rt, err := runtime.New(ctx, runtime.Config{MemoryBytes: 2 << 30})
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rt.Close(ctx) }()
	w := &workload{name: "extensions", work: echo, bytes: 128}
	before, loaded := resident(), 0
	for _, n := range counts {
		var last operation
		start, first := time.Now(), loaded
		var running time.Duration
		for ; loaded < n; loaded++ {
			e, err := rt.Load(ctx, guestFile("aril_echo"), runtime.ExtensionConfig{Name: "e" + strconv.Itoa(loaded), Config: map[string]int{"n": loaded}, Isolation: runtime.Pooled})
			if err != nil {
				return nil, 0, fmt.Errorf("extension %d: %w", loaded, err)
			}
			last = runtime.Wrap(runtime.NewPipeline(e), runtime.Operation{Kind: "bench", Name: "operation"}, identity)
			ran := time.Now()
			if _, err := last(ctx, w.input()); err != nil {
				return nil, 0, fmt.Errorf("extension %d: %w", loaded, err)
			}
			running += time.Since(ran)
		}
		g.add("load", float64(n), float64((time.Since(start)-running).Nanoseconds())/float64(n-first))
		ns, err := m.ns(ctx, w, last)
		if err != nil {
			return nil, 0, err
		}
		g.add("operation", float64(n), ns)
	}
	return g, float64(resident()-before) / 1024 / float64(loaded), nil
}

// waitingMemory is what an operation costs while it waits in next, with n of
// them: one small guest, mode Fresh.
func waitingMemory(ctx context.Context, n int) (kib float64, err error) {
	inside, release := make(chan struct{}, n), make(chan struct{})
	next := func(_ context.Context, in []byte) ([]byte, error) {
		inside <- struct{}{}
		<-release
		return in, nil
	}
	op, done, err := openAril(ctx, guestFile("aril_echo"), runtime.Config{MemoryBytes: 2 << 30}, runtime.ExtensionConfig{Limits: runtime.Limits{Instances: int64(n)}}, next)
	if err != nil {
		return 0, err
	}
	before := resident()
	var wait sync.WaitGroup
	failed := make(chan error, n)
	for range n {
		wait.Go(func() {
			if _, err := op(ctx, waiting.input()); err != nil {
				failed <- err
			}
		})
	}
	for range n {
		select {
		case <-inside:
		case err := <-failed:
			close(release)
			wait.Wait()
			return 0, errors.Join(err, done())
		}
	}
	after := resident()
	close(release)
	wait.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	return float64(after-before) / 1024 / float64(n), errors.Join(err, done())
}

// resident is this process's memory in bytes, after a collection.
func resident() int64 {
	goruntime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	pages, _ := strconv.ParseInt(fields[1], 10, 64) // the kernel writes numbers
	return pages * int64(os.Getpagesize())
}

// loadAverage is the machine's, over one minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}
