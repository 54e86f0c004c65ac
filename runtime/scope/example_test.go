package scope_test

import (
	"context"
	"errors"
	"fmt"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// A factory runs once; what it made is cleaned up with the scope.
func Example() {
	ctx := context.Background()
	config := scope.Value("postgres://shop", scope.Name("config"))
	db := scope.Derive(config, func(_ context.Context, c *scope.Controller, url string) (string, error) {
		fmt.Println("connect to", url)
		c.Cleanup(func(context.Context) error { fmt.Println("disconnect"); return nil })
		return "connection", nil
	}, scope.Name("db"))

	s, err := scope.New(ctx, scope.Config{})
	if err != nil {
		panic(err)
	}
	first, _ := scope.Resolve(ctx, s, db)
	second, _ := scope.Resolve(ctx, s, db)
	fmt.Println(first, second)
	fmt.Println(s.Dispose(ctx))
	// Output:
	// connect to postgres://shop
	// connection connection
	// disconnect
	// <nil>
}

// A reactive dependent follows what it depends on.
func ExampleUpdate() {
	ctx := context.Background()
	count := scope.Value(1, scope.Name("count"))
	label := scope.Derive(count.Reactive(), func(_ context.Context, _ *scope.Controller, n int) (string, error) {
		return fmt.Sprintf("%d items", n), nil
	})
	s, _ := scope.New(ctx, scope.Config{})
	fmt.Println(scope.Resolve(ctx, s, label))
	_ = scope.Update(ctx, s, count, func(n int) (int, error) { return n + 2, nil })
	fmt.Println(scope.Resolve(ctx, s, label))
	// Output:
	// 1 items <nil>
	// 3 items <nil>
}

// A test puts something else in an executor's place.
func ExampleExecutor_Preset() {
	ctx := context.Background()
	clock := scope.Provide(func(context.Context, *scope.Controller) (string, error) { return "the real time", nil })
	report := scope.Derive(clock, func(_ context.Context, _ *scope.Controller, now string) (string, error) { return "at " + now, nil })
	s, _ := scope.New(ctx, scope.Config{Presets: []scope.Preset{clock.Preset("noon")}})
	fmt.Println(scope.Resolve(ctx, s, report))
	// Output: at noon <nil>
}

// retry is an extension that gives a factory three chances.
type retry struct{}

func (retry) Name() string { return "retry" }

func (retry) WrapResolve(ctx context.Context, op *scope.ResolveOperation, next aril.Next) (v any, err error) {
	for range 3 {
		if v, err = next(ctx); err == nil || op.Operation != scope.OpResolve {
			break
		}
		fmt.Println(err)
	}
	return v, err
}

// An extension that calls next again has a failed factory run again.
func ExampleResolveWrapper() {
	ctx := context.Background()
	tries := 0
	flaky := scope.Provide(func(context.Context, *scope.Controller) (string, error) {
		if tries++; tries < 3 {
			return "", errors.New("not yet")
		}
		return "there", nil
	}, scope.Name("flaky"))
	s, _ := scope.New(ctx, scope.Config{Extensions: []aril.Extension{retry{}}})
	fmt.Println(scope.Resolve(ctx, s, flaky))
	// Output:
	// factory of executor "flaky": not yet
	// factory of executor "flaky": not yet
	// there <nil>
}

// recorder is an extension that listens to changes. It subscribes in Init.
type recorder struct{}

func (recorder) Name() string { return "recorder" }

func (recorder) Init(_ context.Context, s *scope.Scope) error {
	s.OnChange(func(_ context.Context, c scope.Change) (*scope.Preset, error) {
		fmt.Println(c.Event, c.Executor.Name(), c.Value)
		return nil, nil
	})
	return nil
}

// What subscribes in Init hears everything that the scope does.
func ExampleIniter() {
	ctx := context.Background()
	s, _ := scope.New(ctx, scope.Config{Extensions: []aril.Extension{recorder{}}})
	theme := scope.Value("light", scope.Name("theme"))
	_, _ = scope.Resolve(ctx, s, theme)
	_ = scope.Set(ctx, s, theme, "dark")
	// Output:
	// resolve theme light
	// update theme dark
}

// A pool has an executor for each key.
func ExampleProvidePool() {
	ctx := context.Background()
	connections := scope.ProvidePool(scope.PoolConfig[string]{Name: "connection"},
		func(_ context.Context, _ *scope.Controller, tenant string) (string, error) {
			fmt.Println("connect for", tenant)
			return "connection of " + tenant, nil
		})
	s, _ := scope.New(ctx, scope.Config{})
	for _, tenant := range []string{"acme", "acme", "umbrella"} {
		fmt.Println(scope.Resolve(ctx, s, connections.Of(tenant)))
	}
	// Output:
	// connect for acme
	// connection of acme <nil>
	// connection of acme <nil>
	// connect for umbrella
	// connection of umbrella <nil>
}
