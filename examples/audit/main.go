// Audit keeps a trail of the flows that ran. See README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/aril-wasm/aril/examples/audit/audit"
	"github.com/aril-wasm/aril/examples/internal/show"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "audit",
	New:    func() any { return audit.New() },
	Powers: aril.ReadInput | aril.ReadResult | aril.ReadErrorText | aril.Skip, // the last to refuse what it cannot record
	Grants: []aril.Capability{aril.State},
}

// A Payment is what the flows are about. No extension sees the card.
type Payment struct {
	From  string
	Cents int
	Card  string `aril:"-"`
}

// A declined error says its code to extensions by the method Code.
type declined struct{}

func (declined) Error() string { return "the card was declined" }
func (declined) Code() string  { return "declined" }

var (
	charge = scope.NewFlow(scope.Definition{Name: "charge"}, func(_ context.Context, p Payment) (string, error) {
		if p.Card != "4111" {
			return "", declined{}
		}
		return "receipt 1", nil
	})
	checkout = scope.NewFlow(scope.Definition{Name: "checkout"}, func(ctx context.Context, p Payment) (string, error) {
		return scope.Exec(ctx, charge, p)
	})
	refund = scope.NewFlow(scope.Definition{Name: "refund", Input: positive}, func(context.Context, Payment) (string, error) {
		return "refunded", nil
	})
)

// positive refuses payments of nothing.
var positive = scope.ValidatorFunc(func(_ context.Context, v any) error {
	if p := v.(Payment); p.Cents <= 0 {
		return &scope.ValidationError{Issues: []scope.Issue{{Path: "Cents", Reason: "must be positive"}}}
	}
	return nil
})

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	audit := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{audit}})
	if err != nil {
		return err
	}
	for _, do := range []struct {
		flow *scope.Flow[Payment, string]
		with Payment
	}{
		{checkout, Payment{"ann", 450, "4111"}},
		{checkout, Payment{"bob", 99, "0000"}},
		{refund, Payment{"ann", 0, "4111"}},
	} {
		result, err := scope.Run(ctx, s, do.flow, do.with)
		fmt.Fprintf(w, "%s of %s: %q %v\n", do.flow.Definition().Name, do.with.From, result, err)
	}
	v, err := audit.Call(ctx, "getTrail", nil)
	if err != nil {
		return err
	}
	trail := v.(map[string]any)
	for _, number := range slices.Sorted(maps.Keys(trail)) {
		r := trail[number].(map[string]any)
		fmt.Fprintf(w, "%s %-10s %-8s", number, r["type"], r["flow"])
		for _, key := range []string{"input", "result", "error"} {
			if v, ok := r[key]; ok {
				fmt.Fprintf(w, " %s %v", key, v)
			}
		}
		fmt.Fprintln(w)
	}
	return s.Dispose(ctx)
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
