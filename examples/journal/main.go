// Journal runs the steps of an order once each, whatever happens in between.
// See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/journal/journal"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

func extension(name string, tries int) show.Extension {
	return show.Extension{
		Name:    name,
		New:     func() any { return journal.New() },
		Package: "github.com/aril-wasm/aril/examples/journal/ext",
		Config:  map[string]any{"tries": tries},
		Powers:  aril.ReadInput | aril.Repeat | aril.Skip, // the last to end a step with an error of its own
		Grants:  []aril.Capability{aril.State},
	}
}

// An order is placed in three steps, each with a key.
type order struct {
	ran    map[string]int
	closed int // how often shipping fails
}

func (o *order) place(ctx context.Context) (string, error) {
	for _, key := range []string{"reserve", "charge", "ship"} {
		_, err := scope.StepWith(ctx, scope.ExecConfig{Key: key}, func(context.Context) (int, error) {
			o.ran[key]++
			if key == "ship" && o.ran[key] <= o.closed {
				return 0, errors.New("the warehouse is closed")
			}
			return o.ran[key], nil
		})
		if err != nil {
			return "", err
		}
	}
	return "placed", nil
}

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	for _, e := range extensions {
		fmt.Fprintf(w, "with the extension %s:\n", e.Name())
		if err := placeThrice(ctx, w, e); err != nil {
			return err
		}
	}
	return nil
}

// placeThrice places one order three times in one context: as it is, once
// more, and after the failure has been taken out of the journal.
func placeThrice(ctx context.Context, w io.Writer, e show.Loaded) error {
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{e}})
	if err != nil {
		return err
	}
	request, err := s.NewContext(ctx, scope.ContextConfig{Name: "request"})
	if err != nil {
		return err
	}
	o := &order{ran: map[string]int{}, closed: 1}
	for _, when := range []string{"at first", "again", "after a reset"} {
		if when == "after a reset" {
			request.ResetJournal("ship")
		}
		result, err := o.place(request.Context())
		fmt.Fprintf(w, "  %-13s %q %v; ran %v\n", when, result, err, o.ran)
	}
	asked, err := e.Call(ctx, "getAsked", nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "  asked for:", asked)
	keys := request.Journal()
	slices.Sort(keys)
	fmt.Fprintln(w, "  journal:", keys)
	return errors.Join(request.Close(ctx, scope.Graceful), s.Dispose(ctx))
}

func run(ctx context.Context, w io.Writer) error {
	return show.Run(ctx, w, scenario, extension("once", 1), extension("twice", 2))
}

func main() { show.Main(run) }
