package wasm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// extension is a module that admission accepts, to which tests add. It may
// import one function more, of the type of next.
func extension(imported ...string) *wasmtest.Module {
	m := wasmtest.New()
	m.Import("aril_v1", "next", "iii:I")
	if len(imported) > 0 {
		m.Import(imported[0], imported[1], "iii:I")
	}
	abi := m.Func(":I", "", wasm.OpI64Const, int64(1<<32|4096), wasm.OpEnd)
	wrap := m.Func("i:i", "", wasm.OpI32Const, int32(1), wasm.OpEnd)
	return m.Memory(1, 2).ExportMemory("memory").ExportFunc("aril_abi_v1", abi).ExportFunc("aril_wrap", wrap)
}

var policy = wasm.Policy{Imports: wasm.Granted{
	"aril_v1": {"next": {Params: types(wasm.I32, wasm.I32, wasm.I32), Results: types(wasm.I64)}},
	"env":     {"abort": {Params: types(wasm.I32, wasm.I32, wasm.I32, wasm.I32)}},
}}

// admit is Parse, Validate and Admit.
func admit(t testing.TB, b []byte, p wasm.Policy) (*wasm.Report, error) {
	t.Helper()
	m, err := wasm.Parse(b, wasm.Caps{})
	require.NoError(t, err)
	require.NoError(t, m.Validate())
	return wasm.Admit(m, len(b), p)
}

func TestAnExtensionIsAdmitted(t *testing.T) {
	t.Parallel()
	report, err := admit(t, extension().Bytes(), policy)
	require.NoError(t, err)
	require.Equal(t, 1, report.ABIVersion)
	require.Equal(t, []string{"wrap"}, report.Hooks)
}

func TestReasonsSayWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	null := []any{wasm.OpRefNull, wasm.FuncRef, wasm.OpEnd}
	for _, c := range []struct {
		name   string
		kind   wasm.ReasonKind
		reason string
		module func() *wasmtest.Module
	}{
		{"a module that is not granted", wasm.ReasonImport,
			"imports aril_http_v1.fetch, which is not granted; grant it in ExtensionConfig.Grants or rebuild without it",
			func() *wasmtest.Module { return extension("aril_http_v1", "fetch") }},
		{"a function that the capability lacks", wasm.ReasonImport,
			"imports aril_v1.skip, but aril_v1 has no such function; rebuild it for this version of aril_v1",
			func() *wasmtest.Module { return extension("aril_v1", "skip") }},
		{"a function of another type", wasm.ReasonImport,
			"imports env.abort as (i32, i32, i32) -> i64, but it is (i32, i32, i32, i32) -> (); rebuild it for this version of env",
			func() *wasmtest.Module { return extension("env", "abort") }},
		{"an imported global", wasm.ReasonImport,
			"imports the global env.g; only functions can be imported: rebuild it with a global of its own",
			func() *wasmtest.Module {
				return extension().ImportAny("env", "g", wasmtest.KindGlobal, wasm.I32, byte(0))
			}},
		{"an imported table", wasm.ReasonImport, "imports the table env.t",
			func() *wasmtest.Module {
				return extension().ImportAny("env", "t", wasmtest.KindTable, wasm.FuncRef, byte(0), 0)
			}},
		{"an imported memory", wasm.ReasonImport, "imports the memory env.memory",
			func() *wasmtest.Module {
				m := wasmtest.New().ImportAny("env", "memory", wasmtest.KindMemory, byte(0), 0)
				return m.ExportMemory("memory").ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(0), wasm.OpEnd))
			}},
		{"the meter", wasm.ReasonReserved, `imports aril.meter.refuel; module names that begin with "aril." belong to the host`,
			func() *wasmtest.Module { return extension("aril.meter", "refuel") }},
		{"the fuel", wasm.ReasonReserved, `exports aril.fuel; names that begin with "aril." belong to the host`,
			func() *wasmtest.Module {
				m := extension()
				return m.Export("aril.fuel", wasmtest.KindGlobal, m.Global("I", true, wasm.OpI64Const, int64(0), wasm.OpEnd))
			}},
		{"a name that is not plain", wasm.ReasonImport, `imports "\x1b[2J\n"."\"", which is not granted`,
			func() *wasmtest.Module { return extension("\x1b[2J\n", `"`) }},
		{"no memory", wasm.ReasonExport, "does not export memory, a memory; build it with a guest SDK, or export it",
			func() *wasmtest.Module {
				m := wasmtest.New()
				return m.ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(0), wasm.OpEnd))
			}},
		{"no ABI", wasm.ReasonExport, "does not export aril_abi_v1, () -> i64; build it with a guest SDK, or export it",
			func() *wasmtest.Module { return wasmtest.New().Memory(1, 1).ExportMemory("memory") }},
		{"a program", wasm.ReasonExport, "it exports _start, so it was built as a program: build it as a reactor",
			func() *wasmtest.Module {
				m := wasmtest.New().Memory(1, 1).ExportMemory("memory")
				return m.ExportFunc("_start", m.Func(":", "", wasm.OpEnd))
			}},
		{"another ABI", wasm.ReasonExport, "it exports aril_abi_v2: it was built for another version of the ABI",
			func() *wasmtest.Module {
				m := wasmtest.New().Memory(1, 1).ExportMemory("memory")
				return m.ExportFunc("aril_abi_v2", m.Func(":", "", wasm.OpEnd))
			}},
		{"memory that is a function", wasm.ReasonExport, "exports memory as a func, but it must be a memory",
			func() *wasmtest.Module {
				m := wasmtest.New()
				abi := m.Func(":I", "", wasm.OpI64Const, int64(0), wasm.OpEnd)
				return m.ExportFunc("memory", abi).ExportFunc("aril_abi_v1", abi)
			}},
		{"a hook that is a global", wasm.ReasonExport, "exports aril_event as a global, but it must be a function of type (i32) -> i32",
			func() *wasmtest.Module {
				m := extension()
				return m.Export("aril_event", wasmtest.KindGlobal, m.Global("i", false, wasm.OpI32Const, int32(0), wasm.OpEnd))
			}},
		{"a hook of another type", wasm.ReasonExport, "exports aril_event as () -> (), but it must be (i32) -> i32",
			func() *wasmtest.Module {
				m := extension()
				return m.ExportFunc("aril_event", m.Func(":", "", wasm.OpEnd))
			}},
		{"a hook that is an import", wasm.ReasonExport, "exports aril_event, but as a function that it imports; it must be one of its own",
			func() *wasmtest.Module {
				m := wasmtest.New()
				f := m.Import("test", "hook", "i:i")
				return m.Memory(1, 1).ExportMemory("memory").ExportFunc("aril_event", f).ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(0), wasm.OpEnd))
			}},
		{"a start function that is an import", wasm.ReasonFeature, "starts with a function that it imports",
			func() *wasmtest.Module {
				m := wasmtest.New()
				f := m.Import("test", "start", ":")
				return m.Memory(1, 1).ExportMemory("memory").Start(f).ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(0), wasm.OpEnd))
			}},
		{"a mutable reference", wasm.ReasonFeature, "has the mutable global 0 of type funcref, which a snapshot cannot hold",
			func() *wasmtest.Module { m := extension(); m.Global("r", true, null...); return m }},
		{"a mutable vector", wasm.ReasonFeature, "has the mutable global 0 of type v128",
			func() *wasmtest.Module {
				m := extension()
				m.Global("v", true, wasm.OpV128Const, make([]byte, 16), wasm.OpEnd)
				return m
			}},
		{"a table that changes", wasm.ReasonFeature, "uses table.set (first in function 3), which a snapshot cannot undo",
			func() *wasmtest.Module {
				m := extension()
				m.Table("r", 1, 1)
				m.Func(":", "", wasm.OpI32Const, int32(0), wasm.OpRefNull, wasm.FuncRef, wasm.OpTableSet, 0, wasm.OpEnd)
				return m
			}},
		{"a reference made", wasm.ReasonFeature, "uses ref.func (first in function 3, lucky)",
			func() *wasmtest.Module {
				m := extension()
				m.Func(":", "", wasm.OpRefFunc, 1, wasm.OpDrop, wasm.OpEnd)
				return m.Custom("name", functionNames(3, "lucky"))
			}},
		{"too much memory", wasm.ReasonLimit, "begins with 257 pages of memory, more than the limit of 256; raise Limits.MemoryBytes or rebuild",
			func() *wasmtest.Module {
				m := wasmtest.New()
				return m.Memory(257, 300).ExportMemory("memory").ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(0), wasm.OpEnd))
			}},
		{"too large tables", wasm.ReasonLimit, "has tables of 65537 elements, more than the limit of 65536",
			func() *wasmtest.Module { m := extension(); m.Table("r", 65_536, 65_536); m.Table("e", 1, 1); return m }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := wasm.Policy{Imports: wasm.Granted{"test": {"hook": {Params: types(wasm.I32), Results: types(wasm.I32)}, "start": {}}}}
			for module, functions := range policy.Imports {
				p.Imports[module] = functions
			}
			report, err := admit(t, c.module().Bytes(), p)
			require.NotNil(t, report)
			var refused *wasm.AdmissionError
			require.ErrorAs(t, err, &refused)
			require.Len(t, refused.Reasons, 1, "%v", err)
			require.Equal(t, c.kind, refused.Reasons[0].Kind)
			require.Contains(t, refused.Reasons[0].Message, c.reason)
			require.Equal(t, "module refused: it "+refused.Reasons[0].Message, err.Error())
		})
	}
}

