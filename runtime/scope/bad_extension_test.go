package scope_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// A safeBuilder is a log that many may write.
type safeBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuilder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuilder) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *safeBuilder) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s, nil)) }

func requirePanic(t *testing.T, err error, hook string) {
	t.Helper()
	require.ErrorIs(t, err, aril.ErrPanic)
	var broken *aril.CallError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, "bad", broken.Extension)
	require.Equal(t, hook, broken.Hook)
}

func TestAPanicInAHookIsThatHooksError(t *testing.T) {
	t.Parallel()
	panics := func(context.Context, *scope.Scope) error { panic("in a hook") }

	t.Run("init", func(t *testing.T) {
		t.Parallel()
		bad := &ext{name: "bad", init: panics}
		_, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{bad}, Logger: new(safeBuilder).logger()})
		requirePanic(t, err, "init")
		s := newScope(t, scope.Compat{})
		_, err = s.UseExtension(t.Context(), bad)
		requirePanic(t, err, "init")
		require.Empty(t, s.Extensions())
		stillWorks(t, s)
	})
	t.Run("start", func(t *testing.T) {
		t.Parallel()
		s := newScope(t, scope.Compat{}, &ext{name: "bad", start: panics})
		requirePanic(t, s.Ready(t.Context()), "start")
		require.Empty(t, s.Extensions())
		stillWorks(t, s)
	})
	t.Run("wrap", func(t *testing.T) {
		t.Parallel()
		after := false
		s := newScope(t, scope.Compat{}, &ext{name: "bad", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
			if op.Executor.Name() != "a" {
				return next(ctx)
			}
			if after {
				_, _ = next(ctx)
			}
			panic("in a wrap")
		}})
		a := scope.Value(1, scope.Name("a"))
		_, err := scope.Resolve(t.Context(), s, a)
		requirePanic(t, err, "wrap")
		require.Equal(t, scope.None, s.Lookup(a).State)
		after = true
		_, err = scope.Resolve(t.Context(), s, a)
		requirePanic(t, err, "wrap")
		require.Equal(t, 1, mustGet(t, s, a))
		requirePanic(t, scope.Set(t.Context(), s, a, 2), "wrap")
		require.Equal(t, 2, mustGet(t, s, a))
		stillWorks(t, s)
	})
	t.Run("onError", func(t *testing.T) {
		t.Parallel()
		log := &safeBuilder{}
		heard := 0
		s := newScopeOf(t, scope.Config{Logger: log.logger(), Extensions: []aril.Extension{
			&ext{name: "bad", onError: func(context.Context, error, scope.AnyExecutor, *scope.Scope) { panic("in onError") }},
			&ext{name: "good", onError: func(context.Context, error, scope.AnyExecutor, *scope.Scope) { heard++ }}}})
		s.OnError(func(context.Context, error, scope.AnyExecutor, *scope.Scope) { panic("in OnError") })
		runs := 0
		_, err := scope.Resolve(t.Context(), s, failing("a", -1, &runs))
		require.ErrorIs(t, err, errBoom)
		require.Equal(t, 1, heard)
		require.Contains(t, log.String(), "in onError")
		require.Contains(t, log.String(), "in OnError")
		stillWorks(t, s)
	})
	t.Run("dispose", func(t *testing.T) {
		t.Parallel()
		for _, c := range []scope.Compat{{}, scope.CompatGen2} {
			disposed := 0
			count := func(context.Context, *scope.Scope) error { disposed++; return nil }
			s := newScope(t, c, &ext{name: "before", dispose: count}, &ext{name: "bad", dispose: panics})
			requirePanic(t, s.Dispose(t.Context()), "dispose")
			require.Equal(t, 1, disposed)
		}
	})
	t.Run("detach", func(t *testing.T) {
		t.Parallel()
		log := &safeBuilder{}
		s := newScopeOf(t, scope.Config{Logger: log.logger()})
		remove, err := s.UseExtension(t.Context(), &ext{name: "bad", detach: panics})
		require.NoError(t, err)
		require.NotPanics(t, remove)
		require.Empty(t, s.Extensions())
		require.Contains(t, log.String(), "in a hook")
		stillWorks(t, s)
	})
	t.Run("tick", func(t *testing.T) {
		t.Parallel()
		log := &safeBuilder{}
		s := newScopeOf(t, scope.Config{Logger: log.logger()})
		twice := make(chan struct{}, 2)
		s.Every(time.Millisecond, func(context.Context) {
			select {
			case twice <- struct{}{}:
			default:
			}
			panic("in a tick")
		})
		<-twice
		<-twice
		require.NoError(t, s.Dispose(t.Context()))
		require.Contains(t, log.String(), "in a tick")
	})
}

