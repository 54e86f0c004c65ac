package native_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/state"
)

// wrap is an extension of one function.
type wrap func(op *guest.Operation, next guest.Next) (guest.Value, error)

func (w wrap) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) { return w(op, next) }

func load(t *testing.T, extension any, cfg native.Config) *native.Extension {
	t.Helper()
	x, err := native.New("audit", extension, cfg)
	require.NoError(t, err)
	return x
}

type order struct {
	ID     string `msg:"id"`
	Count  int    `msg:"count"`
	secret chan int
}

type receipt struct {
	Total int `msg:"total"`
	by    *order
}

// place wraps an operation of its own types.
func place(x *native.Extension, fn func(context.Context, order) (*receipt, error)) func(context.Context, order) (*receipt, error) {
	return aril.Wrap(aril.NewPipeline(x), aril.Operation{Kind: "execution", Name: "order.place", Meta: map[string]any{"tier": "gold"}}, fn)
}

func TestWhatPassesThroughIsTheVerySameValueAndError(t *testing.T) {
	t.Parallel()
	sold, paid := errors.New("sold out"), &receipt{Total: 1}
	for name, w := range map[string]wrap{
		"next": func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() },
		"pass": func(*guest.Operation, guest.Next) (guest.Value, error) { return guest.Pass, nil },
		"pass after next": func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
			_, _ = next()
			return guest.Pass, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, want := range []error{nil, sold} {
				got, err := place(load(t, w, native.Config{}), func(context.Context, order) (*receipt, error) { return paid, want })(t.Context(), order{})
				require.Same(t, paid, got)
				require.Equal(t, want, err)
			}
		})
	}
}

func TestAnExtensionSeesAnOperationAsInTheSandbox(t *testing.T) {
	t.Parallel()
	x := load(t, wrap(func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		tier, err := guest.As[string](op.Meta().Get("tier"))
		if err != nil {
			return guest.Value{}, err
		}
		id, err := guest.As[string](op.Input().Get("id"))
		if err != nil {
			return guest.Value{}, err
		}
		v, err := next(guest.With(op.Input().Set("count", 2)))
		if err != nil {
			return v, err
		}
		total, err := guest.As[int](v.Get("total"))
		guest.Log.Info("placed", "kind", op.Kind(), "name", op.Name(), "tier", tier, "id", id, "max", op.MaxNext(), "depth", op.Depth())
		return v.Set("total", total+1), err
	}), native.Config{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	secret := make(chan int)
	got, err := place(x, func(_ context.Context, o order) (*receipt, error) {
		require.Equal(t, order{"A-1", 2, secret}, o)
		return &receipt{10, &o}, nil
	})(t.Context(), order{"A-1", 1, secret})
	require.NoError(t, err)
	require.Equal(t, 11, got.Total)
	require.NotNil(t, got.by, "what the extension does not see stays")
}

func TestErrorsKeepTheirIdentityThroughWhatTheExtensionAdds(t *testing.T) {
	t.Parallel()
	sold := errors.New("sold out")
	x := load(t, wrap(func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		_, err := next()
		return guest.Value{}, fmt.Errorf("placing: %w", err)
	}), native.Config{})
	_, err := place(x, func(context.Context, order) (*receipt, error) { return nil, sold })(t.Context(), order{})
	require.ErrorIs(t, err, sold)
	require.EqualError(t, err, "placing: sold out")
	var made *aril.Error
	require.ErrorAs(t, err, &made)
	require.Equal(t, "audit", made.Extension)
}

func TestPowersHoldNatively(t *testing.T) {
	t.Parallel()
	run := func(powers aril.Powers, w wrap) error {
		_, err := place(load(t, w, native.Config{Powers: powers}), func(context.Context, order) (*receipt, error) { return &receipt{}, nil })(t.Context(), order{})
		return err
	}
	require.ErrorIs(t, run(aril.ObserveOnly, func(*guest.Operation, guest.Next) (guest.Value, error) { return guest.Of(nil), nil }), aril.ErrDenied)
	err := run(aril.ObserveOnly, func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		_, _ = next()
		return guest.Value{}, errors.New("own")
	})
	require.ErrorIs(t, err, aril.ErrDenied)
	var broken *aril.CallError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, 1, broken.Inner.Calls)
	require.NoError(t, run(aril.ObserveOnly, func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		_, again := next(guest.With(1))
		if op.Input().Err() != guest.ErrDenied || again != guest.ErrDenied {
			return guest.Value{}, errors.New("it saw the input")
		}
		return next()
	}))
}

func TestAnAnswerOfAnotherTypeIsRefused(t *testing.T) {
	t.Parallel()
	x := load(t, wrap(func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		if _, err := next(); err != nil {
			return guest.Value{}, err
		}
		return guest.Of("a text"), nil
	}), native.Config{})
	_, err := place(x, func(context.Context, order) (*receipt, error) { return &receipt{}, nil })(t.Context(), order{})
	require.ErrorIs(t, err, aril.ErrType)
}

