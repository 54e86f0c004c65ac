package scope_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// The scenarios that seed 004 asks tests for, each by what a user of the
// package would write; the last two are in
// extensions_behavior_operations_test.go. The numbered statements behind them
// are in COMPAT.md.

// observer notes what it wraps, whatever the kind, and its life in a scope.
func observer(tr *trace, name string) *flowExt {
	e := podTracer(tr, name)
	e.any = func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		tr.add("%s> %s %s", name, op.Kind, op.Name)
		v, err := next(ctx)
		tr.add("<%s %s %s", name, op.Kind, op.Name)
		return v, err
	}
	e.wrap, e.exec, e.initPod, e.disposePod = nil, nil, nil, nil
	e.onPodError = nil
	return e
}

func TestExtensionLifecycle(t *testing.T) {
	t.Parallel()

	t.Run("init comes before any wrap, wraps come with operations, dispose comes last and finds values", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		a := scope.Value(1, scope.Name("a"))
		e := observer(tr, "E")
		e.dispose = func(ctx context.Context, s *scope.Scope) error {
			tr.add("dispose E, a is %v", s.Lookup(a).Value)
			return nil
		}
		s := newScope(t, scope.Compat{}, e)
		require.Equal(t, []string{"init E"}, tr.take())
		mustResolve(t, s, a)
		require.Equal(t, []string{"E> resolve a", "<E resolve a"}, tr.take())
		f := scope.DeriveFlow(scope.Definition{Name: "f"}, a, func(ctx context.Context, a, in int) (int, error) {
			return scope.Step(ctx, func(context.Context) (int, error) { return a + in, nil })
		})
		require.Equal(t, 3, mustRun(t, s, f, 2))
		require.Equal(t, []string{
			"E> context-lifecycle create", "<E context-lifecycle create",
			"E> execution f",
			"E> resolve f", "E> resolve a", "<E resolve a", "<E resolve f",
			"E> execution fn", "<E execution fn",
			"<E execution f",
			"E> context-lifecycle closing", "<E context-lifecycle closing",
			"E> context-lifecycle closed", "<E context-lifecycle closed",
		}, tr.take())
		require.NoError(t, s.Dispose(t.Context()))
		require.Equal(t, []string{"dispose E, a is 1"}, tr.all())
	})

	t.Run("extensions are begun in order and disposed of in reverse, all of them though one fails", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		a, b, c := observer(tr, "A"), observer(tr, "B"), observer(tr, "C")
		b.dispose = func(context.Context, *scope.Scope) error { tr.add("dispose B"); return errBoom }
		s := newScope(t, scope.Compat{}, a, b)
		_, err := s.UseExtension(t.Context(), c)
		require.NoError(t, err)
		mustResolve(t, s, scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
			ctl.Cleanup(func(context.Context) error { tr.add("released"); return nil })
			return 1, nil
		}, scope.Name("a")))
		require.Equal(t, []string{"init A", "init B", "init C"}, tr.take()[:3])
		err = s.Dispose(t.Context())
		require.ErrorIs(t, err, errBoom)
		require.ErrorContains(t, err, `extension "B"`)
		require.Equal(t, []string{"dispose C", "dispose B", "dispose A", "released"}, tr.all())
	})

	t.Run("one whose init fails wraps nothing and is not disposed of", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		e := observer(tr, "E")
		e.init = func(context.Context, *scope.Scope) error { return errBoom }
		s := newScope(t, scope.Compat{})
		_, err := s.UseExtension(t.Context(), e)
		require.ErrorIs(t, err, errBoom)
		mustRun(t, s, adds("f", 1), 1)
		require.NoError(t, s.Dispose(t.Context()))
		require.Empty(t, tr.all())
	})

	t.Run("a name is enough", func(t *testing.T) {
		t.Parallel()
		s := newScope(t, scope.Compat{}, named("idle"))
		require.Equal(t, 2, mustRun(t, s, adds("f", 1), 1))
		require.NoError(t, s.Dispose(t.Context()))
	})

	t.Run("a guest is told when it is added and, while values are there, when the scope goes", func(t *testing.T) {
		t.Parallel()
		_, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{
			loadGuest(t, "subscriber", aril.ExtensionConfig{Config: "attach"})}})
		requireTrap(t, err, "event")
		s := newScope(t, scope.Compat{}, loadGuest(t, "subscriber", aril.ExtensionConfig{Config: "detach"}))
		released := false
		mustResolve(t, s, scope.Provide(func(_ context.Context, ctl *scope.Controller) (int, error) {
			ctl.Cleanup(func(context.Context) error { released = true; return nil })
			return 1, nil
		}))
		requireTrap(t, s.Dispose(t.Context()), "event")
		require.True(t, released)
	})
}

