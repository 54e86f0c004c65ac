package runtime_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

const hostileDir = "../testdata/hostile"

// A hostileCase is one entry of testdata/hostile/cases.json; the fields are
// described in testdata/README.md.
type hostileCase struct {
	File   string `json:"file"`
	Attack string `json:"attack"`
	Stage  string `json:"stage"`
	Want   string `json:"want"`
	Also   string `json:"also"`

	Program       []string         `json:"program"`
	ConfigProgram []string         `json:"config_program"`
	Limits        map[string]int64 `json:"limits"`
	Powers        json.RawMessage  `json:"powers"`
	Grants        []string         `json:"grants"`
	Isolation     string           `json:"isolation"`

	Inner         string `json:"inner"`
	InnerRuns     *int64 `json:"inner_runs"`
	InnerRunsMax  int64  `json:"inner_runs_max"`
	MaxNext       int    `json:"max_next"`
	Repeat        int    `json:"repeat"`
	Layers        int    `json:"layers"`
	Parallel      int    `json:"parallel"`
	CancelAfterMS int64  `json:"cancel_after_ms"`
	Passes        bool   `json:"passes"`
	Answer        string `json:"answer"`
	LogLacks      string `json:"log_lacks"`
	Unload        string `json:"unload"`
}

func (c *hostileCase) name() string {
	return strings.TrimSuffix(c.File, ".wasm") + ": " + strings.ReplaceAll(c.Attack, "/", " ")
}

var sentinels = map[string]error{
	"fuel": aril.ErrFuel, "deadline": aril.ErrDeadline, "stack": aril.ErrStack, "memory": aril.ErrMemory,
	"trap": aril.ErrTrap, "abi": aril.ErrABI, "denied": aril.ErrDenied, "nesting": aril.ErrNesting, "type": aril.ErrType,
}

func readHostileCases(t *testing.T) []hostileCase {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(hostileDir, "cases.json"))
	require.NoError(t, err)
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	var cases []hostileCase
	require.NoError(t, dec.Decode(&cases))
	require.NotEmpty(t, cases)
	return cases
}

func TestEveryHostileGuestIsInACase(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	names := map[string]bool{}
	for _, c := range readHostileCases(t) {
		used[c.File] = true
		require.False(t, names[c.name()], "two cases are called %q", c.name())
		names[c.name()] = true
	}
	files, err := filepath.Glob(filepath.Join(hostileDir, "*.wasm"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		require.True(t, used[filepath.Base(f)], "%s is in no case", f)
		source := strings.TrimSuffix(f, ".wasm")
		_, wat := os.Stat(source + ".wat")
		_, hex := os.Stat(source + ".hex")
		require.True(t, (wat == nil) != (hex == nil), "%s wants one source, .wat or .hex", f)
	}
}

// hostileRig is one runtime that all attacks of a test share, with a healthy
// extension in it.
type hostileRig struct {
	rt      *aril.Runtime
	log     *logRecorder
	probe   *probe
	healthy *aril.Guest
	memory  int64
}

func newHostileRig(t *testing.T) *hostileRig {
	t.Helper()
	r := &hostileRig{log: newLogRecorder()}
	var err error
	r.rt, err = aril.New(t.Context(), aril.Config{Logger: r.log.logger()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.rt.Close(context.Background())) })
	code, err := os.ReadFile("../testdata/toolchains/wat/echo.wasm")
	require.NoError(t, err)
	r.healthy, err = r.rt.Load(t.Context(), code, aril.ExtensionConfig{Name: "healthy"})
	require.NoError(t, err)
	code, err = os.ReadFile(filepath.Join(hostileDir, "probe.wasm"))
	require.NoError(t, err)
	r.probe, err = newProbe(code)
	require.NoError(t, err)
	r.requireHealthy(t)
	r.memory = r.rt.MemoryBytes()
	return r
}