func TestEveryInstructionThatASnapshotCannotUndoIsRefused(t *testing.T) {
	t.Parallel()
	refused := map[wasm.Opcode]bool{
		wasm.OpTableSet: true, wasm.OpTableFill: true, wasm.OpTableCopy: true, wasm.OpTableInit: true,
		wasm.OpElemDrop: true, wasm.OpDataDrop: true, wasm.OpRefFunc: true,
	}
	for _, u := range uses() {
		b := host(true, append(u.body(u.params), drops(u.results)...)...)
		_, err := admit(t, b, wasm.Policy{})
		require.Equal(t, refused[u.op], strings.Contains(err.Error(), "uses "+u.op.String()+" "), "%s: %v", u.op, err)
	}
}

func TestAllReasonsAreListedAtOnce(t *testing.T) {
	t.Parallel()
	m := wasmtest.New()
	m.Import("a", "f", ":")
	m.Import("b", "g", ":")
	_, err := admit(t, m.Bytes(), wasm.Policy{})
	require.EqualError(t, err, "module refused for 4 reasons:"+
		" (1) it imports a.f, which is not granted; grant it in ExtensionConfig.Grants or rebuild without it"+
		" (2) it imports b.g, which is not granted; grant it in ExtensionConfig.Grants or rebuild without it"+
		" (3) it does not export memory, a memory; build it with a guest SDK, or export it"+
		" (4) it does not export aril_abi_v1, () -> i64; build it with a guest SDK, or export it")

	m = wasmtest.New()
	for i := range 10_000 {
		m.Import(strings.Repeat("m", 1000), fmt.Sprint(i), ":")
	}
	_, err = admit(t, m.Bytes(), wasm.Policy{})
	var refused *wasm.AdmissionError
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Reasons, 51)
	require.Equal(t, "has 9952 more faults", refused.Reasons[50].Message)
	require.Less(t, len(err.Error()), 20_000)
}

