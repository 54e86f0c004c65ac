package guesttest

import (
	"context"
	"log/slog"
	"testing"

	"github.com/aril-wasm/aril/guest-sdk/go/native"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/state"
)

// residentTarget runs an extension through package native, in a pipeline of
// the real runtime: what holds for the others holds there.
func residentTarget(makeNew func() any) Target {
	return Target{"resident", func(_ testing.TB, cfg Config) (backend, error) {
		l := &loaded{ctx: context.Background()}
		var err error
		if l.state, err = state.Memory(state.Limits{}).Open("", cfg.Name); err != nil {
			return nil, err
		}
		if err := fill(l.state, cfg.State); err != nil {
			return nil, err
		}
		nc := nativeConfig(cfg)
		nc.State, nc.Logger = l.state, slog.New(&l.log)
		open := func() (*native.Extension, error) { return native.NewFresh(cfg.Name, makeNew, nc) }
		if cfg.Isolation != Fresh {
			open = func() (*native.Extension, error) { return native.New(cfg.Name, makeNew(), nc) }
		}
		x, err := open()
		if err != nil {
			return nil, l.outcome(err)
		}
		l.resident, l.unload, l.pipeline = x, x.Close, aril.NewPipeline(x)
		return l, nil
	}}
}