// requireHealthy is what must hold after every attack: another extension of
// the same runtime works.
func (r *hostileRig) requireHealthy(t *testing.T) {
	t.Helper()
	echo := aril.Wrap(aril.NewPipeline(r.healthy), aril.Operation{Kind: "test", Name: "healthy"},
		func(context.Context, []byte) ([]byte, error) { return []byte("inner"), nil })
	out, err := echo(t.Context(), []byte("in"))
	require.NoError(t, err)
	require.Len(t, out, 128)
	require.Equal(t, byte(0xc4^0x5a), out[0])
}

// requireSettled is what must hold after an attacker is unloaded: its memory
// and its goroutines are gone.
func (r *hostileRig) requireSettled(t *testing.T, goroutines int) {
	t.Helper()
	require.Equal(t, r.memory, r.rt.MemoryBytes(), "linear memory is still held")
	deadline := time.Now().Add(5 * time.Second)
	for goruntime.NumGoroutine() > goroutines {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, there were %d:\n%s", goruntime.NumGoroutine(), goroutines, stacks[:goruntime.Stack(stacks, true)])
		}
		goruntime.Gosched()
	}
}

func TestNoHostileGuestHarmsAnyoneButItself(t *testing.T) {
	r := newHostileRig(t)
	for _, c := range readHostileCases(t) {
		t.Run(c.name(), func(t *testing.T) {
			code, err := os.ReadFile(filepath.Join(hostileDir, c.File))
			require.NoError(t, err)
			r.attack(t, &c, code)
		})
	}
}

// attack runs one case: load, operate, unload, and look at what is left.
func (r *hostileRig) attack(t *testing.T, c *hostileCase, code []byte) {
	t.Helper()
	goroutines := goruntime.NumGoroutine()
	r.log.reset()
	guests, steps, err := r.load(t, c, code)
	if c.Stage == "load" {
		if c.Want == "ok" {
			require.NoError(t, err)
		} else {
			requireOutcome(t, c, err, "init")
		}
	} else {
		require.NoError(t, err)
		r.operate(t, c, guests, steps)
	}
	r.requireHealthy(t)
	for _, g := range guests {
		err := g.Unload(t.Context())
		if c.Unload == "" {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, sentinels[c.Unload])
		}
	}
	r.requireSettled(t, goroutines)
	r.log.requireClean(t)
	if c.LogLacks != "" {
		require.NotContains(t, r.log.guestText(), c.LogLacks)
	}
}

func (r *hostileRig) load(t *testing.T, c *hostileCase, code []byte) (guests []*aril.Guest, steps []step, err error) {
	t.Helper()
	cfg := aril.ExtensionConfig{Breaker: aril.Breaker{Failures: aril.Unlimited}, Limits: hostileLimits(t, c.Limits), Powers: hostilePowers(t, c.Powers)}
	for _, g := range c.Grants {
		require.Equal(t, "state", g)
		cfg.Grants.Capabilities = append(cfg.Grants.Capabilities, aril.State)
	}
	if c.File == "probe.wasm" && len(c.Grants) == 0 {
		cfg.Grants.Capabilities = []aril.Capability{aril.State} // it imports everything
	}
	if c.Isolation != "" {
		require.Equal(t, "pooled", c.Isolation)
		cfg.Isolation = aril.Pooled
	}
	if c.ConfigProgram != nil {
		program, parsed, err := r.probe.encode(forInit, c.ConfigProgram)
		require.NoError(t, err)
		cfg.Config, steps = program, parsed
	} else if cfg.Powers != 0 {
		// It may not be able to read its program from the operation.
		cfg.Config, _, err = r.probe.encode(forRest, c.Program)
		require.NoError(t, err)
	}
	for i := range max(c.Layers, 1) {
		cfg.Name = fmt.Sprintf("attacker-%d", i)
		before := totalAlloc()
		g, err := r.rt.Load(t.Context(), code, cfg)
		if errors.Is(err, aril.ErrRefused) {
			require.Less(t, totalAlloc()-before, uint64(64*len(code)+4<<20), "bytes allocated to refuse %d", len(code))
		}
		if err != nil {
			return guests, steps, err
		}
		guests = append(guests, g)
	}
	return guests, steps, nil
}