func TestAReplacementOfAnotherTypeIsTheExtensionsError(t *testing.T) {
	t.Parallel()
	var answer any
	var changed []any
	s := newScope(t, scope.Compat{}, &ext{name: "bad", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		if op.Executor.Name() != "a" {
			return next(ctx)
		}
		v, err := next(ctx, changed...)
		if answer != nil {
			v = answer
		}
		return v, err
	}})
	a := scope.Value(1, scope.Name("a"))
	top := plusOne("top", a)
	answer = "text"
	_, err := scope.Resolve(t.Context(), s, top)
	var broken *aril.CallError
	require.ErrorAs(t, err, &broken)
	require.ErrorIs(t, err, scope.ErrType)
	require.Equal(t, "bad", broken.Extension)
	require.Equal(t, 1, mustGet(t, s, a)) // next had run
	require.Equal(t, scope.Rejected, s.Lookup(top).State)

	answer, changed = nil, []any{"text"}
	require.ErrorIs(t, scope.Set(t.Context(), s, a, 2), scope.ErrType)
	require.Equal(t, 1, mustGet(t, s, a))
	changed = []any{5}
	require.NoError(t, scope.Set(t.Context(), s, a, 2))
	require.Equal(t, 5, mustGet(t, s, a))
	changed = nil
	require.Equal(t, 6, mustReload(t, s, top))
	stillWorks(t, s)
}

func mustReload[T any](t *testing.T, s *scope.Scope, e *scope.Executor[T]) T {
	t.Helper()
	v, err := scope.Reload(t.Context(), s, e)
	require.NoError(t, err)
	return v
}

// blocks is a hook that waits for its context, or for ever.
func blocks(honours bool, gate chan struct{}) func(context.Context, *scope.Scope) error {
	return func(ctx context.Context, _ *scope.Scope) error {
		if honours {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		<-gate
		return nil
	}
}

func TestHooksThatBlockHoldNobodyPastTheDeadline(t *testing.T) {
	t.Parallel()
	for _, honours := range []bool{true, false} {
		name := map[bool]string{true: "honours the context", false: "does not look at the context"}[honours]
		short := func(t *testing.T) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			t.Cleanup(cancel)
			return ctx
		}
		open := func(t *testing.T) chan struct{} {
			gate := make(chan struct{})
			t.Cleanup(func() { close(gate) })
			return gate
		}
		t.Run("New and UseExtension/"+name, func(t *testing.T) {
			t.Parallel()
			bad := &ext{name: "bad", init: blocks(honours, open(t))}
			_, err := scope.New(short(t), scope.Config{Extensions: []aril.Extension{bad}})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			s := newScope(t, scope.Compat{})
			_, err = s.UseExtension(short(t), bad)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, `"bad"`)
			require.Empty(t, s.Extensions())
			stillWorks(t, s)
		})
		t.Run("Ready/"+name, func(t *testing.T) {
			t.Parallel()
			gate := make(chan struct{})
			s := newScope(t, scope.Compat{}, &ext{name: "bad", start: blocks(honours, gate)})
			require.ErrorIs(t, s.Ready(short(t)), context.DeadlineExceeded)
			stillWorks(t, s)
			if honours {
				require.NoError(t, s.Dispose(t.Context())) // ends the hook's context
				return
			}
			require.ErrorIs(t, s.Dispose(short(t)), context.DeadlineExceeded)
			close(gate)
		})
		t.Run("Dispose/"+name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []scope.Compat{{}, scope.CompatGen2} {
				cleaned := false
				disposed := make(chan struct{})
				s := newScope(t, c, &ext{name: "good", dispose: func(context.Context, *scope.Scope) error { close(disposed); return nil }},
					&ext{name: "bad", dispose: blocks(honours, open(t))})
				mustResolve(t, s, scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
					ctl.Cleanup(func(context.Context) error { cleaned = true; return nil })
					return 1, nil
				}))
				err := s.Dispose(short(t))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, `"bad"`)
				<-disposed
				require.True(t, cleaned)
				require.ErrorIs(t, scope.Set(t.Context(), s, scope.Value(1), 1), scope.ErrClosed)
			}
		})
	}
}

