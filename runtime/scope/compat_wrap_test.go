package scope_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen1WrapRows = []row{
	{id: "G1-B13", at: both, test: firstIsOutermost,
		does:      "The extension that was added first is outermost",
		otherwise: "The extension that was added last is outermost", testOtherwise: lastIsOutermost},
	{id: "G1-B14", at: all, test: topCallsAreWrapped,
		does: "Wraps see Resolve, the first time, on a cache hit, and with Reload, and Update and Set of scope and accessor, as operation update"},
	{id: "G1-B15", at: both, test: onlyTopCallsAreWrapped,
		does:      "Wraps do not see dependencies, resolutions by an accessor, or releases",
		otherwise: "Wraps see dependencies and resolutions by an accessor; not releases", testOtherwise: everyResolutionIsWrapped},
	{id: "G1-B16", at: both, test: dependentsGetTheRawValue,
		does:      "What a wrap answers is for that caller alone. The scope keeps the raw value; dependents and Get have that",
		otherwise: "What a wrap answers is for whoever resolves, dependents too. The scope keeps the raw value, and Get has that", testOtherwise: dependentsGetTheWrappedValue},
	{id: "G1-B17", at: all, test: shortCircuitKeepsNothing,
		does: "A wrap that does not call next answers in the executor's place, and the scope keeps nothing"},
	{id: "G1-B18", at: all, test: wrapMayAnswerAtOnce,
		does: "A wrap may answer without waiting for anything. Its panic is an error of the call"},
	{id: "G1-B19", at: all, test: wrapOfAnUpdateDecidesWhetherNotWhat,
		does: "What a wrap of an update answers does not matter; its next gives the new value. Without next there is no update"},
	{id: "G1-B20", at: both, test: nextReplaysAFailure,
		does:      "A second next after success gives the cached value; after a failure the same error, for which the factory ran once. Reload runs the factory for each next",
		otherwise: "A second next after success gives the cached value; after a failure it runs the factory again. Reload runs the factory for each next", testOtherwise: nextRetriesAFailure},
	{id: "G1-B21", at: both, test: wrapErrorsAreNotTold,
		does:      "An error of a wrap reaches the caller as it is, and OnError does not hear of it",
		otherwise: "An error of a wrap reaches the caller as it is, and OnError hears of it", testOtherwise: wrapErrorsAreTold},
	{id: "G1-B22", at: all, test: wrapKnowsTheExecutor,
		does: "A wrap gets the executor itself. One without a name has the name \"\""},
	{id: "G1-B23", at: all, test: lookupInAWrap,
		does: "Lookup in a wrap, before next, gives none at a first resolution, resolved on a hit, also where the value came as a dependency, rejected after a failure, pending while another resolution is under way"},
}

