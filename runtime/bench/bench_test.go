package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if w := os.Getenv(pluginWork); w != "" { // hashicorp started us
		servePlugin(work(w))
		return
	}
	os.Exit(m.Run())
}

func TestEveryPeerDoesTheSameWork(t *testing.T) {
	guests, err := buildGoGuests(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, guests.close()) })
	for _, p := range peers(guests) {
		t.Run(p.name, func(t *testing.T) {
			done := 0
			for i := range workloads {
				w := &workloads[i]
				if w.name == p.skip {
					continue
				}
				op, closeAll, err := p.open(t.Context(), w, p.instances(4), identity)
				if errors.Is(err, errNotHere) {
					continue
				}
				require.NoError(t, err, w.name)
				var wait sync.WaitGroup
				failed := make(chan error, 8)
				for range 8 {
					wait.Go(func() {
						in := w.input()
						out, err := op(t.Context(), in)
						failed <- errors.Join(err, w.check(in, out))
					})
				}
				wait.Wait()
				close(failed)
				for err := range failed {
					require.NoError(t, err, w.name)
				}
				require.NoError(t, closeAll())
				done++
			}
			require.Positive(t, done)
		})
	}
}

func TestIsolatedMakesAnInstanceForEachOperation(t *testing.T) {
	t.Parallel()
	made, closed := 0, 0
	op, _, err := pooled(1, true, func() (instance, error) { made++; return &fakeInstance{closed: &closed}, nil })
	require.NoError(t, err)
	for range 3 {
		_, err := op(t.Context(), nil)
		require.NoError(t, err)
	}
	require.Equal(t, 3, made)
	require.Equal(t, 3, closed)
}

func TestAPoolNeverLetsTwoCallersIntoOneInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int32
		leave, closed := make(chan struct{}), 0
		op, closeAll, err := pooled(3, false, func() (instance, error) {
			return &fakeInstance{inside: &inside, leave: leave, closed: &closed}, nil
		})
		require.NoError(t, err)
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() { _, _ = op(t.Context(), nil) })
		}
		synctest.Wait()
		require.EqualValues(t, 3, inside.Load())
		close(leave)
		wait.Wait()
		require.EqualValues(t, 10, inside.Load())
		require.NoError(t, closeAll())
		require.Equal(t, 3, closed)
	})
}

func TestTheFirstCallersOfADelayWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := delay(2)
		start, ended := time.Now(), make(chan time.Duration, 2)
		call := func() {
			_, err := next(t.Context(), nil)
			require.NoError(t, err)
			ended <- time.Since(start)
		}
		go call()
		time.Sleep(time.Second)
		require.Empty(t, ended)
		go call()
		require.Equal(t, time.Second+time.Millisecond, <-ended)
		require.Equal(t, time.Second+time.Millisecond, <-ended)
		go call()
		require.Equal(t, time.Second+2*time.Millisecond, <-ended)

		_, err := delay(2)(t.Context(), nil)
		require.EqualError(t, err, "2 callers, and only 1 got in")
	})
}

// A fakeInstance counts who came in, and keeps them until leave is closed.
type fakeInstance struct {
	inside *atomic.Int32
	leave  chan struct{}
	closed *int
}

func (i *fakeInstance) run(context.Context, []byte) ([]byte, error) {
	if i.leave != nil {
		i.inside.Add(1)
		<-i.leave
	}
	return nil, nil
}

func (i *fakeInstance) close() error { *i.closed++; return nil }

func TestCheckRefusesWorkThatWasNotDone(t *testing.T) {
	t.Parallel()
	for i := range workloads {
		w := &workloads[i]
		in := w.input()
		right := bytes.Clone(in)
		if w.work != pass {
			w.work.apply(right)
			require.Error(t, w.check(in, in), "%s: the input itself", w.name)
			require.Error(t, w.check(in, bytes.Clone(in)), "%s: unchanged", w.name)
		}
		require.NoError(t, w.check(in, right), w.name)
		require.Error(t, w.check(in, right[:len(right)-1]), "%s: cut", w.name)
		right[len(right)-1]++
		require.Error(t, w.check(in, right), "%s: last byte", w.name)
	}
}

