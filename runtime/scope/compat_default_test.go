package scope_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var defaultRows = []row{
	{id: "D1", at: byDefault, test: lastIsOutermost,
		does:      "The extension that was added last is outermost, for Wrap and WrapResolve",
		otherwise: "The one that was added first is outermost", testOtherwise: firstIsOutermost},
	{id: "D2", at: all, test: wrapIsOutsideOfWrapResolve,
		does: "Wrap of an extension is outside of its own WrapResolve"},
	{id: "D3", at: all, test: pipelinesArePositional,
		does: "aril.NewPipeline is positional: the first is outermost"},
	{id: "D4", at: byDefault, test: disposeHooksRunInReverse,
		does:      "Extensions are disposed of in reverse order, one after the other, before executors are released",
		otherwise: "They are disposed of all at once, before executors are released", testOtherwise: disposeHooksRunTogether},
	{id: "D5", at: all, test: failedDisposeGoesOn,
		does: "Dispose goes on after a failure and joins the errors"},
	{id: "D6", at: byDefault, test: everyResolutionIsWrapped,
		does:      "Every resolution is wrapped: of dependencies, by accessors, reactive ones",
		otherwise: "Only what is asked for is wrapped", testOtherwise: onlyTopCallsAreWrapped},
	{id: "D7", at: all, test: topCallsAreWrapped,
		does: "Cache hits are wrapped"},
	{id: "D8", at: byDefault, test: dependentsGetTheWrappedValue,
		does:      "Each resolver gets the wrapped value, the scope keeps the raw one",
		otherwise: "Whoever asks gets the wrapped value, dependents the raw one that the scope keeps", testOtherwise: dependentsGetTheRawValue},
	{id: "D9", at: byDefault, test: nextRetriesAFailure,
		does:      "next again runs a failed factory again, and after success gives the cached value",
		otherwise: "next again gives the failure again, and after success the cached value", testOtherwise: nextReplaysAFailure},
	{id: "D10", at: byDefault, test: dependencyFailuresAreRetried,
		does:      "An extension that retries what it wraps retries dependencies that fail, too",
		otherwise: "It sees no dependencies, and what depends on one gets its failure again", testOtherwise: dependencyFailuresAreReplayed},
	{id: "D11", at: byDefault, test: wrapErrorsAreToldOncePerValue,
		does:      "OnError hears of errors that wraps made, once for each error value, however many layers and dependents pass it on",
		otherwise: "OnError hears nothing of errors that wraps made", testOtherwise: wrapErrorsOfDependencies},
	{id: "D12", at: byDefault, test: failuresAreToldOnce,
		does:      "OnError hears of a failure once for each error value",
		otherwise: "OnError hears of a failure once for each executor of the chain", testOtherwise: failuresAreToldForEachExecutor},
	{id: "D13", at: all, test: onErrorGetsExecutorAndScope,
		does: "Callbacks of OnError get context, error, executor or nil, and scope"},
}

// A twoWraps has both hooks.
type twoWraps struct{ *trace }

func (twoWraps) Name() string { return "two" }

func (w twoWraps) Wrap(ctx context.Context, _ *aril.Invocation, next aril.Next) (any, error) {
	w.add("Wrap")
	return next(ctx)
}

func (w twoWraps) WrapResolve(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (any, error) {
	w.add("WrapResolve")
	return next(ctx)
}

func wrapIsOutsideOfWrapResolve(t *testing.T, c scope.Compat) {
	tr := &trace{}
	mustResolve(t, newScope(t, c, twoWraps{tr}), scope.Value(1))
	require.Equal(t, []string{"Wrap", "WrapResolve"}, tr.take())
	mustResolve(t, newScope(t, c, twoWraps{tr}, tracer(tr, "B")), scope.Value(1, scope.Name("a")))
	want := []string{"B> resolve a", "Wrap", "WrapResolve", "<B"}
	if c.FirstOutermost {
		want = []string{"Wrap", "WrapResolve", "B> resolve a", "<B"}
	}
	require.Equal(t, want, tr.all())
}

func pipelinesArePositional(t *testing.T, _ scope.Compat) {
	tr := &trace{}
	member := func(name string) aril.Extension {
		return inputWatcher{func(*aril.Invocation) []any { tr.add("%s", name); return nil }}
	}
	p := aril.NewPipeline(member("first"), member("second"))
	_, err := p.Do(t.Context(), aril.Operation{}, nil, func(context.Context, any) (any, error) { tr.add("core"); return nil, nil })
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second", "core"}, tr.all())
}

// failsBelow resolves what depends on an executor that fails twice, through a
// retrying extension.
func failsBelow(t *testing.T, c scope.Compat) (runs int, err error) {
	var calls int
	s := newScope(t, c, retries(4, &calls))
	_, err = scope.Resolve(t.Context(), s, plusOne("top", failing("a", 2, &runs)))
	return runs, err
}

func dependencyFailuresAreRetried(t *testing.T, c scope.Compat) {
	runs, err := failsBelow(t, c)
	require.NoError(t, err)
	require.Equal(t, 3, runs)
}

func dependencyFailuresAreReplayed(t *testing.T, c scope.Compat) {
	runs, err := failsBelow(t, c)
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, 1, runs)
}

// wrapErrors makes the wrap of a fail, and resolves what depends on it.
func wrapErrors(t *testing.T, c scope.Compat) []string {
	tr := &trace{}
	fail := errors.New("of the wrap")
	pass := &ext{name: "pass"}
	s := newScope(t, c, pass, &ext{name: "bad", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		v, err := next(ctx)
		if op.Executor.Name() == "a" {
			return nil, fail
		}
		return v, err
	}}, pass)
	s.OnError(func(_ context.Context, err error, e scope.AnyExecutor, _ *scope.Scope) {
		tr.add("%s", fmt.Sprint(scope.ExecutorName(e), ": ", err))
	})
	a := scope.Value(1, scope.Name("a"))
	_, err := scope.Resolve(t.Context(), s, plusOne("top", plusOne("b", a)))
	if c.TopOnly {
		require.NoError(t, err)
		_, err = scope.Resolve(t.Context(), s, a)
	}
	require.ErrorIs(t, err, fail)
	return tr.all()
}

func wrapErrorsAreToldOncePerValue(t *testing.T, c scope.Compat) {
	require.Equal(t, []string{"a: of the wrap"}, wrapErrors(t, c))
}

func wrapErrorsOfDependencies(t *testing.T, c scope.Compat) {
	require.Empty(t, wrapErrors(t, c))
}
