package runtime

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// guestFile reads one of the small guests of testdata/guests; what each does
// stands in the first line of its .wat.
func guestFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "guests", name+".wasm"))
	require.NoError(t, err)
	return b
}

func newRuntime(t testing.TB, cfg Config) *Runtime {
	t.Helper()
	rt, err := New(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	return rt
}

// load loads a guest of testdata/guests under its own name.
func load(t testing.TB, rt *Runtime, name string, cfg ExtensionConfig) *Guest {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = name
	}
	g, err := rt.Load(context.Background(), guestFile(t, name), cfg)
	require.NoError(t, err)
	return g
}

type order struct {
	ID    string
	Lines []int
	note  string // unexported: never encoded, survives a replacement
}

// operation counts its runs and answers with "ran:" and its input.
type operation struct {
	runs   int
	inputs []string
	fail   error
}

func (o *operation) run(_ context.Context, in string) (string, error) {
	o.runs++
	o.inputs = append(o.inputs, in)
	return "ran:" + in, o.fail
}

var text = Operation{Kind: "test", Name: "text"}

func TestAGuestWrapsAnOperation(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for _, tc := range []struct {
		guest string
		fail  error
		want  string
		err   string
		runs  int
		input string
	}{
		{guest: "pass", want: "ran:in", runs: 1, input: "in"},
		{guest: "pass", fail: boom, err: "boom", runs: 1, input: "in"},
		{guest: "absent", want: "ran:in", runs: 1, input: "in"},
		{guest: "twice", want: "ran:in", runs: 2, input: "in"},
		{guest: "retry", want: "ran:in", runs: 1, input: "in"},
		{guest: "skip", want: "skipped", runs: 0},
		{guest: "replace", want: "replaced", runs: 1, input: "changed"},
		{guest: "refuse", err: "not today", runs: 0},
		{guest: "rethrow", fail: boom, err: "boom", runs: 1, input: "in"},
		{guest: "echo", want: "in", runs: 1, input: "in"},
	} {
		for _, isolation := range []Isolation{Fresh, Pooled} {
			rt := newRuntime(t, Config{})
			g := load(t, rt, tc.guest, ExtensionConfig{Isolation: isolation})
			op := &operation{fail: tc.fail}
			do := Wrap(NewPipeline(g), text, op.run)
			for range 3 { // an instance that is used again behaves as before
				op.runs, op.inputs = 0, nil
				got, err := do(t.Context(), "in")
				if tc.err != "" {
					require.EqualError(t, err, tc.err, tc.guest)
				} else {
					require.NoError(t, err, tc.guest)
					require.Equal(t, tc.want, got, tc.guest)
				}
				if tc.fail != nil {
					require.Same(t, tc.fail, err, "the very error value comes back")
				}
				require.Equal(t, tc.runs, op.runs, tc.guest)
				if tc.runs > 0 {
					require.Equal(t, tc.input, op.inputs[0], tc.guest)
				}
			}
		}
	}
}

func TestOnlyPooledInstancesKeepWhatTheGuestLeft(t *testing.T) {
	t.Parallel()
	count := func(isolation Isolation) []int {
		g := load(t, newRuntime(t, Config{}), "counter", ExtensionConfig{Isolation: isolation})
		do := Wrap(NewPipeline(g), text, func(context.Context, struct{}) (int, error) { return 0, nil })
		var out []int
		for range 3 {
			n, err := do(t.Context(), struct{}{})
			require.NoError(t, err)
			out = append(out, n)
		}
		return out
	}
	require.Equal(t, []int{11, 22, 33}, count(Pooled), "global and memory both go on")
	require.Equal(t, []int{11, 11, 11}, count(Fresh), "global and memory both begin anew")
}

func TestAReplacementKeepsWhatWasNeverEncoded(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "echo", ExtensionConfig{})
	do := Wrap(NewPipeline(g), text, func(_ context.Context, o order) (order, error) {
		o.Lines = append(o.Lines, 9)
		o.note = "inner"
		return o, nil
	})
	got, err := do(t.Context(), order{ID: "a", Lines: []int{1, 2}, note: "caller"})
	require.NoError(t, err)
	require.Equal(t, order{ID: "a", Lines: []int{1, 2}, note: "inner"}, got)
}

func TestAPassedValueIsNeverEncoded(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{})
	type secret struct{ ch chan int }
	in := &secret{make(chan int)}
	do := Wrap(NewPipeline(g), text, func(_ context.Context, s *secret) (*secret, error) { return s, nil })
	out, err := do(t.Context(), in)
	require.NoError(t, err)
	require.Same(t, in, out)
}

func TestAnOpaqueValueComesBackAsItself(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "echo", ExtensionConfig{})
	type bag struct {
		Name string
		Pipe chan int
	}
	pipe := make(chan int)
	do := Wrap(NewPipeline(g), text, func(context.Context, bag) (bag, error) { return bag{}, nil })
	out, err := do(t.Context(), bag{"b", pipe})
	require.NoError(t, err)
	require.Equal(t, bag{"b", pipe}, out)
}

func TestAWrongTypeIsAnErrorThatNamesExtensionAndOperation(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "skip", ExtensionConfig{})
	do := Wrap(NewPipeline(g), text, func(context.Context, int) (int, error) { return 1, nil })
	_, err := do(t.Context(), 1)
	var broken *CallError
	require.ErrorAs(t, err, &broken)
	require.ErrorIs(t, err, ErrType)
	require.ErrorContains(t, err, `"skip"`)
	require.ErrorContains(t, err, `"text"`)
	require.ErrorContains(t, err, "int")
}

func TestPowers(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	run := func(guest string, p Powers) (string, int, error) {
		op := &operation{}
		got, err := Wrap(NewPipeline(load(t, rt, guest, ExtensionConfig{Powers: p})), text, op.run)(t.Context(), "in")
		return got, op.runs, err
	}
	for _, guest := range []string{"pass", "absent"} {
		got, runs, err := run(guest, ObserveOnly)
		require.NoError(t, err, "looking on needs no power")
		require.Equal(t, "ran:in", got)
		require.Equal(t, 1, runs)
	}
	_, runs, err := run("skip", AllPowers&^Skip)
	require.ErrorIs(t, err, ErrDenied)
	require.Zero(t, runs)
	_, _, err = run("refuse", AllPowers&^Skip)
	require.ErrorIs(t, err, ErrDenied)
	_, runs, err = run("replace", AllPowers&^ChangeResult)
	require.ErrorIs(t, err, ErrDenied)
	require.Equal(t, 1, runs)
	got, runs, err := run("twice", AllPowers&^Repeat)
	require.NoError(t, err, "the second next was denied, the first stands")
	require.Equal(t, "ran:in", got)
	require.Equal(t, 1, runs)
	op := &operation{}
	_, _ = Wrap(NewPipeline(load(t, rt, "replace", ExtensionConfig{Powers: AllPowers &^ ChangeInput})), text, op.run)(t.Context(), "in")
	require.Zero(t, op.runs, "a denied next does not run")
}

func TestMaxNextBoundsTheOperationItself(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	retry := func(name string) *Guest { return load(t, rt, "retry", ExtensionConfig{Name: name}) }
	op := &operation{fail: errors.New("down")}
	_, err := Wrap(NewPipeline(retry("a")), Operation{Kind: "test", Name: "once", MaxNext: 1}, op.run)(t.Context(), "in")
	require.ErrorContains(t, err, "down")
	require.Equal(t, 1, op.runs)

	op.runs = 0
	_, err = Wrap(NewPipeline(retry("a"), retry("b")), Operation{Kind: "test", Name: "thrice", MaxNext: 3}, op.run)(t.Context(), "in")
	require.Error(t, err)
	require.Equal(t, 3, op.runs, "two layers of three do not make nine")

	op.runs = 0
	_, err = Wrap(NewPipeline(retry("a")), text, op.run)(t.Context(), "in")
	require.ErrorContains(t, err, "down")
	require.Equal(t, 16, op.runs, "the default of NextCalls")

	op.runs = 0
	_, err = Wrap(NewPipeline(retry("a"), retry("b"), retry("c"), retry("d")), text, op.run)(t.Context(), "in")
	require.Error(t, err)
	require.LessOrEqual(t, op.runs, 1+64, "the chain's repeats, not 16^4")
}

func TestErrorsOfTheHostShowNoPathsToAGuestWithoutReadErrorText(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	_, pathErr := os.ReadFile("/very/secret/path")
	require.ErrorAs(t, pathErr, new(*fs.PathError))
	g := load(t, rt, "rethrow", ExtensionConfig{Powers: AllPowers &^ ReadErrorText})
	spy := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) { return "", pathErr })
	_, err := spy(t.Context(), "in")
	require.Same(t, pathErr, err, "passed back, it is the host's own again")
	shown := func(p Powers) string {
		g := load(t, rt, "methods", ExtensionConfig{Powers: p})
		answer, _, err := g.Event(t.Context(), Event{Type: "error", Data: pathErr})
		require.NoError(t, err)
		return answer.(map[string]any)["message"].(string)
	}
	require.Regexp(t, "^internal error [0-9a-f]{12}$", shown(AllPowers&^ReadErrorText))
	require.Contains(t, shown(AllPowers), "/very/secret/path")
}

func TestConfigurationReachesInitAndCanBeRefused(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	g := load(t, rt, "init", ExtensionConfig{Config: 5})
	do := Wrap(NewPipeline(g), text, func(context.Context, int) (int, error) { return 0, nil })
	got, err := do(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 5, got)
	_, err = rt.Load(t.Context(), guestFile(t, "init"), ExtensionConfig{Name: "init", Config: 7})
	var refused *Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "bad", refused.ErrorCode)
	require.False(t, errors.As(err, new(*CallError)))
}

func TestMethodsAndEvents(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "methods", ExtensionConfig{})
	got, err := g.Call(t.Context(), "anything", map[string]any{"a": int64(1)})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": int64(1)}, got)
	answer, answered, err := g.Event(t.Context(), Event{Type: "change", Name: "n", Data: "v"})
	require.NoError(t, err)
	require.True(t, answered)
	require.Equal(t, "v", answer)
	require.NoError(t, g.Unload(t.Context()))
	require.NoError(t, g.Unload(t.Context()), "once more is harmless")
	_, err = g.Call(t.Context(), "anything", nil)
	require.ErrorIs(t, err, ErrClosed)

	none := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{})
	_, err = none.Call(t.Context(), "m", nil)
	require.ErrorIs(t, err, ErrNoMethod)
}

func TestAnEmbeddersCapability(t *testing.T) {
	t.Parallel()
	type reserve struct{ SKU string }
	type receipt struct{ Left int }
	rt := newRuntime(t, Config{})
	_, err := rt.Load(t.Context(), guestFile(t, "capability"), ExtensionConfig{Name: "c"})
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "acme_stock_v1.reserve")
	capability := Capability{Module: "acme_stock_v1", Functions: []Function{
		Func("reserve", func(_ context.Context, c *Call, r reserve) (receipt, error) {
			if r.SKU == "none" {
				return receipt{}, &Error{ErrorCode: "out_of_stock", Message: "no " + r.SKU + " for " + c.Extension}
			}
			if r.SKU == "panic" {
				panic("host bug")
			}
			return receipt{Left: len(r.SKU)}, nil
		}),
	}}
	g, err := rt.Load(t.Context(), guestFile(t, "capability"), ExtensionConfig{Name: "c", Grants: Grants{Capabilities: []Capability{capability}}})
	require.NoError(t, err)
	do := Wrap(NewPipeline(g), text, func(context.Context, reserve) (receipt, error) { return receipt{}, nil })
	got, err := do(t.Context(), reserve{"bolt"})
	require.NoError(t, err)
	require.Equal(t, receipt{4}, got)
	_, err = do(t.Context(), reserve{"none"})
	var own *Error
	require.ErrorAs(t, err, &own)
	require.Equal(t, "out_of_stock", own.ErrorCode)
	require.Contains(t, own.Error(), "no none for c")
	_, err = do(t.Context(), reserve{"panic"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "host bug")
}

func TestTheSameBytesLoadOnceInARuntime(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	a := load(t, rt, "pass", ExtensionConfig{})
	b := load(t, rt, "pass", ExtensionConfig{})
	c := load(t, rt, "pass", ExtensionConfig{Config: 1})
	require.Same(t, a.program, b.program)
	require.Same(t, a.template, b.template)
	require.Same(t, a.program, c.program)
	require.NotSame(t, a.template, c.template)
	for _, g := range []*Guest{a, b, c} {
		require.NoError(t, g.Unload(t.Context()))
	}
	require.Empty(t, rt.programs)
	require.Empty(t, rt.templates)
	require.Zero(t, rt.MemoryBytes())
}

