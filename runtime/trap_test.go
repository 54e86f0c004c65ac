package runtime

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTrapsKeepTheirNames holds the words by which the engine tells traps:
// its values are internal, so the text is all there is.
func TestTrapsKeepTheirNames(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	for file, want := range map[string]string{
		"unreachable":     "unreachable",
		"div_zero":        "integer divide by zero",
		"div_overflow":    "integer overflow",
		"trunc_nan":       "invalid conversion to integer",
		"trunc_large":     "integer overflow",
		"call_null":       "invalid table access",
		"call_past_table": "invalid table access",
		"call_wrong_type": "indirect call type mismatch",
		"load_past_end":   "out of bounds memory access",
	} {
		module, err := os.ReadFile(filepath.Join("..", "testdata", "hostile", file+".wasm"))
		require.NoError(t, err)
		g, err := rt.Load(t.Context(), module, ExtensionConfig{Name: "trap"})
		require.NoError(t, err, file)
		_, err = Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
		var broken *CallError
		require.ErrorAs(t, err, &broken, file)
		require.ErrorIs(t, err, ErrTrap, file)
		require.Equal(t, want, broken.Detail, file)
		require.NotEmpty(t, broken.Trace, file)
	}
}
