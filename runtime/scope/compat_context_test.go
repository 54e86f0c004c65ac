package scope_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var gen2ContextRows = []row{
	{id: "G2-B10", at: all, test: disposeLeavesContextsOpen,
		does: "Dispose of a scope does not close execution contexts that are open, and announces nothing of them"},
	{id: "G2-B44", at: gen2, test: createIsForMadeContexts,
		does:      "Phase create is announced for contexts that NewContext makes, and no others. NewContext waits for it; an error of a wrap refuses the context",
		otherwise: "Phase create is announced for every context. NewContext waits for it; an error of a wrap refuses the context, or the execution", testOtherwise: createIsForEveryContext,
		differs: "create is not waited for, and an error that comes late is printed"},
	{id: "G2-B45", at: all, test: everyContextIsClosed,
		does: "Phases closing and closed are announced for every context, with the mode, children inside of their parent"},
	{id: "G2-B46", at: all, test: executionsCloseThemselves,
		does: "An execution closes its context by itself, gracefully, before its result is there: one closed for a simple flow"},
	{id: "G2-B47", at: all, test: closeIsOnce,
		does: "Close again, in whichever mode, gives what the first gave"},
	{id: "G2-B48", at: all, test: gracefulAndAbort,
		does: "Graceful waits for work under way. Abort ends its context first, with ErrContextClosed, and returns how it failed; what had failed before is not in it"},
	{id: "G2-B49", at: gen2, test: closingErrorsFailTheExecution,
		does:      "An error of a wrap in closing or closed comes from Close, and makes an execution that succeeded fail. The context is closed in any case",
		otherwise: "An error of a wrap in closing or closed comes from Close, and is reported; the outcome of the execution stands. The context is closed in any case", testOtherwise: closingErrorsAreReported,
		differs: "after an error in closing the context stays closing for ever"},
	{id: "G2-B50", at: all, test: closingWithoutNext,
		does: "A wrap of closing or closed that does not call next hides it from the extensions inside, and stops nothing"},
	{id: "G2-B51", at: all, test: closedContextsRefuse,
		does:    "What would run in a closing or closed context is refused with a ContextClosedError, code EC001; Parallel too",
		differs: "parallel is not refused"},
	{id: "G2-B52", at: all, test: statesAreObserved,
		does: "OnState callbacks get the state and the one before. Their panics are logged; they can be removed"},
	{id: "G2-B53", at: all, test: madeContextsHaveDefaults,
		does: "A context that NewContext makes is called execution and has depth 0; what it executes has depth 1, and no parent flow"},
}

// phases notes lifecycle operations: "closing f graceful".
func phases(tr *trace, fail map[scope.Phase]error) *flowExt {
	return &flowExt{ext: &ext{name: "phases"}, any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		l, ok := scope.IsLifecycle(op)
		if !ok {
			return next(ctx)
		}
		line := string(l.Phase) + " " + l.Context.Name()
		if l.Mode != "" {
			line += " " + string(l.Mode)
		}
		tr.add("%s", line)
		if err := fail[l.Phase]; err != nil {
			return nil, err
		}
		return next(ctx)
	}}
}

// withPhases makes a scope whose lifecycle operations are noted.
func withPhases(t *testing.T, c scope.Compat, fail map[scope.Phase]error) (*scope.Scope, *trace) {
	c.SeparateLists = false
	tr := &trace{}
	return newScope(t, c, phases(tr, fail)), tr
}

func newContext(t *testing.T, s *scope.Scope, name string) *scope.Context {
	t.Helper()
	c, err := s.NewContext(t.Context(), scope.ContextConfig{Name: name})
	require.NoError(t, err)
	return c
}

func disposeLeavesContextsOpen(t *testing.T, c scope.Compat) {
	s, tr := withPhases(t, c, nil)
	open := newContext(t, s, "open")
	tr.take()
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, scope.Active, open.State())
	require.NoError(t, open.Context().Err())
	require.Empty(t, tr.all())
	require.NoError(t, open.Close(t.Context(), scope.Graceful))
}

func createIsForMadeContexts(t *testing.T, c scope.Compat) { created(t, c, "made") }
func createIsForEveryContext(t *testing.T, c scope.Compat) {
	created(t, c, "made", "child", "root", "child")
}

func created(t *testing.T, c scope.Compat, want ...string) {
	s, tr := withPhases(t, c, nil)
	made := newContext(t, s, "made")
	child := adds("child", 1)
	_, err := scope.Exec(made.Context(), child, 1)
	require.NoError(t, err)
	mustRun(t, s, flowOf("root", func(ctx context.Context, _ int) (int, error) { return scope.Exec(ctx, child, 1) }), 0)
	var got []string
	for _, l := range tr.all() {
		if name, ok := cutPrefix(l, "create "); ok {
			got = append(got, name)
		}
	}
	require.Equal(t, want, got)

	bad, tr := withPhases(t, c, map[scope.Phase]error{scope.PhaseCreate: errBoom})
	_, err = bad.NewContext(t.Context(), scope.ContextConfig{Name: "refused"})
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, []string{"create refused", "closing refused abort", "closed refused abort"}, tr.all())
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return s, false
	}
	return s[len(prefix):], true
}