func TestARatioIsTheMedianOfTheRounds(t *testing.T) {
	t.Parallel()
	c := newCells([]*peer{{name: "aril-pooled"}, {name: "aril-fresh"}, {name: "extism-timeout"}})
	// The middle round ran on a busy machine: both took ten times longer.
	for i, ns := range []float64{100, 1000, 100} {
		c.add("aril-pooled", "echo", sample{ns: ns}, nil)
		c.add("extism-timeout", "echo", sample{ns: ns * []float64{29, 30, 31}[i]}, nil)
	}
	v, ok := c.ratio("extism-timeout", "echo")
	require.True(t, ok)
	require.InDelta(t, 30, v, 1e-9)
	_, ok = c.ratio("aril-pooled", "echo")
	require.False(t, ok, "nothing is compared with itself")
	_, ok = c.ratio("aril-fresh", "echo")
	require.False(t, ok, "never measured")

	base, row := baseline("isolated")
	require.Equal(t, []string{"aril-fresh", "isolated"}, []string{base, row})
}

func TestMissedFiguresAreMarked(t *testing.T) {
	t.Parallel()
	require.Equal(t, " missed", missedRatio("extism-timeout/echo", 29.9))
	require.Empty(t, missedRatio("extism-timeout/echo", 30))
	require.Empty(t, missedRatio("native/echo", 0.01), "no goal")
	require.Equal(t, "figure f: 1200 ns (at most 1000) missed", figure{"f", 1200, "ns", 1000}.String())
	require.Equal(t, "figure f: 900 ns (at most 1000)", figure{"f", 900, "ns", 1000}.String())

	r := report{peers: []*peer{{name: "aril-pooled"}, {name: "extism-timeout"}}}
	r.cells = newCells(r.peers)
	r.cells.add("aril-pooled", "pass", sample{ns: 2000, allocs: 1}, nil)
	r.cells.add("extism-timeout", "pass", sample{ns: 100_000}, nil)
	var out bytes.Buffer
	require.NoError(t, r.print(&out))
	require.Contains(t, out.String(), "figure aril-pooled/pass: 2000 ns (at most 1000) missed\n")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Equal(t, "ratio extism-timeout/pass: 50 missed", lines[len(lines)-1])

	r.cells.add("extism-timeout", "pass", sample{}, errors.New("it broke"))
	require.EqualError(t, r.print(&out), "extism-timeout/pass: it broke")
}

func TestCommittedGuestsAreWhatTheirSourcesBuild(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"clang-19", "wasm-ld-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "guest/build.sh", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	built, err := filepath.Glob(filepath.Join(dir, "*.wasm"))
	require.NoError(t, err)
	committed, err := filepath.Glob("guest/*.wasm")
	require.NoError(t, err)
	require.NotEmpty(t, built)
	require.Len(t, committed, len(built))
	for _, path := range built {
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(path), ".wasm")
		require.True(t, bytes.Equal(want, guestFile(name)), "%s: run guest/build.sh", name)
	}
}

func TestNumbersReadWell(t *testing.T) {
	t.Parallel()
	for ns, want := range map[float64]string{3.14159: "3.14 ns", 1234: "1.23 µs", 123456: "123 µs", 5e6: "5 ms", 2.5e9: "2.5 s"} {
		require.Equal(t, want, duration(ns))
	}
	for n, want := range map[float64]string{16: "16", 1000: "1000", 10_000: "10,000", 64 << 10: "64 Ki", 4 << 20: "4 Mi", 123_456: "123,456"} {
		require.Equal(t, want, count(n))
	}
}

func TestAReportIsWritten(t *testing.T) {
	t.Parallel()
	r := report{options: options{rounds: 1}, started: time.Unix(0, 0), peers: []*peer{{name: "aril-pooled", how: "so"}, {name: "extism", how: "thus"}}}
	r.cells = newCells(r.peers)
	for _, row := range r.rows() {
		r.cells.add("aril-pooled", row, sample{ns: 1000, cpu: 900}, nil)
		r.cells.add("extism", row, sample{ns: 50_000, cpu: 49_000}, nil)
	}
	g := &growth{name: "layers", about: "some layers", x: "layers"}
	g.add("pooled", 1, 1000)
	g.add("pooled", 64, 64_000)
	r.growth = &growthReport{charts: []*growth{g}, idleKiB: 97, waitingKiB: 84, waitingCount: 10_000}
	dir := t.TempDir()
	require.NoError(t, r.write(dir))
	text, err := os.ReadFile(filepath.Join(dir, "REPORT.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "| extism | 50 | 50 |")
	require.Contains(t, string(text), "| pooled | 1 µs | 64 µs |")
	for _, name := range []string{"peers", "layers"} {
		svg, err := os.ReadFile(filepath.Join(dir, "charts", name+".svg"))
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(svg, []byte("<svg ")) && bytes.HasSuffix(svg, []byte("</svg>\n")))
		require.NotContains(t, string(svg), "NaN")
		require.NotContains(t, string(svg), "%!")
	}
}