var gen2ResolveRows = []row{
	{id: "G2-B13", at: both, test: firstIsOutermost,
		does:      "The extension that was added first is outermost, and one added later by UseExtension innermost",
		otherwise: "The extension that was added last is outermost, also by UseExtension", testOtherwise: lastIsOutermost},
	{id: "G2-B14", at: all, test: withoutWrapsThereIsNoOperation,
		does: "Without extensions, or with ones that wrap nothing, a resolution is no operation"},
	{id: "G2-B15", at: all, test: wrapsShareTheOperation,
		does: "All extensions of one call get one operation. The input changes only through next"},
	{id: "G2-B16", at: all, test: wrapAnswersTheExecutorsType,
		does: "A wrap answers with a value of the executor's type. Another one is ErrType, and nil is the type's zero value"},
	{id: "G2-B17", does: "Whether an error of a wrap is thrown or a rejected promise: in Go an error is returned", absent: promises},
	{id: "G2-B18", at: all, test: wrapReplacesTheResult,
		does: "What a wrap returns replaces the operation's result for the caller"},
	{id: "G2-B19", at: all, test: resolveIsEmittedAlways,
		does: "Resolve is an operation always: the first time, on a cache hit, with Reload; for an executor with a preset, as that executor; for the members of a pool"},
	{id: "G2-B20", at: both, test: onlyTopCallsAreWrapped,
		does:      "No operation is made of dependencies, resolutions by an accessor, releases, and reactive re-resolution",
		otherwise: "Dependencies, resolutions by an accessor, and reactive re-resolution are operations; releases are none", testOtherwise: everyResolutionIsWrapped},
	{id: "G2-B21", at: all, test: updatesAreEmitted,
		does: "Operation update comes from Update and Set of scope and accessor; Controller.Reload makes a resolve"},
	{id: "G2-B22", at: both, test: dependentsGetTheRawValue,
		does:      "The scope keeps the raw value, and each resolution applies the wraps to it anew; dependents and Get have the raw value",
		otherwise: "The scope keeps the raw value, and each resolution, a dependent's too, applies the wraps to it anew", testOtherwise: dependentsGetTheWrappedValue},
	{id: "G2-B23", at: all, test: shortCircuitKeepsNothing,
		does: "A wrap that does not call next leaves the scope without a value: Lookup gives none"},
	{id: "G2-B24", at: all, test: concurrentResolvesShareTheFactory,
		does: "Concurrent resolutions of one executor are wrapped each, and run the factory once"},
	{id: "G2-B25", at: both, test: nextReplaysAFailure,
		does:      "A second next is a cache hit; after a failure it gives the same error, for which the factory ran once. With Reload each next runs the factory",
		otherwise: "A second next is a cache hit; after a failure it runs the factory again, so that retrying works. With Reload each next runs the factory", testOtherwise: nextRetriesAFailure},
	{id: "G2-B26", at: all, test: wrapOfAnUpdateDecidesWhetherNotWhat,
		does: "A wrap's answer to an update is dropped. Without next, or with an error before it, the value stays; with an error after it the caller gets the error and the new value stays"},
	{id: "G2-B27", at: all, test: failedUpdateDoesNotBlockLaterOnes, absent: bug,
		does: "Updates of one executor run one after the other, and one that fails does not stand in the way of later ones"},
}

func firstIsOutermost(t *testing.T, c scope.Compat) { wrapsInOrder(t, c, "A", "B", "C") }
func lastIsOutermost(t *testing.T, c scope.Compat)  { wrapsInOrder(t, c, "C", "B", "A") }

// wrapsInOrder adds A and B, later C.
func wrapsInOrder(t *testing.T, c scope.Compat, outer, middle, inner string) {
	tr := &trace{}
	s := newScope(t, c, tracer(tr, "A"), tracer(tr, "B"))
	_, err := s.UseExtension(t.Context(), tracer(tr, "C"))
	require.NoError(t, err)
	mustResolve(t, s, scope.Provide(func(context.Context, *scope.Controller) (int, error) {
		tr.add("core")
		return 1, nil
	}, scope.Name("a")))
	require.Equal(t, []string{outer + "> resolve a", middle + "> resolve a", inner + "> resolve a", "core", "<" + inner, "<" + middle, "<" + outer}, tr.all())
}

func topCallsAreWrapped(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, seen(tr))
	runs := 0
	a := counted("a", 1, &runs)
	mustResolve(t, s, a)
	mustResolve(t, s, a)
	require.Equal(t, []string{"resolve a", "resolve a"}, tr.take())
	_, err := scope.Reload(t.Context(), s, a)
	require.NoError(t, err)
	require.Equal(t, []string{"resolve a"}, tr.take())
	require.Equal(t, 2, runs)
	same := func(n int) (int, error) { return n, nil }
	require.NoError(t, scope.Update(t.Context(), s, a, same))
	require.NoError(t, scope.Set(t.Context(), s, a, 2))
	require.NoError(t, scope.Access(s, a).Update(t.Context(), same))
	require.NoError(t, scope.Access(s, a).Set(t.Context(), 3))
	require.NoError(t, s.SetAny(t.Context(), a, 4))
	require.Equal(t, []string{"update a", "update a", "update a", "update a", "update a"}, tr.all())
}

