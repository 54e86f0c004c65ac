//go:build !wasip1

package guest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

// wrap is an extension of one function.
type wrap func(op *guest.Operation, next guest.Next) (guest.Value, error)

func (w wrap) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) { return w(op, next) }

// load gives a harness around w, running natively.
func load(t *testing.T, cfg guesttest.Config, w wrap) *guesttest.Harness {
	t.Helper()
	return guesttest.New(t, guesttest.Native(func() any { return w }), cfg)
}

// run runs one operation whose rest yields result and err.
func run(t *testing.T, w wrap, input, result any, err error) (any, error) {
	t.Helper()
	return load(t, guesttest.Config{}, w).Wrap(guesttest.Operation{}, input, func(any) (any, error) { return result, err })
}

func TestAResultThatIsReturnedComesOutAsTheSameValue(t *testing.T) {
	t.Parallel()
	c := make(chan int)
	got, err := run(t, func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() }, nil, c, nil)
	require.NoError(t, err)
	require.Equal(t, c, got)
}

func TestAnErrorThatIsReturnedComesOutAsTheSameError(t *testing.T) {
	t.Parallel()
	sold := errors.New("sold out")
	_, err := run(t, func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() }, nil, nil, sold)
	require.Same(t, sold, err)
}

func TestPassRunsTheRestWithoutNext(t *testing.T) {
	t.Parallel()
	got, err := run(t, func(*guest.Operation, guest.Next) (guest.Value, error) { return guest.Pass, nil }, nil, "done", nil)
	require.NoError(t, err)
	require.Equal(t, "done", got)
}

func TestAnEarlierOutcomeCanStand(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]any{"a value": 0, "an error": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failure := errors.New("the second time")
			calls := 0
			h := load(t, guesttest.Config{}, func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
				first, err := next()
				if err != nil {
					return first, err
				}
				_, second := next()
				_, err = next()
				if err != nil {
					return first, err
				}
				if want == 0 {
					return first, nil
				}
				return guest.Value{}, second
			})
			got, err := h.Wrap(guesttest.Operation{}, nil, func(any) (any, error) {
				calls++
				if calls == 2 {
					return nil, failure
				}
				return calls, nil
			})
			require.Equal(t, 3, calls)
			if want == 0 {
				require.NoError(t, err)
				require.Equal(t, int64(1), got)
				return
			}
			require.Same(t, failure, err)
		})
	}
}

func TestAResultBeforeTheLastNextIsStaleUnlessItWasRead(t *testing.T) {
	t.Parallel()
	_, err := run(t, func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		read, _ := next()
		if err := read.Err(); err != nil {
			return guest.Value{}, err
		}
		unread, _ := next()
		last, _ := next()
		if err := unread.Err(); err != guest.ErrStale {
			return guest.Value{}, fmt.Errorf("unread: %v", err)
		}
		return last, read.Err()
	}, nil, "x", nil)
	require.NoError(t, err)
}

func TestNextCanRunOnAnotherInput(t *testing.T) {
	t.Parallel()
	h := load(t, guesttest.Config{}, func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		if _, err := next(); err != nil { // with the input as it is
			return guest.Value{}, err
		}
		if _, err := next(guest.With(op.Input())); err != nil {
			return guest.Value{}, err
		}
		return next(guest.With(op.Input().Set("sku", "B-2")), guest.Fetch)
	})
	var seen []any
	got, err := h.Wrap(guesttest.Operation{}, map[string]any{"sku": "A-1", "count": 2}, func(in any) (any, error) {
		seen = append(seen, in)
		return in, nil
	})
	require.NoError(t, err)
	require.Equal(t, []any{
		map[string]any{"sku": "A-1", "count": int64(2)},
		map[string]any{"sku": "A-1", "count": int64(2)},
		map[string]any{"sku": "B-2", "count": int64(2)},
	}, seen)
	require.Equal(t, seen[2], got)
}

