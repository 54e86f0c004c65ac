package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	goruntime "runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// soakEnv says how many operations TestMixedOperationsLeaveNothingBehind runs;
// `make soak` sets it to a million.
const soakEnv = "ARIL_SOAK"

// TestMixedOperationsLeaveNothingBehind runs a process of its own, since what
// it measures is the process.
func TestMixedOperationsLeaveNothingBehind(t *testing.T) {
	_ = os.Getenv(soakEnv) // so that a cached result is of the same number
	inAProcessOfItsOwn(t, soak)
}

func TestTenThousandOperationsWaitInNextInAHundredKiBEach(t *testing.T) {
	inAProcessOfItsOwn(t, waitInNext)
}

// inAProcessOfItsOwn runs f in another process, and logs the line "figures: …"
// that it prints.
func inAProcessOfItsOwn(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if os.Getenv(soakEnv+"_CHILD") != "" {
		f(t)
		return
	}
	if _, err := os.Stat("/proc/self/maps"); err != nil {
		t.Skip("the system does not tell what a process holds")
	}
	run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=60m", "-test.v")
	run.Env = append(os.Environ(), soakEnv+"_CHILD=1")
	text, err := run.CombinedOutput()
	require.NoError(t, err, "%s", text)
	_, figures, found := strings.Cut(string(text), "figures: ")
	require.True(t, found, "%s", text)
	line, _, _ := strings.Cut(figures, "\n")
	t.Log(line)
}

// A held is what a process holds of the system.
type held struct {
	goroutines, files, mappings int
	resident                    int64 // bytes
}

func holds(t *testing.T) held {
	t.Helper()
	for range 3 { // finalizers of one round free what the next collects
		goruntime.GC()
	}
	debug.FreeOSMemory()
	files, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	statm, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	require.NoError(t, err)
	return held{goruntime.NumGoroutine(), len(files), strings.Count(string(maps), "\n"), pages * int64(os.Getpagesize())}
}

// residentGrowth is how many bytes more may be resident after the operations.
var residentGrowth int64 = 16 << 20

// A soaker is one way for an operation to go, and what must come of it.
type soaker struct {
	name string
	run  func(ctx context.Context, n int) error
	want func(error) bool
}

