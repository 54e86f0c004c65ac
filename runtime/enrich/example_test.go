package enrich_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing/fstest"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// Any Go value is enriched by what its definitions say. The mapping is a
// script beside its definition.
func ExampleEnricher_Enrich() {
	ctx := context.Background()
	e, err := enrich.New(ctx, enrich.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = e.Close(ctx) }()
	_, err = e.LoadFS(ctx, "definitions", fstest.MapFS{
		"risk.json": {Data: []byte(`{"key": "extension-risk", "version": "1.0.0", "domain": "shop", "flow": "sys-extensions",
			"flowVersion": "1.0.0", "tags": ["risk"], "attributes": {"type": 1, "scope": 3, "task": {"order": 1,
			"task": {"key": "nothing", "domain": "shop", "version": "1", "flow": "sys-tasks"}, "mapping": {"location": "./risk.js"}}}}`)},
		"nothing.json": {Data: []byte(`{"key": "nothing", "version": "1.0.0", "domain": "shop", "flow": "sys-tasks",
			"flowVersion": "1.0.0", "attributes": {"type": "7"}}`)},
		"risk.js": {Data: []byte(`export default { outputHandler: (c) => ({ data: { high: c.instance.data.total > 100 } }) };`)},
	})
	if err != nil {
		panic(err)
	}
	order := struct {
		Total int `json:"total"`
	}{250}
	got, err := e.Enrich(ctx, enrich.Request{Domain: "shop"}, order)
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal(map[string]any{"data": order, "extensions": got.Extensions})
	fmt.Println(string(text), err)
	// Output: {"data":{"total":250},"extensions":{"risk":{"high":true}}} <nil>
}
