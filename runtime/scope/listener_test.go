package scope_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// A listener notes the events that it hears, as "type name", and answers what
// a test says.
type listener struct {
	name   string
	deaf   bool
	powers aril.Powers // 0 for all
	answer func(aril.Event) (any, bool, error)
	wrap   func(context.Context, *aril.Invocation, aril.Next) (any, error)

	mu    sync.Mutex
	heard []string
	data  []any
}

func (l *listener) Name() string      { return l.name }
func (l *listener) HearsEvents() bool { return !l.deaf }

func (l *listener) Powers() aril.Powers {
	if l.powers == 0 {
		return aril.AllPowers
	}
	return l.powers
}

func (l *listener) Event(_ context.Context, e aril.Event) (any, bool, error) {
	l.mu.Lock()
	l.heard = append(l.heard, e.Type+" "+e.Name)
	l.data = append(l.data, e.Data)
	l.mu.Unlock()
	if l.answer != nil {
		return l.answer(e)
	}
	return nil, false, nil
}

func (l *listener) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
	if l.wrap != nil {
		return l.wrap(ctx, op, next)
	}
	return next(ctx)
}

// take gives what was heard since the last take.
func (l *listener) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard := l.heard
	l.heard, l.data = nil, nil
	return heard
}

// generic is a message as an extension in the sandbox reads it.
func generic(t *testing.T, v any) map[string]any {
	t.Helper()
	var values aril.Values
	b, err := values.Append(nil, v)
	require.NoError(t, err)
	got, err := values.Decode(b, nil, nil)
	require.NoError(t, err)
	m, ok := got.(map[string]any)
	require.True(t, ok, "%T", got)
	return m
}

// ask calls a function of aril_scope_v1, and gives the code of its error.
func ask(t *testing.T, l scope.Listener, function string, request map[string]any) (any, string) {
	t.Helper()
	b, err := new(aril.Values).Append(nil, request)
	require.NoError(t, err)
	v, err := scope.Serve(t.Context(), l, function, b)
	if err == nil {
		return v, ""
	}
	var made *aril.Error
	require.ErrorAs(t, err, &made)
	return nil, made.ErrorCode
}

var (
	leafFlow  = scope.NewFlow(scope.Definition{Name: "leaf", Version: "7"}, func(_ context.Context, in int) (int, error) { return in, nil })
	outerFlow = scope.NewFlow(scope.Definition{Name: "outer"}, func(ctx context.Context, in int) (int, error) {
		if in < 0 {
			return 0, errBoom
		}
		step := func(context.Context) (int, error) { return in, nil }
		if _, err := scope.StepWith(ctx, scope.ExecConfig{Key: "k", Params: []any{1, "two", func() {}}}, step); err != nil {
			return 0, err
		}
		_, err := scope.ParallelSettled(ctx, func(ctx context.Context) (int, error) { return scope.Exec(ctx, leafFlow, in) })
		return in, err
	})
)

