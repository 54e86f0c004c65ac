// Telemetry counts what a scope does. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/telemetry/telemetry"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "telemetry",
	New:    func() any { return telemetry.New() },
	Powers: aril.ReadInput, // to see what is resolved; not the value
	Grants: []aril.Capability{aril.State, scope.Capability},
}

var (
	config = scope.Value("shop.db", scope.Name("config"))
	db     = scope.Derive(config, func(_ context.Context, _ *scope.Controller, file string) (string, error) {
		return "connection to " + file, nil
	}, scope.Name("db"))
	users = scope.Derive(db, func(context.Context, *scope.Controller, string) ([]string, error) {
		return []string{"ann", "bob"}, nil
	}, scope.Name("users"))
	mail = scope.Provide(func(context.Context, *scope.Controller) (string, error) {
		return "", errors.New("no mail server")
	}, scope.Name("mail"))
)

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	telemetry := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{telemetry}})
	if err != nil {
		return err
	}
	_, err = scope.Resolve(ctx, s, users) // three misses: users needs db, which needs config
	if err != nil {
		return err
	}
	_, err = scope.Resolve(ctx, s, users) // a hit
	if err != nil {
		return err
	}
	_, err = scope.Resolve(ctx, s, db) // a hit
	if err != nil {
		return err
	}
	if err := scope.Set(ctx, s, config, "test.db"); err != nil {
		return err
	}
	for range 2 { // a miss; then a hit, which finds the failure
		_, err = scope.Resolve(ctx, s, mail)
		fmt.Fprintln(w, "mail:", err)
	}
	if err := report(ctx, w, telemetry); err != nil {
		return err
	}
	return s.Dispose(ctx)
}

// report asks the extension for what it counted.
func report(ctx context.Context, w io.Writer, telemetry scope.Caller) error {
	all, err := telemetry.Call(ctx, "getMetrics", nil)
	if err != nil {
		return err
	}
	cache := all.(map[string]any)["cache"].(map[string]any)
	fmt.Fprintf(w, "cache: %v hits, %v misses, ratio %.2f\n", cache["hits"], cache["misses"], cache["ratio"])
	executors := all.(map[string]any)["executors"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(executors)) {
		m := executors[name].(map[string]any)
		fmt.Fprintf(w, "%-6s resolved %v, updated %v, failed %v\n", name, m["resolveCount"], m["updateCount"], m["errorCount"])
	}
	one, err := telemetry.Call(ctx, "getExecutorMetrics", "users")
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "users alone: resolved", one.(map[string]any)["resolveCount"])
	return nil
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
