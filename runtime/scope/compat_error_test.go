package scope_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen1CallbackRows = []row{
	{id: "G1-B24", at: both, test: failuresAreToldForEachExecutor,
		does:      "OnError hears of a failure once for each executor of the chain, the dependency first, then each dependent, with the same error",
		otherwise: "OnError hears of a failure once, for the executor whose factory failed", testOtherwise: failuresAreToldOnce},
	{id: "G1-B25", at: all, test: errorCallbacksInOrder,
		does: "Callbacks of the executor come first, then those of the scope, then the extensions in the order in which they were added. A panic of one goes to the log, and the error stays what it was"},
	{id: "G1-B26", at: all, test: replayedFailureIsNotTold,
		does: "OnError does not hear of a failure that is given again"},
	{id: "G1-B27", at: all, test: stateIsRejectedInOnError,
		does: "The executor's state is rejected by the time OnError runs"},
	{id: "G1-B28", at: all, test: onErrorGetsExecutorAndScope,
		does: "Callbacks of OnError get context, error, executor or nil, and scope"},
	{id: "G1-B29", at: all, test: onChangeTellsAndReplaces,
		does: "OnChange hears of a first resolution, not of a cache hit, of an update, and of a reactive re-resolution as resolve; not of a value that a preset gave. A preset in answer replaces the value. An error is a ResolutionError of category SYSTEM_ERROR: SYS001, E001 at CompatGen2"},
	{id: "G1-B30", at: all, test: onReleaseTells,
		does: "OnRelease hears of a release, and of those that Dispose makes"},
	{id: "G1-B31", at: all, test: entriesAndRegistered,
		does: "Entries lists what the scope has a value or a failure of; RegisteredExecutors what Config.Registry named"},
	{id: "G1-B32", at: byDefault | gen1, test: factoryErrorsHaveAContext("F002"),
		does:      "A factory that fails makes a FactoryError with code F002, category USER_ERROR, stage factory-execution, the chain, scope, time and cause. The message names the executor and says what the factory said",
		otherwise: "The same with code F001", testOtherwise: factoryErrorsHaveAContext("F001")},
	{id: "G1-B33", at: byDefault | gen1, test: panicsAreFactoryErrors("F002"),
		does:      "There is one way for a factory to fail: a panic is a FactoryError with F002 as well, its cause a PanicError",
		otherwise: "The same with code F001", testOtherwise: panicsAreFactoryErrors("F001")},
	{id: "G1-B34", at: byDefault | gen1, test: circlesAreNamed("D002"),
		does:      "A circle is a DependencyError with code D002. Its message and Circle name the way round, Time says when",
		otherwise: "The same with code D001", testOtherwise: circlesAreNamed("D001")},
	{id: "G1-B35", at: byDefault | gen1, test: codesOfGen1,
		does:      "Codes are those of the first generation where Aril has such an error: F002, D001, D002, C003, C004, SYS001, S002, S004",
		otherwise: "Codes of resolutions are those of the second generation", testOtherwise: codesOfGen2},
}

var gen2ErrorRows = []row{
	{id: "G2-B54", at: both, test: resolutionFailuresAreToldForEach,
		does:      "OnError hears of failures to resolve: of a factory, a missing tag, an OnChange callback, a circle; once for each executor of the chain",
		otherwise: "OnError hears of failures to resolve once: of a factory, a missing tag, an OnChange callback, a circle", testOtherwise: resolutionFailuresAreToldOnce},
	{id: "G2-B55", at: both, test: wrapAndUpdateErrorsAreNotTold,
		does:      "OnError does not hear of errors of wraps, nor of updates",
		otherwise: "OnError hears of errors that a wrap made; not of those of updates themselves", testOtherwise: wrapErrorsAreToldUpdatesNot},
	{id: "G2-B56", at: all, test: errorCallbacksInOrder,
		does: "Callbacks of the executor come first, then those of the scope, then the extensions in order, all before the resolver has the error. A panic goes to the log"},
	{id: "G2-B57", at: all, test: replayedFailureIsNotTold,
		does: "A failure is kept before OnError runs; later resolutions get the same error, without OnError"},
	{id: "G2-B58", at: all, test: circlesAreFoundAtOnce, absent: bug,
		does: "A circle is found before any factory runs"},
	{id: "G2-B59", at: all, test: messagesUseNames, absent: bug,
		does: "Messages name an executor by its name, and one without by its ID"},
	{id: "G2-B60", at: gen2, test: codesOfGen2,
		does:      "Codes of resolutions are those of the release: F001 for factories, D001 for circles, E001 for the rest",
		otherwise: "Codes are those of the first generation, which the document describes", testOtherwise: codesOfGen1},
}

