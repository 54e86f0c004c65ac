// Tracing shows what an execution ran, and inside of what. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/tracing/tracing"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:    "tracing",
	New:     func() any { return tracing.New() },
	Filters: []aril.Filter{{Kinds: []string{scope.KindExecution}}},
	Powers:  aril.ReadInput | aril.ReadResult | aril.ReadErrorText,
	Grants:  []aril.Capability{aril.State},
}

// An answer is ok with what was reserved, or ko with the reason.
type answer = scope.Result[string, string]

var (
	price   = scope.NewFlow(scope.Definition{Name: "price"}, func(_ context.Context, item int) (int, error) { return 100 * item, nil })
	reserve = scope.NewFlow(scope.Definition{Name: "reserve"}, func(_ context.Context, items int) (answer, error) {
		if items > 100 {
			return scope.Ko[string]("out of stock", nil), nil
		}
		return scope.Ok[string, string]("reserved"), nil
	})
	charge = scope.NewFlow(scope.Definition{Name: "charge"}, func(ctx context.Context, cents int) (string, error) {
		if cents == 0 {
			return "", errors.New("nothing to charge")
		}
		return scope.Step(ctx, func(context.Context) (string, error) { return "receipt", nil })
	})
	order = scope.NewFlow(scope.Definition{Name: "order"}, func(ctx context.Context, items int) (string, error) {
		var pricing []func(context.Context) (int, error)
		for i := range items {
			pricing = append(pricing, func(ctx context.Context) (int, error) { return scope.Exec(ctx, price, i) })
		}
		prices, err := scope.Parallel(ctx, pricing...)
		if err != nil {
			return "", err
		}
		reserved, err := scope.Exec(ctx, reserve, items)
		if err != nil || reserved.IsKo() {
			return reserved.Fail, err
		}
		total := 0
		for _, cents := range prices.Values() {
			total += cents
		}
		return scope.Exec(ctx, charge, total)
	})
)

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	tracing := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{tracing}})
	if err != nil {
		return err
	}
	for _, items := range []int{100, 120, 1} {
		result, err := scope.Run(ctx, s, order, items)
		fmt.Fprintf(w, "order of %d: %q %v\n", items, result, err)
		trace, err := tracing.Call(ctx, "getTrace", nil)
		if err != nil {
			return err
		}
		print(w, trace.(map[string]any))
	}
	return s.Dispose(ctx)
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
