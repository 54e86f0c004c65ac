package difftest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// FuzzRewrite: what Parse and Validate accept, Rewrite makes into a module
// that both they and the engine accept.
func FuzzRewrite(f *testing.F) {
	for _, code := range corpus(f) {
		f.Add(code)
	}
	for seed := range uint64(20) {
		code, _ := randomModule(seed)
		f.Add(code)
	}
	for _, o := range others {
		m := wasmtest.New()
		o.build(m)
		f.Add(m.Bytes())
	}
	ctx := f.Context()
	caps := wasm.Caps{ModuleBytes: 64 << 10, Functions: 1000, Locals: 1000, ElementEntries: 1000}
	f.Fuzz(func(t *testing.T, code []byte) {
		m, err := wasm.Parse(code, caps)
		if err != nil || m.Validate() != nil {
			return
		}
		for _, unmetered := range []bool{false, true} {
			r, err := wasm.Rewrite(m, wasm.RewriteOptions{Unmetered: unmetered})
			if err != nil {
				return
			}
			require.NoError(t, load(t, r.Code).Validate())
			rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
			_, err = rt.CompileModule(ctx, r.Code)
			require.NoError(t, err)
			require.NoError(t, rt.Close(ctx))
			again, err := wasm.Rewrite(m, wasm.RewriteOptions{Unmetered: unmetered})
			require.NoError(t, err)
			require.Equal(t, r.Code, again.Code, "the same module gives the same code")
		}
	})
}