func TestPipelineOrdering(t *testing.T) {
	t.Parallel()

	t.Run("the last one added is outermost, for operations of all kinds", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		s := newScope(t, scope.Compat{}, observer(tr, "A"), observer(tr, "B"))
		_, err := s.UseExtension(t.Context(), observer(tr, "C"))
		require.NoError(t, err)
		tr.take()
		around := func(what string) []string {
			return []string{"C> " + what, "B> " + what, "A> " + what, "<A " + what, "<B " + what, "<C " + what}
		}
		mustResolve(t, s, scope.Value(1, scope.Name("a")))
		require.Equal(t, around("resolve a"), tr.take())
		c, err := s.NewContext(t.Context(), scope.ContextConfig{})
		require.NoError(t, err)
		require.Equal(t, around("context-lifecycle create"), tr.take())
		_, err = scope.Step(c.Context(), func(context.Context) (int, error) { return 1, nil })
		require.NoError(t, err)
		require.Equal(t, around("execution fn"), tr.take())
		_, err = scope.Parallel(c.Context(), func(context.Context) (int, error) { return 1, nil })
		require.NoError(t, err)
		require.Equal(t, around("execution parallel"), tr.take())
		require.NoError(t, c.Close(t.Context(), scope.Graceful))
		require.Equal(t, append(around("context-lifecycle closing"), around("context-lifecycle closed")...), tr.all())
	})

	t.Run("inputs pass inwards and results outwards", func(t *testing.T) {
		t.Parallel()
		adds := func(name string) *flowExt {
			return &flowExt{ext: &ext{name: name}, any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
				if op.Kind != scope.KindExecution {
					return next(ctx)
				}
				v, err := next(ctx, op.Input().(string)+name)
				return name + v.(string), err
			}}
		}
		s := newScope(t, scope.Compat{}, adds("A"), adds("B"))
		echo := scope.NewFlow(scope.Definition{Name: "echo"}, func(_ context.Context, in string) (string, error) { return "[" + in + "]", nil })
		require.Equal(t, "BA[xBA]", mustRun(t, s, echo, "x"))
	})

	t.Run("extensions of one execution are outside of the scope's", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		s := newScope(t, scope.Compat{}, observer(tr, "S"))
		tr.take()
		_, err := scope.RunWith(t.Context(), s, scope.RunConfig{Extensions: []aril.Extension{observer(tr, "E")}}, adds("f", 1), 1)
		require.NoError(t, err)
		require.Equal(t, []string{"E> context-lifecycle create", "S> context-lifecycle create"}, tr.all()[:2])
	})

	t.Run("a guest stands where it was added", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		sees := func(name string) *ext {
			return &ext{name: name, wrap: func(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (any, error) {
				v, err := next(ctx)
				tr.add("%s sees %v", name, v)
				return v, err
			}}
		}
		s := newScope(t, scope.Compat{}, sees("inner"), loadGuest(t, "replace", aril.ExtensionConfig{}), sees("outer"))
		require.Equal(t, "replaced", mustResolve(t, s, scope.Value("made", scope.Name("a"))))
		require.Equal(t, []string{"inner sees made", "outer sees replaced"}, tr.all())
	})
}

