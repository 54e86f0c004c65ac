package runtime

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASingleExtensionKeepsItsStateAndItsOperationsQueue(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "counter", ExtensionConfig{Isolation: Single})
	do := Wrap(NewPipeline(g), Operation{Kind: "t", Name: "count"}, func(_ context.Context, in int) (int, error) { return in, nil })
	seen := make(chan int, 8)
	var all sync.WaitGroup
	for range cap(seen) {
		all.Go(func() {
			n, err := do(context.Background(), 0)
			if err != nil {
				t.Error(err)
			}
			seen <- n
		})
	}
	all.Wait()
	close(seen)
	var got []int
	for n := range seen {
		got = append(got, n)
	}
	require.ElementsMatch(t, []int{11, 22, 33, 44, 55, 66, 77, 88}, got)
	require.Zero(t, g.Restarts())
	require.Zero(t, g.pool.Live())
}

// nested runs an operation inside itself, depth times.
func nested(g *Guest) func(context.Context, int) (int, error) {
	var do func(context.Context, int) (int, error)
	do = Wrap(NewPipeline(g), Operation{Kind: "t", Name: "nest"}, func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		n, err := do(ctx, depth-1)
		return n + 1, err
	})
	return do
}

func TestASingleExtensionIsEnteredAgainFromBelowItsNextToTheNestingLimit(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{Isolation: Single})
	do := nested(g)
	for range 3 {
		n, err := do(t.Context(), 60)
		require.NoError(t, err)
		require.Equal(t, 61, n)
		_, err = do(t.Context(), 70)
		require.ErrorIs(t, err, ErrNesting)
	}
	require.Zero(t, g.Restarts())
	require.Empty(t, g.single.uses)
	require.Zero(t, g.pool.Live())
}

func TestANestedActivationDoesNotSpendTheFuelOfTheOneAround(t *testing.T) {
	t.Parallel()
	usage := func(isolation Isolation) (all []int64) {
		rt := newRuntime(t, Config{Observe: func(_ context.Context, r *Report) { all = append(all, r.Fuel) }})
		p := NewPipeline(load(t, rt, "echo", ExtensionConfig{Isolation: isolation}))
		bare := func(_ context.Context, in []byte) ([]byte, error) { return in, nil }
		_, err := Wrap(p, Operation{Kind: "t", Name: "outer"}, func(ctx context.Context, in []byte) ([]byte, error) {
			return Wrap(p, Operation{Kind: "t", Name: "inner"}, bare)(ctx, in) // as long: they share the buffers of the guest
		})(t.Context(), make([]byte, 128))
		require.NoError(t, err)
		require.Len(t, all, 2)
		return all
	}
	require.Equal(t, usage(Pooled), usage(Single))
}

func TestTheSameSingleExtensionTwiceInOnePipeline(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{Isolation: Single})
	op := &operation{}
	out, err := Wrap(NewPipeline(g, g, g), text, op.run)(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, "ran:in", out)
	require.Equal(t, 1, op.runs)
}

func TestTwoOperationsAtOnceBelowOneNextOfASingleExtension(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{Isolation: Single})
	inside, leave := make(chan struct{}), make(chan struct{})
	slow := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) {
		close(inside)
		<-leave
		return "slow", nil
	})
	quick := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) { return "quick", nil })
	outer := Wrap(NewPipeline(g), text, func(ctx context.Context, _ string) (string, error) {
		first := make(chan error)
		go func() { _, err := slow(ctx, ""); first <- err }()
		<-inside
		_, err := quick(ctx, "")
		require.ErrorIs(t, err, ErrBusy)
		require.ErrorContains(t, err, `"pass" is Single`)
		close(leave)
		require.NoError(t, <-first)
		return quick(ctx, "") // one after the other
	})
	out, err := outer(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, "quick", out)
}

func TestAnOperationLeftBehindInASingleExtensionEndsTheOneAround(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "pass", ExtensionConfig{Isolation: Single})
	inside, leave, left := make(chan struct{}), make(chan struct{}), make(chan error)
	slow := Wrap(NewPipeline(g), text, func(context.Context, string) (string, error) {
		close(inside)
		<-leave
		return "slow", nil
	})
	outer := Wrap(NewPipeline(g), text, func(ctx context.Context, _ string) (string, error) {
		go func() { _, err := slow(ctx, ""); left <- err }()
		<-inside
		return "returned too early", nil
	})
	_, err := outer(t.Context(), "")
	require.ErrorIs(t, err, ErrBusy)
	require.Equal(t, 1, g.pool.Live(), "its memory is still in use")
	close(leave)
	require.ErrorIs(t, <-left, ErrClosed)
	require.EqualValues(t, 1, g.Restarts())
	out, err := Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, "ran:in", out)
}

func TestASingleExtensionThatTrapsBeginsAnewAndEndsWhatIsAround(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "trap_after", ExtensionConfig{Isolation: Single, Breaker: Breaker{Failures: Unlimited}})
	inner := Wrap(NewPipeline(g), text, (&operation{}).run)
	outer := Wrap(NewPipeline(g), text, func(ctx context.Context, in string) (string, error) {
		_, err := inner(ctx, in)
		require.ErrorIs(t, err, ErrTrap)
		return "", nil
	})
	for n := range int64(3) {
		_, err := outer(t.Context(), "in")
		require.ErrorIs(t, err, ErrClosed)
		require.Equal(t, n+1, g.Restarts())
	}
}

func TestTwoSingleExtensionsTakenInOppositeOrderAreRefusedWithBothNames(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	a := load(t, rt, "pass", ExtensionConfig{Name: "alpha", Isolation: Single})
	b := load(t, rt, "pass", ExtensionConfig{Name: "beta", Isolation: Single})
	both := make(chan struct{}, 2)
	goOn := make(chan struct{})
	chain := func(first, second *Guest) error {
		_, err := Wrap(NewPipeline(first), text, func(ctx context.Context, in string) (string, error) {
			both <- struct{}{}
			<-goOn
			return Wrap(NewPipeline(second), text, (&operation{}).run)(ctx, in)
		})(context.Background(), "in")
		return err
	}
	results := make(chan error, 2)
	go func() { results <- chain(a, b) }()
	go func() { results <- chain(b, a) }()
	<-both
	<-both
	close(goOn)
	one, other := <-results, <-results
	if one == nil {
		one, other = other, one
	}
	require.NoError(t, other)
	require.ErrorIs(t, one, ErrBusy)
	require.ErrorContains(t, one, "alpha")
	require.ErrorContains(t, one, "beta")
}

func TestBranchesOfOneOperationQueueForASingleExtension(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	g := load(t, rt, "pass", ExtensionConfig{Isolation: Single})
	do := Wrap(NewPipeline(g), text, (&operation{}).run)
	busy := load(t, rt, "pass", ExtensionConfig{Name: "around", Isolation: Pooled})
	_, err := Wrap(NewPipeline(busy), text, func(ctx context.Context, in string) (string, error) {
		var all sync.WaitGroup
		results := make(chan error, 16)
		for range cap(results) {
			all.Go(func() {
				_, err := Wrap(NewPipeline(g), text, same)(ctx, in)
				results <- err
			})
		}
		all.Wait()
		close(results)
		for err := range results {
			require.NoError(t, err)
		}
		return do(ctx, in)
	})(t.Context(), "in")
	require.NoError(t, err)
}

func same(_ context.Context, in string) (string, error) { return in, nil }
