package main

import (
	"context"
	"embed"
	"fmt"
)

//go:generate guest/build.sh
//go:embed guest/*.wasm
var guestFiles embed.FS

// guestFile gives a committed guest: "aril_echo".
func guestFile(name string) []byte {
	module, err := guestFiles.ReadFile("guest/" + name + ".wasm")
	if err != nil {
		panic(err) // embedded: a name that is not there is a mistake here
	}
	return module
}

// guestName gives the guest of an ABI that does w.
func guestName(abi string, w *workload) string {
	if w.work == echo && w.bytes > 4096 {
		return abi + "_large"
	}
	return abi + "_" + string(w.work)
}

// A peer is one way to run code of others around an operation.
type peer struct {
	name string
	how  string // how it is set up, for the report

	// open makes w ready around next, for this many callers at once. The
	// operation that it returns may be called from as many goroutines.
	open func(ctx context.Context, w *workload, callers int, next operation) (operation, func() error, error)

	skip         string // the workload that it does not have
	maxInstances int    // its callers share so many; 0: one each
	maxOps       int    // in one batch; 0: as many as there is time for
}

// callers says how many instances to make for n callers.
func (p *peer) instances(n int) int {
	if p.maxInstances > 0 {
		return min(n, p.maxInstances)
	}
	return n
}

// peers are what Aril is compared with, and Aril itself.
func peers(g *goGuests) []*peer {
	return []*peer{
		native(),
		aril("aril-pooled", false),
		aril("aril-fresh", true),
		arilGo("aril-go-pooled", false, g),
		arilGo("aril-go-fresh", true, g),
		rawWazero("wazero", false),
		rawWazero("wazero-timeout", true),
		rawWasmtime("wasmtime-fuel", true),
		rawWasmtime("wasmtime-epoch", false),
		extismSDK("extism", false),
		extismSDK("extism-timeout", true),
		goPlugin(g),
		hashicorp(),
		gojaScript(),
		gopherLua(),
	}
}

// An instance is a guest that takes one operation at a time.
type instance interface {
	run(ctx context.Context, in []byte) ([]byte, error)
	close() error
}

// pooled makes an operation of n instances that callers take in turn: what the
// documentation of engines whose instances are not safe for concurrent use
// tells their users to do. With isolated it makes one for each operation
// instead.
func pooled(n int, isolated bool, make func() (instance, error)) (operation, func() error, error) {
	if isolated {
		return func(ctx context.Context, in []byte) ([]byte, error) {
			i, err := make()
			if err != nil {
				return nil, err
			}
			out, err := i.run(ctx, in)
			if late := i.close(); err == nil {
				err = late
			}
			return out, err
		}, func() error { return nil }, nil
	}
	all := []instance{}
	closeAll := func() (err error) {
		for _, i := range all {
			if e := i.close(); err == nil {
				err = e
			}
		}
		return err
	}
	for range n {
		i, err := make()
		if err != nil {
			_ = closeAll() // the first error says more
			return nil, nil, fmt.Errorf("instance %d: %w", len(all), err)
		}
		all = append(all, i)
	}
	if n == 1 {
		return all[0].run, closeAll, nil
	}
	idle := newChannel(all)
	return func(ctx context.Context, in []byte) ([]byte, error) {
		i := <-idle
		defer func() { idle <- i }()
		return i.run(ctx, in)
	}, closeAll, nil
}

func newChannel(all []instance) chan instance {
	c := make(chan instance, len(all))
	for _, i := range all {
		c <- i
	}
	return c
}

// A call is what the host keeps of one operation while a guest is in it.
type call struct {
	in  []byte
	out []byte // what next gave
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }
