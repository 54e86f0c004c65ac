package runtime

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inside starts an operation and returns when it runs within the guest's next.
// leave lets it go on; result gives its error.
func inside(t *testing.T, g *Guest) (leave func(), result <-chan error) {
	t.Helper()
	in, gate, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	do := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) {
		close(in)
		<-gate
		return "x", nil
	})
	go func() {
		_, err := do(context.Background(), "in")
		done <- err
	}()
	<-in
	return func() { close(gate) }, done
}

func gone(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestClosingAfterALateUnloadWaitsForTheGuestThatIsStillInside(t *testing.T) {
	t.Parallel()
	rt, err := New(t.Context(), Config{})
	require.NoError(t, err)
	g := load(t, rt, "touch", ExtensionConfig{})
	leave, result := inside(t, g)
	var late *ShutdownError
	require.ErrorAs(t, g.Unload(gone(t)), &late)
	require.ErrorAs(t, rt.Close(gone(t)), &late, "its memory must not be freed under it")
	leave()
	require.NoError(t, <-result)
}

func TestIdleInstancesMakeRoomForALoad(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{MemoryBytes: 400 << 10})
	g := load(t, rt, "pass", ExtensionConfig{Isolation: Pooled})
	leave1, result1 := inside(t, g)
	leave2, result2 := inside(t, g)
	leave1()
	leave2()
	require.NoError(t, <-result1)
	require.NoError(t, <-result2)
	load(t, rt, "skip", ExtensionConfig{})
}

func TestAnOperationThatWaitsForMemoryWakesWhenAnotherIsDone(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{MemoryBytes: 400 << 10})
	a, b := load(t, rt, "pass", ExtensionConfig{Isolation: Pooled}), load(t, rt, "skip", ExtensionConfig{})
	leave1, result1 := inside(t, a)
	leave2, result2 := inside(t, a)
	done := make(chan error, 1)
	go func() {
		_, err := Wrap(NewPipeline(b), text, (&operation{}).run)(context.Background(), "in")
		done <- err
	}()
	require.Eventually(t, func() bool { return rt.engine.Quota().Waiting() > 0 }, time.Minute, time.Millisecond)
	leave1()
	leave2()
	require.NoError(t, <-result1)
	require.NoError(t, <-result2)
	require.NoError(t, <-done)
}

func TestACallerThatGivesUpWhileItWaitsRunsNothing(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	g := load(t, rt, "pass", ExtensionConfig{OnFailure: FailOpen, Limits: Limits{Instances: 1}})
	leave, result := inside(t, g)
	why := errors.New("gave up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	op := &operation{}
	_, err := Wrap(NewPipeline(g), text, op.run)(ctx, "in")
	require.Same(t, why, err)
	require.Zero(t, op.runs, "failing open is for breakages")
	leave()
	require.NoError(t, <-result)
}

func TestAnInputThatIsTooLargeIsEncodedAndBilledOnce(t *testing.T) {
	t.Parallel()
	var fuel int64
	rt := newRuntime(t, Config{Observe: func(_ context.Context, r *Report) { fuel = r.Fuel }})
	g := load(t, rt, "reread", ExtensionConfig{Limits: Limits{InputBytes: 1 << 20}})
	encoded := 0
	in := []counting{{strings.Repeat("x", 2<<20), &encoded}}
	_, err := Wrap(NewPipeline(g), text, func(context.Context, []counting) (string, error) { return "", nil })(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 1, encoded)
	require.Greater(t, fuel, int64(9000*100+(1<<20)/16))
}

// counting counts how often it is encoded.
type counting struct {
	text string
	n    *int
}

func (c counting) MarshalText() ([]byte, error) {
	*c.n++
	return []byte(c.text), nil
}

func (c *counting) UnmarshalText(b []byte) error {
	c.text = string(b)
	return nil
}

func TestAnIdleInstanceKeepsNothingOfItsCaller(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "echo", ExtensionConfig{Isolation: Pooled})
	_, err := Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
	require.NoError(t, err)
	inst, err := g.pool.Take(t.Context(), true)
	require.NoError(t, err)
	defer g.pool.Give(inst)
	require.Nil(t, inst.Act.Context())
	a := inst.Act.Owner.(*activation)
	require.Nil(t, a.node)
	require.Nil(t, a.frame)
	require.Nil(t, a.op)
	for i := range a.slots {
		require.False(t, a.slots[i].ready, i)
	}
}

func TestAnErrorThatCannotBeComparedComesBackAsItself(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "rethrow", ExtensionConfig{Powers: AllPowers &^ (ChangeResult | Skip)})
	_, err := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) { return "", manyErrors{"a", "b"} })(t.Context(), "in")
	require.Equal(t, manyErrors{"a", "b"}, err)
}

type manyErrors []string

func (m manyErrors) Error() string { return strings.Join(m, ", ") }

func TestAValueBesideAnErrorPassesThroughNativeAndSandboxedAlike(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for _, e := range []Extension{native{name: "n"}, load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{})} {
		v, err := Wrap(NewPipeline(e), text, func(context.Context, string) (string, error) { return "part", boom })(t.Context(), "in")
		require.Same(t, boom, err)
		require.Equal(t, "part", v)
	}
}

func TestAnInstanceThatBrokeIsNeverUsedAgain(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	for _, guest := range []string{"trap_before", "trap_after", "spin"} {
		g := load(t, rt, guest, ExtensionConfig{Isolation: Pooled, Limits: Limits{Fuel: 100_000}})
		_, err := Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
		require.ErrorAs(t, err, new(*CallError), guest)
		require.Zero(t, g.pool.Live(), guest)
		require.Zero(t, g.pool.Idle(), guest)
	}
}

func TestWhenMemoryIsShortWhoHasNoneIsServedBeforeWhoHasAll(t *testing.T) {
	t.Parallel()
	for name, bound := range map[string]int64{"those who wait do so for memory": 0, "those who wait do so for an instance": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := newRuntime(t, Config{MemoryBytes: 400 << 10}) // two instances
			greedy := load(t, rt, "pass", ExtensionConfig{Isolation: Pooled, Limits: Limits{Instances: bound}})
			modest := load(t, rt, "echo", ExtensionConfig{})
			leave1, result1 := inside(t, greedy)
			leave2, result2 := inside(t, greedy)
			entered, gate := make(chan string, 6), make(chan struct{})
			var waiting sync.WaitGroup
			ask := func(g *Guest, who string) {
				waiting.Go(func() {
					_, err := Wrap(NewPipeline(g), text, func(_ context.Context, in string) (string, error) {
						entered <- who
						<-gate
						return in, nil
					})(context.Background(), "in")
					if err != nil {
						t.Error(err)
					}
				})
			}
			for range 4 {
				ask(greedy, "greedy")
			}
			ask(modest, "modest")
			require.Eventually(t, func() bool { return greedy.pool.Waiting()+rt.engine.Quota().Waiting() == 5 }, time.Minute, time.Millisecond)
			leave1()
			require.NoError(t, <-result1)
			require.Equal(t, "modest", <-entered)
			leave2()
			require.NoError(t, <-result2)
			close(gate)
			waiting.Wait()
		})
	}
}