func TestWhatAnExtensionReadsOfExecutionsIsWhatTheABISays(t *testing.T) {
	t.Parallel()
	var got []map[string]any
	var s *scope.Scope
	l := &listener{name: "l", wrap: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
		if op.Kind != scope.KindResolve {
			m := generic(t, op.Params)
			require.Equal(t, int64(s.ID()), m["scope"])
			require.NotZero(t, m["context"])
			delete(m, "scope")
			delete(m, "context")
			m["op"] = op.Kind + " " + op.Name + " " + op.Key
			got = append(got, m)
		}
		return next(ctx)
	}}
	s = newScopeOf(t, scope.Config{Extensions: []aril.Extension{l}})
	_, err := scope.Run(t.Context(), s, outerFlow, 5)
	require.NoError(t, err)

	type m = map[string]any
	require.Len(t, got, 10)
	params := got[2]["params"].([]any)
	require.Equal(t, []any{int64(1), "two"}, params[:2])
	require.NotNil(t, params[2], "what cannot be encoded is opaque")
	delete(got[2], "params")
	execution := func(name, key, mode, flow string, depth int, parallel bool, more m) m {
		all := m{"op": "execution " + name + " " + key, "mode": mode, "flow_name": flow, "depth": int64(depth), "parallel": parallel}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	lifecycle := func(phase, name string) m {
		all := m{"op": "context-lifecycle " + phase + " ", "phase": phase, "name": name}
		if phase != "create" {
			all["mode"] = "graceful"
		}
		return all
	}
	require.Equal(t, []m{
		lifecycle("create", "outer"),
		execution("outer", "", "sequential", "outer", 0, false, m{"flow": m{"name": "outer", "version": ""}}),
		execution("fn", "k", "sequential", "outer", 0, false, nil),
		execution("parallel-settled", "", "parallel-settled", "outer", 0, false, m{"count": int64(1)}),
		lifecycle("create", "leaf"),
		execution("leaf", "", "sequential", "leaf", 1, true, m{"flow": m{"name": "leaf", "version": "7"}, "parent": "outer"}),
		lifecycle("closing", "outer"), lifecycle("closing", "leaf"), lifecycle("closed", "leaf"), lifecycle("closed", "outer"),
	}, got)
}

func TestAListenerHearsOfEachRootExecution(t *testing.T) {
	t.Parallel()
	l := &listener{name: "l"}
	s := newScopeOf(t, scope.Config{Name: "shop", Extensions: []aril.Extension{l}})
	require.NoError(t, s.Ready(t.Context()))
	require.Equal(t, []string{"attach shop", "start shop"}, l.take())
	_, err := scope.Run(t.Context(), s, outerFlow, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"init_pod outer", "dispose_pod outer"}, l.take())

	_, err = scope.Run(t.Context(), s, outerFlow, -1)
	require.ErrorIs(t, err, errBoom)
	pod, failed := generic(t, l.data[0]), generic(t, l.data[1])
	require.Equal(t, map[string]any{"context": pod["context"], "scope": int64(s.ID()), "flow": map[string]any{"name": "outer", "version": ""}}, pod)
	require.Equal(t, "boom", failed["error"].(map[string]any)["message"])
	delete(failed, "error")
	require.Equal(t, pod, failed)
	require.Equal(t, []string{"init_pod outer", "pod_error outer", "dispose_pod outer"}, l.take())
}

func TestAnAnswerToInitPodEndsTheExecution(t *testing.T) {
	t.Parallel()
	refused := &aril.Error{ErrorCode: "refused", Message: "not now"}
	broken := &aril.CallError{Extension: "l", Hook: "event", Err: aril.ErrTrap}
	for _, tc := range []struct {
		powers aril.Powers
		answer error
		want   error
	}{{aril.Skip, refused, refused}, {aril.ReadInput, refused, aril.ErrDenied}, {aril.ReadInput, broken, aril.ErrTrap}} {
		l := &listener{name: "l", powers: tc.powers, answer: func(e aril.Event) (any, bool, error) {
			if e.Type == "init_pod" {
				return nil, !errors.Is(tc.answer, aril.ErrTrap), tc.answer
			}
			return nil, false, nil
		}}
		s := newScopeOf(t, scope.Config{Name: "shop", Extensions: []aril.Extension{l}})
		require.NoError(t, s.Ready(t.Context()))
		l.take()
		_, err := scope.Run(t.Context(), s, leafFlow, 1)
		require.ErrorIs(t, err, tc.want)
		require.Equal(t, []string{"init_pod leaf", "pod_error leaf", "dispose_pod leaf"}, l.take())
	}
}