func TestAPanicEndsItsOperationAndNothingElse(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	angry := true
	x := load(t, wrap(func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		if angry {
			panic("a mistake")
		}
		return next()
	}), native.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	p := place(x, func(context.Context, order) (*receipt, error) { return &receipt{}, nil })
	_, err := p(t.Context(), order{})
	require.ErrorIs(t, err, aril.ErrPanic)
	require.Contains(t, log.String(), "panic: a mistake")
	angry = false
	_, err = p(t.Context(), order{})
	require.NoError(t, err)
}

func TestAPanicOfTheOperationGoesThroughAndIsNotTheExtensions(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	x := load(t, wrap(func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() }),
		native.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	own := errors.New("own")
	p := place(x, func(context.Context, order) (*receipt, error) { panic(own) })
	require.PanicsWithValue(t, own, func() { _, _ = p(t.Context(), order{}) })
	require.Empty(t, log.String())
}

// counter keeps what it counts in itself and in its state.
type counter struct {
	unprotected int
}

var seen = guest.Map[int]("seen")

func (c *counter) Init(cfg guest.Config) (err error) {
	c.unprotected, err = guest.Or(cfg.Get("from"), 0)
	if err == nil && c.unprotected < 0 {
		err = guest.NewError("config", "from is negative")
	}
	return err
}

func (c *counter) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	n := c.unprotected
	if err := seen.Update(op.Name(), func(n *int) { *n++ }); err != nil {
		return guest.Value{}, err
	}
	v, err := next()
	c.unprotected++ // no other activation runs
	_ = n
	return v, err
}

func (c *counter) Methods() guest.Methods {
	return guest.Methods{
		"count": func(guest.Value) (guest.Value, error) { return guest.Of(c.unprotected), nil },
		"fail":  guest.Func(func(why string) (any, error) { return nil, guest.NewError(why, "as asked") }),
	}
}

// Resume is not called: nobody sets memory back.
func (c *counter) Resume() { c.unprotected = -1 << 30 }

func (c *counter) Dispose() error { return errors.New("disposed") }

func TestActivationsShareTheExtensionAndTakeTurns(t *testing.T) {
	t.Parallel()
	store, err := state.Memory(state.Limits{}).Open("", "audit")
	require.NoError(t, err)
	x := load(t, &counter{}, native.Config{Config: map[string]int{"from": 100}, State: store})
	p := place(x, func(context.Context, order) (*receipt, error) { return &receipt{}, nil })
	const goroutines, each = 8, 50
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for range each {
				_, err := p(t.Context(), order{})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	got, err := x.Call(t.Context(), "count", nil)
	require.NoError(t, err)
	require.EqualValues(t, 100+goroutines*each, got)
	raw, found, err := store.Get(t.Context(), "seen/order.place")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, []byte{0xcd, 0x01, 0x90}, raw, "400 of them")
}

func TestNestedOperationsDoNotWaitForThemselves(t *testing.T) {
	t.Parallel()
	var inherited []any
	x := load(t, wrap(func(op *guest.Operation, next guest.Next) (guest.Value, error) {
		v, _ := guest.Own.Get("depth").Any()
		r, _ := guest.Root.Get("first").Any()
		inherited = append(inherited, v, r)
		if op.Depth() == 0 {
			if err := guest.Root.Set("first", "root"); err != nil {
				return guest.Value{}, err
			}
		}
		if err := guest.Own.Set("depth", op.Depth()); err != nil {
			return guest.Value{}, err
		}
		if _, err := guest.PerScope.Append("all", op.Depth()); err != nil {
			return guest.Value{}, err
		}
		return next()
	}), native.Config{})
	var p func(context.Context, order) (*receipt, error)
	p = place(x, func(ctx context.Context, o order) (*receipt, error) {
		if o.Count == 0 {
			return &receipt{}, nil
		}
		o.Count--
		return p(ctx, o)
	})
	_, err := p(t.Context(), order{Count: 2})
	require.NoError(t, err)
	require.Equal(t, []any{nil, nil, int64(0), "root", int64(1), "root"}, inherited)
}

func TestFreshActivationsHaveAValueEach(t *testing.T) {
	t.Parallel()
	x, err := native.NewFresh("audit", func() any { return &counter{} }, native.Config{})
	require.NoError(t, err)
	p := place(x, func(context.Context, order) (*receipt, error) { return &receipt{}, nil })
	for range 3 {
		_, err := p(t.Context(), order{})
		require.NoError(t, err)
	}
	got, err := x.Call(t.Context(), "count", nil)
	require.NoError(t, err)
	require.EqualValues(t, -1<<30, got, "what Resume left, and no operation")
}

