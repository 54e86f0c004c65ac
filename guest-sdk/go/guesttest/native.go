package guesttest

import (
	"fmt"
	"testing"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// Native runs the extension as ordinary Go, in the test's process. makeNew
// gives what the extension's own init function registers; it is called once
// for each operation.
func Native(makeNew func() any) Target {
	return Target{"native", func(_ testing.TB, cfg Config) (backend, error) {
		return openFake(cfg, func() (instance, error) { return newNative(makeNew()), nil })
	}}
}

type nativeInstance struct{ host.Guest }

func newNative(extension any) instance { return nativeInstance{host.NewGuest(extension)} }

func (i nativeInstance) Run(h host.Host, hook abi.Phases, n uint32) (result uint32, err error) {
	a := h.(*activation)
	defer func() {
		// A panic of the operation itself is the test's own.
		if a.inNext {
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
