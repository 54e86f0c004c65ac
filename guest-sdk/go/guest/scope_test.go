//go:build !wasip1

package guest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

// asks is a host whose every function of aril_scope_v1 notes what it was
// asked, and answers what a test says.
type asks struct {
	requests []any
	answers  map[string]any
	errs     map[string]error
}

func (a *asks) functions() map[string]func(any) (any, error) {
	all := map[string]func(any) (any, error){}
	for _, name := range []string{"lookup", "entries", "resolve", "update", "release", "subscribe", "unsubscribe", "get", "set"} {
		all["aril_scope_v1."+name] = func(request any) (any, error) {
			a.requests = append(a.requests, name, request)
			answer := a.answers[name]
			if list, ok := answer.([][]any); ok { // one page after the other
				answer = list[0]
				a.answers[name] = list[1:]
			}
			return answer, a.errs[name]
		}
	}
	return all
}

func (a *asks) run(t *testing.T, w wrap) {
	t.Helper()
	_, err := load(t, guesttest.Config{Functions: a.functions()}, w).Wrap(guesttest.Operation{}, nil, func(any) (any, error) { return nil, nil })
	require.NoError(t, err)
}

type object = map[string]any

func TestRequestsToAScopeAreThoseOfTheABI(t *testing.T) {
	t.Parallel()
	a := &asks{answers: map[string]any{
		"lookup":    object{"id": 7, "name": "config", "state": "resolved", "value": object{"port": 8080}, "later": 1},
		"entries":   [][]any{{object{"id": 7, "name": "config", "state": "resolved"}, object{"id": 9, "name": "", "state": "rejected", "error": object{"code": "down", "message": "it is"}}}, {}},
		"resolve":   object{"port": 8080},
		"subscribe": 5,
		"get":       "eu",
	}}
	a.run(t, func(*guest.Operation, guest.Next) (guest.Value, error) {
		s := &guest.Scope{ID: 3}
		named := s.Executor("config")
		entry, err := named.Lookup()
		require.NoError(t, err)
		require.Equal(t, guest.Resolved, entry.State)
		require.Equal(t, uint64(7), entry.ID())
		port, err := guest.As[int](entry.Value.Get("port"))
		require.NoError(t, err)
		require.Equal(t, 8080, port)

		var listed []string
		for e, err := range s.Entries(guest.Registered) {
			require.NoError(t, err)
			listed = append(listed, e.NameOr("unnamed")+" "+e.State)
			if e.State == guest.Rejected {
				require.Equal(t, "down", e.Err.Code)
			}
		}
		require.Equal(t, []string{"config resolved", "unnamed rejected"}, listed)

		_, err = entry.Resolve()
		require.NoError(t, err)
		_, err = named.Reload()
		require.NoError(t, err)
		require.NoError(t, entry.Update(object{"port": 1}))
		require.NoError(t, named.Release())
		sub, err := s.OnChange("config", "db.*")
		require.NoError(t, err)
		_, err = s.OnRelease()
		require.NoError(t, err)
		_, err = s.Every(30 * guest.Second)
		require.NoError(t, err)
		require.NoError(t, sub.Cancel())
		region, err := guest.As[string](s.Get("region"))
		require.NoError(t, err)
		require.Equal(t, "eu", region)
		require.NoError(t, s.Set("region", "us"))
		return guest.Pass, nil
	})
	three := int64(3)
	require.Equal(t, []any{
		"lookup", object{"scope": three, "name": "config"},
		"entries", object{"scope": three, "registered": true, "values": false, "after": int64(0), "limit": int64(500)},
		"entries", object{"scope": three, "registered": true, "values": false, "after": int64(9), "limit": int64(500)},
		"resolve", object{"scope": three, "executor": int64(7), "force": false},
		"resolve", object{"scope": three, "name": "config", "force": true},
		"update", object{"scope": three, "executor": int64(7), "value": object{"port": int64(1)}},
		"release", object{"scope": three, "name": "config"},
		"subscribe", object{"scope": three, "event": "change", "names": []any{"config", "db.*"}, "every": int64(0)},
		"subscribe", object{"scope": three, "event": "release", "names": []any{}, "every": int64(0)},
		"subscribe", object{"scope": three, "event": "tick", "names": []any{}, "every": int64(30_000_000_000)},
		"unsubscribe", object{"scope": three, "subscription": int64(5)},
		"get", object{"scope": three, "key": "region"},
		"set", object{"scope": three, "key": "region", "value": "us"},
	}, a.requests)
}