func soak(t *testing.T) {
	total := 20_000
	if s := os.Getenv(soakEnv); s != "" {
		var err error
		total, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	ways := soakers(t, rt)
	began := time.Now()
	soakFor(t, ways, total/10) // pools, caches and Go's heap find their size
	before := holds(t)
	soakFor(t, ways, total-total/10)
	after := holds(t)
	fmt.Printf("figures: %d operations in %v: before %+v, after %+v\n", total, time.Since(began).Round(time.Millisecond), before, after)
	require.LessOrEqual(t, after.goroutines, before.goroutines)
	require.LessOrEqual(t, after.files, before.files)
	require.LessOrEqual(t, after.mappings, before.mappings+16, "an instance more has a mapping of its own")
	require.LessOrEqual(t, after.resident, before.resident+residentGrowth)

	require.NoError(t, rt.Close(context.Background()))
	require.Zero(t, rt.MemoryBytes())
	rt, ways = nil, nil
	closed := holds(t)
	require.LessOrEqual(t, closed.goroutines, after.goroutines)
	require.Less(t, closed.mappings, after.mappings+1)
}

func soakers(t *testing.T, rt *aril.Runtime) []soaker {
	load := func(name string, cfg aril.ExtensionConfig) *aril.Guest {
		code, err := os.ReadFile("../testdata/guests/" + name + ".wasm")
		require.NoError(t, err)
		cfg.Name, cfg.Breaker = name, aril.Breaker{Failures: aril.Unlimited}
		g, err := rt.Load(t.Context(), code, cfg)
		require.NoError(t, err)
		return g
	}
	inner := errors.New("inner")
	do := func(p *aril.Pipeline) func(context.Context, int) error {
		echo := aril.Wrap(p, aril.Operation{Kind: "soak", Name: "echo"}, func(ctx context.Context, in []byte) ([]byte, error) {
			if len(in)%7 == 6 {
				return nil, inner
			}
			return in, ctx.Err()
		})
		return func(ctx context.Context, n int) error {
			_, err := echo(ctx, make([]byte, n%300))
			return err
		}
	}
	healthy := func(err error) bool { return err == nil || errors.Is(err, inner) }
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

	fresh, pooled := load("echo", aril.ExtensionConfig{}), load("echo", aril.ExtensionConfig{Isolation: aril.Pooled})
	single := load("retry", aril.ExtensionConfig{Isolation: aril.Single})
	nested := do(aril.NewPipeline(load("pass", aril.ExtensionConfig{Isolation: aril.Pooled})))
	outer := aril.Wrap(aril.NewPipeline(fresh), aril.Operation{Kind: "soak", Name: "outer"}, func(ctx context.Context, n int) (int, error) {
		return n, nested(ctx, n)
	})
	spin := do(aril.NewPipeline(load("spin", aril.ExtensionConfig{Limits: aril.Limits{Fuel: 20_000}})))
	endless := do(aril.NewPipeline(load("spin", aril.ExtensionConfig{Limits: aril.Limits{Fuel: aril.Unlimited, SelfTime: aril.Unlimited}})))
	asleep := do(aril.NewPipeline(load("asleep", aril.ExtensionConfig{})))
	late := func(run func(context.Context, int) error) func(context.Context, int) error {
		return func(ctx context.Context, n int) error {
			ctx, cancel := context.WithTimeout(ctx, 200*time.Microsecond)
			defer cancel()
			return run(ctx, n)
		}
	}
	loads := func(ctx context.Context, n int) error {
		if n%50 != 0 {
			return nil
		}
		code, err := os.ReadFile("../testdata/guests/init.wasm")
		if err != nil {
			return err
		}
		g, err := rt.Load(ctx, code, aril.ExtensionConfig{Name: "short", Config: n})
		if err != nil {
			return err
		}
		return g.Unload(ctx)
	}
	return []soaker{
		{"fresh", do(aril.NewPipeline(fresh)), healthy},
		{"pooled", do(aril.NewPipeline(pooled)), healthy},
		{"two layers", do(aril.NewPipeline(pooled, fresh)), healthy},
		{"single", do(aril.NewPipeline(single)), healthy},
		{"nested", func(ctx context.Context, n int) error { _, err := outer(ctx, n); return err }, healthy},
		{"grows", do(aril.NewPipeline(load("touch", aril.ExtensionConfig{}))), healthy},
		{"traps before next", do(aril.NewPipeline(load("trap_before", aril.ExtensionConfig{}))), is(aril.ErrTrap)},
		{"traps after next", do(aril.NewPipeline(load("trap_after", aril.ExtensionConfig{Isolation: aril.Pooled}))), is(aril.ErrTrap)},
		{"out of fuel", spin, is(aril.ErrFuel)},
		{"canceled computing", late(endless), is(context.DeadlineExceeded)},
		{"canceled asleep", late(asleep), is(context.DeadlineExceeded)},
		{"loads and unloads", loads, healthy},
	}
}

// soakFor runs n operations, eight at a time.
func soakFor(t *testing.T, ways []soaker, n int) {
	t.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for {
				i := int(next.Add(1))
				if i > n {
					return
				}
				way := &ways[i%len(ways)]
				if err := way.run(context.Background(), i); !way.want(err) {
					t.Errorf("%s: %v", way.name, err)
					return
				}
			}
		})
	}
	workers.Wait()
}

func waitInNext(t *testing.T) {
	const n = 10_000
	rt, err := aril.New(t.Context(), aril.Config{MemoryBytes: 2 << 30})
	require.NoError(t, err)
	code, err := os.ReadFile("../testdata/guests/echo.wasm")
	require.NoError(t, err)
	g, err := rt.Load(t.Context(), code, aril.ExtensionConfig{Name: "echo", Limits: aril.Limits{Instances: n}})
	require.NoError(t, err)
	inside, release := make(chan struct{}, n), make(chan struct{})
	op := aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "soak", Name: "wait"}, func(_ context.Context, in []byte) ([]byte, error) {
		inside <- struct{}{}
		<-release
		return in, nil
	})
	before := holds(t)
	var finished atomic.Int64
	var workers sync.WaitGroup
	for i := range n {
		workers.Go(func() {
			in := []byte{byte(i), byte(i >> 8), 3}
			if out, err := op(context.Background(), in); err != nil || string(out) != string(in) {
				t.Errorf("operation %d: %x, %v", i, out, err)
				return
			}
			finished.Add(1)
		})
	}
	for range n {
		<-inside
	}
	each := (holds(t).resident - before.resident) / n
	close(release)
	workers.Wait()
	fmt.Printf("figures: %d operations waited in next in %d bytes each\n", n, each)
	require.EqualValues(t, n, finished.Load())
	require.LessOrEqual(t, each, int64(100<<10))
	require.NoError(t, rt.Close(context.Background()))
}
