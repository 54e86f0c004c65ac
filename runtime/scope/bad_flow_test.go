package scope_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func TestFlowsThatCannotRunSayWhy(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	runs := 0
	negative := scope.NewTag(scope.TagConfig[int]{Label: "n", Validate: func(int) error { return errBoom }})
	one := adds("one", 1)
	for name, f := range map[string]*scope.Flow[int, int]{
		"NewFlow":     scope.NewFlow[int, int](scope.Definition{Name: "nil"}, nil),
		"DeriveFlow":  scope.DeriveFlow[int, int, int](scope.Definition{}, scope.Value(1), nil),
		"DeriveFlow2": scope.DeriveFlow2[int, int, int, int](scope.Definition{}, scope.Value(1), scope.Value(1), nil),
		"dependency": scope.DeriveFlow(scope.Definition{}, scope.Dependency[int](nil), func(_ context.Context, _, _ int) (int, error) {
			return 0, nil
		}),
	} {
		_, err := scope.Run(t.Context(), s, f, 1)
		require.Equal(t, scope.CodeInvalidFactory, resolutionError(t, err).Code, name)
	}
	_, err := scope.Run(t.Context(), s, scope.DeriveFlow(scope.Definition{}, failing("a", -1, &runs), func(_ context.Context, _, _ int) (int, error) { return 0, nil }), 1)
	require.ErrorIs(t, err, errBoom)
	_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Tags: []scope.Tagged{negative.Of(1)}}, one, 1)
	require.ErrorIs(t, err, errBoom)
	_, err = s.NewContext(t.Context(), scope.ContextConfig{Tags: []scope.Tagged{negative.Of(1)}})
	require.ErrorIs(t, err, errBoom)
	_, err = s.NewContext(t.Context(), scope.ContextConfig{Extensions: []aril.Extension{nil}})
	require.ErrorContains(t, err, "extension 0 is nil")
	runIn(t, s, func(ctx context.Context) {
		_, err := scope.ExecWith(ctx, scope.ExecConfig{Tags: []scope.Tagged{negative.Of(1)}}, one, 1)
		require.ErrorIs(t, err, errBoom)
		_, err = scope.Step[int](ctx, nil)
		var p *scope.PanicError
		require.ErrorAs(t, err, &p)
		_, err = scope.Parallel[int](ctx, nil)
		require.ErrorContains(t, err, "nil")
	})
	require.Equal(t, 2, mustRun(t, s, one, 1))
}

func TestWithoutAnExecutionThereIsNothingToBePartOf(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	one := func(context.Context) (int, error) { return 1, nil }
	require.Nil(t, scope.Current(ctx))
	for name, use := range map[string]func() error{
		"Exec":            func() error { _, err := scope.Exec(ctx, adds("f", 1), 1); return err },
		"Step":            func() error { _, err := scope.Step(ctx, one); return err },
		"Parallel":        func() error { _, err := scope.Parallel(ctx, one); return err },
		"ParallelSettled": func() error { _, err := scope.ParallelSettled(ctx, one); return err },
		"all-settled":     func() error { _, err := scope.ExecuteParallel(ctx, scope.BatchConfig{}, one); return err },
		"all": func() error {
			_, err := scope.ExecuteParallel(ctx, scope.BatchConfig{Mode: scope.AllOrKo}, one)
			return err
		},
		"race": func() error {
			_, err := scope.ExecuteParallel(ctx, scope.BatchConfig{Mode: scope.Race}, one)
			return err
		},
		"race of none": func() error {
			_, err := scope.ExecuteParallel[int](ctx, scope.BatchConfig{Mode: scope.Race})
			return err
		},
	} {
		require.ErrorIs(t, use(), scope.ErrNoContext, name)
	}
}

func TestAPanicOfAHandlerIsTheExecutionsError(t *testing.T) {
	t.Parallel()
	for _, list := range [][]aril.Extension{nil, {executes("pass", nil)}} {
		log := &safeBuilder{}
		s := newScopeOf(t, scope.Config{Logger: log.logger(), Extensions: list})
		bad := flowOf("bad", func(context.Context, int) (int, error) { panic(errBoom) })
		siblings := 0
		root := flowOf("root", func(ctx context.Context, _ int) (int, error) {
			_, err := scope.Exec(ctx, bad, 0)
			require.ErrorIs(t, err, errBoom)
			_, err = scope.Step(ctx, func(context.Context) (int, error) { panic(errBoom) })
			require.ErrorIs(t, err, errBoom)
			sibling := func(context.Context) (int, error) { siblings++; return 1, nil }
			got, err := scope.ParallelSettled(ctx, func(context.Context) (int, error) { panic(errBoom) }, sibling)
			require.NoError(t, err)
			require.ErrorIs(t, got.Results[0].Err, errBoom)
			_, err = scope.Parallel(ctx, func(ctx context.Context) (int, error) { return scope.Exec(ctx, bad, 0) })
			require.ErrorIs(t, err, errBoom)
			b, err := scope.ExecuteParallel(ctx, scope.BatchConfig{Mode: scope.AllOrKo}, func(context.Context) (int, error) { panic(errBoom) }, sibling)
			require.Len(t, b.Results, 1)
			return 0, err
		})
		mustRun(t, s, root, 0)
		require.Equal(t, 1, siblings)
		_, err := scope.Run(t.Context(), s, bad, 0)
		var p *scope.PanicError
		require.ErrorAs(t, err, &p)
		require.NotEmpty(t, p.Stack)
		require.NotErrorIs(t, err, aril.ErrPanic) // no extension's
		require.Contains(t, log.String(), "execution panicked")
		require.Equal(t, 2, mustRun(t, s, adds("f", 1), 1))
	}
}