func TestFetchBringsValueAndErrorAlong(t *testing.T) {
	t.Parallel()
	failure := errors.New("no")
	calls := 0
	h := load(t, guesttest.Config{}, func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		if _, err := next(guest.Fetch); err == nil || err.Error() != "no" {
			return guest.Value{}, fmt.Errorf("got %v", err)
		}
		v, err := next(guest.Fetch)
		if err != nil {
			return guest.Value{}, err
		}
		s, err := guest.As[string](v)
		return guest.Of(s + "!"), err
	})
	got, err := h.Wrap(guesttest.Operation{}, nil, func(any) (any, error) {
		if calls++; calls == 1 {
			return nil, failure
		}
		return "yes", nil
	})
	require.NoError(t, err)
	require.Equal(t, "yes!", got)
}

func TestTheHeaderIsReadAsSent(t *testing.T) {
	t.Parallel()
	h := load(t, guesttest.Config{Powers: guest.ReadInput | guest.Skip}, func(op *guest.Operation, _ guest.Next) (guest.Value, error) {
		return guest.Of(map[string]any{
			"kind": op.Kind(), "name": op.Name(), "key": op.Key(), "nested": op.Root() != op.ID(), "depth": op.Depth(),
			"max": op.MaxNext(), "reads": op.Powers().Has(guest.ReadInput), "writes": op.Powers().Has(guest.ChangeInput),
			"tier": op.Meta().Get("tier"), "params": op.Params().Get(0),
		}), nil
	})
	got, err := h.Wrap(guesttest.Operation{
		Kind: "execution", Name: "order.place", Key: "k", MaxNext: 3,
		Meta: map[string]any{"tier": "gold"}, Params: []string{"first"},
	}, nil, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"kind": "execution", "name": "order.place", "key": "k", "nested": false, "depth": int64(0),
		"max": int64(3), "reads": true, "writes": false, "tier": "gold", "params": "first",
	}, got)
}

func TestAHeaderLargerThanTheMailboxIsRead(t *testing.T) {
	t.Parallel()
	long := make([]byte, 200_000)
	h := load(t, guesttest.Config{}, func(op *guest.Operation, _ guest.Next) (guest.Value, error) {
		b, err := guest.As[[]byte](op.Meta().Get("blob"))
		return guest.Of(len(b)), err
	})
	got, err := h.Wrap(guesttest.Operation{Meta: map[string]any{"blob": long}}, nil, nil)
	require.NoError(t, err)
	require.Equal(t, int64(len(long)), got)
}

func TestValuesLargerThanTheMailboxCrossWhole(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 65_530, 65_531, 65_536, 65_537, 131_072, 300_001} {
		in := make([]byte, n)
		for i := range in {
			in[i] = byte(i * 7)
		}
		h := load(t, guesttest.Config{}, func(op *guest.Operation, next guest.Next) (guest.Value, error) {
			b, err := guest.As[[]byte](op.Input())
			if err != nil {
				return guest.Value{}, err
			}
			v, err := next(guest.With(b), guest.Fetch)
			if err != nil {
				return v, err
			}
			raw, err := v.Bytes()
			return guest.Raw(raw), err // a value of its own, so that it crosses
		})
		got, err := h.Wrap(guesttest.Operation{}, in, func(in any) (any, error) { return in, nil })
		require.NoError(t, err)
		require.Equal(t, in, got, n)
	}
}

func TestOneInstanceCanBeEnteredAgainWithinNext(t *testing.T) {
	t.Parallel()
	w := wrap(func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		name := op.Name()
		v, err := next()
		if err != nil {
			return v, err
		}
		s, err := guest.As[string](v)
		in, err2 := guest.As[int](op.Input())
		return guest.Of(fmt.Sprint(name, op.Name(), in, s)), errors.Join(err, err2)
	})
	h := load(t, guesttest.Config{Isolation: guesttest.Single}, w)
	var do func(depth int) (any, error)
	do = func(depth int) (any, error) {
		return h.Wrap(guesttest.Operation{Name: fmt.Sprint("n", depth)}, depth, func(any) (any, error) {
			if depth == 3 {
				return ".", nil
			}
			return do(depth + 1)
		})
	}
	got, err := do(0)
	require.NoError(t, err)
	require.Equal(t, "n0n00n1n11n2n22n3n33.", got)
}

