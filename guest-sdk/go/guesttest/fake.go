package guesttest

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
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
	log      []Entry
	state    state.State
	scope    level
	ids      uint64
	slept    time.Duration
	unloaded bool
}

func openFake(cfg Config, makeNew func() (instance, error)) (backend, error) {
	store, err := state.Memory(state.Limits{}).Open("", cfg.Name)
	if err != nil {
		return nil, err
	}
	if err := fill(store, cfg.State); err != nil {
		return nil, err
	}
	cfg.Config = generic(cfg.Config)
	f := &fake{config: cfg, make: makeNew, state: store, scope: level{}}
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
	log := f.log
	i, err := f.fresh()
	f.log = log // init has been heard once
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
	a := &activation{fake: f, phase: phase, id: f.ids, root: f.ids, slots: make(map[uint32][]byte), own: level{}}
	a.handles.id = randomHandle
	if n := len(f.running); n > 0 {
		a.parent = f.running[n-1]
		a.root, a.depth = a.parent.root, a.parent.depth+1
	}
	a.rootLevel = a.own
	if a.parent != nil {
		a.rootLevel = a.parent.rootLevel
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
	a.mailbox = i.Mailbox()
	f.running = append(f.running, a)
	defer func() { f.running = f.running[:len(f.running)-1] }()
	result, err := i.Run(a, a.phase, a.deliver(message))
	if a.phase != abi.PhaseInit {
		f.give(i, err != nil)
	}
	if err != nil {
		return nil, false, err
	}
	return a.outcome(result)
}

func (f *fake) Wrap(op Operation, input any, rest func(input any) (any, error)) (any, error) {
	i, err := f.take()
	if err != nil {
		return nil, err
	}
	op = op.withDefaults()
	a := f.begin(abi.PhaseWrap)
	a.op, a.input, a.rest = op, generic(input), rest
	v, answered, err := f.run(i, a, func() ([]byte, error) {
		h := &abi.Operation{
			Kind: op.Kind, Name: op.Name, Key: op.Key, ID: a.id, Root: a.root, Depth: a.depth,
			MaxNext: uint32(op.MaxNext), Powers: uint32(f.config.Powers), Entropy: entropy(),
		}
		if meta := op.meta(); meta != nil {
			h.Meta = a.handles.encode(nil, meta)
		}
		return h.MarshalMsg(nil)
	})
	switch {
	case err != nil || answered:
		return v, err
	case len(a.nexts) > 0:
		last := a.nexts[len(a.nexts)-1]
		return last.value, last.err
	}
	out := a.runRest(a.input)
	return out.value, out.err
}

func (f *fake) Event(e Event) (any, error) {
	i, err := f.take()
	if err != nil {
		return nil, err
	}
	a := f.begin(abi.PhaseEvent)
	a.input = generic(e.Data)
	v, _, err := f.run(i, a, func() ([]byte, error) {
		return (&abi.Event{Event: e.Type, ID: a.id, Name: e.Name, Entropy: entropy()}).MarshalMsg(nil)
	})
	return v, err
}

func (f *fake) Call(method string, args any) (any, error) {
	i, err := f.take()
	if err != nil {
		return nil, err
	}
	a := f.begin(abi.PhaseCall)
	a.input = generic(args)
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

func (f *fake) Log() []Entry { return f.log }

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
