// Performance measures the flows of an execution. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/aril-wasm/aril/examples/internal/show"
	"github.com/aril-wasm/aril/examples/performance/performance"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

var extension = show.Extension{
	Name:   "performance",
	New:    func() any { return performance.New() },
	Powers: aril.ReadInput, // to see what runs; not what comes of it
	Grants: []aril.Capability{aril.State},
}

var (
	fetch = scope.NewFlow(scope.Definition{Name: "fetch"}, func(_ context.Context, page int) (string, error) {
		if page == 13 {
			return "", errors.New("not found")
		}
		return fmt.Sprint("page ", page), nil
	})
	index = scope.NewFlow(scope.Definition{Name: "index"}, func(ctx context.Context, page int) (string, error) {
		return scope.Exec(ctx, fetch, page)
	})
	crawl = scope.NewFlow(scope.Definition{Name: "crawl"}, func(ctx context.Context, pages int) (int, error) {
		if _, err := scope.Exec(ctx, index, 0); err != nil {
			return 0, err
		}
		var items []func(context.Context) (string, error)
		for page := range pages {
			items = append(items, func(ctx context.Context) (string, error) { return scope.Exec(ctx, index, page+1) })
		}
		all, err := scope.ParallelSettled(ctx, items...)
		return all.Stats.Succeeded, err
	})
)

func scenario(ctx context.Context, w io.Writer, extensions ...show.Loaded) error {
	performance := extensions[0]
	s, err := scope.New(ctx, scope.Config{Extensions: []aril.Extension{performance}})
	if err != nil {
		return err
	}
	for _, pages := range []int{20, 2} {
		n, err := scope.Run(ctx, s, crawl, pages)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "crawled %d of %d pages\n", n, pages)
		if err := report(ctx, w, performance); err != nil {
			return err
		}
	}
	return s.Dispose(ctx)
}

// report prints what the extension measured, but for the times.
func report(ctx context.Context, w io.Writer, performance scope.Caller) error {
	v, err := performance.Call(ctx, "getPerformance", nil)
	if err != nil {
		return err
	}
	flows := v.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(flows)) {
		m := flows[name].(map[string]any)
		fmt.Fprintf(w, "  %-5s depth %v: %v calls, %v in parallel, %v failed\n", name, m["depth"], m["calls"], m["parallel"], m["failed"])
	}
	took := func(flow string) int64 { return flows[flow].(map[string]any)["microseconds"].(int64) }
	fmt.Fprintln(w, "  index took at least as long as the fetch in it:", took("index") >= took("fetch"))
	return nil
}

func run(ctx context.Context, w io.Writer) error { return show.Run(ctx, w, scenario, extension) }

func main() { show.Main(run) }
