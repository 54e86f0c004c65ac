package runtime

import (
	"context"
	"errors"
	goruntime "runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func exitGoroutine() { goruntime.Goexit() }

// native is a native extension: its function is its wrap, none passes.
type native struct {
	name string
	wrap func(ctx context.Context, op *Invocation, next Next) (any, error)
}

func (n native) Name() string { return n.name }

func (n native) Wrap(ctx context.Context, op *Invocation, next Next) (any, error) {
	if n.wrap == nil {
		return next(ctx)
	}
	return n.wrap(ctx, op, next)
}

func TestTheFirstExtensionIsOutermost(t *testing.T) {
	t.Parallel()
	var trace []string
	mark := func(name string) Extension {
		return native{name, func(ctx context.Context, _ *Invocation, next Next) (any, error) {
			trace = append(trace, name+">")
			v, err := next(ctx)
			trace = append(trace, "<"+name)
			return v, err
		}}
	}
	_, err := Wrap(NewPipeline(mark("a"), mark("b")), text, (&operation{}).run)(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, []string{"a>", "b>", "<b", "<a"}, trace)
}

func TestANativeExtensionMayChangeEverything(t *testing.T) {
	t.Parallel()
	op := &operation{}
	do := Wrap(NewPipeline(native{"n", func(ctx context.Context, op *Invocation, next Next) (any, error) {
		v, err := next(ctx, op.Input().(string)+"!")
		return v.(string) + "?", err
	}}), text, op.run)
	got, err := do(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, "ran:in!?", got)
}

func TestANativeExtensionWithAWrongTypeIsNamed(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(context.Context, *Invocation, Next) (any, error){
		"result": func(context.Context, *Invocation, Next) (any, error) { return 1, nil },
		"input":  func(ctx context.Context, _ *Invocation, next Next) (any, error) { return next(ctx, 1) },
	} {
		_, err := Wrap(NewPipeline(native{"odd", wrap}), text, (&operation{}).run)(t.Context(), "in")
		require.ErrorIs(t, err, ErrType, name)
		require.ErrorContains(t, err, "odd", name)
		require.ErrorContains(t, err, "int", name)
	}
}

func TestAPanicOfANativeExtensionIsItsOwn(t *testing.T) {
	t.Parallel()
	op := &operation{}
	do := Wrap(NewPipeline(native{"bad", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		_, _ = next(ctx)
		panic("mine")
	}}), text, op.run)
	_, err := do(t.Context(), "in")
	var broken *CallError
	require.ErrorAs(t, err, &broken)
	require.ErrorIs(t, err, ErrPanic)
	require.Equal(t, "mine", broken.Detail)
	require.Equal(t, Inner{Calls: 1, Value: "ran:in"}, broken.Inner)
}

func TestNobodyInterestedIsTheFunctionItself(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "trap_before", ExtensionConfig{Filters: []Filter{{Kinds: []string{"other"}}, {Names: []string{"order.*"}}}})
	op := &operation{}
	got, err := Wrap(NewPipeline(g), text, op.run)(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, "ran:in", got)
	_, err = Wrap(NewPipeline(g), Operation{Kind: "test", Name: "order.place"}, op.run)(t.Context(), "in")
	require.ErrorIs(t, err, ErrTrap)
}

func TestDoWrapsUntypedValues(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	p := NewPipeline(load(t, rt, "echo", ExtensionConfig{}))
	got, err := p.Do(t.Context(), text, map[string]any{"a": []any{int64(1), "x"}}, func(context.Context, any) (any, error) { return nil, nil })
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": []any{int64(1), "x"}}, got)
	boom := errors.New("boom")
	_, err = p.Do(t.Context(), text, 1, func(context.Context, any) (any, error) { return nil, boom })
	require.NoError(t, err, "echo answers with its input whatever happened")
}

func TestNestedOperationsKnowTheirChain(t *testing.T) {
	t.Parallel()
	var seen []Invocation
	spy := native{"spy", func(ctx context.Context, op *Invocation, next Next) (any, error) {
		seen = append(seen, *op)
		return next(ctx)
	}}
	p := NewPipeline(spy)
	inner := Wrap(p, Operation{Kind: "test", Name: "inner"}, (&operation{}).run)
	var kept context.Context
	outer := Wrap(p, Operation{Kind: "test", Name: "outer"}, func(ctx context.Context, in string) (string, error) {
		kept = ctx
		return inner(ctx, in)
	})
	_, err := outer(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, []int{seen[0].Depth, seen[1].Depth})
	require.Equal(t, seen[0].ID, seen[1].Root)
	require.NotEqual(t, seen[0].ID, seen[1].ID)
	_, err = inner(kept, "later")
	require.NoError(t, err)
	require.Equal(t, 0, seen[2].Depth, "a context that outlived its root begins a new chain")
	require.Equal(t, seen[2].ID, seen[2].Root)
}

func TestNestingIsBounded(t *testing.T) {
	t.Parallel()
	p := NewPipeline(native{name: "n"})
	depth := 0
	var again func(context.Context, int) (int, error)
	again = Wrap(p, text, func(ctx context.Context, n int) (int, error) {
		depth++
		return again(ctx, n)
	})
	_, err := again(t.Context(), 0)
	require.ErrorIs(t, err, ErrNesting)
	require.Equal(t, 65, depth)
}

