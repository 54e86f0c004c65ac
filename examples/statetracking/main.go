// Statetracking follows a state, its controller and its display. See README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/statetracking/statetracking"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "statetracking",
	New:    func() any { return statetracking.New() },
	Powers: aril.ReadInput | aril.ReadResult,
	Grants: []aril.Capability{aril.State, scope.Capability},
}

// A counter is what the controller offers. It is the only one that changes the
// state.
type counter struct {
	Increment, Reset func(context.Context) error
}

var (
	state = scope.Value(0, scope.Name("counter-state"))

	// Static gives the controller the state's accessor, so that it is not
	// made anew when the state changes.
	controller = scope.Derive(state.Static(), func(_ context.Context, _ *scope.Controller, state *scope.Accessor[int]) (counter, error) {
		return counter{
			Increment: func(ctx context.Context) error {
				return state.Update(ctx, func(n int) (int, error) { return n + 1, nil })
			},
			Reset: func(ctx context.Context) error { return state.Set(ctx, 0) },
		}, nil
	}, scope.Name("counter-controller"))

	// Reactive makes the display anew whenever the state changes.
	display = scope.Derive(state.Reactive(), func(_ context.Context, _ *scope.Controller, n int) (string, error) {
		return strings.Repeat("|", n), nil
	}, scope.Name("counter-display"))
)

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	tracking := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{tracking}})
	if err != nil {
		return err
	}
	if _, err := scope.Resolve(ctx, s, display); err != nil {
		return err
	}
	count, err := scope.Resolve(ctx, s, controller)
	if err != nil {
		return err
	}
	for _, action := range []func(context.Context) error{count.Increment, count.Increment, count.Reset, count.Increment} {
		if err := action(ctx); err != nil {
			return err
		}
	}
	shown, err := scope.Resolve(ctx, s, display)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "the display shows %q\n", shown)
	changes, err := tracking.Call(ctx, "getChanges", nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "changes:", changes)
	return s.Dispose(ctx)
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