func TestClosingARuntimeWaitsForOperationsInside(t *testing.T) {
	t.Parallel()
	rt, err := New(t.Context(), Config{})
	require.NoError(t, err)
	g := load(t, rt, "pass", ExtensionConfig{})
	inside, leave := make(chan struct{}), make(chan struct{})
	result := make(chan error, 1)
	go func() {
		_, err := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) {
			close(inside)
			<-leave
			return "", nil
		})(context.Background(), "in")
		result <- err
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = rt.Close(ctx)
	var late *ShutdownError
	require.ErrorAs(t, err, &late)
	require.Equal(t, "pass", late.Extension)
	_, err = Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
	require.ErrorIs(t, err, ErrClosed)
	close(leave)
	require.NoError(t, <-result, "what was inside ends as it would have")
	_, err = rt.Load(t.Context(), guestFile(t, "pass"), ExtensionConfig{Name: "late"})
	require.ErrorIs(t, err, ErrClosed)
}

func TestReportsSayWhatWasUsed(t *testing.T) {
	t.Parallel()
	var reports []*Report
	rt := newRuntime(t, Config{Observe: func(_ context.Context, r *Report) { reports = append(reports, r) }})
	g := load(t, rt, "echo", ExtensionConfig{Tenant: "acme"})
	_, err := Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
	require.NoError(t, err)
	require.Len(t, reports, 1)
	r := reports[0]
	require.Equal(t, "echo", r.Extension)
	require.Equal(t, "acme", r.Tenant)
	require.Equal(t, "text", r.Operation)
	require.Equal(t, 1, r.NextCalls)
	require.EqualValues(t, 3, r.HostCalls)
	require.EqualValues(t, 2*65536, r.Memory)
	require.True(t, r.Changed)
	require.Greater(t, r.Fuel, int64(300), "three host calls at 100")
	require.Positive(t, r.SelfTime)
	require.GreaterOrEqual(t, r.TotalTime, r.SelfTime)
}

func TestFuelIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	var fuel []int64
	rt := newRuntime(t, Config{Observe: func(_ context.Context, r *Report) { fuel = append(fuel, r.Fuel) }})
	for _, isolation := range []Isolation{Fresh, Pooled} {
		do := Wrap(NewPipeline(load(t, rt, "echo", ExtensionConfig{Isolation: isolation})), text, (&operation{}).run)
		for range 3 {
			_, err := do(t.Context(), "the same")
			require.NoError(t, err)
		}
	}
	for _, f := range fuel {
		require.Equal(t, fuel[0], f)
	}
}

func TestFuelLimitsAreExact(t *testing.T) {
	t.Parallel()
	var used int64
	rt := newRuntime(t, Config{Observe: func(_ context.Context, r *Report) { used = r.Fuel }})
	_, err := Wrap(NewPipeline(load(t, rt, "echo", ExtensionConfig{})), text, (&operation{}).run)(t.Context(), "in")
	require.NoError(t, err)
	need := used
	_, err = Wrap(NewPipeline(load(t, rt, "echo", ExtensionConfig{Limits: Limits{Fuel: need}})), text, (&operation{}).run)(t.Context(), "in")
	require.NoError(t, err, "exactly enough is enough")
	_, err = Wrap(NewPipeline(load(t, rt, "echo", ExtensionConfig{Limits: Limits{Fuel: need / 2}})), text, (&operation{}).run)(t.Context(), "in")
	require.ErrorIs(t, err, ErrFuel)
	require.ErrorContains(t, err, thousands(need/2)+" of "+thousands(need/2))
}

func TestMemoryOfAllInstancesIsBounded(t *testing.T) {
	t.Parallel()
	const instance = 2*65536 + 16<<10 + 64 // memory, and what is beside it
	rt := newRuntime(t, Config{MemoryBytes: 2*instance + instance/2})
	g := load(t, rt, "pass", ExtensionConfig{})
	inside, leave := make(chan struct{}, 3), make(chan struct{})
	do := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) {
		inside <- struct{}{}
		<-leave
		return "", nil
	})
	results := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := do(context.Background(), "in")
			results <- err
		}()
	}
	<-inside
	<-inside
	require.InDelta(t, 2*instance, rt.MemoryBytes(), 1024)
	close(leave)
	for range 3 {
		require.NoError(t, <-results)
	}
	require.LessOrEqual(t, rt.MemoryBytes(), int64(2*instance+1024))
	require.NoError(t, g.Unload(t.Context()))
	require.Zero(t, rt.MemoryBytes())
}