// ends leaves out phase create.
func ends(tr *trace) []string {
	var out []string
	for _, l := range tr.take() {
		if _, create := cutPrefix(l, "create "); !create {
			out = append(out, l)
		}
	}
	return out
}

func everyContextIsClosed(t *testing.T, c scope.Compat) {
	s, tr := withPhases(t, c, nil)
	leaf := adds("leaf", 1)
	mid := flowOf("mid", func(ctx context.Context, _ int) (int, error) { return scope.Exec(ctx, leaf, 1) })
	mustRun(t, s, flowOf("root", func(ctx context.Context, _ int) (int, error) {
		if _, err := scope.Exec(ctx, mid, 1); err != nil {
			return 0, err
		}
		return scope.Exec(ctx, leaf, 1)
	}), 0)
	require.Equal(t, []string{"closing root graceful", "closing mid graceful", "closing leaf graceful", "closed leaf graceful", "closed mid graceful",
		"closing leaf graceful", "closed leaf graceful", "closed root graceful"}, ends(tr))
	made := newContext(t, s, "made")
	_, err := scope.Exec(made.Context(), leaf, 1)
	require.NoError(t, err)
	require.NoError(t, made.Close(t.Context(), scope.Abort))
	require.Equal(t, []string{"closing made abort", "closing leaf abort", "closed leaf abort", "closed made abort"}, ends(tr))
}

func executionsCloseThemselves(t *testing.T, c scope.Compat) {
	s, tr := withPhases(t, c, nil)
	var inside *scope.Context
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) { inside = scope.Current(ctx); return 1, nil })
	mustRun(t, s, f, 0)
	require.Equal(t, scope.Closed, inside.State())
	require.Equal(t, []string{"closing f graceful", "closed f graceful"}, ends(tr))
	d := inside.Details()
	require.Equal(t, "f", d.Name)
	require.NoError(t, d.Err)
	require.False(t, d.Completed.Before(d.Started))
	_, err := scope.Run(t.Context(), s, flowOf("f", func(context.Context, int) (int, error) { return 0, errBoom }), 0)
	require.Equal(t, errBoom, err)
	require.Equal(t, []string{"closing f graceful", "closed f graceful"}, ends(tr))
}

func closeIsOnce(t *testing.T, c scope.Compat) {
	s, tr := withPhases(t, c, map[scope.Phase]error{scope.PhaseClosed: errBoom})
	made := newContext(t, s, "made")
	tr.take()
	at := make(chan error, 3)
	for _, mode := range []scope.CloseMode{scope.Graceful, scope.Abort, ""} {
		go func() { at <- made.Close(t.Context(), mode) }()
	}
	first := <-at
	require.ErrorIs(t, first, errBoom)
	require.Equal(t, first, <-at)
	require.Equal(t, first, <-at)
	require.Equal(t, first, made.Close(t.Context(), scope.Abort))
	require.Len(t, tr.all(), 2)
}

func gracefulAndAbort(t *testing.T, c scope.Compat) {
	s := newScope(t, c)
	early := errors.New("early")
	for _, mode := range []scope.CloseMode{scope.Graceful, scope.Abort} {
		made := newContext(t, s, "made")
		_, err := scope.Step(made.Context(), func(context.Context) (int, error) { return 0, early })
		require.Equal(t, early, err)
		begun, gate, over := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			_, err := scope.Step(made.Context(), func(ctx context.Context) (int, error) {
				close(begun)
				select {
				case <-gate:
					return 1, nil
				case <-ctx.Done():
					return 0, context.Cause(ctx)
				}
			})
			over <- err
		}()
		<-begun
		closed := make(chan error)
		made.OnState(func(state, _ scope.ContextState) {
			if state == scope.Closing && mode == scope.Graceful {
				require.NoError(t, made.Context().Err())
				close(gate)
			}
		})
		go func() { closed <- made.Close(t.Context(), mode) }()
		work := <-over
		err = <-closed
		require.Equal(t, scope.Closed, made.State())
		require.NotErrorIs(t, err, early)
		if mode == scope.Graceful {
			require.NoError(t, work)
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, work, scope.ErrContextClosed)
			require.ErrorIs(t, err, scope.ErrContextClosed)
		}
	}
}

func closingErrorsFailTheExecution(t *testing.T, c scope.Compat) { closingErrors(t, c, true) }
func closingErrorsAreReported(t *testing.T, c scope.Compat)      { closingErrors(t, c, false) }