func TestErrorPropagation(t *testing.T) {
	t.Parallel()
	catches := func(tr *trace, name string) *ext {
		return &ext{name: name, wrap: func(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (any, error) {
			v, err := next(ctx)
			tr.add("%s sees %v", name, err)
			return v, err
		}}
	}

	t.Run("an error that wrap makes goes outwards, is told, and is not tried again", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		runs := 0
		thrower := &ext{name: "thrower", wrap: func(context.Context, *scope.ResolveOperation, aril.Next) (any, error) {
			tr.add("thrown")
			return nil, errBoom
		}}
		outer := catches(tr, "outer")
		outer.onError = func(_ context.Context, err error, _ scope.AnyExecutor, _ *scope.Scope) { tr.add("told %v", err) }
		s := newScope(t, scope.Compat{}, catches(tr, "inner"), thrower, outer)
		a := counted("a", 1, &runs)
		_, err := scope.Resolve(t.Context(), s, a)
		require.Equal(t, errBoom, err)
		require.Equal(t, []string{"thrown", "outer sees boom", "told boom"}, tr.all())
		require.Zero(t, runs)
		require.Equal(t, scope.None, s.Lookup(a).State)
	})

	t.Run("onError of every extension comes after the error is kept, and does not stop it", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		runs := 0
		a := failing("a", -1, &runs)
		hears := func(name string) *ext {
			return &ext{name: name, onError: func(_ context.Context, err error, e scope.AnyExecutor, s *scope.Scope) {
				tr.add("%s: %s is %v", name, scope.ExecutorName(e), s.Lookup(e).State)
				panic("in onError")
			}}
		}
		s := newScope(t, scope.Compat{}, hears("A"), hears("B"))
		for range 2 {
			_, err := scope.Resolve(t.Context(), s, plusOne("top", a))
			require.ErrorIs(t, err, errBoom)
		}
		require.Equal(t, []string{"A: a is rejected", "B: a is rejected"}, tr.all())
		require.Equal(t, 1, runs)
	})

	t.Run("an extension further out can answer in place of an error", func(t *testing.T) {
		t.Parallel()
		fallback := &flowExt{ext: &ext{name: "fallback"}, any: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
			if v, err := next(ctx); err == nil || op.Kind == scope.KindLifecycle {
				return v, err
			}
			return -1, nil
		}}
		s := newScope(t, scope.Compat{}, fallback)
		runs := 0
		require.Equal(t, -1, mustResolve(t, s, failing("a", -1, &runs)))
		require.Equal(t, -1, mustRun(t, s, flowOf("f", func(context.Context, int) (int, error) { return 0, errBoom }), 1))
	})

	t.Run("an error inside a flow passes each level and reaches the caller as it was", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		watch := executes("watch", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
			v, err := next(ctx)
			tr.add("%s at %d: %v", op.Name, op.Depth, err == errBoom)
			return v, err
		})
		inner := flowOf("inner", func(ctx context.Context, _ int) (int, error) {
			return scope.Step(ctx, func(context.Context) (int, error) { return 0, errBoom })
		})
		outer := flowOf("outer", func(ctx context.Context, n int) (int, error) { return scope.Exec(ctx, inner, n) })
		_, err := scope.Run(t.Context(), newScope(t, scope.Compat{}, watch), outer, 1)
		require.Equal(t, errBoom, err)
		require.Equal(t, []string{"fn at 1: true", "inner at 1: true", "outer at 0: true"}, tr.all())
	})

	t.Run("a panic in wrap is that operation's error", func(t *testing.T) {
		t.Parallel()
		s := newScope(t, scope.Compat{}, executes("bad", func(context.Context, *scope.ExecutionOperation, aril.Next) (any, error) { panic("oops") }))
		_, err := scope.Run(t.Context(), s, adds("f", 1), 1)
		require.ErrorIs(t, err, aril.ErrPanic)
		require.Equal(t, "wrap", requireBroken(t, err).Hook)
		stillWorks(t, s)
	})

	t.Run("guests pass errors on, make them, and break, and the extension outside sees it", func(t *testing.T) {
		t.Parallel()
		fails := flowOf("f", func(context.Context, int) (int, error) { return 0, errBoom })
		for guest, is := range map[string]func(*testing.T, error){
			"rethrow": func(t *testing.T, err error) { require.ErrorIs(t, err, errBoom) },
			"refuse": func(t *testing.T, err error) {
				var refused *aril.Error
				require.ErrorAs(t, err, &refused)
				require.Equal(t, "refused", refused.ErrorCode)
			},
			"trap_before": func(t *testing.T, err error) { requireTrap(t, err, "wrap") },
		} {
			t.Run(guest, func(t *testing.T) {
				t.Parallel()
				var seen error
				s := newScope(t, scope.Compat{},
					loadGuest(t, guest, aril.ExtensionConfig{Filters: []aril.Filter{{Kinds: []string{scope.KindExecution}}}}),
					executes("outer", func(ctx context.Context, _ *scope.ExecutionOperation, next aril.Next) (any, error) {
						v, err := next(ctx)
						seen = err
						return v, err
					}))
				_, err := scope.Run(t.Context(), s, fails, 1)
				is(t, err)
				require.Equal(t, err, seen)
			})
		}
	})
}

