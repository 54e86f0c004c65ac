package guesttest

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/inprocess"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/state"
)

// An instance is one memory of an extension, and its hooks.
type instance interface {
	Mailbox() []byte
	// Run calls a hook; imports go to h. The error says how it broke.
	Run(h host.Host, hook abi.Phases, n uint32) (uint32, error)
}

// A fake is a host in the test's process that keeps to abi/ABI.md. It has no
// clock but its own: sleeping passes time and takes none.
type fake struct {
	config   Config
	make     func() (instance, error)
	ready    []instance // initialised, to be used
	running  []*activation
	recorder recorder                // also of the extension in scopes
	open     func() (*loaded, error) // nil where there are no scopes
	atHome   *loaded                 // once there is a scope: events and calls go there
	state    state.State
	scope    inprocess.Level
	ids      uint64
	slept    time.Duration
	unloaded bool
}

func openFake(cfg Config, makeNew func() (instance, error)) (*fake, error) {
	store, err := state.Memory(state.Limits{}).Open("", cfg.Name)
	if err != nil {
		return nil, err
	}
	if err := fill(store, cfg.State); err != nil {
		return nil, err
	}
	cfg.Config = generic(cfg.Config)
	f := &fake{config: cfg, make: makeNew, state: store}
	i, err := f.fresh()
	if err != nil {
		return nil, err
	}
	f.ready = []instance{i}
	return f, nil
}

// fresh makes an instance as it is after init.
func (f *fake) fresh() (instance, error) {
	i, err := f.make()
	if err != nil {
		return nil, err
	}
	a := f.begin(abi.PhaseInit)
	v, _, err := f.run(i, a, func() ([]byte, error) {
		return (&abi.Init{Name: f.config.Name, Version: "guesttest", Powers: uint32(f.config.Powers)}).MarshalMsg(nil)
	})
	if err == nil && v != nil {
		err = &Broken{Reason: "init answered with a value"}
	}
	return i, err
}

// take gives an instance for one operation.
func (f *fake) take() (instance, error) {
	if n := len(f.ready); n > 0 {
		i := f.ready[n-1]
		if f.config.Isolation != Single {
			f.ready = f.ready[:n-1]
		}
		return i, nil
	}
	heard := f.recorder.lines()
	i, err := f.fresh()
	f.recorder.replace(heard) // init has been heard once
	if err == nil && f.config.Isolation == Single {
		f.ready = []instance{i}
	}
	return i, err
}

// give takes an instance back after an operation.
func (f *fake) give(i instance, broken bool) {
	switch {
	case broken && f.config.Isolation == Single:
		f.ready = nil
	case !broken && f.config.Isolation == Pooled:
		f.ready = append(f.ready, i)
	}
}

func (f *fake) begin(phase abi.Phases) *activation {
	f.ids++
	a := &activation{id: f.ids, root: f.ids}
	own := &inprocess.Level{}
	a.Activation = inprocess.Activation{
		Phase: phase, Powers: f.config.Powers, Services: services{f}, Own: own, Root: own, Scope: &f.scope,
		Config: f.config.Config, Script: f.config.Script, Input: func() any { return nil },
		Values: &values{handles: handles{id: randomHandle}, powers: f.config.Powers},
	}
	if n := len(f.running); n > 0 {
		parent := f.running[n-1]
		a.root, a.depth = parent.root, parent.depth+1
		own.Above, a.Root = parent.Own, parent.Root
	}
	return a
}

func entropy() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return b
}

// run runs a hook and gives its outcome; answered is false for PASS.
func (f *fake) run(i instance, a *activation, header func() ([]byte, error)) (v any, answered bool, err error) {
	message, err := header()
	if err != nil {
		return nil, false, err
	}
	a.Mailbox = i.Mailbox()
	f.running = append(f.running, a)
	defer func() { f.running = f.running[:len(f.running)-1] }()
	result, err := i.Run(a, a.Phase, a.Deliver(message))
	if a.Phase != abi.PhaseInit {
		f.give(i, err != nil)
	}
	if err != nil {
		return nil, false, err
	}
	v, answered, err = a.Ended(result)
	if fault := (*inprocess.Fault)(nil); errors.As(err, &fault) {
		return nil, false, &Broken{Reason: fault.Reason}
	}
	return v, answered, err
}

