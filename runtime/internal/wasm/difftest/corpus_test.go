package difftest

import (
	"context"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

var testdata = filepath.Join("..", "..", "..", "..", "testdata")

// corpus are the modules of testdata that are small enough for every engine.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	modules := map[string][]byte{}
	err := filepath.WalkDir(testdata, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".wasm" {
			return err
		}
		code, err := os.ReadFile(path)
		if len(code) <= 256<<10 {
			name, _ := filepath.Rel(testdata, path)
			modules[name] = code
		}
		return err
	})
	require.NoError(t, err)
	require.Greater(t, len(modules), len(kernels), "testdata is empty")
	return modules
}

// stubs gives a runtime every function that a module imports. They answer 0.
func stubs(t testing.TB, rt wazero.Runtime, m *wasm.Module) bool {
	t.Helper()
	builders := map[string]wazero.HostModuleBuilder{}
	seen := map[string]bool{}
	for _, imp := range m.Imports {
		if imp.Kind != wasm.ExternFunc || imp.Module == wasm.MeterModule || seen[imp.Module+"\x00"+imp.Name] {
			if imp.Kind != wasm.ExternFunc {
				return false
			}
			continue
		}
		seen[imp.Module+"\x00"+imp.Name] = true
		if builders[imp.Module] == nil {
			builders[imp.Module] = rt.NewHostModuleBuilder(imp.Module)
		}
		typ := m.Types[imp.Type]
		params, results := bytesOf(typ.Params), bytesOf(typ.Results)
		builders[imp.Module].NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, _ api.Module, s []uint64) {
			clear(s[:len(results)])
		}), params, results).Export(imp.Name)
	}
	for _, b := range builders {
		if _, err := b.Instantiate(t.Context()); err != nil {
			return false // a module that no host can link
		}
	}
	return true
}

// instantiable tells whether a module is small enough to instantiate without
// what admission refuses.
func instantiable(m *wasm.Module) bool {
	for _, table := range m.Tables {
		if table.Limit.Min > 65_536 {
			return false
		}
	}
	return len(m.Memories) == 0 || m.Memories[0].Min <= 1024
}

func uses(m *wasm.Module, op wasm.Opcode) bool {
	for _, body := range m.Bodies {
		var in wasm.Instruction
		for code := wasm.NewCode(body.Code); code.Next(&in) == nil; {
			if in.Op == op {
				return true
			}
		}
	}
	return false
}

// withoutCustom drops the custom sections: the engine reads some of them, and
// takes their word for how much there is.
func withoutCustom(code []byte) []byte {
	out := append([]byte(nil), code[:8]...)
	for rest := code[8:]; len(rest) > 0; {
		size, n := binary.Uvarint(rest[1:])
		section := rest[:1+n+int(size)]
		rest = rest[len(section):]
		if section[0] != 0 {
			out = append(out, section...)
		}
	}
	return out
}

func TestTheCorpusBehavesTheSame(t *testing.T) {
	ran := 0
	for name, code := range corpus(t) {
		m, err := wasm.Parse(code, wasm.Caps{})
		if err != nil || m.Validate() != nil {
			continue
		}
		r, err := wasm.Rewrite(m, wasm.RewriteOptions{})
		if err != nil || !instantiable(m) {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, load(t, r.Code).Validate())
			calls := exports(m, func(_ string, params []wasm.ValueType) []uint64 { return make([]uint64, len(params)) })
			compiled, ended := runCorpus(t, engines[0], r.Code, r, calls)
			interpreted, _ := runCorpus(t, engines[1], r.Code, r, calls)
			require.Equal(t, compiled, interpreted)
			if ended && !uses(m, wasm.OpTableGrow) { // tables are clamped, which a guest can see
				original, _ := runCorpus(t, engines[0], withoutCustom(code), nil, calls)
				for i := range compiled {
					compiled[i].fuel = 0
				}
				require.Equal(t, original, compiled)
			}
		})
	}
	require.Greater(t, ran, 20)
}

// runCorpus runs calls with little fuel and little stack. ended is false when
// one of them ran out of either: the original would not end.
func runCorpus(t *testing.T, e engine, code []byte, r *wasm.Rewritten, calls []call) (out []outcome, ended bool) {
	t.Helper()
	ctx := t.Context()
	// The allocator is Go's: keep a guest that asks for everything within bounds.
	rt := wazero.NewRuntimeWithConfig(ctx, e.config().WithMemoryLimitPages(1024))
	defer rt.Close(ctx)
	m := load(t, code)
	if !stubs(t, rt, m) {
		return nil, false
	}
	machine := &machine{budget: budget{left: 2_000_000, slice: 100_000, stack: 200_000}}
	if r != nil {
		machine.need = r.StackNeed
		i32 := []api.ValueType{api.ValueTypeI32}
		_, err := rt.NewHostModuleBuilder(wasm.MeterModule).NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(machine.refuel), i32, i32).Export(wasm.MeterRefuel).Instantiate(ctx)
		require.NoError(t, err)
	}
	mod, err := rt.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithStartFunctions().WithName(""))
	if err != nil {
		return []outcome{{trap: firstLine(err)}}, true
	}
	machine.mod = mod
	if r != nil {
		if r.ImageEnd > uint64(r.MemoryMin)<<16 {
			return []outcome{{trap: outOfBounds}}, true
		}
		for _, s := range r.Image {
			mod.Memory().Write(s.Offset, s.Bytes)
		}
		if r.Start != "" {
			calls = append([]call{{export: r.Start}}, calls...)
		}
	}
	names := globalNames(m)
	for _, c := range calls {
		if r != nil {
			machine.budget.left = 2_000_000
		}
		var o outcome
		o.results, err = machine.call(c.export, c.args...)
		if err != nil {
			o.trap = firstLine(err)
			if machine.budget.left == 0 || machine.budget.code == wasm.RefuelStack {
				return append(out, o), false
			}
		} else if r != nil {
			o.fuel = machine.fuel()
		}
		if len(o.results) == 0 {
			o.results = nil
		}
		if c.export == wasm.StartExport {
			if err != nil {
				return []outcome{{trap: o.trap}}, true // so does instantiation
			}
			continue
		}
		for _, name := range names {
			if !strings.HasPrefix(name, "aril.") {
				o.globals = append(o.globals, mod.ExportedGlobal(name).Get())
			}
		}
		out = append(out, o)
	}
	return out, true
}