func TestAPipelineOfSomethingElsePanicsAtOnce(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { NewPipeline(nil) })
	require.Panics(t, func() { NewPipeline(onlyNamed{}) })
}

func TestNextIsNotForAfterWrap(t *testing.T) {
	t.Parallel()
	op := &operation{}
	var kept Next
	do := Wrap(NewPipeline(native{"leaky", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		kept = next
		return next(ctx)
	}}), text, op.run)
	_, err := do(t.Context(), "in")
	require.NoError(t, err)
	_, err = kept(t.Context())
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorContains(t, err, "leaky")
	_, err = kept(t.Context(), "other")
	require.ErrorIs(t, err, ErrClosed)
	require.Equal(t, 1, op.runs)
}

func TestACallOfNextThatIsUnderWayWhenWrapReturnsGoesOn(t *testing.T) {
	t.Parallel()
	begun, goOn, got := make(chan struct{}), make(chan struct{}), make(chan any, 1)
	do := Wrap(NewPipeline(native{"hasty", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		go func() {
			v, _ := next(ctx)
			got <- v
		}()
		<-begun
		panic("enough")
	}}), text, func(_ context.Context, in string) (string, error) {
		close(begun)
		<-goOn
		return "ran:" + in, nil
	})
	_, err := do(t.Context(), "in")
	var broken *CallError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, Inner{Calls: 1, Running: true}, broken.Inner)
	close(goOn)
	require.Equal(t, "ran:in", <-got)
}

func TestInnerHasTheOutcomeOfTheLastNext(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	op := &operation{}
	fail := func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		_, _ = next(ctx)
		op.fail = boom
		_, _ = next(ctx, "again")
		return 1, nil
	}
	_, err := Wrap(NewPipeline(native{"n", fail}), text, op.run)(t.Context(), "in")
	var broken *CallError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, Inner{Calls: 2, Value: "ran:again", Err: boom}, broken.Inner)
}

func TestNextMayBeCalledFromManyGoroutines(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	inner := native{name: "inner"}
	do := Wrap(NewPipeline(native{"many", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				v, err := next(ctx, strconv.Itoa(i))
				if err != nil || v != "ran:"+strconv.Itoa(i) {
					t.Errorf("next %d: %v, %v", i, v, err)
				}
			})
		}
		wg.Wait()
		panic("so that Inner is made")
	}}, inner), text, func(_ context.Context, in string) (string, error) {
		runs.Add(1)
		return "ran:" + in, nil
	})
	for range 50 {
		_, err := do(t.Context(), "in")
		var broken *CallError
		require.ErrorAs(t, err, &broken)
		require.Equal(t, 16, broken.Inner.Calls)
		require.False(t, broken.Inner.Running)
		require.Contains(t, broken.Inner.Value, "ran:")
	}
	require.EqualValues(t, 16*50, runs.Load())
}

func TestAPanicOfTheOperationGoesThroughNativeLayersAsItIs(t *testing.T) {
	t.Parallel()
	p := NewPipeline(native{name: "a"}, native{name: "b"})
	type mine struct{ n int }
	do := Wrap(p, text, func(context.Context, string) (string, error) { panic(mine{7}) })
	require.PanicsWithValue(t, mine{7}, func() { _, _ = do(t.Context(), "in") })
}

func TestANilAnswerIsTheZeroValueAlsoToTheLayersOutside(t *testing.T) {
	t.Parallel()
	var seen any
	outer := native{"outer", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
		v, err := next(ctx)
		seen = v
		return v, err
	}}
	for _, failure := range []error{nil, errors.New("boom")} {
		none := native{"none", func(context.Context, *Invocation, Next) (any, error) { return nil, failure }}
		got, err := Wrap(NewPipeline(outer, none), text, (&operation{}).run)(t.Context(), "in")
		require.Equal(t, failure, err)
		require.Empty(t, got)
		require.Equal(t, "", seen)
	}
}

// TestAKeptContextKeepsNoValues: the node of a run may be kept for ever, so it
// must let go of what passed through.
func TestAKeptContextKeepsNoValues(t *testing.T) {
	t.Parallel()
	freed := make(chan struct{}, 2)
	var kept context.Context
	do := Wrap(NewPipeline(native{name: "n"}), text, func(ctx context.Context, in *[1 << 20]byte) (*[1 << 20]byte, error) {
		kept = ctx
		out := new([1 << 20]byte)
		goruntime.AddCleanup(out, func(c chan struct{}) { c <- struct{}{} }, freed)
		return out, nil
	})
	func() {
		in := new([1 << 20]byte)
		goruntime.AddCleanup(in, func(c chan struct{}) { c <- struct{}{} }, freed)
		_, err := do(t.Context(), in)
		require.NoError(t, err)
	}()
	require.Eventually(t, func() bool {
		goruntime.GC()
		return len(freed) == 2
	}, 10*time.Second, time.Millisecond)
	goruntime.KeepAlive(kept)
}

type onlyNamed struct{}

func (onlyNamed) Name() string { return "only-named" }
