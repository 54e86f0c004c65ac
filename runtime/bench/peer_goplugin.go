package main

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/aril-wasm/aril/runtime/bench/guest/goplugin"
)

// goPlugin is knqyf263/go-plugin.
func goPlugin(g *goGuests) *peer {
	return &peer{
		name: "go-plugin",
		how: "knqyf263/go-plugin, generated from `guest/goplugin/operation.proto`, a Go guest, `Load` for each caller. Its `Load` compiles anew each time; " +
			"it is given wazero's compilation cache, which spares it that. No limits. At most 64 instances: each takes about 4 MiB. " +
			"At most 500 operations a batch: what a host function returns stays allocated in the guest.",
		maxInstances: goInstances,
		maxOps:       500,
		open: func(ctx context.Context, w *workload, callers int, next operation) (operation, func() error, error) {
			newRuntime := func(ctx context.Context) (wazero.Runtime, error) {
				rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(g.compiled))
				_, err := wasi_snapshot_preview1.Instantiate(ctx, rt)
				return rt, err
			}
			loader, err := goplugin.NewExtensionPlugin(ctx, goplugin.WazeroRuntime(newRuntime))
			if err != nil {
				return nil, nil, err
			}
			return pooled(callers, w.isolated, func() (instance, error) {
				guest, err := loader.Load(ctx, g.goPlugin, &goPluginHost{next, w})
				if err != nil {
					return nil, err
				}
				return &goPluginInstance{guest, w}, nil
			})
		},
	}
}

type goPluginHost struct {
	next operation
	w    *workload
}

// Next runs the operation on the input that the host has kept.
func (h *goPluginHost) Next(ctx context.Context, _ *goplugin.Payload) (*goplugin.Payload, error) {
	c := callOf(ctx)
	out, err := h.next(ctx, c.in)
	if err != nil {
		return nil, err
	}
	c.out = out
	if h.w.work == pass {
		return &goplugin.Payload{}, nil
	}
	return &goplugin.Payload{Data: out}, nil
}

type goPluginInstance struct {
	guest interface {
		goplugin.Extension
		Close(context.Context) error
	}
	w *workload
}

func (i *goPluginInstance) run(ctx context.Context, in []byte) ([]byte, error) {
	c := &call{in: in}
	request := &goplugin.Payload{Work: string(i.w.work)}
	if i.w.work != pass {
		request.Data = in
	}
	answer, err := i.guest.Wrap(withCall(ctx, c), request)
	if err != nil {
		return nil, err
	}
	if i.w.work == pass {
		return c.out, nil
	}
	return answer.Data, nil
}

func (i *goPluginInstance) close() error { return i.guest.Close(context.Background()) }
