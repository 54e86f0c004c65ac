//go:build !wasip1

package guest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

// twoHooks has a Wrap and a WrapExecute.
type twoHooks struct {
	wrap
	execute func(*guest.Execution, guest.Next) (guest.Value, error)
}

func (b *twoHooks) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	return b.execute(x, next)
}

// executeOnly has a WrapExecute alone.
type executeOnly func(*guest.Execution, guest.Next) (guest.Value, error)

func (e executeOnly) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	return e(x, next)
}

func loaded(t *testing.T, cfg guesttest.Config, x any) *guesttest.Harness {
	t.Helper()
	return guesttest.New(t, guesttest.Native(func() any { return x }), cfg)
}

var (
	flowParams = object{"scope": 3, "context": 13, "mode": "sequential", "flow_name": "charge", "depth": 1, "parallel": true,
		"flow": object{"name": "charge", "version": "2"}, "parent": "checkout", "later": 1}
	stepParams     = object{"scope": 3, "context": 13, "mode": "sequential", "flow_name": "charge", "depth": 1, "parallel": false, "params": []any{5, 3}}
	parallelParams = object{"scope": 3, "context": 13, "mode": "parallel-settled", "flow_name": "", "depth": 0, "parallel": false, "count": 7}
)

func TestAnExecutionHasWhatTheHostSaysOfIt(t *testing.T) {
	t.Parallel()
	type seen struct {
		name, key, mode, flowName, parent string
		depth, count                      int
		parallel                          bool
		context                           uint64
		flow                              guest.Flow
		params                            any
	}
	for _, test := range []struct {
		op   guesttest.Operation
		want seen
	}{
		{guesttest.Operation{Name: "charge", Params: flowParams}, seen{name: "charge", mode: guest.Sequential, flowName: "charge", parent: "checkout",
			depth: 1, parallel: true, context: 13, flow: guest.Flow{Name: "charge", Version: "2"}}},
		{guesttest.Operation{Name: "fn", Key: "k", Params: stepParams}, seen{name: "fn", key: "k", mode: guest.Sequential, flowName: "charge",
			depth: 1, context: 13, params: []any{int64(5), int64(3)}}},
		{guesttest.Operation{Name: "parallel-settled", Params: parallelParams}, seen{name: "parallel-settled", mode: guest.ParallelSettled, count: 7, context: 13}},
		{guesttest.Operation{Name: "of another host"}, seen{name: "of another host"}},
	} {
		var got seen
		w := executeOnly(func(x *guest.Execution, next guest.Next) (guest.Value, error) {
			got = seen{x.Name(), x.Key(), x.Mode(), x.FlowName(), x.ParentFlowName(), x.Depth(), x.Count(), x.IsParallel(), x.Context(), x.Flow(), nil}
			if v := x.Params(); v.Err() == nil {
				got.params, _ = v.Any()
			}
			if test.op.Params != nil {
				require.Equal(t, &guest.Scope{ID: 3}, x.Scope())
			} else {
				require.Nil(t, x.Scope())
			}
			require.Equal(t, guest.KindExecution, x.Header().Kind())
			in, err := guest.As[string](x.Input())
			require.NoError(t, err)
			require.Equal(t, "in", in)
			return next()
		})
		test.op.Kind = "execution"
		_, err := loaded(t, guesttest.Config{}, w).Wrap(test.op, "in", func(in any) (any, error) { return in, nil })
		require.NoError(t, err)
		require.Equal(t, test.want, got)
	}
}

func TestWithoutThePowerToReadAnExecutionHasItsNameAlone(t *testing.T) {
	t.Parallel()
	w := executeOnly(func(x *guest.Execution, next guest.Next) (guest.Value, error) {
		require.Equal(t, "charge", x.Name())
		require.Equal(t, "k", x.Key())
		require.Zero(t, x.Mode()+x.FlowName())
		require.Nil(t, x.Scope())
		require.Zero(t, x.Context())
		require.ErrorIs(t, x.Input().Err(), guest.ErrDenied)
		return next()
	})
	_, err := loaded(t, guesttest.Config{NoPowers: true}, w).Wrap(guesttest.Operation{Kind: "execution", Name: "charge", Key: "k", Params: flowParams}, 1,
		func(any) (any, error) { return nil, nil })
	require.NoError(t, err)
}

