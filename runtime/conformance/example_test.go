package conformance_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"testing/fstest"

	"github.com/aril-wasm/aril/runtime/conformance"
)

func ExampleRun() {
	ctx := context.Background()
	suite, err := conformance.Load(fstest.MapFS{"order.json": {Data: []byte(`{
		"cases": [{
			"name": "an order is counted",
			"steps": [{"input": {"lines": []}, "next": [{"value": {"count": 0}}], "expect": {"value": {"count": 1}}}]
		}]
	}`)}})
	if err != nil {
		log.Fatal(err)
	}
	wasm, err := os.ReadFile("../../testdata/guests/pass.wasm")
	if err != nil {
		log.Fatal(err)
	}
	module, err := conformance.Module(ctx, wasm, conformance.ModuleConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer module.Close(ctx)
	report, err := conformance.Run(ctx, module, suite, conformance.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(report)
	// Output:
	// order.json/an order is counted: failed
	//     step 1: the value at .count: expected 1, got 0
	// 0 passed, 1 failed
}