func totalAlloc() uint64 {
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return m.TotalAlloc
}

// operate runs the operation that the case is about and looks at its outcome.
func (r *hostileRig) operate(t *testing.T, c *hostileCase, guests []*aril.Guest, steps []step) {
	t.Helper()
	program, more, err := r.probe.encode(forRest, c.Program)
	require.NoError(t, err)
	steps = append(steps, more...)
	for range max(c.Repeat, 1) {
		var wg sync.WaitGroup
		errs := make([]error, max(c.Parallel, 1))
		for i := range errs {
			wg.Add(1)
			go func() {
				defer wg.Done()
				errs[i] = r.once(t, c, guests, program, steps)
			}()
		}
		wg.Wait()
		for _, err := range errs {
			requireOutcome(t, c, err, c.Stage)
		}
	}
}

// errUnexpected is a mistake that the outcome itself does not show.
type errUnexpected struct{ error }

func (r *hostileRig) once(t *testing.T, c *hostileCase, guests []*aril.Guest, program []byte, steps []step) error {
	ctx := t.Context()
	if c.CancelAfterMS > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(c.CancelAfterMS)*time.Millisecond)
		defer cancel()
	}
	var out any
	var err error
	var runs atomic.Int64
	switch c.Stage {
	case "call":
		out, err = guests[0].Call(ctx, "method", program)
	case "event":
		out, _, err = guests[0].Event(ctx, aril.Event{Type: "tick", Data: program})
	default:
		layers := make([]aril.Extension, len(guests))
		for i, g := range guests {
			layers[i] = g
		}
		var do func(context.Context, []byte) (any, error)
		do = aril.Wrap(aril.NewPipeline(layers...), aril.Operation{Kind: "test", Name: "attacked", MaxNext: c.MaxNext, Params: program},
			func(ctx context.Context, in []byte) (any, error) {
				runs.Add(1)
				return innerOperation(ctx, c.Inner, in, do)
			})
		out, err = do(ctx, []byte("input"))
	}
	if c.InnerRuns != nil && runs.Load() != *c.InnerRuns {
		return errUnexpected{fmt.Errorf("the operation itself ran %d times, not %d", runs.Load(), *c.InnerRuns)}
	}
	if c.InnerRunsMax > 0 && runs.Load() > c.InnerRunsMax {
		return errUnexpected{fmt.Errorf("the operation itself ran %d times, more than %d", runs.Load(), c.InnerRunsMax)}
	}
	if err != nil || len(steps) == 0 {
		return err
	}
	if c.Answer != "" && out != c.Answer {
		return errUnexpected{fmt.Errorf("answered %v, not %q", out, c.Answer)}
	}
	if c.Passes && out != "inner" {
		return errUnexpected{fmt.Errorf("answered %v, not the operation's own result", out)}
	}
	results, ok := out.([]byte)
	if logged := r.log.probeResults(); !ok && logged != nil {
		results = logged
	}
	if err := compare(steps, results); err != nil {
		return errUnexpected{err}
	}
	return nil
}

// innerOperation is the operation itself.
func innerOperation(ctx context.Context, kind string, in []byte, again func(context.Context, []byte) (any, error)) (any, error) {
	switch kind {
	case "bytes":
		return []byte("0123456789"), nil
	case "error":
		return nil, errors.New("the password is swordfish")
	case "large":
		return make([]byte, 10_000), nil
	case "huge":
		return make([]byte, 5<<20), nil
	case "opaque":
		return make(chan int), nil
	case "cycle":
		cycle := []any{nil}
		cycle[0] = cycle
		return cycle, nil
	case "recurse":
		return again(ctx, in)
	}
	return "inner", nil
}