func TestEachKindGoesToItsHook(t *testing.T) {
	t.Parallel()
	var took []string
	x := &twoHooks{
		wrap: func(op *guest.Operation, next guest.Next) (guest.Value, error) {
			took = append(took, "wrap "+op.Kind())
			r, isResolution := guest.ResolutionOf(op)
			e, isExecution := guest.ExecutionOf(op)
			l, isLifecycle := guest.LifecycleOf(op)
			switch op.Kind() {
			case guest.KindResolve:
				require.True(t, isResolution && !isExecution && !isLifecycle)
				require.Equal(t, "update", r.Operation())
			case guest.KindExecution:
				require.True(t, isExecution && !isResolution && !isLifecycle)
				require.Equal(t, uint64(13), e.Context())
			case guest.KindLifecycle:
				require.True(t, isLifecycle && !isResolution && !isExecution)
				require.Equal(t, guest.PhaseClosing+guest.Abort+"charge", l.Phase()+l.Mode()+l.Name())
				require.Equal(t, uint64(13), l.Context())
				require.Equal(t, &guest.Scope{ID: 3}, l.Scope())
			}
			return next(guest.With("changed"))
		},
		execute: func(e *guest.Execution, next guest.Next) (guest.Value, error) {
			in, err := guest.As[string](e.Input())
			took = append(took, "execute "+in)
			if err != nil {
				return guest.Value{}, err
			}
			return next()
		},
	}
	h := loaded(t, guesttest.Config{}, x)
	for _, op := range []guesttest.Operation{
		{Kind: "resolve", Params: object{"operation": "update", "executor": 7, "scope": 3}},
		{Kind: "execution", Params: flowParams},
		{Kind: "context-lifecycle", Name: "closing", Params: object{"scope": 3, "context": 13, "phase": "closing", "name": "charge", "mode": "abort"}},
	} {
		got, err := h.Wrap(op, "in", func(in any) (any, error) { return in, nil })
		require.NoError(t, err)
		require.Equal(t, "changed", got)
	}
	require.Equal(t, []string{"wrap resolve", "wrap execution", "execute changed", "wrap context-lifecycle"}, took)
}

// pods hears of executions, and by an EventHandler of their ends.
type pods struct{ heard []string }

func (p *pods) InitPod(pod *guest.Pod) error {
	p.heard = append(p.heard, "init "+pod.Flow().Name+"@"+pod.Flow().Version)
	if pod.Context() != 13 || pod.Scope().ID != 3 {
		return errors.New("other ids")
	}
	return guest.NewError("refused", "not now")
}

func (p *pods) OnPodError(f *guest.PodFailure) {
	p.heard = append(p.heard, "error "+f.Flow().Name+" "+guest.Code(f.Err()))
}

func (p *pods) Event(e *guest.Event) (guest.Value, error) {
	p.heard = append(p.heard, "event "+e.Type())
	return guest.Pass, nil
}

func TestEventsOfExecutionsGoToTheNarrowestHook(t *testing.T) {
	t.Parallel()
	p := new(pods)
	h := loaded(t, guesttest.Config{}, p)
	data := object{"context": 13, "scope": 3, "flow": object{"name": "checkout", "version": "2"}, "error": object{"code": "down", "message": "it is"}}
	for _, typ := range []string{guest.EventInitPod, guest.EventPodError, guest.EventDisposePod} {
		_, err := h.Event(guesttest.Event{Type: typ, Scope: 3, Name: "checkout", Data: data})
		if typ == guest.EventInitPod {
			require.EqualError(t, err, "not now")
		} else {
			require.NoError(t, err)
		}
	}
	require.Equal(t, []string{"init checkout@2", "error checkout down", "event dispose_pod"}, p.heard)
}
