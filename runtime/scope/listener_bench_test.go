package scope_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// BenchmarkRunGuest is a root execution of an empty flow around which a guest
// stands. Each is five operations (create, execution, the handler's
// resolution, closing, closed) and, for a guest with a hook for events, two
// events.
func BenchmarkRunGuest(b *testing.B) {
	flow := scope.NewFlow(scope.Definition{Name: "empty"}, func(context.Context, int) (int, error) { return 0, nil })
	for name, cfg := range map[string]aril.ExtensionConfig{
		"all":       {},
		"execution": {Filters: []aril.Filter{{Kinds: []string{scope.KindExecution}}}},
		"none":      {Filters: []aril.Filter{{Kinds: []string{"another"}}}},
	} {
		b.Run("interested="+name, func(b *testing.B) {
			rt, err := aril.New(context.Background(), aril.Config{})
			require.NoError(b, err)
			defer func() { _ = rt.Close(context.Background()) }()
			module, err := os.ReadFile("../../testdata/guests/pass.wasm")
			require.NoError(b, err)
			cfg.Name, cfg.Isolation = "pass", aril.Pooled
			g, err := rt.Load(context.Background(), module, cfg)
			require.NoError(b, err)
			s, err := scope.New(context.Background(), scope.Config{Extensions: []aril.Extension{g}})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := scope.Run(context.Background(), s, flow, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
