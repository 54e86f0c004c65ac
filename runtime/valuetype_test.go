package runtime

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

type point struct {
	X    int
	note string // never encoded
}

func untyped(result any) func(context.Context, any) (any, error) {
	return func(context.Context, any) (any, error) { return result, nil }
}

func TestAReplacementInAnUntypedPipelineTakesTheTypeThatTheOperationSays(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	echo := NewPipeline(load(t, rt, "echo", ExtensionConfig{}))
	for _, tc := range []struct {
		name          string
		input, result any
		is            reflect.Type
		want          any
	}{
		{"a struct keeps what its base hides", point{X: 3}, point{X: 1, note: "inner"}, reflect.TypeFor[point](), point{X: 3, note: "inner"}},
		{"a pointer too", &point{X: 3}, &point{X: 1, note: "inner"}, reflect.TypeFor[*point](), &point{X: 3, note: "inner"}},
		{"a nil result leaves no base", point{X: 3}, nil, reflect.TypeFor[point](), point{X: 3}},
		{"a result of another type leaves no base", point{X: 3}, "odd", reflect.TypeFor[point](), point{X: 3}},
		{"a small integer", int8(7), int8(0), reflect.TypeFor[int8](), int8(7)},
		{"no type: the type of the result", int8(7), int8(0), nil, int8(7)},
		{"no type and no result: generic", int8(7), nil, nil, int64(7)},
		{"an interface that the result fills", 1.5, 0.5, reflect.TypeFor[any](), 1.5},
		{"nil stays nil", nil, point{}, reflect.TypeFor[any](), nil},
	} {
		do := Wrap(echo, Operation{Kind: "test", Name: "untyped", ResultType: tc.is}, untyped(tc.result))
		got, err := do(t.Context(), tc.input)
		require.NoError(t, err, tc.name)
		require.Equal(t, tc.want, got, tc.name)
		got, err = echo.Do(t.Context(), Operation{Kind: "test", Name: "untyped", ResultType: tc.is}, tc.input, untyped(tc.result))
		require.NoError(t, err, tc.name)
		require.Equal(t, tc.want, got, tc.name)
	}
}

func TestAnAnswerWithoutNextTakesTheSaidType(t *testing.T) {
	t.Parallel()
	type name string
	g := load(t, newRuntime(t, Config{}), "skip", ExtensionConfig{})
	op := Operation{Kind: "test", Name: "untyped", ResultType: reflect.TypeFor[name]()}
	got, err := Wrap(NewPipeline(g), op, untyped(1))(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, name("skipped"), got)

	op.ResultType = reflect.TypeFor[point]()
	_, err = Wrap(NewPipeline(g), op, untyped(1))(t.Context(), nil)
	require.ErrorIs(t, err, ErrType)
	require.ErrorContains(t, err, "untyped")
	require.True(t, errors.As(err, new(*CallError)))
}

func TestAnInputThatAGuestReplacesTakesTheSaidType(t *testing.T) {
	t.Parallel()
	type name string
	g := load(t, newRuntime(t, Config{}), "replace", ExtensionConfig{})
	for want, op := range map[any]Operation{
		name("changed"): {Kind: "test", InputType: reflect.TypeFor[name]()},
		"changed":       {Kind: "test"},
	} {
		var seen any
		_, err := Wrap(NewPipeline(g), op, func(_ context.Context, in any) (any, error) { seen = in; return nil, nil })(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, want, seen)
	}
}

func TestANativeValueMustBeOfTheSaidType(t *testing.T) {
	t.Parallel()
	op := Operation{Kind: "test", Name: "untyped", InputType: reflect.TypeFor[fmt.Stringer](), ResultType: reflect.TypeFor[point]()}
	wrap := func(answer any, changed ...any) (any, error) {
		return Wrap(NewPipeline(native{"n", func(ctx context.Context, _ *Invocation, next Next) (any, error) {
			_, err := next(ctx, changed...)
			return answer, err
		}}), op, untyped(nil))(t.Context(), nil)
	}
	got, err := wrap(point{X: 1}, AllPowers)
	require.NoError(t, err)
	require.Equal(t, point{X: 1}, got)
	got, err = wrap(nil, nil)
	require.NoError(t, err)
	require.Nil(t, got, "nil stays nil")
	_, err = wrap(&point{})
	require.ErrorIs(t, err, ErrType)
	require.ErrorContains(t, err, "*runtime.point; operation \"untyped\" yields runtime.point")
	_, err = wrap(point{}, "no stringer")
	require.ErrorIs(t, err, ErrType)
	require.ErrorContains(t, err, "fmt.Stringer")
}

func TestATypeThatTheFunctionCannotHaveIsAMistakeInTheProgram(t *testing.T) {
	t.Parallel()
	p := NewPipeline(native{name: "n"})
	is := reflect.TypeFor[int]()
	require.PanicsWithValue(t, `aril: operation "text": ResultType is int, which is no string`, func() {
		Wrap(p, Operation{Name: "text", ResultType: is}, (&operation{}).run)
	})
	require.Panics(t, func() { Wrap(p, Operation{InputType: is}, (&operation{}).run) })
	require.NotPanics(t, func() { Wrap(p, Operation{ResultType: reflect.TypeFor[string]()}, (&operation{}).run) })
}

func TestAnAnswerToAnEventTakesTheTypeThatIsAskedFor(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "methods", ExtensionConfig{})
	base := point{X: 1, note: "stored"}
	e := Event{Type: "change", Data: point{X: 2}, AnswerType: reflect.TypeFor[point](), AnswerBase: base}
	answer, answered, err := g.Event(t.Context(), e)
	require.NoError(t, err)
	require.True(t, answered)
	require.Equal(t, point{X: 2, note: "stored"}, answer)
	require.Equal(t, 1, base.X)

	e.AnswerBase = "of another type"
	answer, _, err = g.Event(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, point{X: 2}, answer)

	e.Data = "no point"
	_, _, err = g.Event(t.Context(), e)
	require.ErrorIs(t, err, ErrType)
	require.NotErrorIs(t, err, ErrABI)

	answer, _, err = g.Event(t.Context(), Event{Type: "change", Data: point{X: 2}})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"X": int64(2)}, answer, "the type of one event is not that of the next")
}

func TestAnErrorAsTheDataOfAnEventIsAnErrorMessage(t *testing.T) {
	t.Parallel()
	g := load(t, newRuntime(t, Config{}), "methods", ExtensionConfig{})
	answer, _, err := g.Event(t.Context(), Event{Type: "error", Data: fmt.Errorf("resolve: %w", &Error{ErrorCode: "sold_out", Message: "none left"})})
	require.NoError(t, err)
	require.Equal(t, "sold_out", answer.(map[string]any)["code"])
	require.Equal(t, "resolve: none left", answer.(map[string]any)["message"])
}
