package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// timeLimit is what every peer that has a time limit is given. Aril's default
// is 100 ms of the guest's own time; the others count time in next and time
// that other goroutines had as well, and would strike with 1,000 callers. What
// a limit costs does not depend on its length.
const timeLimit = 10 * time.Second

// rawWazero is the engine under Aril, driven by hand.
func rawWazero(name string, timeout bool) *peer {
	how := "The engine by itself: compiled once, one instance a caller, host function without reflection (`WithGoModuleFunction`), `CallWithStack`. No limits: a guest may run for ever."
	if timeout {
		how = "The same with `WithCloseOnContextDone` and `context.WithTimeout` of 10 s around each call, which is how wazero's documentation bounds time."
	}
	return &peer{name: name, how: how, open: func(ctx context.Context, w *workload, callers int, next operation) (operation, func() error, error) {
		return openWazero(ctx, w, guestFile(guestName("raw", w)), timeout, callers, next)
	}}
}

// openWazero puts a guest of guest/raw.c around next.
func openWazero(ctx context.Context, w *workload, module []byte, timeout bool, callers int, next operation) (operation, func() error, error) {
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(timeout))
	done := func() error { return rt.Close(ctx) }
	code, err := compileRaw(ctx, rt, module, next)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	op, _, err := pooled(callers, w.isolated, func() (instance, error) {
		return newWazeroInstance(ctx, rt, code, timeout)
	})
	return op, done, err
}

// compileRaw compiles a guest of guest/raw.c and gives it its import.
func compileRaw(ctx context.Context, rt wazero.Runtime, module []byte, next operation) (wazero.CompiledModule, error) {
	host := api.GoModuleFunc(func(ctx context.Context, m api.Module, stack []uint64) {
		c := callOf(ctx)
		out, err := next(ctx, c.in)
		if err != nil {
			panic(err)
		}
		buf, limit := uint32(stack[0]), uint32(stack[1])
		c.out = out
		if limit > 0 && (len(out) > int(limit) || !m.Memory().Write(buf, out)) {
			panic("the result does not fit")
		}
		stack[0] = uint64(len(out))
	})
	i32 := []api.ValueType{api.ValueTypeI32}
	_, err := rt.NewHostModuleBuilder("host").NewFunctionBuilder().
		WithGoModuleFunction(host, append(i32, i32...), i32).Export("next").Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	return rt.CompileModule(ctx, module)
}

type wazeroInstance struct {
	module  api.Module
	wrap    api.Function
	buffer  uint32
	stack   [1]uint64
	timeout bool
}

func newWazeroInstance(ctx context.Context, rt wazero.Runtime, code wazero.CompiledModule, timeout bool) (instance, error) {
	m, err := rt.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, err
	}
	at, err := m.ExportedFunction("buffer").Call(ctx)
	if err != nil {
		return nil, err
	}
	return &wazeroInstance{module: m, wrap: m.ExportedFunction("wrap"), buffer: uint32(at[0]), timeout: timeout}, nil
}

func (i *wazeroInstance) run(ctx context.Context, in []byte) ([]byte, error) {
	if i.timeout {
		limited, cancel := context.WithTimeout(ctx, timeLimit)
		defer cancel()
		ctx = limited
	}
	c := &call{in: in}
	if i.buffer != 0 && !i.module.Memory().Write(i.buffer, in) {
		return nil, errors.New("the input does not fit")
	}
	i.stack[0] = uint64(len(in))
	if err := i.wrap.CallWithStack(withCall(ctx, c), i.stack[:]); err != nil {
		return nil, err
	}
	if i.stack[0] == ^uint64(0) {
		return c.out, nil
	}
	view, ok := i.module.Memory().Read(uint32(i.stack[0]>>32), uint32(i.stack[0]))
	if !ok {
		return nil, errors.New("the result is outside memory")
	}
	return bytes.Clone(view), nil
}

func (i *wazeroInstance) close() error { return i.module.Close(context.Background()) }
