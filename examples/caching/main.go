// Caching answers what was asked before. See README.md.
package main

import (
	"context"
	"fmt"
	"io"

	"github.com/aril-wasm/aril/examples/caching/caching"
	"github.com/aril-wasm/aril/examples/internal/show"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "caching",
	New:    func() any { return caching.New() },
	Config: map[string]any{"clearOn": []string{"prices"}},
	Powers: aril.ReadInput | aril.ReadResult | aril.Skip | aril.ChangeInput, // the last to write to the scope's store
	Grants: []aril.Capability{aril.State, scope.Capability},
}

var prices = scope.Value(map[string]int{"tea": 450, "pot": 1900}, scope.Name("prices"))

// A Quote is what the flow yields.
type Quote struct {
	SKU   string
	Cents int
}

// A shop makes quotes, which is slow, and counts how often it does.
type shop struct {
	scope *scope.Scope
	runs  int
}

func (s *shop) quote(ctx context.Context, sku string) (Quote, error) {
	s.runs++
	list, err := scope.Resolve(ctx, s.scope, prices)
	if err != nil {
		return Quote{}, err
	}
	cents, ok := list[sku]
	if !ok {
		return Quote{}, fmt.Errorf("no %s", sku)
	}
	return Quote{sku, cents}, nil
}

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	caching := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{caching}, SharedKeys: []string{"cache"}})
	if err != nil {
		return err
	}
	shop := &shop{scope: s}
	quote := scope.NewFlow(scope.Definition{Name: "quote"}, shop.quote)
	ask := func(sku, key string) {
		request, err := s.NewContext(ctx, scope.ContextConfig{Name: "request"})
		if err != nil {
			fmt.Fprintln(w, err)
			return
		}
		q, err := scope.ExecWith(request.Context(), scope.ExecConfig{Key: key}, quote, sku)
		fmt.Fprintf(w, "quote of %-4s key %-7q %v %v, ran %d times so far\n", sku, key, q, err, shop.runs)
		if err := request.Close(ctx, scope.Graceful); err != nil {
			fmt.Fprintln(w, err)
		}
	}
	ask("tea", "tea")
	ask("tea", "tea")   // from the cache
	ask("pot", "pot")   // another key
	ask("tea", "")      // no key: not cached
	ask("sofa", "sofa") // an error: not kept
	ask("sofa", "sofa")
	if err := scope.Set(ctx, s, prices, map[string]int{"tea": 500}); err != nil {
		return err
	}
	fmt.Fprintln(w, "prices changed; the scope's store says", s.Get("cache"))
	ask("tea", "tea")
	ask("tea", "tea")
	if err := s.Dispose(ctx); err != nil {
		return err
	}
	fmt.Fprintln(w, "disposed; the scope's store says", s.Get("cache"))
	return nil
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