func (f *fake) Wrap(op Operation, input any, rest func(input any) (any, error)) (any, error) {
	i, err := f.take()
	if err != nil {
		return nil, err
	}
	op = op.withDefaults()
	a := f.begin(abi.PhaseWrap)
	in := generic(input)
	a.Input = func() any { return in }
	a.Params, a.MaxNext = generic(op.Params), op.MaxNext
	a.Rest = func(changed any, isChanged bool) (any, error) {
		if !isChanged {
			changed = in
		}
		v, err := rest(changed)
		return generic(v), err
	}
	v, answered, err := f.run(i, a, func() ([]byte, error) {
		h := &abi.Operation{
			Kind: op.Kind, Name: op.Name, Key: op.Key, ID: a.id, Root: a.root, Depth: a.depth,
			MaxNext: uint32(op.MaxNext), Powers: uint32(f.config.Powers), Entropy: entropy(),
		}
		if meta := op.meta(); meta != nil {
			if h.Meta, err = a.Values.Append(nil, meta); err != nil {
				return nil, err
			}
		}
		return h.MarshalMsg(nil)
	})
	switch {
	case err != nil || answered:
		return v, err
	}
	if v, err, ran := a.Last(); ran {
		return v, err
	}
	return a.Rest(nil, false)
}

func (f *fake) Event(e Event) (any, error) {
	if f.atHome != nil {
		return f.atHome.Event(e)
	}
	i, err := f.take()
	if err != nil {
		return nil, err
	}
	a := f.begin(abi.PhaseEvent)
	a.Input = func() any { return generic(e.Data) }
	v, _, err := f.run(i, a, func() ([]byte, error) {
		return (&abi.Event{Event: e.Type, ID: a.id, Scope: e.Scope, Name: e.Name, Entropy: entropy()}).MarshalMsg(nil)
	})
	return v, err
}

func (f *fake) Call(method string, args any) (any, error) {
	if f.atHome != nil {
		return f.atHome.Call(method, args)
	}
	i, err := f.take()
	if err != nil {
		return nil, err
	}
	a := f.begin(abi.PhaseCall)
	a.Input = func() any { return generic(args) }
	v, answered, err := f.run(i, a, func() ([]byte, error) {
		return (&abi.Call{Method: method, ID: a.id, Entropy: entropy()}).MarshalMsg(nil)
	})
	if err == nil && !answered {
		err = ErrNoMethod
	}
	return v, err
}

func (f *fake) Unload() error {
	if f.unloaded {
		return nil
	}
	f.unloaded = true
	i, err := f.take()
	if err != nil {
		return err
	}
	_, _, err = f.run(i, f.begin(abi.PhaseDispose), func() ([]byte, error) { return nil, nil })
	return err
}

func (f *fake) extension() (aril.Extension, error) {
	if f.open == nil {
		return nil, errors.New("guesttest: scopes are for Native and Wasm")
	}
	if f.atHome == nil {
		var err error
		if f.atHome, err = f.open(); err != nil {
			return nil, err
		}
	}
	return f.atHome.resident, nil
}

func (f *fake) Log() []Entry { return f.recorder.lines() }

func (f *fake) State() map[string][]byte { return contents(f.state) }

// fill stores what a test starts with.
func fill(s state.State, content map[string][]byte) error {
	for key, value := range content {
		if err := s.Put(context.Background(), key, value); err != nil {
			return err
		}
	}
	return nil
}

// contents gives all that is stored.
func contents(s state.State) map[string][]byte {
	m := make(map[string][]byte)
	for after := ""; ; {
		keys, err := s.List(context.Background(), "", after, 100)
		if err != nil || len(keys) == 0 {
			return m
		}
		for _, key := range keys {
			if v, found, err := s.Get(context.Background(), key); err == nil && found {
				m[key] = v
			}
		}
		after = keys[len(keys)-1]
	}
}
