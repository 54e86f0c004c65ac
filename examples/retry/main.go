// Retry resolves again what failed in a way that may pass. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/retry/retry"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "retry",
	New:    func() any { return retry.New() },
	Config: map[string]any{"maxRetries": 3, "backoffMs": 1},
	Powers: aril.ReadInput | aril.ReadErrorText | aril.Repeat,
	Grants: []aril.Capability{aril.State},
}

// A networkError says its code to extensions by the method Code.
type networkError struct{ text string }

func (e networkError) Error() string { return e.text }
func (networkError) Code() string    { return "NETWORK_ERROR" }

// A backend counts how often its factory ran, and fails the first few times.
type backend struct {
	runs, failures int
	err            error
}

func (b *backend) connect(context.Context, *scope.Controller) (string, error) {
	b.runs++
	if b.runs <= b.failures {
		return "", b.err
	}
	return "connected", nil
}

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	retry := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{retry}})
	if err != nil {
		return err
	}
	for _, x := range []struct {
		name string
		backend
	}{
		{"prices", backend{failures: 2, err: networkError{"connection reset"}}},
		{"stock", backend{failures: 100, err: networkError{"connection refused"}}},
		{"search", backend{failures: 1, err: errors.New("rate limit exceeded")}},
		{"config", backend{failures: 100, err: errors.New("syntax error")}},
	} {
		e := scope.Provide(x.connect, scope.Name(x.name))
		v, err := scope.Resolve(ctx, s, e)
		fmt.Fprintf(w, "%-7s %q %v, factory ran %d times\n", x.name, v, err, x.runs)
	}

	supplier := &backend{failures: 100, err: networkError{"host unreachable"}}
	catalogue := scope.Derive(scope.Provide(supplier.connect, scope.Name("supplier")),
		func(context.Context, *scope.Controller, string) (string, error) { return "catalogue", nil }, scope.Name("catalogue"))
	_, err = scope.Resolve(ctx, s, catalogue)
	fmt.Fprintf(w, "catalogue, which needs supplier: %v, factory ran %d times\n", err, supplier.runs)

	if err := report(ctx, w, retry); err != nil {
		return err
	}
	return s.Dispose(ctx)
}

func report(ctx context.Context, w io.Writer, retry scope.Caller) error {
	all, err := retry.Call(ctx, "getRetryStats", nil)
	if err != nil {
		return err
	}
	stats := all.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(stats)) {
		stat := stats[name].(map[string]any)
		fmt.Fprintf(w, "%-8s %v attempts, last error %q\n", name, stat["attempts"], stat["lastError"])
	}
	for _, name := range []string{"prices", "stock"} {
		count, err := retry.Call(ctx, "getRetryCount", name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "count of %s: %v\n", name, count)
	}
	return nil
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
