package guesttest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

func TestAPassThroughExtensionIsSmallAndImportsNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	code, err := buildWasm(t, "../guest/testdata/pass")
	require.NoError(t, err)
	require.Less(t, len(code), 2_050_000)
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	module, err := r.CompileModule(t.Context(), code)
	require.NoError(t, err)
	var imports []string
	for _, f := range module.ImportedFunctions() {
		if m, name, _ := f.Import(); !strings.HasPrefix(m, "wasi_") {
			imports = append(imports, m+"."+name)
		}
	}
	require.ElementsMatch(t, []string{"aril_v1.next", "aril_v1.read", "aril_v1.outcome", "aril_log_v1.write"}, imports)
	var exports []string
	for name := range module.ExportedFunctions() {
		exports = append(exports, name)
	}
	require.ElementsMatch(t, []string{"_initialize", "aril_abi_v1", "aril_init", "aril_wrap", "aril_event", "aril_call", "aril_dispose"}, exports)
}