func TestAWrapThatBlocksHonoursItsResolversContext(t *testing.T) {
	t.Parallel()
	told := 0
	s := newScope(t, scope.Compat{}, &ext{name: "slow", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		if op.Executor.Name() == "a" {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		return next(ctx)
	}})
	s.OnError(func(context.Context, error, scope.AnyExecutor, *scope.Scope) { told++ })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	_, err := scope.Resolve(ctx, s, scope.Value(1, scope.Name("a")))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Zero(t, told)
	stillWorks(t, s)
}

func TestOneWhoWaitsForAFactoryCanGiveUp(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	inside := make(chan struct{}, 2)
	a := scope.Provide(func(ctx context.Context, _ *scope.Controller) (int, error) {
		inside <- struct{}{}
		<-ctx.Done()
		return 0, context.Cause(ctx)
	}, scope.Name("a"))
	first, cancelFirst := context.WithCancel(t.Context())
	second, cancelSecond := context.WithCancel(t.Context())
	third, cancelThird := context.WithCancel(t.Context())
	defer cancelThird()
	errs := make(chan error, 2)
	go func() { _, err := scope.Resolve(first, s, a); errs <- err }()
	<-inside
	cancelSecond()
	for name, wait := range map[string]func() error{
		"Resolve": func() error { _, err := scope.Resolve(second, s, a); return err },
		"Set":     func() error { return scope.Set(second, s, a, 1) },
		"Release": func() error { return s.Release(second, a) },
		"Reload":  func() error { _, err := scope.Reload(second, s, a); return err },
	} {
		require.ErrorIs(t, wait(), context.Canceled, name)
	}
	// The one whose factory it is gives up: another one takes over.
	go func() { _, err := scope.Resolve(third, s, a); errs <- err }()
	cancelFirst()
	require.ErrorIs(t, <-errs, context.Canceled)
	<-inside
	require.Equal(t, scope.Pending, s.Lookup(a).State)
	cancelThird()
	require.ErrorIs(t, <-errs, context.Canceled)
	require.Equal(t, scope.None, s.Lookup(a).State)
}

func TestDisposeDoesNotWaitForAFactoryPastItsDeadline(t *testing.T) {
	t.Parallel()
	s := newScope(t, scope.Compat{})
	inside, gate, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	cleaned := make(chan struct{})
	a := scope.Provide(func(_ context.Context, c *scope.Controller) (int, error) {
		c.Cleanup(func(context.Context) error { close(cleaned); return nil })
		close(inside)
		<-gate
		return 1, nil
	}, scope.Name("stuck"))
	go func() { _, err := scope.Resolve(t.Context(), s, a); ended <- err }()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	err := s.Dispose(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "stuck", "says which it left behind")
	close(gate)
	require.ErrorIs(t, <-ended, scope.ErrClosed)
	<-cleaned // what came too late is cleaned up all the same
	require.Empty(t, s.Entries())
}

func TestAFailingInitLeavesNothingOfNewBehind(t *testing.T) {
	t.Parallel()
	tr := &trace{}
	var kept *scope.Scope
	started := make(chan struct{})
	a := scope.Provide(func(_ context.Context, c *scope.Controller) (int, error) {
		c.Cleanup(func(context.Context) error { tr.add("cleanup"); return nil })
		return 1, nil
	})
	_, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{
		&ext{name: "A",
			init: func(ctx context.Context, s *scope.Scope) error {
				kept = s
				s.Every(time.Hour, func(context.Context) {})
				_, err := scope.Resolve(ctx, s, a)
				return err
			},
			start: func(ctx context.Context, _ *scope.Scope) error {
				close(started)
				<-ctx.Done()
				tr.add("start ended")
				return nil
			},
			dispose: func(context.Context, *scope.Scope) error { tr.add("dispose A"); return nil }},
		&ext{name: "B", init: func(context.Context, *scope.Scope) error { <-started; return errBoom },
			dispose: func(context.Context, *scope.Scope) error { tr.add("dispose B"); return nil }},
		&ext{name: "C", init: func(context.Context, *scope.Scope) error { tr.add("init C"); return nil }},
	}})
	require.ErrorIs(t, err, errBoom)
	require.ElementsMatch(t, []string{"dispose A", "cleanup", "start ended"}, tr.all())
	require.Empty(t, kept.Extensions())
	_, err = scope.Resolve(t.Context(), kept, a)
	require.ErrorIs(t, err, scope.ErrClosed)
}