func closingErrors(t *testing.T, c scope.Compat, fails bool) {
	for _, phase := range []scope.Phase{scope.PhaseClosing, scope.PhaseClosed} {
		s, _ := withPhases(t, c, map[scope.Phase]error{phase: errBoom})
		var inside *scope.Context
		_, err := scope.Run(t.Context(), s, flowOf("f", func(ctx context.Context, _ int) (int, error) { inside = scope.Current(ctx); return 1, nil }), 0)
		if fails {
			require.ErrorIs(t, err, errBoom)
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, scope.Closed, inside.State())
		heard := 0
		s.OnError(func(_ context.Context, err error, e scope.AnyExecutor, _ *scope.Scope) {
			require.ErrorIs(t, err, errBoom)
			require.Nil(t, e)
			heard++
		})
		made := newContext(t, s, "made")
		require.ErrorIs(t, made.Close(t.Context(), scope.Graceful), errBoom)
		require.Equal(t, scope.Closed, made.State())
		if !c.QuietWraps {
			require.Equal(t, 1, heard)
		}
	}
}

func closingWithoutNext(t *testing.T, c scope.Compat) {
	c.SeparateLists = false
	tr := &trace{}
	hides := &flowExt{ext: &ext{name: "hides"}, any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		if l, ok := scope.IsLifecycle(op); ok && l.Phase != scope.PhaseCreate {
			return nil, nil
		}
		return next(ctx)
	}}
	list := []aril.Extension{phases(tr, nil), hides} // hides is outermost
	if c.FirstOutermost {
		list = []aril.Extension{hides, phases(tr, nil)}
	}
	s := newScope(t, c, list...)
	made := newContext(t, s, "made")
	require.NoError(t, made.Close(t.Context(), scope.Graceful))
	require.Equal(t, scope.Closed, made.State())
	require.Empty(t, ends(tr))
}

func closedContextsRefuse(t *testing.T, c scope.Compat) {
	s := newScope(t, c)
	made := newContext(t, s, "made")
	in := made.Context()
	one := func(context.Context) (int, error) { return 1, nil }
	refuses := func(state scope.ContextState) {
		t.Helper()
		for name, use := range map[string]func() error{
			"Exec":            func() error { _, err := scope.Exec(in, adds("f", 1), 1); return err },
			"ExecWith":        func() error { _, err := scope.ExecWith(in, scope.ExecConfig{Key: "k"}, adds("f", 1), 1); return err },
			"Step":            func() error { _, err := scope.Step(in, one); return err },
			"StepWith":        func() error { _, err := scope.StepWith(in, scope.ExecConfig{Key: "k"}, one); return err },
			"Parallel":        func() error { _, err := scope.Parallel(in, one); return err },
			"ParallelSettled": func() error { _, err := scope.ParallelSettled(in, one); return err },
			"ExecuteParallel": func() error { _, err := scope.ExecuteParallel(in, scope.BatchConfig{}, one); return err },
			"all": func() error {
				_, err := scope.ExecuteParallel(in, scope.BatchConfig{Mode: scope.AllOrKo}, one)
				return err
			},
			"race": func() error {
				_, err := scope.ExecuteParallel(in, scope.BatchConfig{Mode: scope.Race}, one)
				return err
			},
		} {
			err := use()
			var closed *scope.ContextClosedError
			require.ErrorAs(t, err, &closed, name)
			require.Equal(t, made.ID(), closed.ID)
			require.Equal(t, state, closed.State, name)
			require.Equal(t, "EC001", closed.Code())
		}
	}
	made.OnState(func(state, _ scope.ContextState) { refuses(state) })
	require.NoError(t, made.Close(t.Context(), scope.Graceful))
	refuses(scope.Closed)
}

func statesAreObserved(t *testing.T, c scope.Compat) {
	log := &safeBuilder{}
	s := newScopeOf(t, scope.Config{Compat: c, Logger: log.logger()})
	made := newContext(t, s, "made")
	tr := &trace{}
	made.OnState(func(state, previous scope.ContextState) {
		tr.add("%v after %v", state, previous)
		panic("in an observer")
	})
	made.OnState(func(scope.ContextState, scope.ContextState) { tr.add("removed") })()
	require.NoError(t, made.Close(t.Context(), scope.Graceful))
	require.Equal(t, []string{"closing after active", "closed after closing"}, tr.all())
	require.Contains(t, log.String(), "in an observer")
}

func madeContextsHaveDefaults(t *testing.T, c scope.Compat) {
	made, err := newScope(t, c).NewContext(t.Context(), scope.ContextConfig{Metadata: map[string]any{"k": 1}})
	require.NoError(t, err)
	require.Equal(t, "execution", made.Name())
	require.Zero(t, made.Depth())
	require.Empty(t, made.FlowName())
	require.Nil(t, made.Parent())
	require.Same(t, made, made.Root())
	require.Equal(t, map[string]any{"k": 1}, made.Details().Metadata)
	_, err = scope.Exec(made.Context(), flowOf("f", func(ctx context.Context, _ int) (int, error) {
		here := scope.Current(ctx)
		require.Equal(t, 1, here.Depth())
		require.Empty(t, here.ParentFlowName())
		require.Same(t, made, here.Parent())
		require.Same(t, made, here.Root())
		return 0, nil
	}), 0)
	require.NoError(t, err)
}
