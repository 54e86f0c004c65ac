// Package antipatterns_test shows what comes of doing things the wrong way,
// and that some cannot be done. See README.md.
package antipatterns_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/examples/antipatterns/forgetful"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func newScope(t *testing.T, cfg scope.Config) *scope.Scope {
	t.Helper()
	s, err := scope.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Dispose(context.Background())) })
	return s
}

// named is the part that every native extension has.
type named struct{}

func (named) Name() string { return "test" }

// Wrong: hooks of one's own for what the scope has already.

type redundant struct {
	named
	resolved []string
}

func (r *redundant) OnResolve(e scope.AnyExecutor, _ any) {
	r.resolved = append(r.resolved, e.Name())
}

type subscribed struct {
	named
	resolved []string
}

func (x *subscribed) Init(_ context.Context, s *scope.Scope) error {
	s.OnChange(func(_ context.Context, c scope.Change) (*scope.Preset, error) {
		if c.Event == scope.OpResolve {
			x.resolved = append(x.resolved, c.Executor.Name())
		}
		return nil, nil
	})
	return nil
}

func TestAHookOfOnesOwnIsNeverCalledAndASubscriptionIs(t *testing.T) {
	t.Parallel()
	wrong, right := new(redundant), new(subscribed)
	s := newScope(t, scope.Config{Extensions: []aril.Extension{wrong, right}})
	_, err := scope.Resolve(t.Context(), s, scope.Value(1, scope.Name("theme")))
	require.NoError(t, err)
	require.Empty(t, wrong.resolved)
	require.Equal(t, []string{"theme"}, right.resolved)
}

type redundantGuest struct{}

func (redundantGuest) OnResolve(guest.Executor, guest.Value) {}

func TestAGuestWithNoHookThatAHostCallsIsRefused(t *testing.T) {
	t.Parallel()
	_, err := native.New("redundant", redundantGuest{}, native.Config{})
	require.ErrorContains(t, err, "no method that a host calls")
	require.Panics(t, func() { guest.Register(redundantGuest{}) })
}

// Wrong: putting another factory into an executor.

func TestAnExecutorHasNothingThatCanBeReplaced(t *testing.T) {
	t.Parallel()
	e := scope.Value("light", scope.Name("theme"))
	for i, typ := 0, reflect.TypeOf(*e); i < typ.NumField(); i++ {
		require.Falsef(t, typ.Field(i).IsExported(), "field %s", typ.Field(i).Name)
	}
	e.Tags()[0] = scope.Tagged{}
	require.Equal(t, "name", e.Tags()[0].Label(), "what Tags gives is a copy")
}

func TestAPresetReplacesItInOneScopeAndNoOther(t *testing.T) {
	t.Parallel()
	db := scope.Provide(func(context.Context, *scope.Controller) (string, error) { return "the real one", nil })
	user := scope.Derive(db, func(_ context.Context, _ *scope.Controller, db string) (string, error) { return "ann of " + db, nil })
	mocked := newScope(t, scope.Config{Presets: []scope.Preset{db.Preset("a mock")}})
	v, err := scope.Resolve(t.Context(), mocked, user)
	require.NoError(t, err)
	require.Equal(t, "ann of a mock", v)

	v, err = scope.Resolve(t.Context(), newScope(t, scope.Config{}), user)
	require.NoError(t, err)
	require.Equal(t, "ann of the real one", v)
}

// Wrong: work that takes time in Init.

// A slow extension fetches its configuration, which takes until somebody
// answers.
type slow struct {
	named
	asked  chan struct{}
	answer chan struct{}
}

func newSlow() slow { return slow{asked: make(chan struct{}), answer: make(chan struct{})} }