func TestPanicsOfExecutionHooksAreErrors(t *testing.T) {
	t.Parallel()
	log := &safeBuilder{}
	s := newScopeOf(t, scope.Config{Logger: log.logger()})
	run := func(e *flowExt) error {
		e.ext = &ext{name: "bad"}
		_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{e}}, adds("f", 1), 1)
		return err
	}
	hook := func(context.Context, *scope.Scope, *scope.Context) error { panic("in a hook") }
	requirePanic(t, run(&flowExt{initPod: hook}), "init_pod")
	require.NoError(t, run(&flowExt{disposePod: hook}))
	require.Contains(t, log.String(), "dispose_pod")
	requirePanic(t, run(executes("bad", func(context.Context, *scope.ExecutionOperation, aril.Next) (any, error) { panic("in a wrap") })), "wrap")
	requirePanic(t, run(&flowExt{any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		if l, ok := scope.IsLifecycle(op); ok && l.Phase == scope.PhaseCreate {
			panic("in create")
		}
		return next(ctx)
	}}), "wrap")
	require.NoError(t, run(&flowExt{any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		if l, ok := scope.IsLifecycle(op); ok && l.Phase != scope.PhaseCreate {
			panic("at the end")
		}
		return next(ctx)
	}}))
	require.Contains(t, log.String(), "at the end")
}

func TestAGuestThatTrapsAroundAnExecutionBreaksItAlone(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{}, loadGuest(t, "trap_before", aril.ExtensionConfig{Filters: []aril.Filter{{Kinds: []string{scope.KindExecution}, Names: []string{"bad"}}}}))
	_, err := scope.Run(t.Context(), s, adds("bad", 1), 1)
	requireTrap(t, err, "wrap")
	require.Equal(t, 2, mustRun(t, s, adds("good", 1), 1))
	end := newScope(t, scope.Compat{}, loadGuest(t, "trap_before", aril.ExtensionConfig{Filters: []aril.Filter{{Names: []string{"clos*"}}}}))
	require.Equal(t, 2, mustRun(t, end, adds("good", 1), 1))
	made := newContext(t, end, "made")
	requireTrap(t, made.Close(t.Context(), scope.Graceful), "wrap")
	require.Equal(t, scope.Closed, made.State())
}

func TestCloseDoesNotWaitPastItsDeadline(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	made := newContext(t, s, "made")
	begun, gate, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		_, _ = scope.Step(made.Context(), func(context.Context) (int, error) { close(begun); <-gate; return 1, nil })
	}()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	err := made.Close(ctx, scope.Abort)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "left behind")
	require.Equal(t, scope.Closed, made.State())
	close(gate)
	<-over
}

func TestACancelledCallerEndsTheExecution(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	ctx, cancel := context.WithCancelCause(t.Context())
	var inside *scope.Context
	child := adds("child", 1)
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) {
		inside = scope.Current(ctx)
		cancel(errBoom)
		_, err := scope.Exec(ctx, child, 1)
		require.Equal(t, errBoom, err)
		_, err = scope.Step(ctx, func(context.Context) (int, error) { t.Error("ran"); return 1, nil })
		require.Equal(t, errBoom, err)
		_, err = scope.Parallel(ctx, func(context.Context) (int, error) { t.Error("ran"); return 1, nil })
		return 0, err
	})
	_, err := scope.Run(ctx, s, f, 0)
	require.Equal(t, errBoom, err)
	require.Equal(t, scope.Closed, inside.State())
}

// A handler that ends its goroutine, as a failing test's does, leaves nobody
// waiting.
func TestAStepThatExitsItsGoroutineHoldsNobody(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	exits := func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }
	for name, use := range map[string]func(context.Context){
		"Parallel":        func(ctx context.Context) { _, _ = scope.Parallel(ctx, exits) },
		"ParallelSettled": func(ctx context.Context) { _, _ = scope.ParallelSettled(ctx, exits) },
		"race": func(ctx context.Context) {
			_, _ = scope.ExecuteParallel(ctx, scope.BatchConfig{Mode: scope.Race}, exits)
		},
		"timeout": func(ctx context.Context) { _, _ = scope.StepWith(ctx, scope.ExecConfig{Timeout: time.Hour}, exits) },
		"step":    func(ctx context.Context) { _, _ = scope.Step(ctx, exits) },
		"flow": func(ctx context.Context) {
			_, _ = scope.Exec(ctx, flowOf("f", func(ctx context.Context, _ int) (int, error) { return exits(ctx) }), 0)
		},
	} {
		made := newContext(t, s, name)
		over := make(chan struct{})
		go func() {
			defer close(over)
			use(made.Context())
		}()
		soon(t, over, name)
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = made.Close(t.Context(), scope.Graceful)
		}()
		soon(t, closed, "closing after "+name)
	}
	x := scope.Start(t.Context(), s, scope.RunConfig{}, flowOf("f", func(ctx context.Context, _ int) (int, error) { return exits(ctx) }), 0)
	soon(t, x.Done(), "Start")
	_, err := x.Result(t.Context())
	require.Error(t, err)
}