// chainOfThree gives c, which needs b, which needs a, which fails.
func chainOfThree(runs *int) (a, b, c *scope.Executor[int]) {
	a = failing("a", -1, runs)
	b = plusOne("b", a)
	return a, b, plusOne("c", b)
}

func failuresAreToldForEachExecutor(t *testing.T, c scope.Compat) {
	failuresAreTold(t, c, "a", "b", "top")
}
func failuresAreToldOnce(t *testing.T, c scope.Compat) { failuresAreTold(t, c, "a") }

func failuresAreTold(t *testing.T, c scope.Compat, want ...string) {
	runs := 0
	a := failing("a", -1, &runs)
	top := plusOne("top", plusOne("b", a))
	for _, list := range [][]aril.Extension{nil, {doubles()}} {
		tr := &trace{}
		s := newScope(t, c, list...)
		told(s, tr)
		errs := map[error]bool{}
		s.OnError(func(_ context.Context, err error, _ scope.AnyExecutor, _ *scope.Scope) { errs[err] = true })
		_, err := scope.Resolve(t.Context(), s, top)
		require.ErrorIs(t, err, errBoom)
		require.Equal(t, want, tr.all())
		require.Equal(t, map[error]bool{err: true}, errs)
	}
}

func errorCallbacksInOrder(t *testing.T, c scope.Compat) {
	tr := &trace{}
	var log strings.Builder
	hears := func(name string) *ext {
		return &ext{name: name, onError: func(context.Context, error, scope.AnyExecutor, *scope.Scope) {
			tr.add("%s", name)
			panic("in OnError of " + name)
		}}
	}
	s := newScopeOf(t, scope.Config{Compat: c, Extensions: []aril.Extension{hears("A"), hears("B")},
		Logger: slog.New(slog.NewTextHandler(&log, nil))})
	note := func(what string) func(context.Context, error, scope.AnyExecutor, *scope.Scope) {
		return func(context.Context, error, scope.AnyExecutor, *scope.Scope) { tr.add("%s", what) }
	}
	runs := 0
	a := failing("a", -1, &runs)
	s.OnError(note("scope 1"))
	s.OnError(note("scope 2"))
	s.OnExecutorError(a, note("executor"))
	_, err := scope.Resolve(t.Context(), s, a)
	require.ErrorIs(t, err, errBoom)
	require.NotErrorIs(t, err, aril.ErrPanic)
	require.Equal(t, []string{"executor", "scope 1", "scope 2", "A", "B"}, tr.all())
	require.Contains(t, log.String(), "in OnError of A")
	require.Contains(t, log.String(), "in OnError of B")
}

func replayedFailureIsNotTold(t *testing.T, c scope.Compat) {
	for _, list := range [][]aril.Extension{nil, {doubles()}} {
		runs, tr := 0, &trace{}
		s := newScope(t, c, list...)
		told(s, tr)
		a := failing("a", -1, &runs)
		_, first := scope.Resolve(t.Context(), s, a)
		require.ErrorIs(t, first, errBoom)
		require.Equal(t, []string{"a"}, tr.take())
		_, again := scope.Resolve(t.Context(), s, a)
		require.Same(t, first, again)
		require.Empty(t, tr.all())
		require.Equal(t, 1, runs)
	}
}

func stateIsRejectedInOnError(t *testing.T, c scope.Compat) {
	var in, own scope.State
	var kept error
	s := newScope(t, c, &ext{name: "E", onError: func(_ context.Context, _ error, e scope.AnyExecutor, s *scope.Scope) {
		in, kept = s.Lookup(e).State, s.Lookup(e).Err
	}})
	runs := 0
	a := failing("a", -1, &runs)
	s.OnExecutorError(a, func(_ context.Context, _ error, e scope.AnyExecutor, s *scope.Scope) { own = s.Lookup(e).State })
	_, err := scope.Resolve(t.Context(), s, a)
	require.Equal(t, scope.Rejected, in)
	require.Equal(t, scope.Rejected, own)
	require.Same(t, err, kept)
}

func onErrorGetsExecutorAndScope(t *testing.T, c scope.Compat) {
	runs := 0
	a := failing("a", -1, &runs)
	s := newScope(t, c)
	heard := 0
	type key struct{}
	remove := s.OnError(func(ctx context.Context, err error, e scope.AnyExecutor, at *scope.Scope) {
		heard++
		require.Equal(t, "caller's", ctx.Value(key{}))
		require.ErrorIs(t, err, errBoom)
		require.Same(t, a, e)
		require.Same(t, s, at)
	})
	_, _ = scope.Resolve(context.WithValue(t.Context(), key{}, "caller's"), s, a)
	require.Equal(t, 1, heard)
	remove()
	_, _ = scope.Reload(t.Context(), s, a)
	require.Equal(t, 1, heard)
}

func onChangeTellsAndReplaces(t *testing.T, c scope.Compat) {
	tr := &trace{}
	a := scope.Value(1, scope.Name("a"))
	b := plusOne("b", a.Reactive())
	fixed := scope.Value(1, scope.Name("fixed"))
	s := newScopeOf(t, scope.Config{Compat: c, Presets: []scope.Preset{fixed.Preset(9)}})
	remove := s.OnChange(func(_ context.Context, ch scope.Change) (*scope.Preset, error) {
		require.Same(t, s, ch.Scope)
		tr.add("%s %s %v", ch.Event, ch.Executor.Name(), ch.Value)
		return nil, nil
	})
	mustResolve(t, s, b)
	mustResolve(t, s, b)
	mustResolve(t, s, fixed)
	require.Equal(t, []string{"resolve a 1", "resolve b 2"}, tr.take())
	require.NoError(t, scope.Set(t.Context(), s, a, 5))
	require.Equal(t, []string{"update a 5", "resolve b 6"}, tr.take())
	remove()

	remove = s.OnChange(func(_ context.Context, ch scope.Change) (*scope.Preset, error) {
		if ch.Executor != scope.AnyExecutor(a) {
			return nil, nil
		}
		p := a.Preset(100)
		return &p, nil
	})
	require.NoError(t, scope.Set(t.Context(), s, a, 6))
	require.Equal(t, 100, mustGet(t, s, a))
	require.Equal(t, 101, mustGet(t, s, b))
	require.NoError(t, s.Release(t.Context(), a))
	require.Equal(t, 100, mustResolve(t, s, a))
	remove()

	s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { return nil, errBoom })
	_, err := scope.Resolve(t.Context(), s, scope.Value(1, scope.Name("late")))
	require.ErrorIs(t, err, errBoom)
	re := resolutionError(t, err)
	require.Equal(t, scope.CategorySystem, re.Category)
	require.Equal(t, scope.StagePost, re.Stage)
	want := scope.CodeCallback
	if c.Gen2Codes {
		want = "E001"
	}
	require.Equal(t, want, re.Code)
	require.ErrorIs(t, scope.Set(t.Context(), s, a, 7), errBoom)
	require.Equal(t, 100, mustGet(t, s, a))
}

func onReleaseTells(t *testing.T, c scope.Compat) {
	tr := &trace{}
	s := newScope(t, c)
	s.OnRelease(func(_ context.Context, e scope.AnyExecutor) { tr.add("%s", e.Name()) })
	a := scope.Value(1, scope.Name("a"))
	b := plusOne("b", a.Reactive())
	last := scope.Value(1, scope.Name("last"))
	mustResolve(t, s, b)
	mustResolve(t, s, last)
	require.NoError(t, s.Release(t.Context(), last))
	require.Equal(t, []string{"last"}, tr.take())
	mustResolve(t, s, last)
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"last", "b", "a"}, tr.all())
}

func entriesAndRegistered(t *testing.T, c scope.Compat) {
	runs := 0
	a, b := scope.Value(1, scope.Name("a")), scope.Value(2, scope.Name("b"))
	bad := failing("bad", -1, &runs)
	top := plusOne("top", b)
	s := newScopeOf(t, scope.Config{Compat: c, Registry: []scope.AnyExecutor{a, b}})
	require.Empty(t, s.Entries())
	mustResolve(t, s, top)
	_, _ = scope.Resolve(t.Context(), s, bad)
	require.Equal(t, []scope.AnyExecutor{b, bad, top}, s.Entries())
	require.Equal(t, []scope.AnyExecutor{a, b}, s.RegisteredExecutors())
}

func resolutionError(t *testing.T, err error) *scope.ResolutionError {
	t.Helper()
	var re *scope.ResolutionError
	require.ErrorAs(t, err, &re)
	return re
}