func (x slow) fetch(ctx context.Context) error {
	close(x.asked)
	select {
	case <-x.answer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type blocking struct{ slow }

func (x blocking) Init(ctx context.Context, _ *scope.Scope) error { return x.fetch(ctx) }

type later struct{ slow }

func (x later) Start(ctx context.Context, _ *scope.Scope) error { return x.fetch(ctx) }

func TestAnInitThatBlocksKeepsTheScopeFromBeingMade(t *testing.T) {
	t.Parallel()
	x := blocking{newSlow()}
	made := make(chan *scope.Scope)
	go func() {
		s, _ := scope.New(context.Background(), scope.Config{Extensions: []aril.Extension{x}})
		made <- s
	}()
	<-x.asked
	select {
	case <-made:
		require.Fail(t, "the scope was there before its extension was ready")
	default:
	}
	close(x.answer)
	s := <-made
	require.NotNil(t, s)
	require.NoError(t, s.Dispose(t.Context()))
}

func TestAnInitThatBlocksGivesUpWithWhoWaitsForIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	x := blocking{newSlow()}
	go func() {
		<-x.asked
		cancel()
	}()
	_, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{x}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestWhatBlocksInStartKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	x := later{newSlow()}
	s := newScope(t, scope.Config{Extensions: []aril.Extension{x}})
	<-x.asked
	v, err := scope.Resolve(t.Context(), s, scope.Value("dark"))
	require.NoError(t, err)
	require.Equal(t, "dark", v)
	close(x.answer)
	require.NoError(t, s.Ready(t.Context()))
}

// Wrong: measuring with events. They tell of values, not of operations: there
// is none when a resolution begins, finds its value or fails.

type counting struct {
	named
	events, wraps int
}

func (x *counting) Init(_ context.Context, s *scope.Scope) error {
	s.OnChange(func(context.Context, scope.Change) (*scope.Preset, error) {
		x.events++
		return nil, nil
	})
	return nil
}

func (x *counting) WrapResolve(ctx context.Context, _ *scope.ResolveOperation, next aril.Next) (any, error) {
	x.wraps++
	return next(ctx)
}

func TestEventsMissWhatAWrapSees(t *testing.T) {
	t.Parallel()
	x := new(counting)
	s := newScope(t, scope.Config{Extensions: []aril.Extension{x}})
	theme := scope.Value("light")
	mail := scope.Provide(func(context.Context, *scope.Controller) (string, error) { return "", errors.New("no mail server") })
	for range 2 {
		_, err := scope.Resolve(t.Context(), s, theme)
		require.NoError(t, err)
	}
	_, err := scope.Resolve(t.Context(), s, mail)
	require.Error(t, err)
	require.Equal(t, 1, x.events, "the first resolution")
	require.Equal(t, 3, x.wraps)
}

// Wrong: keeping in a variable what must outlive an operation.

func TestTheSandboxForgetsVariablesAndKeepsTheState(t *testing.T) {
	t.Parallel()
	h := guesttest.New(t, guesttest.Wasm("./ext"), guesttest.Config{})
	resolveThrice(t, h.Scope(t, scope.Config{}))
	remembered, err := h.Call("remembered", nil)
	require.NoError(t, err)
	require.EqualValues(t, 0, remembered)
	kept, err := h.Call("kept", nil)
	require.NoError(t, err)
	require.EqualValues(t, 3, kept)
}

func TestNativelyTheMistakeDoesNotShow(t *testing.T) {
	t.Parallel()
	x, err := native.New("forgetful", forgetful.New(), native.Config{})
	require.NoError(t, err)
	resolveThrice(t, newScope(t, scope.Config{Extensions: []aril.Extension{x}}))
	for _, method := range []string{"remembered", "kept"} {
		n, err := x.Call(t.Context(), method, nil)
		require.NoError(t, err)
		require.EqualValues(t, 3, n, method)
	}
}

func resolveThrice(t *testing.T, s *scope.Scope) {
	t.Helper()
	e := scope.Value("light")
	for range 3 {
		_, err := scope.Resolve(t.Context(), s, e)
		require.NoError(t, err)
	}
}
