package main

import (
	"context"
	"fmt"
	"log"
	"os"

	aril "github.com/aril-wasm/aril/runtime"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func greet(_ context.Context, name string) (string, error) { return "Hello, " + name, nil }

func main() {
	ctx := context.Background()
	wasm := must(os.ReadFile("polite.wasm"))
	rt := must(aril.New(ctx, aril.Config{}))
	defer rt.Close(ctx)
	polite := must(rt.Load(ctx, wasm, aril.ExtensionConfig{Name: "polite"}))
	greet := aril.Wrap(aril.NewPipeline(polite), aril.Operation{Kind: "demo", Name: "greet"}, greet)
	fmt.Println(greet(ctx, "Ann"))
	fmt.Println(greet(ctx, ""))
}