// resolutions makes one of each kind but a plain top call, and gives what the
// extension saw.
func resolutions(t *testing.T, c scope.Compat) (dependency, accessor, reload, reactive, release []string) {
	tr := &trace{}
	s := newScope(t, c, seen(tr))
	a := scope.Value(1, scope.Name("a"))
	b := plusOne("b", a.Reactive())
	mustResolve(t, s, b)
	dependency = tr.take()
	_, err := scope.Access(s, a).Resolve(t.Context())
	require.NoError(t, err)
	accessor = tr.take()
	_, err = scope.Access(s, b).Reload(t.Context())
	require.NoError(t, err)
	reload = tr.take()
	require.NoError(t, scope.Set(t.Context(), s, a, 5))
	require.Equal(t, 6, mustGet(t, s, b))
	reactive = tr.take()
	require.NoError(t, s.Release(t.Context(), a))
	return dependency, accessor, reload, reactive, tr.take()
}

func onlyTopCallsAreWrapped(t *testing.T, c scope.Compat) {
	dependency, accessor, reload, reactive, release := resolutions(t, c)
	require.Equal(t, []string{"resolve b"}, dependency)
	require.Empty(t, accessor)
	require.Empty(t, reload)
	require.Equal(t, []string{"update a"}, reactive)
	require.Empty(t, release)
}

func everyResolutionIsWrapped(t *testing.T, c scope.Compat) {
	dependency, accessor, reload, reactive, release := resolutions(t, c)
	require.Equal(t, []string{"resolve b", "resolve a"}, dependency)
	require.Equal(t, []string{"resolve a"}, accessor)
	require.Equal(t, []string{"resolve b", "resolve a"}, reload)
	require.Equal(t, []string{"update a", "resolve b", "resolve a"}, reactive)
	require.Empty(t, release)
}

func dependentsGetTheRawValue(t *testing.T, c scope.Compat)     { valuesBehindADoubler(t, c, 22) }
func dependentsGetTheWrappedValue(t *testing.T, c scope.Compat) { valuesBehindADoubler(t, c, 42) }

func valuesBehindADoubler(t *testing.T, c scope.Compat, dependent int) {
	s := newScope(t, c, doubles())
	a := scope.Value(10)
	require.Equal(t, 20, mustResolve(t, s, a))
	require.Equal(t, 20, mustResolve(t, s, a))
	require.Equal(t, 10, mustGet(t, s, a))
	require.Equal(t, dependent, mustResolve(t, s, plusOne("b", a)))
	require.Equal(t, 10, s.Lookup(a).Value)
}

func shortCircuitKeepsNothing(t *testing.T, c scope.Compat) {
	runs := 0
	a := counted("a", 1, &runs)
	s := newScope(t, c, &ext{name: "short", wrap: func(context.Context, *scope.ResolveOperation, aril.Next) (any, error) { return 99, nil }})
	require.Equal(t, 99, mustResolve(t, s, a))
	require.Equal(t, scope.None, s.Lookup(a).State)
	require.Empty(t, s.Entries())
	require.Zero(t, runs)
	_, err := scope.Access(s, a).Get()
	require.ErrorIs(t, err, scope.ErrNotResolved)
}

func wrapMayAnswerAtOnce(t *testing.T, c scope.Compat) {
	s := newScope(t, c, &ext{name: "bad", wrap: func(_ context.Context, op *scope.ResolveOperation, _ aril.Next) (any, error) {
		if op.Executor.Name() == "p" {
			panic("of the wrap")
		}
		return 5, nil
	}})
	require.Equal(t, 5, mustResolve(t, s, scope.Value(1)))
	_, err := scope.Resolve(t.Context(), s, scope.Value(1, scope.Name("p")))
	var broken *aril.CallError
	require.ErrorAs(t, err, &broken)
	require.ErrorIs(t, err, aril.ErrPanic)
	require.Equal(t, "bad", broken.Extension)
}