func TestAWrapThatAsksForWhatItWrapsIsToldSo(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, *scope.Scope, *scope.Executor[int]) error{
		"Resolve": func(ctx context.Context, s *scope.Scope, e *scope.Executor[int]) error {
			_, err := scope.Resolve(ctx, s, e)
			return err
		},
		"Reload": func(ctx context.Context, s *scope.Scope, e *scope.Executor[int]) error {
			_, err := scope.Reload(ctx, s, e)
			return err
		},
		"Accessor.Resolve": func(ctx context.Context, s *scope.Scope, e *scope.Executor[int]) error {
			_, err := scope.Access(s, e).Resolve(ctx)
			return err
		},
		"through another": func(ctx context.Context, s *scope.Scope, e *scope.Executor[int]) error {
			_, err := scope.Resolve(ctx, s, plusOne("top", e))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wraps := 0
			s := newScope(t, scope.Compat{}, &ext{name: "again", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
				if op.Executor.Name() != "a" {
					return next(ctx)
				}
				if wraps++; wraps > 100 {
					return nil, errors.New("too deep")
				}
				return nil, ask(ctx, op.Scope, op.Executor.(*scope.Executor[int]))
			}})
			a := scope.Value(1, scope.Name("a"))
			_, err := scope.Resolve(t.Context(), s, a)
			require.ErrorIs(t, err, scope.ErrReentrant)
			require.ErrorContains(t, err, `"a"`)
			require.Equal(t, 1, wraps)
			stillWorks(t, s)
		})
	}
}

func TestAWrapThatUpdatesWhatItWrapsTheUpdateOfIsToldSo(t *testing.T) {
	t.Parallel()
	wraps := 0
	s := newScope(t, scope.Compat{}, &ext{name: "again", wrap: func(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (any, error) {
		if op.Operation == scope.OpResolve {
			return next(ctx)
		}
		if wraps++; wraps > 100 {
			return nil, errors.New("too deep")
		}
		return nil, scope.Set(ctx, op.Scope, op.Executor.(*scope.Executor[int]), 3)
	}})
	a := scope.Value(1, scope.Name("a"))
	mustResolve(t, s, a)
	require.ErrorIs(t, scope.Set(t.Context(), s, a, 2), scope.ErrReentrant)
	require.Equal(t, 1, wraps)
	require.Equal(t, 1, mustGet(t, s, a))
	stillWorks(t, s)
}

// retriesFlows wraps executions and nothing else.
type retriesFlows struct{}

func (retriesFlows) Name() string { return "retries flows" }

func (retriesFlows) WrapExecute(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (any, error) {
	if v, err := next(ctx); err == nil {
		return v, nil
	}
	return next(ctx)
}

func TestWhoIsNotInterestedInResolutionsChangesNoneOfThem(t *testing.T) {
	t.Parallel()
	runs := 0
	broken := scope.Provide(func(context.Context, *scope.Controller) (int, error) {
		runs++
		return 0, errors.New("broken")
	})
	tries := 0
	f := flowOf("f", func(ctx context.Context, _ int) (int, error) {
		tries++
		return scope.Resolve(ctx, scope.Current(ctx).Scope(), broken)
	})
	s := newScope(t, scope.Compat{}, retriesFlows{})
	_, err := scope.Run(t.Context(), s, f, 1)
	require.ErrorContains(t, err, "broken")
	require.Equal(t, 2, tries)
	require.Equal(t, 1, runs, "a failure is kept: nobody called next of its resolution again")
}