func TestAListenerThatIsAddedTwiceHearsOnce(t *testing.T) {
	t.Parallel()
	l := &listener{name: "l"}
	s := newScopeOf(t, scope.Config{Name: "shop", Extensions: []aril.Extension{l}})
	remove, err := s.UseExtension(t.Context(), l)
	require.NoError(t, err)
	require.NoError(t, s.Ready(t.Context()))
	require.Equal(t, []string{"attach shop", "start shop"}, l.take())
	fails := scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errBoom }, scope.Name("fails"))
	hears := func() {
		t.Helper()
		_, err = scope.Resolve(t.Context(), s, fails)
		require.ErrorIs(t, err, errBoom)
		_, err = scope.Run(t.Context(), s, leafFlow, 1)
		require.NoError(t, err)
		require.Equal(t, []string{"error fails", "init_pod leaf", "dispose_pod leaf"}, l.take())
		require.NoError(t, s.ReleaseIfResolved(t.Context(), fails))
	}
	hears()
	remove()
	require.Empty(t, l.take(), "it is still there once")
	require.Same(t, s, scope.Attached(l, s.ID()))
	hears()
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"detach shop"}, l.take())
	require.Nil(t, scope.Attached(l, s.ID()))
}

func TestAListenerWithoutAHookForEventsIsNotAsked(t *testing.T) {
	t.Parallel()
	l := &listener{name: "l", deaf: true}
	s := newScopeOf(t, scope.Config{Extensions: []aril.Extension{l}})
	a := scope.Value(1, scope.Name("a"))
	_, code := ask(t, l, "subscribe", map[string]any{"scope": s.ID(), "event": "change"})
	require.Empty(t, code, "it may ask")
	_, err := scope.Resolve(t.Context(), s, a)
	require.NoError(t, err)
	_, err = scope.Run(t.Context(), s, leafFlow, 1)
	require.NoError(t, err)
	require.NoError(t, s.Dispose(t.Context()))
	require.Empty(t, l.take())
}

func TestAListenerThatRefusedAScopeMayComeAgain(t *testing.T) {
	t.Parallel()
	refuses := true
	l := &listener{name: "l", answer: func(aril.Event) (any, bool, error) {
		if refuses {
			return nil, true, errBoom
		}
		return nil, false, nil
	}}
	s := newScopeOf(t, scope.Config{Name: "shop"})
	_, err := s.UseExtension(t.Context(), l)
	require.ErrorIs(t, err, errBoom)
	require.Nil(t, scope.Attached(l, s.ID()))
	_, code := ask(t, l, "get", map[string]any{"scope": s.ID(), "key": "k"})
	require.Equal(t, "not_attached", code)
	refuses = false
	_, err = s.UseExtension(t.Context(), l)
	require.NoError(t, err)
	require.NoError(t, s.Ready(t.Context()))
	require.Equal(t, []string{"attach shop", "attach shop", "start shop"}, l.take())
}

func TestAnswersToAChangeNeedTheirPowers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		powers aril.Powers
		err    error
		want   any // an error, or what is stored
	}{
		{aril.ChangeInput, nil, 2}, {aril.AllPowers &^ aril.ChangeInput, nil, aril.ErrDenied},
		{aril.Skip, errBoom, errBoom}, {aril.AllPowers &^ aril.Skip, errBoom, aril.ErrDenied},
	} {
		l := &listener{name: "l", powers: tc.powers}
		l.answer = func(e aril.Event) (any, bool, error) {
			if e.Type != "change" {
				return nil, false, nil
			}
			_, shown := generic(t, e.Data)["value"]
			require.Equal(t, tc.powers.Has(aril.ReadResult), shown)
			require.Equal(t, 1, e.AnswerBase)
			return 2, true, tc.err
		}
		s := newScopeOf(t, scope.Config{Extensions: []aril.Extension{l}})
		_, code := ask(t, l, "subscribe", map[string]any{"scope": s.ID(), "event": "change"})
		require.Empty(t, code)
		a := scope.Value(1, scope.Name("a"))
		_, err := scope.Resolve(t.Context(), s, a)
		if want, ok := tc.want.(error); ok {
			require.ErrorIs(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, tc.want, s.Lookup(a).Value)
	}
}