func factoryErrorsHaveAContext(code scope.Code) func(*testing.T, scope.Compat) {
	return func(t *testing.T, c scope.Compat) {
		runs := 0
		a, b, top := chainOfThree(&runs)
		s := newScope(t, c)
		before := time.Now()
		_, err := scope.Resolve(t.Context(), s, top)
		var fe *scope.FactoryError
		require.ErrorAs(t, err, &fe)
		require.Equal(t, code, fe.Code)
		require.Equal(t, scope.CategoryUser, fe.Category)
		require.Equal(t, scope.StageFactory, fe.Stage)
		require.Same(t, a, fe.Executor)
		require.Equal(t, []string{"c", "b", "a"}, scope.BuildDependencyChain(fe.Chain...))
		require.Equal(t, []scope.AnyExecutor{top, b, a}, fe.Chain)
		require.Equal(t, s.ID(), fe.ScopeID)
		require.WithinRange(t, fe.Time, before, time.Now())
		require.Same(t, errBoom, errors.Unwrap(fe))
		require.EqualError(t, err, `factory of executor "a": boom`)
		require.Equal(t, string(code), fe.ErrorCode())
	}
}

func panicsAreFactoryErrors(code scope.Code) func(*testing.T, scope.Compat) {
	return func(t *testing.T, c scope.Compat) {
		s := newScope(t, c)
		_, err := scope.Resolve(t.Context(), s, scope.Provide(func(context.Context, *scope.Controller) (int, error) { panic(errBoom) }))
		var fe *scope.FactoryError
		require.ErrorAs(t, err, &fe)
		require.Equal(t, code, fe.Code)
		var p *scope.PanicError
		require.ErrorAs(t, err, &p)
		require.NotEmpty(t, p.Stack)
		require.ErrorIs(t, err, errBoom)
	}
}

// circle gives c1 → c2 → c1: a preset closes it.
func circle(runs *int) (scope.Config, *scope.Executor[int]) {
	count := func(_ context.Context, _ *scope.Controller, n int) (int, error) { *runs++; return n, nil }
	c2 := scope.Value(1, scope.Name("c2"))
	c1 := scope.Derive(c2, count, scope.Name("c1"))
	closing := scope.Derive(c1, count, scope.Name("closing"))
	return scope.Config{Presets: []scope.Preset{c2.PresetTo(closing)}}, c1
}

func circlesAreNamed(code scope.Code) func(*testing.T, scope.Compat) {
	return func(t *testing.T, c scope.Compat) {
		runs := 0
		cfg, c1 := circle(&runs)
		cfg.Compat = c
		s := newScopeOf(t, cfg)
		_, err := scope.Resolve(t.Context(), s, c1)
		var de *scope.DependencyError
		require.ErrorAs(t, err, &de)
		require.Equal(t, code, de.Code)
		require.ErrorIs(t, err, scope.ErrCircular)
		require.EqualError(t, err, "circular dependency: c1 -> c2 -> c1")
		require.Equal(t, []string{"c1", "c2", "c1"}, scope.BuildDependencyChain(de.Circle...))
		require.False(t, de.Time.IsZero())
	}
}

func circlesAreFoundAtOnce(t *testing.T, c scope.Compat) {
	for _, list := range [][]aril.Extension{nil, {doubles()}} {
		runs, tr := 0, &trace{}
		cfg, c1 := circle(&runs)
		cfg.Compat, cfg.Extensions = c, list
		s := newScopeOf(t, cfg)
		told(s, tr)
		_, err := scope.Resolve(t.Context(), s, c1)
		require.ErrorIs(t, err, scope.ErrCircular)
		require.Zero(t, runs)
		if c.ErrorsPerExecutor {
			require.Equal(t, []string{"c2", "c1"}, tr.all())
		} else {
			require.Equal(t, []string{"c2"}, tr.all())
		}
	}
}

func messagesUseNames(t *testing.T, c scope.Compat) {
	runs := 0
	s := newScope(t, c)
	_, err := scope.Resolve(t.Context(), s, failing("database", -1, &runs))
	require.ErrorContains(t, err, `"database"`)
	unnamed := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errBoom })
	_, err = scope.Resolve(t.Context(), s, unnamed)
	require.ErrorContains(t, err, `"`+scope.ExecutorName(unnamed)+`"`)
	require.Regexp(t, `^executor-\d+$`, scope.ExecutorName(unnamed))
}