func TestTableGrowAndPassiveSegmentsAreAdmitted(t *testing.T) {
	t.Parallel()
	m := extension()
	m.Table("r", 1, 1)
	m.PassiveData("x").DataCount()
	m.Func(":i", "", wasm.OpRefNull, wasm.FuncRef, wasm.OpI32Const, int32(1), wasm.OpTableGrow, 0, wasm.OpEnd)
	m.Func(":", "", wasmtest.Repeat(3, wasm.OpI32Const, int32(0)), wasm.OpMemoryInit, 0, 0, wasm.OpEnd)
	_, err := admit(t, m.Bytes(), policy)
	require.NoError(t, err)
}

func TestAdmitNeedsAValidatedModule(t *testing.T) {
	t.Parallel()
	m, err := wasm.Parse(extension().Bytes(), wasm.Caps{})
	require.NoError(t, err)
	_, err = wasm.Admit(m, 0, policy)
	require.EqualError(t, err, "admit: the module was not validated")
}

func TestTheReportIsReadable(t *testing.T) {
	t.Parallel()
	m := wasmtest.New()
	m.Import("aril_v1", "next", "iii:I")
	m.Import("evil\n", "x", ":")
	abi := m.Func(":I", "", wasm.OpI64Const, int64(1<<32|4096), wasm.OpEnd)
	wrap := m.Func("i:i", "", wasm.OpLocalGet, 0, wasm.OpI32Extend8S, wasm.OpI32Const, int32(1), wasm.OpI32Add, wasm.OpEnd)
	m.Table("r", 3, 9)
	m.Memory(1, wasmtest.NoMax).ExportMemory("memory").ExportFunc("aril_abi_v1", abi).ExportFunc("aril_wrap", wrap).ExportFunc("aril_init", wrap)
	m.Elem(0, abi, wrap).Data(0, "hello").Custom("name", functionNames(3, "wrap"))
	b := m.Bytes()
	report, err := admit(t, b, policy)
	require.Error(t, err)
	require.Equal(t, strings.TrimSpace(fmt.Sprintf(`
size       %d bytes: code 14, data 5, custom sections 9
abi        v1
hooks      init, wrap
manifest   no
features   sign-extension
import     aril_v1.next (i32, i32, i32) -> i64  granted
import     "evil\n".x () -> ()  NOT GRANTED
export     memory memory
export     aril_abi_v1 () -> i64
export     aril_wrap (i32) -> i32
export     aril_init (i32) -> i32
memory     1.. pages
tables     1, 3 elements at least, 2 entries
functions  2 of 4 types, 1 named, 7 instructions
globals    0
data       1 segments
compile    about 0s, longest 0s for function 3, wrap`, len(b))), strings.TrimSpace(report.String()))
}

func TestFeaturesAreThoseThatAreUsed(t *testing.T) {
	t.Parallel()
	for want, module := range map[string]func(m *wasmtest.Module){
		"bulk-memory": func(m *wasmtest.Module) { m.PassiveData("x") },
		"multi-value": func(m *wasmtest.Module) { m.Type(":ii") },
		"mutable-global": func(m *wasmtest.Module) {
			m.Export("g", wasmtest.KindGlobal, m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd))
		},
		"nontrapping-float-to-int": func(m *wasmtest.Module) { m.Func("f:i", "", wasm.OpLocalGet, 0, wasm.OpI32TruncSatF32S, wasm.OpEnd) },
		"reference-types":          func(m *wasmtest.Module) { m.Func(":e", "", wasm.OpRefNull, wasm.ExternRef, wasm.OpEnd) },
		"sign-extension":           func(m *wasmtest.Module) { m.Func("I:I", "", wasm.OpLocalGet, 0, wasm.OpI64Extend32S, wasm.OpEnd) },
		"simd":                     func(m *wasmtest.Module) { m.Func("v:v", "", wasm.OpLocalGet, 0, wasm.OpV128Not, wasm.OpEnd) },
	} {
		m := extension()
		module(m)
		report, err := admit(t, m.Bytes(), policy)
		require.NoError(t, err)
		require.Equal(t, []string{want}, report.Features)
	}
}