func wrapOfAnUpdateDecidesWhetherNotWhat(t *testing.T, c scope.Compat) {
	var mode string
	s := newScope(t, c, &ext{name: "w", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		if op.Operation == scope.OpResolve {
			return next(ctx)
		}
		switch mode {
		case "skip":
			return 77, nil
		case "fail before":
			return nil, errBoom
		}
		v, err := next(ctx)
		require.NoError(t, err)
		require.Equal(t, 2, v) // the new value
		if mode == "fail after" {
			return nil, errBoom
		}
		return 77, nil
	}})
	for _, tc := range []struct {
		mode string
		want int
		err  error
	}{{"replace", 2, nil}, {"skip", 1, nil}, {"fail before", 1, errBoom}, {"fail after", 2, errBoom}} {
		a := scope.Value(1)
		mustResolve(t, s, a)
		mode = tc.mode
		require.ErrorIs(t, scope.Set(t.Context(), s, a, 2), tc.err, tc.mode)
		require.Equal(t, tc.want, mustGet(t, s, a), tc.mode)
	}
}

func nextReplaysAFailure(t *testing.T, c scope.Compat) {
	var calls, runs int
	tr := &trace{}
	s := newScope(t, c, retries(4, &calls))
	told(s, tr)
	_, err := scope.Resolve(t.Context(), s, failing("a", 2, &runs))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, 4, calls)
	require.Equal(t, 1, runs)
	require.Equal(t, []string{"a"}, tr.all())
	nextAfterSuccess(t, c)
}

func nextRetriesAFailure(t *testing.T, c scope.Compat) {
	var calls, runs int
	s := newScope(t, c, retries(4, &calls))
	a := failing("a", 2, &runs)
	require.Equal(t, 1, mustResolve(t, s, a))
	require.Equal(t, 3, calls)
	require.Equal(t, 3, runs)
	require.Equal(t, 1, mustGet(t, s, a))
	nextAfterSuccess(t, c)
}

func nextAfterSuccess(t *testing.T, c scope.Compat) {
	s := newScope(t, c, &ext{name: "twice", wrap: func(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (any, error) {
		if _, err := next(ctx); err != nil {
			return nil, err
		}
		return next(ctx)
	}})
	runs := 0
	a := counted("a", 1, &runs)
	mustResolve(t, s, a)
	require.Equal(t, 1, runs)
	_, err := scope.Reload(t.Context(), s, a)
	require.NoError(t, err)
	require.Equal(t, 3, runs)
}

func wrapErrorsAreNotTold(t *testing.T, c scope.Compat) { wrapError(t, c, 0) }
func wrapErrorsAreTold(t *testing.T, c scope.Compat)    { wrapError(t, c, 1) }

func wrapError(t *testing.T, c scope.Compat, times int) {
	heard := 0
	s := newScope(t, c, &ext{name: "bad", wrap: func(context.Context, *scope.ResolveOperation, aril.Next) (any, error) { return nil, errBoom },
		onError: func(_ context.Context, err error, _ scope.AnyExecutor, _ *scope.Scope) {
			require.Same(t, errBoom, err)
			heard++
		}})
	_, err := scope.Resolve(t.Context(), s, scope.Value(1))
	require.Same(t, errBoom, err)
	require.Equal(t, times, heard)
}

func wrapKnowsTheExecutor(t *testing.T, c scope.Compat) {
	var got []*scope.ResolveOperation
	s := newScope(t, c, &ext{name: "w", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		got = append(got, op)
		return next(ctx)
	}})
	a, b := scope.Value(1, scope.Name("a")), scope.Value(2)
	mustResolve(t, s, a)
	mustResolve(t, s, b)
	require.Same(t, a, got[0].Executor)
	require.Equal(t, "a", got[0].Executor.Name())
	require.Same(t, b, got[1].Executor)
	require.Empty(t, got[1].Executor.Name())
	require.Same(t, s, got[0].Scope)
}

