package difftest

import (
	"fmt"
	"hash/maphash"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// A call is one activation of an export.
type call struct {
	export string
	args   []uint64
}

// An outcome is what can be seen of a call.
type outcome struct {
	results []uint64
	trap    string
	memory  string
	globals []uint64
	fuel    int64
}

// A variant is one way to run a module.
type variant struct {
	name    string
	engine  engine
	rewrite bool
	opt     wasm.RewriteOptions
}

var variants = []variant{
	{"original, compiler", engines[0], false, wasm.RewriteOptions{}},
	{"original, interpreter", engines[1], false, wasm.RewriteOptions{}},
	{"rewritten, compiler", engines[0], true, wasm.RewriteOptions{}},
	{"rewritten, interpreter", engines[1], true, wasm.RewriteOptions{}},
	{"tracked, compiler", engines[0], true, wasm.RewriteOptions{Track: true}},
	{"tracked, interpreter", engines[1], true, wasm.RewriteOptions{Track: true}},
	{"unmetered, compiler", engines[0], true, wasm.RewriteOptions{Unmetered: true}},
}

var memorySeed = maphash.MakeSeed()

// A comparison runs one module in every variant.
type comparison struct {
	stack int64 // balance of native stack; 0 means 1 MiB
}

// run fails the test unless every variant shows the same outcomes, and gives
// them.
func (c comparison) run(t *testing.T, code []byte, calls []call) (want []outcome) {
	t.Helper()
	var instantiation string
	for i, v := range variants {
		got, failed := c.outcomes(t, v, code, calls)
		if i == 0 {
			want, instantiation = got, failed
			continue
		}
		require.Equal(t, instantiation, failed, v.name)
		for j := range got {
			where := fmt.Sprintf("%s: %s%v", v.name, calls[j].export, calls[j].args)
			require.Equal(t, want[j].trap, got[j].trap, where)
			require.Equal(t, want[j].results, got[j].results, where)
			require.Equal(t, want[j].memory, got[j].memory, where)
			require.Equal(t, want[j].globals, got[j].globals, where)
			if !v.rewrite || v.opt.Unmetered {
				continue
			}
			if v.engine.name == engines[0].name {
				want[j].fuel = got[j].fuel
			}
			require.Equal(t, want[j].fuel, got[j].fuel, where)
		}
	}
	return want
}

func (c comparison) outcomes(t *testing.T, v variant, code []byte, calls []call) ([]outcome, string) {
	t.Helper()
	var r *wasm.Rewritten
	names := globalNames(load(t, code))
	if v.rewrite {
		r = rewrite(t, code, v.opt)
		require.NoError(t, load(t, r.Code).Validate())
		code = r.Code
	}
	m, err := newMachine(t, v.engine, code, r)
	if err != nil {
		return nil, firstLine(err)
	}
	if c.stack != 0 {
		m.budget.stack = c.stack
	}
	var out []outcome
	for _, call := range calls {
		var o outcome
		check := m.watchWrites(r)
		o.results, err = m.call(call.export, call.args...)
		if err != nil {
			o.trap = firstLine(err)
		} else if r != nil && !v.opt.Unmetered {
			o.fuel = m.fuel()
		}
		if err == nil {
			check(t)
		}
		if len(o.results) == 0 {
			o.results = nil
		}
		for i, t := range m.mod.ExportedFunction(call.export).Definition().ResultTypes() {
			if t == api.ValueTypeI32 && err == nil {
				o.results[i] = uint64(uint32(o.results[i])) // the upper half is not defined
			}
		}
		if memory := m.mod.ExportedMemory("memory"); memory != nil {
			base := uint32(0)
			if r != nil {
				base = r.MemoryBase
			}
			bytes, _ := memory.Read(base, memory.Size()-base)
			o.memory = fmt.Sprintf("%d %x", len(bytes), maphash.Bytes(memorySeed, bytes))
		}
		for _, name := range names {
			o.globals = append(o.globals, m.mod.ExportedGlobal(name).Get())
		}
		out = append(out, o)
	}
	require.NoError(t, m.mod.Close(t.Context()))
	return out, ""
}

// globalNames are the exported numeric globals of a module.
func globalNames(m *wasm.Module) []string {
	var names []string
	for _, e := range m.Exports {
		if e.Kind == wasm.ExternGlobal && m.Globals[e.Index].Type != wasm.V128 && !m.Globals[e.Index].Type.IsRef() {
			names = append(names, e.Name)
		}
	}
	sort.Strings(names)
	return names
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	// Instantiation says which module and what it did; what matters is why.
	if strings.HasPrefix(line, "data[") {
		return outOfBounds
	}
	if _, why, ok := strings.Cut(line, "wasm error: "); ok {
		return why
	}
	return line
}

// exports are calls of every exported function, with the same arguments.
func exports(m *wasm.Module, args func(export string, params []wasm.ValueType) []uint64) []call {
	var calls []call
	for _, e := range m.Exports {
		if e.Kind != wasm.ExternFunc {
			continue
		}
		typ := uint32(0)
		if n := uint32(len(m.Imports)); e.Index < n {
			typ = m.Imports[e.Index].Type
		} else {
			typ = m.Funcs[e.Index-n]
		}
		calls = append(calls, call{e.Name, args(e.Name, m.Types[typ].Params)})
	}
	return calls
}
