package main

import (
	"context"

	runtime "github.com/aril-wasm/aril/runtime"
)

// aril is what the others are compared with. All limits are at their defaults.
func aril(name string, fresh bool) *peer {
	p := &peer{
		name: name,
		how:  "`aril.Wrap` around the operation, one extension, all limits at their defaults. Mode Pooled: an instance keeps what an operation left in it.",
		skip: "isolated",
		open: func(ctx context.Context, w *workload, _ int, next operation) (operation, func() error, error) {
			return openAril(ctx, guestFile(guestName("aril", w)), runtime.Config{}, runtime.ExtensionConfig{Isolation: isolation(fresh)}, next)
		},
	}
	if fresh {
		p.skip = ""
		p.how = "The same in mode Fresh, the default: each operation begins from the template. The row `isolated` is its `echo`."
	}
	return p
}

// goInstances bounds how many guests written in Go there are at once: each has
// about 4 MiB.
const goInstances = 64

// arilGo runs a guest written on the Go SDK.
func arilGo(name string, fresh bool, g *goGuests) *peer {
	p := aril(name, fresh)
	p.how = "As aril-" + map[bool]string{false: "pooled", true: "fresh"}[fresh] + ", with a guest written on the Go SDK. It has `echo` alone. At most 64 instances."
	p.open = func(ctx context.Context, w *workload, _ int, next operation) (operation, func() error, error) {
		if w.work != echo {
			return nil, nil, errNotHere
		}
		cfg := runtime.ExtensionConfig{Isolation: isolation(fresh), Limits: runtime.Limits{MemoryBytes: 64 << 20, Instances: goInstances}}
		op, guest, err := wrapped(ctx, g.runtime, g.aril, cfg, next)
		if err != nil {
			return nil, nil, err
		}
		return op, func() error { return guest.Unload(ctx) }, nil
	}
	p.maxInstances = goInstances
	return p
}

func isolation(fresh bool) runtime.Isolation {
	if fresh {
		return runtime.Fresh
	}
	return runtime.Pooled
}

// openAril puts one extension in a Runtime of its own around next.
func openAril(ctx context.Context, module []byte, host runtime.Config, cfg runtime.ExtensionConfig, next operation) (operation, func() error, error) {
	rt, err := runtime.New(ctx, host)
	if err != nil {
		return nil, nil, err
	}
	op, _, err := wrapped(ctx, rt, module, cfg, next)
	if err != nil {
		_ = rt.Close(ctx) // the first error says more
		return nil, nil, err
	}
	return op, func() error { return rt.Close(ctx) }, nil
}

// wrapped loads an extension and puts it around next.
func wrapped(ctx context.Context, rt *runtime.Runtime, module []byte, cfg runtime.ExtensionConfig, next operation) (operation, *runtime.Guest, error) {
	cfg.Name = "guest"
	g, err := rt.Load(ctx, module, cfg)
	if err != nil {
		return nil, nil, err
	}
	return runtime.Wrap(runtime.NewPipeline(g), runtime.Operation{Kind: "bench", Name: "operation"}, next), g, nil
}
