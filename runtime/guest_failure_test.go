package runtime

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

func TestABrokenGuestSaysWhatBecameOfTheOperation(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	op := &operation{}
	_, err := Wrap(NewPipeline(load(t, rt, "trap_after", ExtensionConfig{})), text, op.run)(t.Context(), "in")
	var broken *CallError
	require.ErrorAs(t, err, &broken)
	require.ErrorIs(t, err, ErrTrap)
	require.Equal(t, Inner{Calls: 1, Value: "ran:in"}, broken.Inner)
	require.Equal(t, "wrap", broken.Hook)
	require.EqualError(t, err, `extension "trap_after": wrap: trap: unreachable`)
	require.NotEmpty(t, broken.Trace)
	require.Positive(t, broken.Usage.Fuel)

	_, err = Wrap(NewPipeline(load(t, rt, "trap_before", ExtensionConfig{})), text, op.run)(t.Context(), "in")
	require.ErrorAs(t, err, &broken)
	require.Equal(t, Inner{}, broken.Inner)
	require.Equal(t, 1, op.runs)
}

func TestFailurePolicies(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	for _, tc := range []struct {
		name, guest string
		cfg         ExtensionConfig
		want        string
		broken      bool
		runs        int
	}{
		{name: "closed before next", guest: "trap_before", broken: true},
		{name: "open before next", guest: "trap_before", cfg: ExtensionConfig{OnFailure: FailOpen}, want: "ran:in", runs: 1},
		{name: "open is closed after next", guest: "trap_after", cfg: ExtensionConfig{OnFailure: FailOpen}, broken: true, runs: 1},
		{name: "the inner outcome is kept", guest: "trap_after", cfg: ExtensionConfig{AfterNext: KeepInner}, want: "ran:in", runs: 1},
		{name: "keeping is not opening", guest: "trap_before", cfg: ExtensionConfig{AfterNext: KeepInner}, broken: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			op := &operation{}
			got, err := Wrap(NewPipeline(load(t, rt, tc.guest, tc.cfg)), text, op.run)(t.Context(), "in")
			require.Equal(t, tc.runs, op.runs)
			if tc.broken {
				require.ErrorAs(t, err, new(*CallError))
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
	_, err := rt.Load(t.Context(), guestFile(t, "pass"), ExtensionConfig{Name: "guard", Guard: true, OnFailure: FailOpen})
	require.ErrorContains(t, err, "Guard")
}

func TestCancellationIsNoBreakage(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	g := load(t, rt, "spin", ExtensionConfig{Limits: Limits{Fuel: Unlimited, SelfTime: Unlimited}, OnFailure: FailOpen})
	why := errors.New("the user went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		time.Sleep(10 * time.Millisecond)
		cancel(why)
	}()
	op := &operation{}
	_, err := Wrap(NewPipeline(g), text, op.run)(ctx, "in")
	require.Same(t, why, err)
	require.Zero(t, op.runs)
	require.Zero(t, g.breaker.failures.Load())
}

func TestAGuestThatTrapsOnceItsCallerGaveUpIsNoBreakage(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	g := load(t, rt, "asleep", ExtensionConfig{})
	why := errors.New("the user went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(5*time.Millisecond, func() { cancel(why) })
	_, err := Wrap(NewPipeline(g), text, (&operation{}).run)(ctx, "in")
	require.Same(t, why, err)
	require.Zero(t, g.breaker.failures.Load())
	require.Zero(t, g.pool.Idle(), "the instance is not used again")
}

func TestAPanicOfTheOperationPassesThroughWithItsValue(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	for _, isolation := range []Isolation{Fresh, Pooled} {
		outer := load(t, rt, "pass", ExtensionConfig{Name: "outer", Isolation: isolation})
		inner := load(t, rt, "pass", ExtensionConfig{Name: "inner", Isolation: isolation})
		value := &struct{ x int }{1}
		do := Wrap(NewPipeline(outer, native{}, inner), text, func(context.Context, string) (string, error) { panic(value) })
		func() {
			defer func() { require.Same(t, value, recover()) }()
			_, _ = do(t.Context(), "in")
		}()
		require.Zero(t, outer.pool.Live(), "the instances were given up")
		require.Zero(t, inner.pool.Live())
		healthy := Wrap(NewPipeline(outer, inner), text, (&operation{}).run)
		got, err := healthy(t.Context(), "in")
		require.NoError(t, err)
		require.Equal(t, "ran:in", got)
	}
}

func TestAnOperationThatExitsItsGoroutineLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{Isolation: Pooled})
	do := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) {
		exitGoroutine()
		return "", nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = do(context.Background(), "in")
	}()
	<-done
	require.Zero(t, g.pool.Live())
	require.Zero(t, g.pool.Idle(), "an instance whose frames were left half-way is not used again")
}

func TestABreakerOpensAfterFailuresInARowAndTriesAgain(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "trap_before", ExtensionConfig{Breaker: Breaker{Failures: 2, Cooldown: time.Hour}})
	do := Wrap(NewPipeline(g), text, (&operation{}).run)
	for _, want := range []error{ErrTrap, ErrTrap, ErrBreaker, ErrBreaker} {
		_, err := do(t.Context(), "in")
		require.ErrorIs(t, err, want)
	}
	g.breaker.retryAt.Store(1)
	_, err := do(t.Context(), "in")
	require.ErrorIs(t, err, ErrTrap, "one try after the cooldown")
	_, err = do(t.Context(), "in")
	require.ErrorIs(t, err, ErrBreaker)
	g.breaker.success()
	require.True(t, g.breaker.allow())
}

func TestASandboxErrorIsOneOfThePublicOnes(t *testing.T) {
	t.Parallel()
	for _, err := range []error{sandbox.ErrFuel, sandbox.ErrDeadline, sandbox.ErrMemory, sandbox.ErrStack, sandbox.ErrTrap, sandbox.ErrABI, sandbox.ErrPanic, sandbox.ErrBusy, sandbox.ErrClosed} {
		require.NotEqual(t, "error", errorCode(err))
	}
}