func TestDynamicRegistration(t *testing.T) {
	t.Parallel()

	t.Run("an extension wraps from when it is added until it is taken out", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		s := newScope(t, scope.Compat{})
		a := scope.Value(1, scope.Name("a"))
		mustResolve(t, s, a)
		remove, err := s.UseExtension(t.Context(), observer(tr, "E"))
		require.NoError(t, err)
		require.Equal(t, []string{"init E"}, tr.take())
		mustResolve(t, s, a)
		require.Equal(t, []string{"E> resolve a", "<E resolve a"}, tr.take())
		remove()
		remove()
		mustResolve(t, s, a)
		mustRun(t, s, adds("f", 1), 1)
		require.NoError(t, s.Dispose(t.Context()))
		require.Empty(t, tr.all())
	})

	t.Run("an execution keeps the extensions that it began with", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		s := newScope(t, scope.Compat{})
		var remove func()
		step := func(ctx context.Context, what string) {
			_, err := scope.Step(ctx, func(context.Context) (int, error) { tr.add("%s", what); return 1, nil })
			require.NoError(t, err)
		}
		runIn(t, s, func(ctx context.Context) {
			var err error
			remove, err = s.UseExtension(ctx, executes("E", func(ctx context.Context, op *scope.ExecutionOperation, next aril.Next) (any, error) {
				tr.add("E wraps %s", op.Name)
				return next(ctx)
			}))
			require.NoError(t, err)
			step(ctx, "began before it was added")
		})
		runIn(t, s, func(ctx context.Context) {
			remove()
			step(ctx, "began before it was taken out")
		})
		runIn(t, s, func(ctx context.Context) { step(ctx, "after") })
		require.Equal(t, []string{"began before it was added", "E wraps root", "E wraps fn", "began before it was taken out", "after"}, tr.all())
	})

	t.Run("an operation under way ends in the extension that was taken out", func(t *testing.T) {
		t.Parallel()
		tr := &trace{}
		s := newScope(t, scope.Compat{})
		var remove func()
		remove, err := s.UseExtension(t.Context(), &ext{name: "E", wrap: func(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (any, error) {
			remove()
			v, err := next(ctx)
			tr.add("<E")
			return v, err
		}})
		require.NoError(t, err)
		require.Equal(t, 1, mustResolve(t, s, scope.Value(1)))
		require.Equal(t, 1, mustResolve(t, s, scope.Value(1)))
		require.Equal(t, []string{"<E"}, tr.all())
	})

	t.Run("guests come and go while the scope is busy", func(t *testing.T) {
		t.Parallel()
		g := loadGuest(t, "replace", aril.ExtensionConfig{})
		s := newScope(t, scope.Compat{})
		text := scope.Value("made", scope.Name("a"))
		stop := make(chan struct{})
		var busy sync.WaitGroup
		for range 4 {
			busy.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					v, err := scope.Resolve(context.Background(), s, text)
					if err != nil || v != "made" && v != "replaced" {
						t.Errorf("resolved %q, %v", v, err)
						return
					}
				}
			})
		}
		for range 50 {
			remove, err := s.UseExtension(t.Context(), g)
			require.NoError(t, err)
			require.Equal(t, "replaced", mustResolve(t, s, text))
			remove()
			require.Equal(t, "made", mustResolve(t, s, text))
		}
		close(stop)
		busy.Wait()
	})
}
