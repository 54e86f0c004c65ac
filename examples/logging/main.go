// Logging logs every operation. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/logging/logging"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "logging",
	New:    func() any { return logging.New() },
	Config: map[string]any{"durations": false}, // they would differ from run to run
	Powers: aril.ReadErrorText,                 // no input, no result
}

var (
	config = scope.Value("shop.db", scope.Name("config"))
	db     = scope.Derive(config, func(context.Context, *scope.Controller, string) (string, error) {
		return "connection", nil
	}, scope.Name("db"))
	mail = scope.Provide(func(context.Context, *scope.Controller) (string, error) {
		return "", errors.New("no mail server")
	}, scope.Name("mail"))
	placeOrder = scope.DeriveFlow(scope.Definition{Name: "order.place"}, db, func(ctx context.Context, db, sku string) (string, error) {
		return scope.Step(ctx, func(context.Context) (string, error) { return sku + " ordered by " + db, nil })
	})
)

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	logging := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{logging}})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "a flow whose handler needs db, which depends on config:")
	if _, err := scope.Run(ctx, s, placeOrder, "tea"); err != nil {
		return err
	}
	fmt.Fprintln(w, "again, when all are there:")
	if _, err := scope.Run(ctx, s, placeOrder, "pot"); err != nil {
		return err
	}
	fmt.Fprintln(w, "an update:")
	if err := scope.Set(ctx, s, config, "test.db"); err != nil {
		return err
	}
	fmt.Fprintln(w, "a failure:")
	if _, err := scope.Resolve(ctx, s, mail); err == nil {
		return errors.New("mail was resolved")
	}
	return s.Dispose(ctx)
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
