package runtime

import (
	"context"
	"errors"
	goruntime "runtime"
	"testing"

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

type onlyNamed struct{}

func (onlyNamed) Name() string { return "only-named" }
