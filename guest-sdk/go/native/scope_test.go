package native_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// observer hears of all that a scope tells, and does what a test says.
type observer struct {
	heard   []string
	attach  func(*guest.Scope) error
	start   func(*guest.Scope) error
	resolve func(*guest.Resolution, guest.Next) (guest.Value, error)
	change  func(*guest.Change) (guest.Value, error)
	ticked  chan int
}

func (o *observer) note(what, name string) { o.heard = append(o.heard, what+" "+name) }

func (o *observer) Attach(s *guest.Scope) error {
	o.note("attach", "")
	if o.attach != nil {
		return o.attach(s)
	}
	return nil
}

func (o *observer) Start(s *guest.Scope) error {
	if o.start != nil {
		return o.start(s)
	}
	return nil
}

func (o *observer) Detach(*guest.Scope) error {
	o.note("detach", "")
	return nil
}

func (o *observer) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	o.note(r.Operation(), r.Executor().NameOr("unnamed"))
	if o.resolve != nil {
		return o.resolve(r, next)
	}
	return next()
}

func (o *observer) OnError(f *guest.Failure) {
	o.note("error", f.Executor().Name()+": "+guest.Code(f.Err()))
}

func (o *observer) Change(c *guest.Change) (guest.Value, error) {
	o.note("change", c.Operation()+" "+c.Executor().Name())
	if o.change != nil {
		return o.change(c)
	}
	return guest.Pass, nil
}

func (o *observer) Released(r *guest.Release) error {
	o.note("release", r.Executor().Name())
	return nil
}

func (o *observer) Tick(t *guest.Tick) error {
	if t.Every() == 10*guest.Millisecond && t.Subscription() == 1 && t.Missed() >= 0 {
		select {
		case o.ticked <- t.Missed():
		default:
		}
	}
	return nil
}

type settings struct {
	Port int    `msg:"port"`
	Host string `msg:"host"`
	open func() // not encoded, and kept by an update
}

var (
	errDown = &down{}
	config  = scope.Provide(func(context.Context, *scope.Controller) (settings, error) {
		return settings{Port: 8080, Host: "a", open: func() {}}, nil
	}, scope.Name("config"))
	address = scope.Derive(config.Reactive(), func(_ context.Context, _ *scope.Controller, s settings) (string, error) {
		return s.Host, nil
	}, scope.Name("address"))
	broken = scope.Provide(func(context.Context, *scope.Controller) (int, error) { return 0, errDown }, scope.Name("broken"))
)

type down struct{}

func (*down) Error() string   { return "down" }
func (*down) Code() string    { return "down" }
func (*down) Retryable() bool { return true }

func inScope(t *testing.T, o any, cfg native.Config) (*scope.Scope, *native.Extension) {
	t.Helper()
	x, err := native.New("observer", o, cfg)
	require.NoError(t, err)
	s, err := scope.New(t.Context(), scope.Config{Name: "shop", Extensions: []aril.Extension{x}, Registry: []scope.AnyExecutor{config, address, broken},
		SharedKeys: []string{"region", "nothing", "started"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Dispose(context.Background()) })
	return s, x
}

func TestAnExtensionHearsOfAllThatHappensInAScope(t *testing.T) {
	t.Parallel()
	o := &observer{attach: func(s *guest.Scope) error {
		_, err := s.OnChange("con*")
		_, err2 := s.OnRelease()
		return errors.Join(err, err2)
	}}
	s, _ := inScope(t, o, native.Config{})
	got, err := scope.Resolve(t.Context(), s, address)
	require.NoError(t, err)
	require.Equal(t, "a", got)
	require.NoError(t, scope.Set(t.Context(), s, config, settings{Host: "b"}))
	_, err = scope.Resolve(t.Context(), s, broken)
	require.ErrorIs(t, err, errDown)
	require.NoError(t, s.Release(t.Context(), config))
	require.NoError(t, s.Ready(t.Context()))
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{
		"attach ", "resolve address", "resolve config", "change resolve config",
		"update config", "change update config", "resolve address", "resolve config",
		"resolve broken", "error broken: down", "release address", "release config", "detach ",
	}, o.heard)
}

