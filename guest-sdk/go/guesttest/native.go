package guesttest

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
)

// Native runs the extension as ordinary Go, in the test's process. makeNew
// gives what the extension's own init function registers; it is called once
// for each operation.
func Native(makeNew func() any) Target {
	return Target{"native", func(_ testing.TB, cfg Config) (backend, error) {
		f, err := openFake(cfg, func() (instance, error) { return newNative(makeNew()), nil })
		if err != nil {
			return nil, err
		}
		f.open = func() (*loaded, error) { return openNative(f, makeNew) }
		return f, nil
	}}
}

// openNative makes of the fake's extension one for scopes, which has the
// fake's state and log.
func openNative(f *fake, makeNew func() any) (*loaded, error) {
	cfg := nativeConfig(f.config)
	cfg.State, cfg.Logger = f.state, slog.New(&f.recorder)
	open := func() (*native.Extension, error) { return native.NewFresh(f.config.Name, makeNew, cfg) }
	if f.config.Isolation != Fresh {
		open = func() (*native.Extension, error) { return native.New(f.config.Name, makeNew(), cfg) }
	}
	heard := f.recorder.lines()
	x, err := open()
	f.recorder.replace(heard) // init has been heard once
	if err != nil {
		return nil, err
	}
	return &loaded{ctx: context.Background(), resident: x}, nil
}

func nativeConfig(cfg Config) native.Config {
	n := native.Config{Config: generic(cfg.Config), Script: cfg.Script, Powers: aril.Powers(cfg.Powers), Functions: map[string]func(context.Context, any) (any, error){}}
	if cfg.Powers == 0 {
		n.Powers = aril.ObserveOnly
	}
	for name, f := range cfg.Functions {
		n.Functions[name] = func(_ context.Context, argument any) (any, error) {
			answer, err := f(generic(argument))
			return generic(answer), err
		}
	}
	return n
}

type nativeInstance struct{ host.Guest }

func newNative(extension any) instance { return nativeInstance{host.NewGuest(extension, false)} }

func (i nativeInstance) Run(h host.Host, hook abi.Phases, n uint32) (result uint32, err error) {
	a := h.(*activation)
	defer func() {
		// A panic of the operation itself is the test's own.
		if a.InRest {
			return
		}
		if p := recover(); p != nil {
			err = &Broken{Reason: fmt.Sprintf("panic: %v", p)}
		}
	}()
	return host.Enter(i.Guest, h, func() uint32 {
		switch hook {
		case abi.PhaseInit:
			return i.Init(n)
		case abi.PhaseWrap:
			return i.Wrap(n)
		case abi.PhaseEvent:
			return i.Event(n)
		case abi.PhaseCall:
			return i.Call(n)
		}
		return i.Dispose()
	}), nil
}