func TestNextAnswersWithAStatusWhenTheRestDidNotRun(t *testing.T) {
	t.Parallel()
	w := wrap(func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		var codes []string
		for _, options := range [][]guest.Option{{guest.With(1)}, {guest.Fetch}, nil, nil} {
			_, err := next(options...)
			codes = append(codes, guest.Code(err))
		}
		codes = append(codes, guest.Code(op.Input().Err()))
		return guest.Pass, guest.NewError(fmt.Sprint(codes), "")
	})
	h := guesttest.New(t, guesttest.Native(func() any { return w }), guesttest.Config{Powers: guest.ChangeResult})
	_, err := h.Wrap(guesttest.Operation{}, nil, func(any) (any, error) { return nil, nil })
	require.EqualError(t, err, "[denied denied  denied denied]")

	h = guesttest.New(t, guesttest.Native(func() any { return w }), guesttest.Config{})
	_, err = h.Wrap(guesttest.Operation{MaxNext: 3}, nil, func(any) (any, error) { return nil, nil })
	require.EqualError(t, err, "[   limit ]")
}

func TestAPanicIsLoggedAndBreaksTheExtension(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]any{"panic: boom": errors.New("boom"), "panic: 7": 7, "panic: text": "text"} {
		h := load(t, guesttest.Config{}, func(*guest.Operation, guest.Next) (guest.Value, error) { panic(p) })
		_, err := h.Wrap(guesttest.Operation{}, nil, nil)
		var broken *guesttest.Broken
		require.ErrorAs(t, err, &broken)
		require.Equal(t, []guesttest.Entry{{Level: 8, Message: want, Pairs: map[string]any{}}}, h.Log())
		_, err = h.Wrap(guesttest.Operation{}, nil, nil)
		require.ErrorAs(t, err, &broken, "another instance takes over")
	}
}

func TestWhatOutlivesItsActivationIsStale(t *testing.T) {
	t.Parallel()
	var input guest.Value
	var late guest.Next
	ext := new(guest.Wrapper)
	*ext = wrap(func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		if late == nil {
			input, late = op.Input(), next
			if err := input.Err(); err != nil {
				return input, err
			}
			return guest.Pass, nil
		}
		return guest.Pass, input.Err()
	})
	h := guesttest.New(t, guesttest.Native(func() any { return *ext }), guesttest.Config{})
	_, err := h.Wrap(guesttest.Operation{}, 1, func(any) (any, error) { return nil, nil })
	require.NoError(t, err)
	_, err = late()
	require.Equal(t, guest.ErrStale, err)
	_, err = h.Wrap(guesttest.Operation{}, 1, nil)
	require.EqualError(t, err, "aril: stale")
}

func TestTheInputAsItIsNeedsNoPowerToChangeIt(t *testing.T) {
	t.Parallel()
	h := load(t, guesttest.Config{Powers: guest.ReadInput}, func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		return next(guest.With(op.Input()))
	})
	got, err := h.Wrap(guesttest.Operation{}, "x", func(in any) (any, error) { return in, nil })
	require.NoError(t, err)
	require.Equal(t, "x", got)
}

func TestWhatIsKeptFromANestedActivationIsStaleInTheNext(t *testing.T) {
	t.Parallel()
	var kept guest.Value
	h := load(t, guesttest.Config{Isolation: guesttest.Single}, func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		switch op.Name() {
		case "first":
			kept = op.Input()
			return guest.Pass, kept.Err()
		case "second":
			return guest.Of(guest.Code(kept.Err())), op.Input().Err()
		}
		return next()
	})
	got, err := h.Wrap(guesttest.Operation{}, nil, func(any) (any, error) {
		_, err := h.Wrap(guesttest.Operation{Name: "first"}, 1, func(in any) (any, error) { return in, nil })
		require.NoError(t, err)
		return h.Wrap(guesttest.Operation{Name: "second"}, 2, nil)
	})
	require.NoError(t, err)
	require.Equal(t, "stale", got)
}

func TestAGoroutineThatOutlivesItsActivationCannotCallALaterNext(t *testing.T) {
	t.Parallel()
	wake, answer := make(chan bool), make(chan error)
	h := load(t, guesttest.Config{Isolation: guesttest.Single}, func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		if op.Name() == "first" {
			go func() {
				<-wake
				_, err := next()
				answer <- err
			}()
			return guest.Pass, nil
		}
		wake <- true
		return guest.Pass, <-answer
	})
	rest := func(any) (any, error) { return nil, nil }
	_, err := h.Wrap(guesttest.Operation{Name: "first"}, nil, rest)
	require.NoError(t, err)
	_, err = h.Wrap(guesttest.Operation{Name: "second"}, nil, rest)
	require.EqualError(t, err, "aril: stale")
}

