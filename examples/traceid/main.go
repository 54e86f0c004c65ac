// Traceid logs flows with the trace that they belong to. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/traceid/traceid"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "traceid",
	New:    func() any { return traceid.New() },
	Powers: aril.ReadInput | aril.Skip, // the last to refuse what it cannot trace
}

// traceID is what a request brings along.
var traceID = scope.NewTag(scope.TagConfig[string]{Label: "trace-id", Validate: func(id string) error {
	if len(id) != 4 {
		return errors.New("a trace id has four letters")
	}
	return nil
}})

var (
	mail  = scope.NewFlow(scope.Definition{Name: "mail"}, func(context.Context, string) (string, error) { return "sent", nil })
	order = scope.NewFlow(scope.Definition{Name: "order"}, func(ctx context.Context, item string) (string, error) {
		if _, err := scope.Step(ctx, func(context.Context) (int, error) { return 1, nil }); err != nil {
			return "", err
		}
		return scope.Exec(ctx, mail, item)
	})
)

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{extensions[0]}})
	if err != nil {
		return err
	}
	run := func(id string) {
		fmt.Fprintf(w, "order with trace id %q:\n", id)
		_, err := scope.RunWith(ctx, s, scope.RunConfig{Tags: []scope.Tagged{traceID.Of(id)}}, order, "tea")
		fmt.Fprintln(w, "ended with", err)
	}
	run("4f2a")
	run("too long")

	fmt.Fprintln(w, "a flow in a context that got its trace id later:")
	request, err := s.NewContext(ctx, scope.ContextConfig{Name: "request"})
	if err != nil {
		return err
	}
	for _, id := range []string{"", "91cc"} {
		if id != "" {
			if err := request.SetTag(traceID.Of(id)); err != nil {
				return err
			}
		}
		if _, err := scope.Exec(request.Context(), mail, "hello"); err != nil {
			return err
		}
	}
	return errors.Join(request.Close(ctx, scope.Graceful), s.Dispose(ctx))
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
