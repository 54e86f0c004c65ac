package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// stopwatch is a native extension: a Go value with the hook Wrap.
type stopwatch struct{ runs int }

func (*stopwatch) Name() string { return "stopwatch" }

func (s *stopwatch) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
	s.runs++
	v, err := next(ctx)
	fmt.Printf("%s #%d of %v: %v\n", op.Name, s.runs, op.Input(), err)
	return v, err
}

// A pipeline goes around a function; what comes out is a function of the same
// type.
func ExampleWrap() {
	p := aril.NewPipeline(&stopwatch{})
	half := aril.Wrap(p, aril.Operation{Kind: "math", Name: "half"},
		func(_ context.Context, n int) (int, error) {
			if n%2 != 0 {
				return 0, errors.New("odd")
			}
			return n / 2, nil
		})
	fmt.Println(half(context.Background(), 42))
	_, _ = half(context.Background(), 7)
	// Output:
	// half #1 of 42: <nil>
	// 21 <nil>
	// half #2 of 7: odd
}

// A module that runs for ever ends with a typed error; the program goes on.
func ExampleRuntime_Load() {
	ctx := context.Background()
	rt, err := aril.New(ctx, aril.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = rt.Close(ctx) }()
	module, err := os.ReadFile("../testdata/guests/spin.wasm")
	if err != nil {
		panic(err)
	}
	spin, err := rt.Load(ctx, module, aril.ExtensionConfig{
		Name:   "spin",
		Limits: aril.Limits{Fuel: 1_000_000, SelfTime: time.Minute},
	})
	if err != nil {
		panic(err)
	}
	greet := aril.Wrap(aril.NewPipeline(spin), aril.Operation{Kind: "demo", Name: "greet"},
		func(_ context.Context, name string) (string, error) { return "Hello, " + name, nil })
	_, err = greet(ctx, "Ann")
	var broken *aril.CallError
	fmt.Println(errors.Is(err, aril.ErrFuel), errors.As(err, &broken) && broken.Inner.Calls == 0)
	fmt.Println(err)
	// Output:
	// true true
	// extension "spin": wrap: fuel exhausted (1,000,000 of 1,000,000)
}

// A capability of one's own takes three lines.
func ExampleFunc() {
	stock := aril.Capability{Module: "acme_stock_v1", Functions: []aril.Function{
		aril.Func("count", func(_ context.Context, _ *aril.Call, sku string) (int, error) { return len(sku), nil }),
	}}
	cfg := aril.ExtensionConfig{Name: "shop", Grants: aril.Grants{Capabilities: []aril.Capability{stock, aril.State}}}
	fmt.Println(cfg.Grants.Capabilities[0].Module)
	// Output: acme_stock_v1
}
