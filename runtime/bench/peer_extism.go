package main

import (
	"context"
	"fmt"

	extism "github.com/extism/go-sdk"
)

// extismSDK is Extism's Go SDK.
func extismSDK(name string, timeout bool) *peer {
	how := "`NewCompiledPlugin` once, `CompiledPlugin.Instance` for each caller, `CallWithContext`. The guest has the loops of the C PDK. For `pass` the input given to it is empty."
	if timeout {
		how = "The same with `Manifest.Timeout` of 10 s (it counts the time in `next`, so 100 ms strikes with 1,000 callers) and a memory limit of 16 MiB: the setting that compares with Aril's defaults."
	}
	return &peer{name: name, how: how, open: func(ctx context.Context, w *workload, callers int, next operation) (operation, func() error, error) {
		manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: guestFile(guestName("extism", w))}}}
		if timeout {
			manifest.Timeout = uint64(timeLimit.Milliseconds())
			manifest.Memory = &extism.ManifestMemory{MaxPages: memoryBytes >> 16}
		}
		i64 := []extism.ValueType{extism.ValueTypeI64}
		code, err := extism.NewCompiledPlugin(ctx, manifest, extism.PluginConfig{}, []extism.HostFunction{
			extism.NewHostFunctionWithStack("next", extismNext(w, next), i64, i64),
		})
		if err != nil {
			return nil, nil, err
		}
		op, _, err := pooled(callers, w.isolated, func() (instance, error) {
			p, err := code.Instance(ctx, extism.PluginInstanceConfig{})
			return &extismInstance{p, w}, err
		})
		return op, func() error { return code.Close(ctx) }, err
	}}
}

// extismNext runs the operation, and hands its result over where the guest
// reads it.
func extismNext(w *workload, next operation) extism.HostFunctionStackCallback {
	return func(ctx context.Context, p *extism.CurrentPlugin, stack []uint64) {
		c := callOf(ctx)
		var err error
		if c.out, err = next(ctx, c.in); err != nil {
			panic(err)
		}
		stack[0] = 0
		if w.work == pass {
			return
		}
		if stack[0], err = p.WriteBytes(c.out); err != nil {
			panic(err)
		}
	}
}

type extismInstance struct {
	plugin *extism.Plugin
	w      *workload
}

func (i *extismInstance) run(ctx context.Context, in []byte) ([]byte, error) {
	c := &call{in: in}
	if i.w.work == pass {
		in = nil
	}
	status, out, err := i.plugin.CallWithContext(withCall(ctx, c), "wrap", in)
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, fmt.Errorf("the guest returned %d", status)
	}
	if i.w.work == pass {
		return c.out, nil
	}
	return out, nil
}

func (i *extismInstance) close() error { return i.plugin.Close(context.Background()) }
