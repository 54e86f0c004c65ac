// Prodtelemetry exports what happens in a scope over HTTP. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/prodtelemetry/prodtelemetry"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var (
	config = scope.Value("shop.db", scope.Name("config"))
	db     = scope.Derive(config.Reactive(), func(_ context.Context, _ *scope.Controller, file string) (string, error) {
		return "connection to " + file, nil
	}, scope.Name("db"))
	users = scope.Derive2(db, config, func(context.Context, *scope.Controller, string, string) ([]string, error) {
		return []string{"ann", "bob"}, nil
	}, scope.Name("users"))
	mail = scope.ProvidePool(scope.PoolConfig[int]{Name: "mail"}, func(_ context.Context, _ *scope.Controller, n int) (string, error) {
		return "", fmt.Errorf("mail server %d is down", n)
	})
)

// An order reserves each of its items, all at once. There are three in stock.
var (
	reserve = scope.NewFlow(scope.Definition{Name: "reserve"}, func(_ context.Context, item int) (int, error) {
		if item > 3 {
			return 0, errors.New("out of stock")
		}
		return item, nil
	})
	order = scope.NewFlow(scope.Definition{Name: "order"}, func(ctx context.Context, items int) (int, error) {
		var reserving []func(context.Context) (int, error)
		for i := range items {
			reserving = append(reserving, func(ctx context.Context) (int, error) { return scope.Exec(ctx, reserve, i+1) })
		}
		all, err := scope.ParallelSettled(ctx, reserving...)
		return all.Stats.Succeeded, errors.Join(err, errors.Join(all.Errs()...))
	})
)

// extensions are the telemetry and the collector, told where to post to and
// allowed to reach no other host. Neither may see a value or change anything.
func extensions(endpoint string) ([]show.Extension, error) {
	cfg := aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: endpoint}}}
	http, err := aril.HTTP(cfg)
	if err != nil {
		return nil, err
	}
	fetch, err := aril.HTTPFunction("prodtelemetry", cfg)
	if err != nil {
		return nil, err
	}
	common := show.Extension{
		Powers:    aril.ReadInput | aril.ReadErrorText,
		Grants:    []aril.Capability{aril.State, scope.Capability, http, process},
		Functions: map[string]func(context.Context, any) (any, error){"aril_http_v1.fetch": fetch, "acme_process_v1.memory": nativeProcess},
	}
	common.EventFuel = 200e6 // an export is an event, and tells of everything
	telemetry, collector := common, common
	telemetry.Name, telemetry.New = "prodtelemetry", func() any { return prodtelemetry.New() }
	telemetry.Config = map[string]any{"exportEndpoint": endpoint + "/telemetry", "exportInterval": 20}
	collector.Name, collector.New = "collector", func() any { return prodtelemetry.NewCollector() }
	collector.Package = "github.com/aril-wasm/aril/examples/prodtelemetry/collector"
	collector.Config = map[string]any{"metricsEndpoint": endpoint + "/events"}
	return []show.Extension{telemetry, collector}, nil
}

// brokenServers is more than the error log holds.
const brokenServers = 130

func scenario(endpoint *endpoint) show.Scenario {
	return func(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
		endpoint.forget()
		telemetry, collector := extensions[0], extensions[1]
		s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{telemetry, collector}})
		if err != nil {
			return err
		}
		for range 3 {
			if _, err := scope.Resolve(ctx, s, users); err != nil {
				return err
			}
		}
		if err := scope.Set(ctx, s, config, "test.db"); err != nil {
			return err
		}
		for n := range brokenServers {
			if _, err := scope.Resolve(ctx, s, mail.Of(n+1)); err == nil {
				return errors.New("a broken server has mailed")
			}
		}
		for items, want := range []string{"<nil>", "<nil>", "<nil>", "<nil>", "out of stock"} {
			if _, err := scope.Run(ctx, s, order, items); fmt.Sprint(err) != want {
				return fmt.Errorf("an order of %d ended with %v", items, err)
			}
		}
		if err := printTelemetry(ctx, w, telemetry); err != nil {
			return err
		}
		_, before := endpoint.last()
		exported, err := endpoint.wait(ctx, before+2) // the next one may have begun earlier
		if err != nil {
			return err
		}
		exported.print(w, "exported by a tick")

		_, before = endpoint.last()
		if err := s.Dispose(ctx); err != nil {
			return err
		}
		exported, after := endpoint.last()
		if after <= before {
			return errors.New("nothing was exported in the end")
		}
		exported.print(w, "exported in the end")
		for _, kind := range []string{"executor.event resolve", "executor.event update", "executor.error ", "flow.execution ", "flow.error "} {
			fmt.Fprintf(w, "collected: %d × %s\n", endpoint.counted(kind), kind)
		}
		return nil
	}
}

// printTelemetry asks the extension what it knows.
func printTelemetry(ctx context.Context, w io.Writer, telemetry scope.Caller) error {
	answer, err := telemetry.Call(ctx, "getTelemetry", nil)
	if err != nil {
		return err
	}
	all := answer.(map[string]any)
	system := all["systemMetrics"].(map[string]any)
	log := all["errorLog"].([]any)
	oldest, newest := log[0].(map[string]any), log[len(log)-1].(map[string]any)
	fmt.Fprintf(w, "operations %v, executors %d, flows %d, error rate %.0f%%\n", system["totalOperations"],
		len(all["executorMetrics"].(map[string]any)), len(all["flowMetrics"].(map[string]any)), 100*system["errorRate"].(float64))
	fmt.Fprintf(w, "error log: %d, from executor %v to flow %v: %v\n", len(log), oldest["executor"], newest["flow"], newest["message"])
	return nil
}

func (s *summary) print(w io.Writer, title string) {
	system, errs := s.Metrics.System, s.Metrics.RecentErrors
	fmt.Fprintf(w, "%s: %d operations, %d executors, %d values in the scope, %d errors, from %s to %s\n", title,
		system.TotalOperations, system.ActiveExecutors, system.CacheSize, len(errs), errs[0].Executor, errs[len(errs)-1].Flow)
	for _, e := range s.Metrics.Executors {
		if e.ErrorCount == 0 {
			fmt.Fprintf(w, "  %-7s resolved %d, updated %d, hit rate %.2f, needs %v\n", e.Name, e.ResolveCount, e.UpdateCount, e.CacheHitRate, e.Dependencies)
		}
	}
	for _, f := range s.Metrics.Flows {
		fmt.Fprintf(w, "  flow %-7s executed %d, failed %d, in parallel %d, at most at depth %d\n", f.Name, f.ExecutionCount, f.ErrorCount, f.ParallelExecutions, f.MaxDepth)
	}
}

func run(ctx context.Context, w io.Writer) error {
	endpoint := newEndpoint()
	defer endpoint.Close()
	list, err := extensions(endpoint.URL)
	if err != nil {
		return err
	}
	return show.Run(ctx, w, scenario(endpoint), list...)
}

func main() { show.Main(run) }