func TestErrorsOfAScopeArrive(t *testing.T) {
	t.Parallel()
	a := &asks{errs: map[string]error{}}
	for _, name := range []string{"lookup", "entries", "resolve", "update", "release", "subscribe", "unsubscribe", "get", "set"} {
		a.errs[name] = &guesttest.Error{ErrorCode: "of " + name, Message: "no"}
	}
	a.run(t, func(*guest.Operation, guest.Next) (guest.Value, error) {
		s := &guest.Scope{ID: 3}
		e := s.Executor("config")
		_, lookup := e.Lookup()
		_, resolve := e.Resolve()
		_, subscribe := s.OnChange()
		var entries error
		for _, entries = range s.Entries() {
		}
		for name, err := range map[string]error{
			"lookup": lookup, "entries": entries, "resolve": resolve, "update": e.Update(1), "release": e.Release(),
			"subscribe": subscribe, "unsubscribe": guest.Subscription{}.Cancel(), "get": s.Get("k").Err(), "set": s.Set("k", 1),
		} {
			require.Equal(t, "of "+name, guest.Code(err))
		}
		require.ErrorContains(t, e.Update(make(chan int)), "AppendMsgpack")
		return guest.Pass, nil
	})
}

// both has the hook for all operations and that for resolutions.
type both struct {
	wrap
	resolve func(*guest.Resolution, guest.Next) (guest.Value, error)
}

func (b both) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	return b.resolve(r, next)
}

// resolving is an operation of a scope.
func resolving(operation string) guesttest.Operation {
	return guesttest.Operation{Kind: "resolve", Name: "config", Meta: object{"tier": "gold"}, Params: object{"operation": operation, "executor": 7, "scope": 3}}
}

func TestAResolutionSaysWhatItIs(t *testing.T) {
	t.Parallel()
	x := resolveOnly(func(r *guest.Resolution, next guest.Next) (guest.Value, error) {
		require.Equal(t, "update", r.Operation())
		require.Equal(t, "config", r.Name())
		require.Equal(t, uint64(7), r.Executor().ID())
		require.Equal(t, "config", r.Executor().Name())
		require.Equal(t, uint64(3), r.Scope().ID)
		require.Equal(t, "resolve", r.Header().Kind())
		tier, err := guest.As[string](r.Meta().Get("tier"))
		require.NoError(t, err)
		require.Equal(t, "gold", tier)
		in, err := r.Input().Any()
		require.NoError(t, err)
		require.Equal(t, "new", in)
		return next()
	})
	h := guesttest.New(t, guesttest.Native(func() any { return x }), guesttest.Config{})
	got, err := h.Wrap(resolving("update"), "new", func(in any) (any, error) { return in, nil })
	require.NoError(t, err)
	require.Equal(t, "new", got)
	got, err = h.Wrap(guesttest.Operation{Kind: "execution"}, nil, func(any) (any, error) { return "not its business", nil })
	require.NoError(t, err)
	require.Equal(t, "not its business", got)
}

type resolveOnly func(*guest.Resolution, guest.Next) (guest.Value, error)

func (f resolveOnly) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	return f(r, next)
}

func TestWithoutReadInputAResolutionHasItsNameAlone(t *testing.T) {
	t.Parallel()
	x := resolveOnly(func(r *guest.Resolution, next guest.Next) (guest.Value, error) {
		require.Empty(t, r.Operation())
		require.Nil(t, r.Scope())
		require.Equal(t, "config", r.Executor().Name())
		_, err := r.Executor().Lookup()
		require.ErrorIs(t, err, guest.ErrDenied)
		return next()
	})
	h := guesttest.New(t, guesttest.Native(func() any { return x }), guesttest.Config{NoPowers: true})
	_, err := h.Wrap(resolving("resolve"), nil, func(any) (any, error) { return nil, nil })
	require.NoError(t, err)
}