// codes raises each error once and gives its code.
func codes(t *testing.T, c scope.Compat) map[string]scope.Code {
	runs := 0
	cfg, c1 := circle(&runs)
	cfg.Compat = c
	s := newScopeOf(t, cfg)
	out := map[string]scope.Code{}
	note := func(what string, err error) {
		t.Helper()
		require.Error(t, err, what)
		out[what] = resolutionError(t, err).Code
	}
	_, err := scope.Resolve(t.Context(), s, failing("a", -1, &runs))
	note("factory", err)
	_, err = scope.Resolve(t.Context(), s, c1)
	note("circle", err)
	tag := scope.NewTag(scope.TagConfig[int]{Label: "missing"})
	_, err = scope.Resolve(t.Context(), s, scope.Derive(tag.Required(), func(_ context.Context, _ *scope.Controller, n int) (int, error) { return n, nil }))
	require.ErrorIs(t, err, scope.ErrNoTag)
	note("tag", err)
	_, err = scope.Resolve(t.Context(), s, scope.Provide[int](nil))
	note("nil factory", err)
	_, err = scope.Access(s, scope.Value(1)).Get()
	note("not resolved", err)
	loud := scope.Value(1, scope.Name("loud"))
	remove := s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { return nil, errBoom })
	_, err = scope.Resolve(t.Context(), s, loud)
	note("callback", err)
	remove()
	remove = s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { p := loud.Preset(1); return &p, nil })
	_, err = scope.Resolve(t.Context(), s, scope.Value(2))
	note("preset", err)
	remove()
	messy := scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
		ctl.Cleanup(func(context.Context) error { return errBoom })
		return 1, nil
	})
	mustResolve(t, s, messy)
	note("cleanup", s.Release(t.Context(), messy))
	require.NoError(t, s.Dispose(t.Context()))
	return out
}

func codesOfGen1(t *testing.T, c scope.Compat) {
	require.Equal(t, map[string]scope.Code{"factory": "F002", "circle": "D002", "tag": "D001", "nil factory": "C003",
		"not resolved": "S002", "callback": "SYS001", "preset": "C004", "cleanup": "S004"}, codes(t, c))
}

func codesOfGen2(t *testing.T, c scope.Compat) {
	require.Equal(t, map[string]scope.Code{"factory": "F001", "circle": "D001", "tag": "E001", "nil factory": "E001",
		"not resolved": "S002", "callback": "E001", "preset": "E001", "cleanup": "S004"}, codes(t, c))
}

// resolutionFailures makes one of each, with a dependent, and gives who was
// told to OnError.
func resolutionFailures(t *testing.T, c scope.Compat) map[string][]string {
	runs := 0
	cfg, c1 := circle(&runs)
	cfg.Compat = c
	s := newScopeOf(t, cfg)
	tr := &trace{}
	told(s, tr)
	out := map[string][]string{}
	note := func(what string, e *scope.Executor[int]) {
		t.Helper()
		_, err := scope.Resolve(t.Context(), s, plusOne("top", e))
		require.Error(t, err, what)
		out[what] = tr.take()
	}
	note("factory", failing("a", -1, &runs))
	tag := scope.NewTag(scope.TagConfig[int]{Label: "missing"})
	note("tag", scope.Derive(tag.Required(), func(_ context.Context, _ *scope.Controller, n int) (int, error) { return n, nil }, scope.Name("a")))
	note("circle", c1)
	remove := s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) { return nil, errBoom })
	defer remove()
	note("callback", scope.Value(1, scope.Name("a")))
	return out
}

func resolutionFailuresAreToldForEach(t *testing.T, c scope.Compat) {
	require.Equal(t, map[string][]string{"factory": {"a", "top"}, "tag": {"a", "top"}, "circle": {"c2", "c1", "top"}, "callback": {"a", "top"}},
		resolutionFailures(t, c))
}

func resolutionFailuresAreToldOnce(t *testing.T, c scope.Compat) {
	require.Equal(t, map[string][]string{"factory": {"a"}, "tag": {"a"}, "circle": {"c2"}, "callback": {"a"}}, resolutionFailures(t, c))
}

func wrapAndUpdateErrorsAreNotTold(t *testing.T, c scope.Compat) {
	wrapErrorsAreNotTold(t, c)
	updateErrorsAreNotTold(t, c)
}

func wrapErrorsAreToldUpdatesNot(t *testing.T, c scope.Compat) {
	wrapErrorsAreTold(t, c)
	updateErrorsAreNotTold(t, c)
}

func updateErrorsAreNotTold(t *testing.T, c scope.Compat) {
	for _, list := range [][]aril.Extension{nil, {doubles()}} {
		tr := &trace{}
		s := newScope(t, c, list...)
		told(s, tr)
		a := scope.Value(1, scope.Name("a"))
		mustResolve(t, s, a)
		require.ErrorIs(t, scope.Update(t.Context(), s, a, func(int) (int, error) { return 0, errBoom }), errBoom)
		require.Empty(t, tr.all())
	}
}