func lookupInAWrap(t *testing.T, c scope.Compat) {
	var mu sync.Mutex
	var states []scope.State
	s := newScope(t, c, &ext{name: "w", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		mu.Lock()
		states = append(states, op.Scope.Lookup(op.Executor).State)
		mu.Unlock()
		return next(ctx)
	}})
	state := func(e *scope.Executor[int]) scope.State {
		_, _ = scope.Resolve(t.Context(), s, e)
		return states[len(states)-1]
	}
	a := scope.Value(1)
	require.Equal(t, scope.None, state(a))
	require.Equal(t, scope.Resolved, state(a))
	dep := scope.Value(1)
	mustResolve(t, s, plusOne("b", dep))
	require.Equal(t, scope.Resolved, state(dep))
	runs := 0
	bad := failing("bad", -1, &runs)
	require.Equal(t, scope.None, state(bad))
	require.Equal(t, scope.Rejected, state(bad))

	inside, gate := make(chan struct{}), make(chan struct{})
	slow := scope.Provide(func(context.Context, *scope.Controller) (int, error) { close(inside); <-gate; return 1, nil })
	first := make(chan error)
	go func() { _, err := scope.Resolve(t.Context(), s, slow); first <- err }()
	<-inside
	short, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := scope.Resolve(short, s, slow)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, scope.Pending, states[len(states)-1])
	close(gate)
	require.NoError(t, <-first)
}

func withoutWrapsThereIsNoOperation(t *testing.T, c scope.Compat) {
	operations := 0
	a := scope.Provide(func(ctx context.Context, _ *scope.Controller) (string, error) {
		for range aril.Enclosing(ctx) {
			operations++
		}
		return "v", nil
	})
	for _, list := range [][]aril.Extension{nil, {named("A"), named("B")}} {
		s := newScope(t, c, list...)
		mustResolve(t, s, a)
	}
	require.Zero(t, operations)
	mustResolve(t, newScope(t, c, doubles()), a)
	require.Equal(t, 1, operations)
}

// It runs alone: others' allocations would count.
func TestResolvingWithoutWrapsAllocatesNothing(t *testing.T) {
	a := scope.Value("v")
	for _, list := range [][]aril.Extension{nil, {named("A"), named("B")}} {
		s := newScope(t, scope.Compat{}, list...)
		mustResolve(t, s, a)
		ctx := t.Context()
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = scope.Resolve(ctx, s, a) }))
	}
}

// An inputWatcher sees the whole invocation.
type inputWatcher struct{ wrap func(*aril.Invocation) []any }

func (inputWatcher) Name() string { return "watcher" }

func (w inputWatcher) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
	return next(ctx, w.wrap(op)...)
}

func wrapsShareTheOperation(t *testing.T, c scope.Compat) {
	var operations []any
	var inputs []any
	watch := inputWatcher{func(op *aril.Invocation) []any {
		operations = append(operations, op.Params)
		inputs = append(inputs, op.Input())
		if n, ok := op.Input().(int); ok {
			return []any{n + 1}
		}
		return nil
	}}
	s := newScope(t, c, watch, watch, watch)
	a := scope.Value(1)
	mustResolve(t, s, a)
	require.Len(t, operations, 3)
	require.Same(t, operations[0], operations[1])
	require.Same(t, operations[0], operations[2])
	require.Equal(t, []any{nil, nil, nil}, inputs)
	inputs = nil
	require.NoError(t, scope.Set(t.Context(), s, a, 10))
	require.Equal(t, []any{10, 11, 12}, inputs)
	require.Equal(t, 13, mustGet(t, s, a))
}

func wrapAnswersTheExecutorsType(t *testing.T, c scope.Compat) {
	var answer any
	s := newScope(t, c, &ext{name: "bad", wrap: func(context.Context, *scope.ResolveOperation, aril.Next) (any, error) { return answer, nil }})
	a := scope.Value(1)
	answer = "text"
	_, err := scope.Resolve(t.Context(), s, a)
	require.ErrorIs(t, err, scope.ErrType)
	answer = nil
	require.Zero(t, mustResolve(t, s, a))
	answer = 7
	require.Equal(t, 7, mustResolve(t, s, a))
}