func TestWrapIsOutsideOfWrapResolve(t *testing.T) {
	t.Parallel()
	failure := errors.New("the operation's own")
	for name, test := range map[string]struct {
		wrap    wrap
		resolve func(*guest.Resolution, guest.Next) (guest.Value, error)
		want    any
		err     error
		ran     []any // what the operation got
	}{
		"both call next": {
			wrap:    func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() },
			resolve: func(_ *guest.Resolution, next guest.Next) (guest.Value, error) { return next() },
			want:    "in", ran: []any{"in"},
		},
		"the inner one answers": {
			wrap: func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
				v, err := next()
				s, _ := guest.As[string](v)
				return guest.Of("outer " + s), err
			},
			resolve: func(*guest.Resolution, guest.Next) (guest.Value, error) { return guest.Of("inner"), nil },
			want:    "outer inner",
		},
		"the outer one changes the input": {
			wrap: func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next(guest.With("changed")) },
			resolve: func(r *guest.Resolution, next guest.Next) (guest.Value, error) {
				if s, err := guest.As[string](r.Input()); s != "changed" {
					return guest.Value{}, errors.Join(errors.New("it sees another input"), err)
				}
				return next(guest.Fetch)
			},
			want: "changed", ran: []any{"changed"},
		},
		"the inner one changes it again": {
			wrap: func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next(guest.With("changed")) },
			resolve: func(_ *guest.Resolution, next guest.Next) (guest.Value, error) {
				return next(guest.With("again"))
			},
			want: "again", ran: []any{"again"},
		},
		"the inner one has nothing to say": {
			wrap:    func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next(guest.With("changed")) },
			resolve: func(*guest.Resolution, guest.Next) (guest.Value, error) { return guest.Pass, nil },
			want:    "changed", ran: []any{"changed"},
		},
		"the inner one has nothing to say of what next gave": {
			wrap: func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() },
			resolve: func(_ *guest.Resolution, next guest.Next) (guest.Value, error) {
				if _, err := next(guest.With("fail")); err == nil {
					return guest.Value{}, errors.New("it did not fail")
				}
				return guest.Pass, nil
			},
			err: failure, ran: []any{"fail"},
		},
		"the outer one does not ask": {
			wrap: func(*guest.Operation, guest.Next) (guest.Value, error) { return guest.Of("skipped"), nil },
			want: "skipped",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := guesttest.New(t, guesttest.Native(func() any { return both{test.wrap, test.resolve} }), guesttest.Config{})
			var ran []any
			got, err := h.Wrap(resolving("update"), "in", func(in any) (any, error) {
				ran = append(ran, in)
				if in == "fail" {
					return nil, failure
				}
				return in, nil
			})
			require.Equal(t, test.err, err)
			require.Equal(t, test.want, got)
			require.Equal(t, test.ran, ran)
		})
	}
}

// listener takes events in the narrow hooks it is made of, and the rest.
type listener struct{ rest []string }

func (l *listener) Event(e *guest.Event) (guest.Value, error) {
	l.rest = append(l.rest, e.Type())
	return guest.Pass, nil
}

type attacher struct {
	*listener
	attached uint64
}

func (a *attacher) Attach(s *guest.Scope) error {
	a.attached = s.ID
	return nil
}

func TestWhatNoNarrowHookTakesGoesToTheEventHandler(t *testing.T) {
	t.Parallel()
	x := &attacher{listener: &listener{}}
	h := guesttest.New(t, guesttest.Native(func() any { return x }), guesttest.Config{Isolation: guesttest.Single})
	all := []string{guest.EventAttach, guest.EventStart, guest.EventError, guest.EventChange, guest.EventRelease, guest.EventTick, guest.EventDetach, "init_pod"}
	for _, event := range all {
		_, err := h.Event(guesttest.Event{Type: event, Scope: 4})
		require.NoError(t, err)
	}
	require.Equal(t, uint64(4), x.attached)
	require.Equal(t, all[1:], x.rest)
}
