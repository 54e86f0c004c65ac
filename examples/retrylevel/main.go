// Retrylevel tries again where it is told to. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/retrylevel/retrylevel"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// levels are the same extension with one configuration each.
var levels = []struct {
	name   string
	config map[string]any
}{
	{"everywhere", nil},
	{"at-depth-0", map[string]any{"depth": 0}},
	{"at-depth-1", map[string]any{"depth": 1}},
	{"at-pay", map[string]any{"names": []string{"pay"}}},
	{"at-keys", map[string]any{"byKey": true}},
}

func extensions() (list []show.Extension) {
	for _, l := range levels {
		list = append(list, show.Extension{
			Name:    l.name,
			New:     func() any { return retrylevel.New() },
			Package: "github.com/aril-wasm/aril/examples/retrylevel/ext",
			Config:  l.config,
			Powers:  aril.ReadInput | aril.Repeat,
		})
	}
	return list
}

// orders counts how often an order ran, and in it the flow pay, which fails.
type orders struct{ order, pay int }

func (n *orders) flow() *scope.Flow[string, string] {
	pay := scope.NewFlow(scope.Definition{Name: "pay"}, func(context.Context, int) (string, error) {
		n.pay++
		return "", errors.New("the bank is closed")
	})
	return scope.NewFlow(scope.Definition{Name: "order"}, func(ctx context.Context, key string) (string, error) {
		n.order++
		return scope.ExecWith(ctx, scope.ExecConfig{Key: key}, pay, 450)
	})
}

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	for _, key := range []string{"", "charge"} {
		fmt.Fprintf(w, "pay with the key %q\n", key)
		for _, retry := range extensions {
			s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{retry}})
			if err != nil {
				return err
			}
			var n orders
			_, err = scope.Run(ctx, s, n.flow(), key)
			fmt.Fprintf(w, "  %-10s order ran %d times, pay %d: %v\n", retry.Name(), n.order, n.pay, err)
			if err := s.Dispose(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extensions()...) }

func main() { show.Main(run) }
