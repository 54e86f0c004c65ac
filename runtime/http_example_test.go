package runtime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	aril "github.com/aril-wasm/aril/runtime"
)

// An extension fetches from the one host that it was granted, and from no
// other, whoever sends it there.
func ExampleHTTP() {
	ctx := context.Background()
	rates := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
			return
		}
		fmt.Fprint(w, "1.25")
	}))
	defer rates.Close()

	rt, err := aril.New(ctx, aril.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = rt.Close(ctx) }()
	capability, err := aril.HTTP(aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: rates.URL}}})
	if err != nil {
		panic(err)
	}
	module, err := os.ReadFile("../testdata/guests/fetch.wasm") // fetches what the input says
	if err != nil {
		panic(err)
	}
	guest, err := rt.Load(ctx, module, aril.ExtensionConfig{
		Name:   "rates",
		Grants: aril.Grants{Capabilities: []aril.Capability{capability}},
	})
	if err != nil {
		panic(err)
	}
	rate := aril.Wrap(aril.NewPipeline(guest), aril.Operation{Kind: "lookup", Name: "rate"},
		func(context.Context, map[string]any) (map[string]any, error) { return nil, nil })

	got, err := rate(ctx, map[string]any{"url": rates.URL + "/eur"})
	fmt.Printf("%v %s %v\n", got["status"], got["body"], err)
	_, err = rate(ctx, map[string]any{"url": rates.URL + "/moved"})
	fmt.Println(err)
	// Output:
	// 200 1.25 <nil>
	// http://169.254.169.254 is not granted
}
