package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/bytecodealliance/wasmtime-go/v37"
)

// Wasmtime's epoch, and how many of them a call may take.
const (
	epoch       = 10 * time.Millisecond
	epochs      = uint64(timeLimit / epoch)
	guestFuel   = 100_000_000 // Aril's default
	memoryBytes = 16 << 20    // Aril's default
)

// rawWasmtime is the other engine, through cgo.
func rawWasmtime(name string, fuel bool) *peer {
	how := "wasmtime-go through cgo: compiled once, one Store a caller, `Linker.FuncWrap`, a memory limit. 100 M fuel set before each call."
	if !fuel {
		how = "The same with epochs of 10 ms from one goroutine and a deadline of 10 s set before each call."
	}
	return &peer{name: name, how: how, open: func(ctx context.Context, w *workload, callers int, next operation) (operation, func() error, error) {
		cfg := wasmtime.NewConfig()
		cfg.SetConsumeFuel(fuel)
		cfg.SetEpochInterruption(!fuel)
		engine := wasmtime.NewEngineWithConfig(cfg)
		module, err := wasmtime.NewModule(engine, guestFile(guestName("raw", w)))
		if err != nil {
			return nil, nil, err
		}
		stop := func() {}
		if !fuel {
			stop = tick(engine)
		}
		op, closeAll, err := pooled(callers, w.isolated, func() (instance, error) {
			return newWasmtimeInstance(engine, module, fuel, next)
		})
		return op, func() error {
			stop()
			err := closeAll()
			module.Close()
			engine.Close()
			return err
		}, err
	}}
}

// tick moves the engine's epoch on until the function it returns is called.
func tick(engine *wasmtime.Engine) func() {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(epoch)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				engine.IncrementEpoch()
			case <-stop:
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

type wasmtimeInstance struct {
	store  *wasmtime.Store
	linker *wasmtime.Linker
	memory *wasmtime.Memory
	wrap   *wasmtime.Func
	buffer int32
	fuel   bool
	call   call // of the operation that is inside
	ctx    context.Context
	err    error
}

func newWasmtimeInstance(engine *wasmtime.Engine, module *wasmtime.Module, fuel bool, next operation) (instance, error) {
	i := &wasmtimeInstance{store: wasmtime.NewStore(engine), linker: wasmtime.NewLinker(engine), fuel: fuel}
	i.store.Limiter(memoryBytes, -1, -1, -1, -1)
	if err := i.limit(); err != nil {
		return nil, err
	}
	err := i.linker.FuncWrap("host", "next", func(buf, limit int32) (int32, *wasmtime.Trap) {
		out, err := next(i.ctx, i.call.in)
		if err != nil {
			i.err = err
			return 0, wasmtime.NewTrap("next failed")
		}
		i.call.out = out
		if limit > 0 && copy(i.memory.UnsafeData(i.store)[buf:][:limit], out) < len(out) {
			return 0, wasmtime.NewTrap("the result does not fit")
		}
		return int32(len(out)), nil
	})
	if err != nil {
		return nil, err
	}
	m, err := i.linker.Instantiate(i.store, module)
	if err != nil {
		return nil, err
	}
	i.memory = m.GetExport(i.store, "memory").Memory()
	i.wrap = m.GetFunc(i.store, "wrap")
	at, err := m.GetFunc(i.store, "buffer").Call(i.store)
	if err != nil {
		return nil, err
	}
	i.buffer = at.(int32)
	return i, nil
}

// limit gives the guest its budget for one call.
func (i *wasmtimeInstance) limit() error {
	if i.fuel {
		return i.store.SetFuel(guestFuel)
	}
	i.store.SetEpochDeadline(epochs)
	return nil
}

func (i *wasmtimeInstance) run(ctx context.Context, in []byte) ([]byte, error) {
	if err := i.limit(); err != nil {
		return nil, err
	}
	i.ctx, i.call = ctx, call{in: in}
	if i.buffer != 0 && copy(i.memory.UnsafeData(i.store)[i.buffer:], in) < len(in) {
		return nil, errors.New("the input does not fit")
	}
	answer, err := i.wrap.Call(i.store, int32(len(in)))
	if err != nil {
		return nil, errors.Join(i.err, err)
	}
	at := uint64(answer.(int64))
	if at == ^uint64(0) {
		return i.call.out, nil
	}
	return bytes.Clone(i.memory.UnsafeData(i.store)[at>>32:][:uint32(at)]), nil
}

func (i *wasmtimeInstance) close() error {
	i.linker.Close()
	i.store.Close()
	return nil
}