// requireOutcome compares what came of a case with what it wants: one of
// several words, with | between.
func requireOutcome(t *testing.T, c *hostileCase, err error, hook string) {
	t.Helper()
	var unexpected errUnexpected
	if errors.As(err, &unexpected) {
		t.Fatal(unexpected.error)
	}
	for _, want := range strings.Split(c.Want, "|") {
		if outcomeIs(want, err, hook) {
			if c.Also != "" {
				require.ErrorIs(t, err, sentinels[c.Also])
			}
			if err != nil {
				requireFitToShow(t, err.Error())
			}
			return
		}
	}
	t.Fatalf("want %s, got %T: %v", c.Want, err, err)
}

func outcomeIs(want string, err error, hook string) bool {
	var broken *aril.CallError
	isBroken := errors.As(err, &broken)
	switch want {
	case "ok":
		return err == nil
	case "format":
		return errors.Is(err, aril.ErrRefused) && errors.As(err, new(*aril.FormatError))
	case "admission":
		return errors.Is(err, aril.ErrRefused) && errors.As(err, new(*aril.AdmissionError))
	case "refused":
		return errors.Is(err, aril.ErrRefused)
	case "error":
		return !isBroken && errors.As(err, new(*aril.Error))
	case "canceled":
		return !isBroken && errors.Is(err, context.DeadlineExceeded)
	case "no_method":
		return errors.Is(err, aril.ErrNoMethod)
	case "nesting":
		return errors.Is(err, aril.ErrNesting)
	}
	sentinel, ok := sentinels[want]
	return ok && isBroken && errors.Is(err, sentinel) && broken.Hook == hook && strings.HasPrefix(broken.Extension, "attacker")
}

// requireFitToShow holds that a text may go to a terminal, a log and a
// tenant.
func requireFitToShow(t *testing.T, text string) {
	t.Helper()
	require.NotEmpty(t, text)
	require.Less(t, len(text), 64<<10)
	require.Equal(t, -1, strings.IndexFunc(text, isControl), "%q has control characters", text)
	for _, leak := range []string{"goroutine ", ".go:", "/runtime", "wazero"} {
		require.NotContains(t, text, leak)
	}
}

// isControl is for what a guest may never put before a person's eyes: control
// characters, and those that turn or split a line.
func isControl(r rune) bool {
	return r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufffe'
}

func hostileLimits(t *testing.T, in map[string]int64) aril.Limits {
	t.Helper()
	// Times are long enough for a loaded machine under the race detector;
	// cases about time say their own.
	l := aril.Limits{SelfTime: 20 * time.Second, WaitTime: 20 * time.Second, EventTime: 20 * time.Second, InitTime: 20 * time.Second}
	ms := func(v int64) time.Duration {
		if v < 0 {
			return aril.Unlimited
		}
		return time.Duration(v) * time.Millisecond
	}
	for k, v := range in {
		switch k {
		case "fuel":
			l.Fuel, l.EventFuel = v, v
		case "init_fuel":
			l.InitFuel = v
		case "self_time_ms":
			l.SelfTime = ms(v)
		case "wait_time_ms":
			l.WaitTime = ms(v)
		case "host_calls":
			l.HostCalls = v
		case "next_calls":
			l.NextCalls = v
		default:
			t.Fatalf("unknown limit %q", k)
		}
	}
	return l
}

func hostilePowers(t *testing.T, in json.RawMessage) aril.Powers {
	t.Helper()
	if len(in) == 0 {
		return 0
	}
	if string(in) == `"none"` {
		return aril.ObserveOnly
	}
	var bits aril.Powers
	require.NoError(t, json.Unmarshal(in, &bits))
	return bits
}

// probeResults are the answers that the probe wrote to the log, nil if it did
// not.
func (l *logRecorder) probeResults() []byte {
	for _, text := range l.messages() {
		if b, err := hex.DecodeString(text); err == nil && len(b) >= 8 {
			return b
		}
	}
	return nil
}