func soon(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		require.Fail(t, "waits for ever", what)
	}
}

// TestExecutionsAtOnce runs flows of every kind in many goroutines while the
// scope is disposed of. It runs alone, to count goroutines.
func TestExecutionsAtOnce(t *testing.T) {
	for _, list := range [][]aril.Extension{nil, {executes("pass", nil)}} {
		for _, c := range []scope.Compat{{}, scope.CompatGen2} {
			before := runtime.NumGoroutine()
			executionsAtOnce(t, c, list)
			deadline := time.Now().Add(10 * time.Second)
			for runtime.NumGoroutine() > before {
				require.Truef(t, time.Now().Before(deadline), "%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks())
				runtime.Gosched()
			}
		}
	}
}

func executionsAtOnce(t *testing.T, c scope.Compat, list []aril.Extension) {
	s, err := scope.New(t.Context(), scope.Config{Compat: c, Extensions: list, Logger: new(safeBuilder).logger()})
	require.NoError(t, err)
	shared, err := s.NewContext(t.Context(), scope.ContextConfig{Name: "shared"})
	require.NoError(t, err)
	var opened, ended atomic.Int64
	dep := scope.Provide(func(context.Context, *scope.Controller) (int, error) { runtime.Gosched(); return 1, nil })
	leaf := scope.DeriveFlow(scope.Definition{Name: "leaf"}, dep, func(ctx context.Context, a, n int) (int, error) {
		opened.Add(1)
		defer ended.Add(1)
		scope.Current(ctx).Root().Data().Append("leaves", n)
		if n%7 == 0 {
			return 0, errBoom
		}
		if n%11 == 0 {
			panic(errBoom)
		}
		return a + n, nil
	})
	root := flowOf("root", func(ctx context.Context, n int) (int, error) {
		var items []func(context.Context) (int, error)
		for i := range n % 5 {
			items = append(items, func(ctx context.Context) (int, error) {
				return scope.ExecWith(ctx, scope.ExecConfig{Key: []string{"", "k"}[i%2]}, leaf, n+i)
			})
		}
		switch n % 4 {
		case 0:
			_, err := scope.Parallel(ctx, items...)
			return 0, err
		case 1:
			_, err := scope.ParallelSettled(ctx, items...)
			return 0, err
		case 2:
			_, err := scope.ExecuteParallel(ctx, scope.BatchConfig{Mode: scope.Race}, items...)
			return 0, err
		}
		return scope.StepWith(ctx, scope.ExecConfig{Timeout: time.Second}, func(ctx context.Context) (int, error) { return scope.Exec(ctx, leaf, n) })
	})
	const workers, rounds = 12, 150
	var group sync.WaitGroup
	var done atomic.Int64
	enough := make(chan struct{})
	for w := range workers {
		group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 2))
			for range rounds {
				if done.Add(1) == workers*rounds/2 {
					close(enough)
				}
				n := r.IntN(100)
				var err error
				switch r.IntN(6) {
				case 0, 1:
					_, err = scope.Run(t.Context(), s, root, n)
				case 2:
					x := scope.Start(t.Context(), s, scope.RunConfig{}, root, n)
					x.Abort(errBoom)
					_, err = x.Result(t.Context())
				case 3:
					_, err = scope.Exec(shared.Context(), root, n)
				case 4:
					_, err = scope.RunWith(t.Context(), s, scope.RunConfig{Presets: []scope.Preset{dep.Preset(2)}}, root, n)
				case 5:
					var made *scope.Context
					if made, err = s.NewContext(t.Context(), scope.ContextConfig{}); err == nil {
						go func() { _, _ = scope.Exec(made.Context(), root, n) }()
						err = made.Close(t.Context(), []scope.CloseMode{scope.Graceful, scope.Abort}[n%2])
					}
				}
				var late *scope.ContextClosedError
				if !expected(err) && !errors.As(err, &late) && !errors.Is(err, scope.ErrContextClosed) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	<-enough
	closing := make(chan error)
	go func() { closing <- shared.Close(context.Background(), scope.Graceful) }()
	require.NoError(t, s.Dispose(context.Background()))
	require.NoError(t, <-closing)
	group.Wait()
	require.Positive(t, opened.Load())
	require.Equal(t, scope.Closed, shared.State())
	deadline := time.Now().Add(10 * time.Second)
	for opened.Load() != ended.Load() {
		require.True(t, time.Now().Before(deadline))
		runtime.Gosched()
	}
}
