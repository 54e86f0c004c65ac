package scope_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// BenchmarkRunGuest is a root execution of an empty flow in a scope with a
// guest that passes: around all five operations of it (create, execution, the
// handler's resolution, closing, closed), around the execution alone, around
// none; and told of its two events, around none.
func BenchmarkRunGuest(b *testing.B) {
	flow := scope.NewFlow(scope.Definition{Name: "empty"}, func(context.Context, int) (int, error) { return 0, nil })
	only := func(kind string) []aril.Filter { return []aril.Filter{{Kinds: []string{kind}}} }
	for _, c := range []struct {
		name, guest string
		filters     []aril.Filter
	}{
		{"all", "pass", nil}, {"execution", "pass", only(scope.KindExecution)}, {"none", "pass", only("another")},
		{"events", "subscriber", only("another")},
	} {
		b.Run("interested="+c.name, func(b *testing.B) {
			rt, err := aril.New(context.Background(), aril.Config{})
			require.NoError(b, err)
			defer func() { _ = rt.Close(context.Background()) }()
			module, err := os.ReadFile("../../testdata/guests/" + c.guest + ".wasm")
			require.NoError(b, err)
			g, err := rt.Load(context.Background(), module, aril.ExtensionConfig{Name: c.guest, Isolation: aril.Pooled,
				Filters: c.filters, Config: "none", Grants: aril.Grants{Capabilities: []aril.Capability{scope.Capability}}})
			require.NoError(b, err)
			s, err := scope.New(context.Background(), scope.Config{Extensions: []aril.Extension{g}})
			require.NoError(b, err)
			defer func() { _ = s.Dispose(context.Background()) }()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := scope.Run(context.Background(), s, flow, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
