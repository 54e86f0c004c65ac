package difftest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

var kernels = []string{"sha256", "sieve", "fib", "sort", "json"}

func kernel(t testing.TB, name string) []byte {
	t.Helper()
	code, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "testdata", "kernels", name+".wasm"))
	require.NoError(t, err)
	return code
}

func TestKernelsGiveTheSameResultsAndTheFuelThatTheReferenceCounts(t *testing.T) {
	for _, name := range kernels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code := kernel(t, name)
			calls := []call{{"run", []uint64{0}}, {"run", []uint64{1}}}
			got := comparison{}.run(t, code, calls)
			m := load(t, code)
			for i, c := range calls {
				r := newReference(m, 50_000_000)
				results, err := r.call(int(exportIndex(t, m, c.export)), c.args)
				require.NoError(t, err)
				require.Equal(t, results, got[i].results)
				require.Equal(t, r.fuel, got[i].fuel)
			}
		})
	}
}

func exportIndex(t testing.TB, m *wasm.Module, name string) uint32 {
	t.Helper()
	for _, e := range m.Exports {
		if e.Name == name && e.Kind == wasm.ExternFunc {
			return e.Index
		}
	}
	require.Fail(t, "no export "+name)
	return 0
}