func TestAnOutcomeThatTheHostRefusesBecomesAnErrorThatSaysSo(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]wrap{
		"the extension broke: the outcome is malformed, or has a part that is not of this activation": func(*guest.Operation, guest.Next) (guest.Value, error) { return guest.Raw([]byte{0xc1}), nil },
		"the error cannot be shown: aril: invalid": func(*guest.Operation, guest.Next) (guest.Value, error) {
			return guest.Value{}, &guest.Error{Code: "c", Message: "m", Data: guest.Of(make([]byte, 300_000))}
		},
		"m": func(*guest.Operation, guest.Next) (guest.Value, error) {
			return guest.Value{}, &guest.Error{Code: "c", Message: "m", Data: guest.Of(make(chan int))}
		},
	} {
		_, err := run(t, w, nil, nil, nil)
		require.EqualError(t, err, name)
	}
}

func TestBeyondItsPowersTheExtensionBreaks(t *testing.T) {
	t.Parallel()
	for reason, w := range map[string]wrap{
		"the answer needs the power Skip": func(*guest.Operation, guest.Next) (guest.Value, error) { return guest.Of(1), nil },
		"the answer needs the power ChangeResult": func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
			_, err := next()
			return guest.Of(1), err
		},
	} {
		_, err := load(t, guesttest.Config{NoPowers: true}, w).Wrap(guesttest.Operation{}, nil, func(any) (any, error) { return nil, nil })
		require.ErrorContains(t, err, reason)
	}
}

// observer keeps what it is told of errors.
type observer struct{ seen guest.Error }

func (o *observer) Event(e *guest.Event) (_ guest.Value, err error) {
	o.seen, err = guest.As[guest.Error](e.Data())
	return guest.Pass, err
}

func TestAnEventOfTheTypeErrorHasAnError(t *testing.T) {
	t.Parallel()
	o := new(observer)
	h := guesttest.New(t, guesttest.Native(func() any { return o }), guesttest.Config{})
	_, err := h.Event(guesttest.Event{Type: guest.EventError, Data: map[string]any{"code": "c", "message": "m", "cause": map[string]any{"code": "d", "message": "n"}}})
	require.NoError(t, err)
	require.Equal(t, "c", o.seen.Code)
	require.Equal(t, "m: n", o.seen.Error())
}

// Not parallel: the activation of another test would be in reach.
func TestOutsideAnActivationTheHostIsOutOfReach(t *testing.T) {
	_, get := guest.State.Get("k")
	_, add := guest.State.Add("k", 1)
	_, appended := guest.Root.Append("k", 1)
	_, invoked := guest.Invoke(guest.Native("m", "f"), nil)
	for _, err := range []error{get, add, appended, invoked, guest.State.Put("k", nil), guest.Own.Get("k").Err(), guest.Own.Swap("k", 1).Err(), guest.Random(make([]byte, 1)), guest.Sleep(guest.Second)} {
		require.Equal(t, guest.ErrPhase, err)
	}
	guest.Log.Info("nobody hears", "n", 1)
	require.Zero(t, guest.Now())
	require.NotZero(t, guest.Rand.Uint64()|guest.Rand.Uint64())
}

func TestWhatIsNoExtensionCannotBeRegistered(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "guest: the registered value has no method that a host calls", func() { guest.Register(struct{}{}) })
}

// chatty logs while it is being encoded.
type chatty struct{}

func (chatty) AppendMsgpack(b []byte) []byte {
	guest.Log.Info("encoding", "pair", "of some length")
	return msgpack.AppendStr(b, "second")
}

func TestAMessageIsNotOverwrittenByOneThatIsMadeMeanwhile(t *testing.T) {
	t.Parallel()
	got, err := run(t, func(*guest.Operation, guest.Next) (guest.Value, error) {
		if err := guest.Own.Set("k", []any{"first", chatty{}}); err != nil {
			return guest.Value{}, err
		}
		return guest.Own.Get("k"), nil
	}, nil, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []any{"first", "second"}, got)
}