func TestAnExtensionActsOnAScope(t *testing.T) {
	t.Parallel()
	var seen []any
	see := func(v any, err error) {
		if err != nil {
			v = guest.Code(err)
		}
		seen = append(seen, v)
	}
	o := &observer{attach: func(s *guest.Scope) error {
		c := s.Executor("config")
		state := func() (any, error) { e, err := c.Lookup(); return e.State, err }
		see(state())
		port := func(v guest.Value, err error) (any, error) {
			if err != nil {
				return nil, err
			}
			return guest.As[int](v.Get("port"))
		}
		see(nil, c.Update(1))
		see(port(c.Resolve()))
		see(state())
		see(nil, c.Update(map[string]any{"port": 1}))
		see(nil, c.Update("a text"))
		entry, err := c.Lookup()
		see(port(entry.Value, err))
		see(port(c.Reload()))
		see(nil, c.Release())
		see(nil, c.Release())
		_, err = s.Executor("broken").Resolve()
		see(nil, err)
		entry, err = s.Executor("broken").Lookup()
		see(entry.State+" "+entry.Err.Code, err)
		_, err = s.Executor("unknown").Lookup()
		see(nil, err)
		_, err = s.Executor("").Lookup()
		see(nil, err)
		_, err = (&guest.Scope{ID: 1 << 40}).Executor("config").Lookup()
		see(nil, err)
		names := ""
		for e, err := range s.Entries(guest.Registered, guest.Values) {
			if err != nil {
				return err
			}
			names += e.NameOr("unnamed") + "=" + e.State + " "
		}
		see(names, nil)
		see(nil, s.Set("region", "eu"))
		see(guest.As[string](s.Get("region")))
		see(guest.As[string](s.Get("nothing")))
		see(nil, s.Set("a key of the host's", 1))
		return nil
	}}
	s, _ := inScope(t, o, native.Config{})
	require.Equal(t, []any{
		"none", "not_resolved", 8080, "resolved", nil, "invalid_argument", 1, 8080, nil, "not_resolved",
		"down", "rejected down", "not_found", "invalid_argument", "not_attached",
		"config=none address=none broken=rejected ", nil, "eu", "", "denied",
	}, seen)
	require.Equal(t, "eu", s.Get("region"))
}

func TestAnUpdateKeepsWhatTheExtensionCannotSee(t *testing.T) {
	t.Parallel()
	o := &observer{attach: func(s *guest.Scope) error {
		c := s.Executor("config")
		if _, err := c.Resolve(); err != nil {
			return err
		}
		return c.Update(map[string]any{"port": 1})
	}}
	s, _ := inScope(t, o, native.Config{})
	got, err := scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	require.Equal(t, 1, got.Port)
	require.Equal(t, "a", got.Host)
	require.NotNil(t, got.open)
}

func TestAnAnswerToAChangeIsStoredInItsPlace(t *testing.T) {
	t.Parallel()
	o := &observer{
		attach: func(s *guest.Scope) error { _, err := s.OnChange(); return err },
		change: func(c *guest.Change) (guest.Value, error) {
			if c.Executor().Name() == "config" {
				return c.Value().Set("port", 9), nil
			}
			return guest.Value{}, guest.NewError("refused", "not that one")
		},
	}
	s, _ := inScope(t, o, native.Config{})
	_, err := scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	at := s.Lookup(config)
	require.Equal(t, 9, at.Value.(settings).Port)
	require.NotNil(t, at.Value.(settings).open)
	_, err = scope.Resolve(t.Context(), s, address)
	var made *aril.Error
	require.ErrorAs(t, err, &made)
	require.Equal(t, "refused", made.ErrorCode)
}

func TestAResolutionIsRetriedReplacedAndRefused(t *testing.T) {
	t.Parallel()
	runs := 0
	flaky := scope.Provide(func(context.Context, *scope.Controller) (int, error) {
		if runs++; runs < 3 {
			return 0, errDown
		}
		return runs, nil
	}, scope.Name("flaky"))
	o := &observer{resolve: func(r *guest.Resolution, next guest.Next) (guest.Value, error) {
		switch r.Name() {
		case "flaky":
			for {
				if v, err := next(); err == nil || !guest.Retryable(err) {
					return v, err
				}
			}
		case "address":
			v, err := r.Executor().Resolve()
			if guest.Code(err) != "reentrant" {
				return v, err
			}
			return guest.Of("elsewhere"), nil
		}
		return guest.Pass, nil
	}}
	s, _ := inScope(t, o, native.Config{})
	n, err := scope.Resolve(t.Context(), s, flaky)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	got, err := scope.Resolve(t.Context(), s, address)
	require.NoError(t, err)
	require.Equal(t, "elsewhere", got)
	require.Equal(t, scope.None, s.Lookup(address).State)
	_, err = scope.Resolve(t.Context(), s, broken)
	require.ErrorIs(t, err, errDown, "it was passed on, not made anew")
}

func TestTicksComeUntilTheScopeEnds(t *testing.T) {
	t.Parallel()
	o := &observer{ticked: make(chan int), attach: func(s *guest.Scope) error {
		if _, err := s.Every(guest.Millisecond); guest.Code(err) != "invalid_argument" {
			return errors.New("a tick each millisecond")
		}
		_, err := s.Every(10 * guest.Millisecond)
		return err
	}}
	s, _ := inScope(t, o, native.Config{})
	for range 2 {
		select {
		case <-o.ticked:
		case <-time.After(10 * time.Second):
			t.Fatal("no tick")
		}
	}
	require.NoError(t, s.Dispose(t.Context()))
}

