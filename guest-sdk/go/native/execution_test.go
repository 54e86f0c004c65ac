package native_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// bystander has no hook for operations or events, but a method.
type bystander struct{}

func (bystander) Methods() guest.Methods { return guest.Methods{} }

// executions does what a test says around executions.
type executions struct {
	init func(*guest.Pod) error
	wrap func(*guest.Execution, guest.Next) (guest.Value, error)
}

func (e *executions) InitPod(p *guest.Pod) error { return e.init(p) }

func (e *executions) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	return e.wrap(x, next)
}

// unreadable says when somebody encodes it.
type unreadable struct{ read *bool }

func (u unreadable) AppendMessage(dst []byte, _ *aril.Values) ([]byte, error) {
	*u.read = true
	return append(dst, 0xc0), nil
}

func TestAnExtensionWithoutAHookForEventsHearsNone(t *testing.T) {
	t.Parallel()
	x, err := native.New("bystander", bystander{}, native.Config{})
	require.NoError(t, err)
	require.False(t, x.HearsEvents())
	read := false
	_, answered, err := x.Event(t.Context(), aril.Event{Type: "attach", Data: unreadable{&read}})
	require.NoError(t, err)
	require.False(t, answered)

	x, err = native.New("observer", &observer{}, native.Config{})
	require.NoError(t, err)
	require.True(t, x.HearsEvents())
	_, _, err = x.Event(t.Context(), aril.Event{Type: "attach", Data: unreadable{&read}})
	require.NoError(t, err)
	require.False(t, read, "it was not looked at")
}

func TestDataOfAScopeIsOfThatScopeAlone(t *testing.T) {
	t.Parallel()
	flow := scope.NewFlow(scope.Definition{Name: "f"}, func(context.Context, int) (int, error) { return 0, nil })
	var counts []int
	e := &executions{
		init: func(*guest.Pod) error { _, err := guest.PerScope.Append("seen", "pod"); return err },
		wrap: func(_ *guest.Execution, next guest.Next) (guest.Value, error) {
			n, err := guest.PerScope.Append("seen", "execution")
			counts = append(counts, n)
			if err != nil {
				return guest.Value{}, err
			}
			return next()
		},
	}
	x, err := native.New("executions", e, native.Config{})
	require.NoError(t, err)
	for range 2 {
		s, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{x}})
		require.NoError(t, err)
		for range 2 {
			_, err = scope.Run(t.Context(), s, flow, 1)
			require.NoError(t, err)
		}
		require.NoError(t, s.Dispose(t.Context()))
	}
	require.Equal(t, []int{2, 4, 2, 4}, counts)
}

func TestWhatARootExecutionKeepsIsNotTheNextOnes(t *testing.T) {
	t.Parallel()
	inner := scope.NewFlow(scope.Definition{Name: "inner"}, func(context.Context, int) (int, error) { return 0, nil })
	outer := scope.NewFlow(scope.Definition{Name: "outer"}, func(ctx context.Context, in int) (int, error) { return scope.Exec(ctx, inner, in) })
	var counts []int
	e := &executions{
		init: func(*guest.Pod) error { return guest.Root.Set("began", true) },
		wrap: func(_ *guest.Execution, next guest.Next) (guest.Value, error) {
			if began, err := guest.As[bool](guest.Own.Get("began")); err != nil || !began {
				return guest.Value{}, errors.New("the root is above")
			}
			n, err := guest.Root.Append("executions", 1)
			counts = append(counts, n)
			if err != nil {
				return guest.Value{}, err
			}
			return next()
		},
	}
	x, err := native.New("executions", e, native.Config{})
	require.NoError(t, err)
	s, err := scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{x}})
	require.NoError(t, err)
	for range 2 {
		_, err = scope.Run(t.Context(), s, outer, 1)
		require.NoError(t, err)
	}
	require.Equal(t, []int{1, 2, 1, 2}, counts)
}

// safeBuffer is a buffer for many goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func TestAHiddenErrorIsLoggedAsTheRuntimeDoes(t *testing.T) {
	t.Parallel()
	var log safeBuffer
	message := ""
	w := wrap(func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		v, err := next()
		message = err.Error()
		return v, err
	})
	x, err := native.New("w", w, native.Config{Powers: aril.ObserveOnly, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	_, err = aril.NewPipeline(x).Do(t.Context(), aril.Operation{}, nil, func(context.Context, any) (any, error) { return nil, errDown })
	require.ErrorIs(t, err, errDown)
	id := message[len("internal error "):]
	require.Len(t, id, 12)
	require.Contains(t, log.b.String(), `level=INFO msg="hidden error" extension=w correlation=`+id+` error=down`)
}

func TestAStaleHandleIsStale(t *testing.T) {
	t.Parallel()
	var kept guest.Value
	w := wrap(func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		if op.Name() == "first" {
			b, err := op.Input().Bytes()
			kept = guest.Raw(append([]byte(nil), b...))
			return guest.Pass, err
		}
		return next(guest.With(kept))
	})
	x, err := native.New("w", w, native.Config{})
	require.NoError(t, err)
	p := aril.NewPipeline(x)
	run := func(context.Context, any) (any, error) { return nil, nil }
	_, err = p.Do(t.Context(), aril.Operation{Name: "first"}, func() {}, run)
	require.NoError(t, err)
	_, err = p.Do(t.Context(), aril.Operation{Name: "second"}, func() {}, run)
	require.ErrorContains(t, err, guest.ErrStale.Error())
}
