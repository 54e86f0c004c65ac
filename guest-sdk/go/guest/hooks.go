package guest

import (
	"runtime"
	"strconv"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

func (in *instance) runInit(n uint32) uint32 {
	defer reportPanic()
	in.mustBeRegistered()
	goroutines := runtime.NumGoroutine()
	in.resumed = true
	a := in.enter(n)
	a.input.slot = names.SlotConfig
	result := uint32(names.HookPass)
	if in.initer != nil {
		result = a.conclude(Pass, in.initer.Init(Config{Value: a.input.value(), a: a}))
	}
	in.leave(a, goroutines)
	in.resumed = false
	return result
}

// mustBeRegistered panics in a module that nobody wrote an extension into.
func (in *instance) mustBeRegistered() {
	if in.extension == nil {
		panic("guest: main must call guest.Register from an init function")
	}
}

func (in *instance) runWrap(n uint32) uint32 {
	if !in.wraps {
		return names.HookPass
	}
	defer reportPanic()
	goroutines := runtime.NumGoroutine()
	a := in.enter(n)
	v, err := a.wrap()
	result := a.conclude(v, err)
	in.leave(a, goroutines)
	return result
}

func (in *instance) runEvent(n uint32) uint32 {
	if !in.hears {
		return names.HookPass
	}
	defer reportPanic()
	goroutines := runtime.NumGoroutine()
	a := in.enter(n)
	v, err := in.tell(&a.event)
	result := a.conclude(v, err)
	in.leave(a, goroutines)
	return result
}

func (in *instance) runCall(n uint32) uint32 {
	defer reportPanic()
	goroutines := runtime.NumGoroutine()
	a := in.enter(n)
	v, err := in.call(string(a.header.parse().method), a.input.value())
	result := a.conclude(v, err)
	in.leave(a, goroutines)
	return result
}

func (in *instance) runDispose() uint32 {
	if in.disposer == nil {
		return names.HookPass
	}
	defer reportPanic()
	goroutines := runtime.NumGoroutine()
	a := in.enter(0)
	if err := in.disposer.Dispose(); err != nil {
		host.Log(names.LogError, "dispose: "+err.Error(), nil)
	}
	in.leave(a, goroutines)
	return names.HookPass
}

// reportPanic logs what a hook panicked with and lets the panic go on. The
// instance is lost then: nothing in it needs to be put in order.
func reportPanic() {
	if p := recover(); p != nil {
		host.Log(names.LogError, "panic: "+panicText(p), nil)
		panic(p)
	}
}

func panicText(p any) string {
	switch p := p.(type) {
	case error:
		return p.Error()
	case string:
		return p
	case interface{ String() string }:
		return p.String()
	case int:
		return strconv.Itoa(p)
	}
	return "a value that is neither error nor text"
}