func wrapReplacesTheResult(t *testing.T, c scope.Compat) {
	require.Equal(t, 42, mustResolve(t, newScope(t, c, doubles()), scope.Value(21)))
}

func resolveIsEmittedAlways(t *testing.T, c scope.Compat) {
	topCallsAreWrapped(t, c)
	tr := &trace{}
	a, b, other := scope.Value(1, scope.Name("a")), scope.Value(1, scope.Name("b")), scope.Value(2, scope.Name("other"))
	s := newScopeOf(t, scope.Config{Compat: c, Presets: []scope.Preset{a.Preset(5), b.PresetTo(other)}, Extensions: []aril.Extension{seen(tr)}})
	require.Equal(t, 5, mustResolve(t, s, a))
	require.Equal(t, 2, mustResolve(t, s, b))
	pool := scope.ProvidePool(scope.PoolConfig[string]{Name: "pool"}, func(_ context.Context, _ *scope.Controller, key string) (string, error) { return key, nil })
	require.Equal(t, "x", mustResolve(t, s, pool.Of("x")))
	require.Equal(t, []string{"resolve a", "resolve b", "resolve pool[x]"}, tr.all())
}

func updatesAreEmitted(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c, seen(tr))
	var control *scope.Controller
	a := scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) { control = ctl; return 1, nil }, scope.Name("a"))
	mustResolve(t, s, a)
	tr.take()
	require.NoError(t, scope.Set(t.Context(), s, a, 2))
	require.NoError(t, scope.Update(t.Context(), s, a, func(n int) (int, error) { return n + 1, nil }))
	require.NoError(t, scope.Access(s, a).Set(t.Context(), 4))
	require.NoError(t, scope.Access(control.Scope(), a).Update(t.Context(), func(n int) (int, error) { return n + 1, nil }))
	require.Equal(t, []string{"update a", "update a", "update a", "update a"}, tr.take())
	require.Equal(t, 5, mustGet(t, s, a))
	require.NoError(t, control.Reload(t.Context()))
	require.Equal(t, []string{"resolve a"}, tr.take())
	require.Equal(t, 1, mustGet(t, s, a))
}

func concurrentResolvesShareTheFactory(t *testing.T, c scope.Compat) {
	const n = 32
	var wraps, runs atomic.Int64
	waiting := make(chan struct{})
	s := newScope(t, c, &ext{name: "w", wrap: func(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (any, error) {
		if wraps.Add(1) == n {
			close(waiting)
		}
		return next(ctx)
	}})
	a := scope.Provide(func(context.Context, *scope.Controller) (int, error) { <-waiting; return int(runs.Add(1)), nil })
	var g sync.WaitGroup
	for range n {
		g.Go(func() {
			v, err := scope.Resolve(t.Context(), s, a)
			if v != 1 || err != nil {
				t.Errorf("got %d, %v", v, err)
			}
		})
	}
	g.Wait()
	require.EqualValues(t, n, wraps.Load())
	require.EqualValues(t, 1, runs.Load())
}

func failedUpdateDoesNotBlockLaterOnes(t *testing.T, c scope.Compat) {
	for _, list := range [][]aril.Extension{nil, {named("A")}, {doubles()}} {
		s := newScope(t, c, list...)
		a := scope.Value(0)
		mustResolve(t, s, a)
		var g sync.WaitGroup
		for i := range 50 {
			g.Go(func() {
				err := scope.Update(t.Context(), s, a, func(old int) (int, error) {
					if i%5 == 0 {
						return 0, errBoom
					}
					return old + 1, nil
				})
				if (i%5 == 0) != errors.Is(err, errBoom) {
					t.Errorf("update %d: %v", i, err)
				}
			})
		}
		g.Wait()
		require.Equal(t, 40, mustGet(t, s, a))
	}
}