func TestWhatAListenerAsksAmissHasItsCode(t *testing.T) {
	t.Parallel()
	l := &listener{name: "l", powers: aril.AllPowers &^ aril.ChangeInput}
	s := newScopeOf(t, scope.Config{Extensions: []aril.Extension{l}, SharedKeys: []string{"region"}})
	type m = map[string]any
	for _, tc := range []struct {
		function string
		request  m
		want     string
	}{
		{"lookup", m{}, "invalid_argument"},
		{"resolve", m{}, "invalid_argument"},
		{"lookup", m{"name": "a"}, "not_found"},
		{"lookup", m{"scope": s.ID() + 1<<40, "name": "a"}, "not_attached"},
		{"lookup", m{"name": 7}, "invalid_argument"},
		{"subscribe", m{"event": "change", "names": []string{"a*b"}}, "invalid_argument"},
		{"subscribe", m{"event": "release", "names": slices.Repeat([]string{"a"}, 65)}, "invalid_argument"},
		{"subscribe", m{"event": "tick", "every": 9_999_999}, "invalid_argument"},
		{"subscribe", m{"event": "attach"}, "invalid_argument"},
		{"unsubscribe", m{"subscription": 1}, "not_found"},
		{"get", m{"key": "other"}, "denied"},
		{"get", m{"key": "region"}, ""},
		{"set", m{"key": "region", "value": 1}, "denied"},
	} {
		if tc.request["scope"] == nil {
			tc.request["scope"] = s.ID()
		}
		_, code := ask(t, l, tc.function, tc.request)
		require.Equal(t, tc.want, code, "%s %v", tc.function, tc.request)
	}
	require.Nil(t, s.Get("region"))
	_, err := scope.Serve(t.Context(), l, "explode", msgp.AppendNil(nil))
	require.ErrorIs(t, err, aril.ErrNoMethod)
	for range 64 {
		_, code := ask(t, l, "subscribe", m{"scope": s.ID(), "event": "release"})
		require.Empty(t, code)
	}
	_, code := ask(t, l, "subscribe", m{"scope": s.ID(), "event": "release"})
	require.Equal(t, "limit", code)
}

func TestAGuestThatTrapsOnAPodsEventBreaksThatAlone(t *testing.T) {
	t.Parallel()
	use := func(t *testing.T, event string) (*scope.Scope, *trace) {
		var told trace
		s := newScopeOf(t, scope.Config{Logger: (&safeBuilder{}).logger()})
		s.OnError(func(_ context.Context, err error, _ scope.AnyExecutor, _ *scope.Scope) {
			told.add("%v", errors.Is(err, aril.ErrTrap))
		})
		_, err := s.UseExtension(t.Context(), loadGuest(t, "subscriber", aril.ExtensionConfig{Config: event}))
		require.NoError(t, err)
		return s, &told
	}
	t.Run("init_pod", func(t *testing.T) {
		t.Parallel()
		s, _ := use(t, "init_pod")
		for range 2 {
			_, err := scope.Run(t.Context(), s, leafFlow, 3)
			requireTrap(t, err, "event")
		}
		stillWorks(t, s)
	})
	t.Run("dispose_pod", func(t *testing.T) {
		t.Parallel()
		s, told := use(t, "dispose_pod")
		got, err := scope.Run(t.Context(), s, leafFlow, 3)
		require.NoError(t, err)
		require.Equal(t, 3, got)
		require.Equal(t, []string{"true"}, told.all())
	})
	t.Run("pod_error", func(t *testing.T) {
		t.Parallel()
		s, _ := use(t, "pod_error")
		_, err := scope.Run(t.Context(), s, outerFlow, -1)
		require.ErrorIs(t, err, errBoom)
		require.NotErrorIs(t, err, aril.ErrTrap)
		got, err := scope.Run(t.Context(), s, leafFlow, 3)
		require.NoError(t, err)
		require.Equal(t, 3, got)
	})
}

func TestAGuestHearsEventsIfItExportsTheHook(t *testing.T) {
	t.Parallel()
	require.False(t, loadGuest(t, "pass", aril.ExtensionConfig{}).HearsEvents())
	require.True(t, loadGuest(t, "subscriber", aril.ExtensionConfig{}).HearsEvents())
}