func TestMethodsAnswerFailAndAreMissed(t *testing.T) {
	t.Parallel()
	x := load(t, &counter{}, native.Config{})
	_, err := x.Call(t.Context(), "fail", "because")
	var made *aril.Error
	require.ErrorAs(t, err, &made)
	require.Equal(t, "because", made.ErrorCode)
	_, err = x.Call(t.Context(), "fail", 7)
	require.ErrorContains(t, err, "not a string")
	_, err = x.Call(t.Context(), "nothing", nil)
	require.ErrorIs(t, err, aril.ErrNoMethod)
}

func TestSleepEndsWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	x := load(t, wrap(func(_ *guest.Operation, next guest.Next) (guest.Value, error) {
		if err := guest.Sleep(guest.Minute); err != guest.ErrCanceled {
			return guest.Value{}, errors.New("it slept")
		}
		_, err := next()
		return guest.Value{}, err
	}), native.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := place(x, func(context.Context, order) (*receipt, error) { return nil, errors.New("it ran") })(ctx, order{})
	require.EqualError(t, err, "aril: canceled")
}

func TestAFunctionOfTheHostIsCalledNatively(t *testing.T) {
	t.Parallel()
	reserve := guest.Native("acme_stock_v1", "reserve")
	x := load(t, wrap(func(op *guest.Operation, _ guest.Next) (guest.Value, error) {
		v, err := guest.Invoke(reserve, op.Input().Get("id"))
		if err != nil {
			return v, err
		}
		return guest.Of(map[string]any{"total": v}), nil
	}), native.Config{Functions: map[string]func(context.Context, any) (any, error){
		"acme_stock_v1.reserve": func(_ context.Context, id any) (any, error) {
			if id != "A-1" {
				return nil, errors.New("no such thing")
			}
			return 7, nil
		},
	}})
	do := func(id string) (any, error) {
		return aril.NewPipeline(x).Do(t.Context(), aril.Operation{Kind: "execution", Name: "order.place"}, order{ID: id},
			func(context.Context, any) (any, error) { return nil, nil })
	}
	got, err := do("A-1")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"total": int64(7)}, got)
	_, err = do("B-2")
	require.EqualError(t, err, "no such thing")
}

func TestAnExtensionFetchesNatively(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Header.Get("X-Sent"))
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(append(body, '!'))
	}))
	t.Cleanup(server.Close)
	fetch, err := aril.HTTPFunction("audit", aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: "http://" + server.Listener.Addr().String()}}})
	require.NoError(t, err)
	x := load(t, wrap(func(*guest.Operation, guest.Next) (guest.Value, error) {
		_, err := guest.HTTP.Fetch(guest.Request{URL: "https://elsewhere.example"})
		if guest.Code(err) != "denied_host" {
			return guest.Value{}, err
		}
		r, err := guest.HTTP.Fetch(guest.Request{Method: "POST", URL: server.URL, Headers: guest.Headers{"x-sent": {"a"}}, Body: []byte("hello")})
		return guest.Of([]any{r.Status, r.Headers.Get("X-Seen"), string(r.Body)}), err
	}), native.Config{Functions: map[string]func(context.Context, any) (any, error){"aril_http_v1.fetch": fetch}})
	got, err := aril.NewPipeline(x).Do(t.Context(), aril.Operation{Kind: "test", Name: "test"}, nil, func(context.Context, any) (any, error) { return nil, nil })
	require.NoError(t, err)
	require.Equal(t, []any{int64(201), "a", "hello!"}, got)
}

func TestWhatIsNoExtensionIsRefused(t *testing.T) {
	t.Parallel()
	_, err := native.New("", struct{}{}, native.Config{Functions: map[string]func(context.Context, any) (any, error){"x": nil}})
	require.ErrorContains(t, err, "it has no name")
	require.ErrorContains(t, err, "no method that a host calls")
	require.ErrorContains(t, err, `function "x" is not of the form module.function`)
	require.ErrorContains(t, err, `function "x" is nil`)
	_, err = native.New("audit", nil, native.Config{})
	require.ErrorContains(t, err, "the extension is nil")
	_, err = native.New("audit", &counter{}, native.Config{Config: map[string]any{"from": -1}})
	var made *aril.Error
	require.ErrorAs(t, err, &made)
	require.Equal(t, "config", made.ErrorCode)
}

func TestAClosedExtensionIsClosed(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	x := load(t, &counter{}, native.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, x.Close(t.Context()))
	require.NoError(t, x.Close(t.Context()))
	require.Contains(t, log.String(), "dispose: disposed")
	_, err := place(x, func(context.Context, order) (*receipt, error) { return nil, nil })(t.Context(), order{})
	require.ErrorIs(t, err, aril.ErrClosed)
	_, err = x.Call(t.Context(), "count", nil)
	require.ErrorIs(t, err, aril.ErrClosed)
}

func BenchmarkPassThrough(b *testing.B) {
	x, err := native.New("audit", wrap(func(_ *guest.Operation, next guest.Next) (guest.Value, error) { return next() }), native.Config{})
	require.NoError(b, err)
	p := place(x, func(context.Context, order) (*receipt, error) { return nil, nil })
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p(b.Context(), order{})
	}
}
