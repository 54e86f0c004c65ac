package runtime

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// TestHostFunctionsMatchTheABI holds what guests can reach to package abi,
// whose own tests hold it to abi.wat and abi/ABI.md.
func TestHostFunctionsMatchTheABI(t *testing.T) {
	t.Parallel()
	type function struct{ module, name string }
	have := map[function]bool{}
	specs := map[function]abi.Import{}
	for _, spec := range slices.Concat(abi.Imports(), abi.WASI()) {
		specs[function{spec.Module, spec.Name}] = spec
	}
	for _, m := range hostModules() {
		if m.Name == boundModule {
			require.Len(t, m.Funcs, boundMax)
			continue
		}
		for _, f := range m.Funcs {
			at := function{m.Name, f.Name}
			spec, ok := specs[at]
			require.True(t, ok, "%v is not in the ABI", at)
			require.False(t, have[at], "%v is there twice", at)
			have[at] = true
			params, results := wasmTypes(spec)
			require.Equal(t, wasm.FuncType{Params: params, Results: results}.String(), wasm.FuncType{Params: f.Params, Results: f.Results}.String(), "%v", at)
			require.Equal(t, spec.Phases, f.Phases, "%v", at)
			require.Equal(t, spec.AfterCancel, f.Essential, "%v", at)
			require.NotNil(t, f.Call, "%v", at)
		}
	}
	require.Len(t, have, len(specs), "every function of the ABI is there")
}

func TestGrantsNameWhatIsWrongWithACapability(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	for want, c := range map[string]Capability{
		"without a module name": {},
		"reserved":              {Module: "aril_more_v1"},
		"not made by Func":      {Module: "acme_v1", Functions: []Function{{}}},
	} {
		_, err := rt.Load(t.Context(), guestFile(t, "pass"), ExtensionConfig{Name: "g", Grants: Grants{Capabilities: []Capability{c}}})
		require.ErrorContains(t, err, want)
	}
}

func TestEveryMistakeInAConfigIsInOneError(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	_, err := rt.Load(t.Context(), nil, ExtensionConfig{Name: "NOT OK", Isolation: 9, OnFailure: KeepInner, Limits: Limits{Fuel: -2, LogBytes: -7}})
	for _, want := range []string{"NOT OK", "isolation", "OnFailure", "Fuel", "LogBytes"} {
		require.ErrorContains(t, err, want)
	}
	_, err = New(t.Context(), Config{MemoryBytes: -5, Chain: ChainLimits{Repeats: -2}})
	require.ErrorContains(t, err, "MemoryBytes")
	require.ErrorContains(t, err, "Repeats")
}

func TestWithoutDefaultGrantsAModuleMayImportArilAlone(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	load(t, rt, "pass", ExtensionConfig{Grants: Grants{None: true}})
	probe, err := os.ReadFile("../testdata/hostile/probe.wasm") // imports everything
	require.NoError(t, err)
	g, err := rt.Load(t.Context(), probe, ExtensionConfig{Name: "probe", Grants: Grants{None: true}})
	require.Nil(t, g)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "wasi_snapshot_preview1")
}
