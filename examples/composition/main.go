// Composition puts three extensions into one scope. See README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aril-wasm/aril/examples/composition/recorder"
	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/retry/retry"
	"github.com/aril-wasm/aril/examples/telemetry/telemetry"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extensions = []show.Extension{
	{
		Name:   "telemetry",
		New:    func() any { return telemetry.New() },
		Powers: aril.ReadInput,
		Grants: []aril.Capability{aril.State, scope.Capability},
	},
	{
		Name:    "recorder",
		New:     func() any { return recorder.New() },
		Package: "github.com/aril-wasm/aril/examples/composition/ext",
		Powers:  aril.ReadInput | aril.ReadResult,
		Grants:  []aril.Capability{aril.State, scope.Capability},
	},
	{
		Name:   "retry",
		New:    func() any { return retry.New() },
		Config: map[string]any{"maxRetries": 5, "backoffMs": 1},
		Powers: aril.ReadInput | aril.ReadErrorText | aril.Repeat,
		Grants: []aril.Capability{aril.State},
	},
}

type networkError struct{}

func (networkError) Error() string { return "connection reset" }
func (networkError) Code() string  { return "NETWORK_ERROR" }

// flaky makes an executor whose factory fails once.
func flaky(name string) *scope.Executor[string] {
	failed := false
	return scope.Provide(func(context.Context, *scope.Controller) (string, error) {
		if !failed {
			failed = true
			return "", networkError{}
		}
		return "connected", nil
	}, scope.Name(name))
}

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	telemetry, recorder, retry := extensions[0], extensions[1], extensions[2]
	for _, order := range []struct {
		title, executor string
		extensions      []aril.Extension
	}{
		{"telemetry, recorder, retry: retry, added last, is outermost; the others see each try", "api", []aril.Extension{telemetry, recorder, retry}},
		{"retry, recorder, telemetry: retry is innermost; the others see what came of it", "db", []aril.Extension{retry, recorder, telemetry}},
	} {
		fmt.Fprintln(w, order.title)
		s, err := scope.New(ctx, scope.Config{Extensions: order.extensions})
		if err != nil {
			return err
		}
		if _, err := scope.Resolve(ctx, s, flaky(order.executor)); err != nil {
			return err
		}
		if err := report(ctx, w, s, order.executor, telemetry, recorder); err != nil {
			return err
		}
		if err := s.Dispose(ctx); err != nil {
			return err
		}
	}
	return nil
}

func report(ctx context.Context, w io.Writer, s *scope.Scope, name string, telemetry, recorder scope.Caller) error {
	events, err := recorder.Call(ctx, "takeEvents", nil)
	if err != nil {
		return err
	}
	for _, event := range events.([]any) {
		fmt.Fprintln(w, "  recorder:", event)
	}
	state, err := recorder.Call(ctx, "getState", s.ID())
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "  recorder: the scope has", strings.Trim(fmt.Sprint(state), "[]"))
	m, err := telemetry.Call(ctx, "getExecutorMetrics", name)
	if err != nil {
		return err
	}
	metrics := m.(map[string]any)
	fmt.Fprintf(w, "  telemetry: %s resolved %v, failed %v\n", name, metrics["resolveCount"], metrics["errorCount"])
	return nil
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extensions...) }

func main() { show.Main(run) }