func TestSubscriptionsAreLimitedAndCanBeCancelled(t *testing.T) {
	t.Parallel()
	subscriptions := 0
	o := &observer{attach: func(s *guest.Scope) error {
		for ; ; subscriptions++ {
			sub, err := s.OnChange()
			if err != nil {
				if guest.Code(err) != "limit" {
					return err
				}
				break
			}
			defer func() {
				if sub.Cancel() != nil || guest.Code(sub.Cancel()) != "not_found" {
					panic("not cancelled once")
				}
			}()
		}
		if _, err := s.OnRelease("a*b"); guest.Code(err) != "invalid_argument" {
			return errors.New("a malformed pattern")
		}
		return nil
	}}
	s, _ := inScope(t, o, native.Config{})
	require.Equal(t, 64, subscriptions)
	_, err := scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	require.Equal(t, []string{"attach ", "resolve config"}, o.heard)
}

func TestAnExtensionThatIsTakenOutHearsNoMore(t *testing.T) {
	t.Parallel()
	o := &observer{attach: func(s *guest.Scope) error { _, err := s.OnChange(); return err }}
	x, err := native.New("observer", o, native.Config{})
	require.NoError(t, err)
	s, err := scope.New(t.Context(), scope.Config{})
	require.NoError(t, err)
	remove, err := s.UseExtension(t.Context(), x)
	require.NoError(t, err)
	remove()
	_, err = scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, []string{"attach ", "detach "}, o.heard)
}

func TestPowersHoldInAScope(t *testing.T) {
	t.Parallel()
	var codes []string
	o := &observer{attach: func(s *guest.Scope) error {
		c := s.Executor("config")
		v, err := c.Resolve()
		codes = append(codes, guest.Code(err), guest.Code(c.Update(1)), guest.Code(c.Release()))
		entry, err2 := c.Lookup()
		x, _ := v.Any()
		y, _ := entry.Value.Any()
		if x != nil || y != nil || entry.State != guest.Resolved {
			return errors.New("it saw the value")
		}
		return errors.Join(err, err2)
	}}
	s, _ := inScope(t, o, native.Config{Powers: aril.ObserveOnly})
	require.Equal(t, []string{"", "denied", "denied"}, codes)
	_, err := scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	require.Contains(t, o.heard, " config", "it cannot read which operation it is")
}

func TestAnAnswerToAChangeNeedsItsPower(t *testing.T) {
	t.Parallel()
	for power, answer := range map[aril.Powers]error{aril.ChangeInput: nil, aril.Skip: guest.NewError("no", "not now")} {
		for _, powers := range []aril.Powers{aril.ReadInput | power, aril.ReadInput} {
			o := &observer{
				attach: func(s *guest.Scope) error { _, err := s.OnChange(); return err },
				change: func(c *guest.Change) (guest.Value, error) {
					if x, err := c.Value().Any(); x != nil || err != guest.ErrNotFound {
						return guest.Value{}, errors.New("it saw the value")
					}
					return guest.Of(map[string]any{"port": 3}), answer
				},
			}
			s, _ := inScope(t, o, native.Config{Powers: powers})
			_, err := scope.Resolve(t.Context(), s, config)
			switch {
			case !powers.Has(power):
				require.ErrorIs(t, err, aril.ErrDenied)
			case answer == nil:
				require.NoError(t, err)
				require.Equal(t, 3, s.Lookup(config).Value.(settings).Port)
			default:
				require.ErrorContains(t, err, "not now")
			}
		}
	}
}

func TestAnExtensionThatDoesNotAttachStaysOut(t *testing.T) {
	t.Parallel()
	o := &observer{attach: func(s *guest.Scope) error {
		if _, err := s.OnChange(); err != nil {
			return err
		}
		return guest.NewError("unfit", "not here")
	}}
	x, err := native.New("observer", o, native.Config{})
	require.NoError(t, err)
	_, err = scope.New(t.Context(), scope.Config{Extensions: []aril.Extension{x}})
	var made *aril.Error
	require.ErrorAs(t, err, &made)
	require.Equal(t, "unfit", made.ErrorCode)
}

func TestStartRunsInTheBackgroundAndReadyWaitsForIt(t *testing.T) {
	t.Parallel()
	o := &observer{start: func(s *guest.Scope) error {
		if err := guest.Sleep(guest.Millisecond); err != nil {
			return err
		}
		return s.Set("started", true)
	}}
	s, _ := inScope(t, o, native.Config{})
	require.NoError(t, s.Ready(t.Context()))
	require.Equal(t, true, s.Get("started"))
}

func TestTheSameExtensionTwiceInAScopeIsToldOnce(t *testing.T) {
	t.Parallel()
	o := &observer{}
	s, x := inScope(t, o, native.Config{})
	remove, err := s.UseExtension(t.Context(), x)
	require.NoError(t, err)
	_, err = scope.Resolve(t.Context(), s, config)
	require.NoError(t, err)
	remove()
	require.Equal(t, []string{"attach ", "resolve config", "resolve config"}, o.heard)
	require.NoError(t, s.Dispose(t.Context()))
	require.Equal(t, "detach ", o.heard[len(o.heard)-1])
	_, err = x.Call(t.Context(), "anything", nil)
	require.ErrorIs(t, err, aril.ErrNoMethod)
}
