package scope_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aril-wasm/aril/runtime/scope"
)

type order struct{ Item string }

// A flow runs in an execution context; what it executes in turn has contexts
// below that one.
func ExampleRun() {
	ctx := context.Background()
	reserve := scope.NewFlow(scope.Definition{Name: "reserve"}, func(ctx context.Context, item string) (string, error) {
		c := scope.Current(ctx)
		fmt.Println(c.FlowName(), "in", c.ParentFlowName(), "at depth", c.Depth(), "for", c.Get("customer"))
		return "reserved " + item, nil
	})
	place := scope.NewFlow(scope.Definition{Name: "place"}, func(ctx context.Context, o order) (string, error) {
		scope.Current(ctx).Set("customer", "Ann")
		return scope.Exec(ctx, reserve, o.Item)
	})
	s, _ := scope.New(ctx, scope.Config{})
	fmt.Println(scope.Run(ctx, s, place, order{"a lamp"}))
	// Output:
	// reserve in place at depth 1 for Ann
	// reserved a lamp <nil>
}

// A context of its own holds flows and steps that belong together, such as
// those of one request.
func ExampleScope_NewContext() {
	ctx := context.Background()
	s, _ := scope.New(ctx, scope.Config{})
	user := scope.NewTag(scope.TagConfig[string]{Label: "user"})
	greet := scope.NewFlow(scope.Definition{Name: "greet"}, func(ctx context.Context, greeting string) (string, error) {
		name, err := user.Get(scope.Current(ctx))
		return greeting + ", " + name, err
	})
	request, _ := s.NewContext(ctx, scope.ContextConfig{Name: "request", Tags: []scope.Tagged{user.Of("Ann")}})
	fmt.Println(scope.Exec(request.Context(), greet, "Hello"))
	fmt.Println(request.Close(ctx, scope.Graceful), request.State())
	_, err := scope.Exec(request.Context(), greet, "Hello")
	var closed *scope.ContextClosedError
	fmt.Println(errors.As(err, &closed))
	// Output:
	// Hello, Ann <nil>
	// <nil> closed
	// true
}

// Parallel items run at once; the results are in their order.
func ExampleParallel() {
	ctx := context.Background()
	s, _ := scope.New(ctx, scope.Config{})
	square := scope.NewFlow(scope.Definition{Name: "square"}, func(_ context.Context, n int) (int, error) { return n * n, nil })
	squares := scope.NewFlow(scope.Definition{Name: "squares"}, func(ctx context.Context, numbers []int) ([]int, error) {
		var items []func(context.Context) (int, error)
		for _, n := range numbers {
			items = append(items, func(ctx context.Context) (int, error) { return scope.Exec(ctx, square, n) })
		}
		all, err := scope.Parallel(ctx, items...)
		return all.Values(), err
	})
	fmt.Println(scope.Run(ctx, s, squares, []int{1, 2, 3}))
	// Output: [1 4 9] <nil>
}

// A step with a key runs once in its context; the journal has its outcome.
func ExampleStepWith_journal() {
	ctx := context.Background()
	s, _ := scope.New(ctx, scope.Config{})
	pay := scope.NewFlow(scope.Definition{Name: "pay"}, func(ctx context.Context, amount int) (string, error) {
		charge := func() (string, error) {
			return scope.StepWith(ctx, scope.ExecConfig{Key: "charge"}, func(context.Context) (string, error) {
				fmt.Println("charging", amount)
				return "receipt 1", nil
			})
		}
		if _, err := charge(); err != nil {
			return "", err
		}
		return charge() // replayed
	})
	fmt.Println(scope.Run(ctx, s, pay, 30))
	// Output:
	// charging 30
	// receipt 1 <nil>
}
