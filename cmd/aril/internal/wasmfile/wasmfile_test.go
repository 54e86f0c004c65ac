package wasmfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/wasmfile"
	aril "github.com/aril-wasm/aril/runtime"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../../testdata/guests", name))
	require.NoError(t, err)
	return b
}

func TestAnExportIsTakenOutAndTheRestStillLoads(t *testing.T) {
	t.Parallel()
	module := read(t, "init.wasm")
	before, err := wasmfile.Exports(module)
	require.NoError(t, err)
	require.Contains(t, before, "aril_init")
	without, err := wasmfile.WithoutExport(module, "aril_init")
	require.NoError(t, err)
	after, err := wasmfile.Exports(without)
	require.NoError(t, err)
	require.Len(t, after, len(before)-1)
	require.NotContains(t, after, "aril_init")
	_, err = aril.Inspect(without, aril.ExtensionConfig{Grants: aril.Grants{Capabilities: []aril.Capability{aril.State}}})
	require.NoError(t, err)
}

func TestNothingIsChangedWhereTheNameIsNotExported(t *testing.T) {
	t.Parallel()
	module := read(t, "pass.wasm")
	same, err := wasmfile.WithoutExport(module, "no_such_name")
	require.NoError(t, err)
	require.Equal(t, module, same)
}

func TestImportsAreToldWithWhetherAnEmbedderMayOfferThem(t *testing.T) {
	t.Parallel()
	got, err := wasmfile.Imports(read(t, "capability.wasm"))
	require.NoError(t, err)
	require.Equal(t, []wasmfile.Import{
		{Module: "aril_v1", Name: "read"}, {Module: "aril_v1", Name: "outcome"},
		{Module: "acme_stock_v1", Name: "reserve", Message: true},
	}, got)
}

func TestWhatIsNoModuleIsRefusedAtEveryLength(t *testing.T) {
	t.Parallel()
	module := read(t, "retry.wasm")
	whole, err := wasmfile.Sections(module)
	require.NoError(t, err)
	at := 8
	ends := map[int]bool{at: true}
	for _, s := range whole {
		at += s.Size
		ends[at] = true
	}
	for n := range len(module) {
		_, err := wasmfile.Sections(module[:n])
		require.Equal(t, ends[n], err == nil, "cut at %d", n)
	}
}

func FuzzNothingPanics(f *testing.F) {
	for _, name := range []string{"retry.wasm", "capability.wasm"} {
		b, err := os.ReadFile(filepath.Join("../../../../testdata/guests", name))
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = wasmfile.Sections(b)
		_, _ = wasmfile.Imports(b)
		_, _ = wasmfile.WithoutExport(b, "aril_init")
	})
}
