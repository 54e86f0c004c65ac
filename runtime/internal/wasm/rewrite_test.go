package wasm_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

func parse(t testing.TB, code []byte) *Module {
	t.Helper()
	m, err := Parse(code, Caps{})
	require.NoError(t, err)
	require.NoError(t, m.Validate())
	return m
}

func rewriteModule(t testing.TB, code []byte, opt RewriteOptions) (*Rewritten, *Module) {
	t.Helper()
	r, err := Rewrite(parse(t, code), opt)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(r.Code), r.Digest)
	return r, parse(t, r.Code)
}

// indices is a module whose every index space is used, with two imports, so
// that any function that is not moved shows.
func indices() *wasmtest.Module {
	m := wasmtest.New()
	m.Import("env", "a", ":")
	m.Import("env", "b", "i:i")
	f2 := m.Func(":", "", OpCall, 0, OpEnd)
	f3 := m.Func("i:i", "", OpLocalGet, 0, OpCall, 1, OpEnd)
	f4 := m.Func(":r", "", OpRefFunc, f3, OpEnd)
	m.Memory(1, 2).ExportMemory("memory")
	m.Table("r", 4, 4)
	m.Global("i", true, OpI32Const, int32(-1), OpEnd)
	m.Global("I", false, OpI64Const, int64(1), OpEnd)
	m.Global("F", true, OpF64Const, 1.5, OpEnd)
	m.Global("r", false, OpRefFunc, f2, OpEnd)
	m.ExportFunc("imported", 1).ExportFunc("own", f3).Export("g", wasmtest.KindGlobal, 2).Export("table", wasmtest.KindTable, 0)
	m.Start(f2)
	m.Elem(1, 0, f2)                                                                                         // active, indices
	m.ElemRaw(1, byte(0), 1, f4)                                                                             // passive, indices
	m.ElemRaw(3, byte(0), 1, f3)                                                                             // declarative
	m.ElemRaw(4, byte(0x41), int32(0), byte(0x0b), 2, OpRefFunc, f3, OpEnd, OpRefNull, byte(FuncRef), OpEnd) // active, expressions
	return m
}

func TestEveryFunctionIndexIsMoved(t *testing.T) {
	t.Parallel()
	r, m := rewriteModule(t, indices().Bytes(), RewriteOptions{Unmetered: true})

	require.Len(t, m.Imports, 3)
	require.Equal(t, r.ImportCount, 3)
	require.Equal(t, "a", m.Imports[0].Name)
	require.Equal(t, "b", m.Imports[1].Name)
	require.Equal(t, Import{Module: MeterModule, Name: MeterRefuel, Type: m.Imports[2].Type}, m.Imports[2])
	require.Equal(t, FuncType{Params: []ValueType{I32}, Results: []ValueType{I32}}, m.Types[m.Imports[2].Type])

	require.Equal(t, []byte{byte(OpCall), 0, byte(OpEnd)}, m.Bodies[0].Code, "imports stay")
	require.Equal(t, []byte{byte(OpLocalGet), 0, byte(OpCall), 1, byte(OpEnd)}, m.Bodies[1].Code)
	require.Equal(t, []byte{byte(OpRefFunc), 4, byte(OpEnd)}, m.Bodies[2].Code)

	require.Equal(t, []Export{
		{"memory", ExternMemory, 0}, {"imported", ExternFunc, 1}, {"own", ExternFunc, 4}, {"g", ExternGlobal, 2}, {"table", ExternTable, 0},
		{FuelGlobal, ExternGlobal, 4}, {StackGlobal, ExternGlobal, 5}, {StartExport, ExternFunc, 3}, {"aril.g0", ExternGlobal, 0}, {"aril.g2", ExternGlobal, 2},
	}, m.Exports)
	require.Equal(t, -1, m.Start)
	require.Equal(t, StartExport, r.Start)
	require.EqualValues(t, 3, m.Globals[3].Init.Bits)

	ref := func(i uint64) ConstExpr { return ConstExpr{Op: OpRefFunc, Bits: i} }
	require.Equal(t, []ConstExpr{ref(0), ref(3)}, m.Elems[0].Init)
	require.Equal(t, []ConstExpr{ref(5)}, m.Elems[1].Init)
	require.Equal(t, Passive, m.Elems[1].Mode)
	require.Equal(t, []ConstExpr{ref(4)}, m.Elems[2].Init)
	require.Equal(t, Declarative, m.Elems[2].Mode)
	require.Equal(t, ref(4), m.Elems[3].Init[0])
	require.Equal(t, OpRefNull, m.Elems[3].Init[1].Op)
	require.EqualValues(t, 0, m.Elems[3].Offset.Bits)

	require.Equal(t, []ExportedGlobal{{"aril.g0", I32, 0xffffffff}, {"aril.g2", F64, 0x3ff8000000000000}}, r.Globals)
}

func TestTheAddedGlobalsHoldI64(t *testing.T) {
	t.Parallel()
	_, m := rewriteModule(t, wasmtest.New().Bytes(), RewriteOptions{})
	require.Len(t, m.Globals, 2)
	for _, g := range m.Globals {
		require.Equal(t, Global{Type: I64, Mutable: true, Init: ConstExpr{Op: OpI64Const}}, g)
	}
}

func TestTwoEncodingsOfOneModuleGiveTheSameCode(t *testing.T) {
	t.Parallel()
	short, long := wasmtest.New(), wasmtest.New()
	short.Func("i:i", "ii", OpLocalGet, 0, OpI32Const, int32(5), OpI32Add, OpEnd)
	// Padded numbers, a split run of locals, dead code and a nop.
	long.FuncRaw("i:i", []byte{2, 0x81, 0, byte(I32), 1, byte(I32)},
		[]byte{byte(OpLocalGet), 0x80, 0, byte(OpNop), byte(OpI32Const), 0x85, 0x80, 0x80, 0, byte(OpI32Add), byte(OpReturn), byte(OpUnreachable), byte(OpDrop), byte(OpEnd)})
	short2 := wasmtest.New()
	short2.Func("i:i", "ii", OpLocalGet, 0, OpI32Const, int32(5), OpI32Add, OpReturn, OpEnd)
	long.Custom("name", []byte("whatever"))
	a, _ := rewriteModule(t, short2.Bytes(), RewriteOptions{})
	b, _ := rewriteModule(t, long.Bytes(), RewriteOptions{})
	require.Equal(t, a.Code, b.Code)
	require.Equal(t, a.Digest, b.Digest)
	other, _ := rewriteModule(t, short.Bytes(), RewriteOptions{})
	require.NotEqual(t, a.Digest, other.Digest)
}

func TestNothingOfACustomSectionIsLeft(t *testing.T) {
	t.Parallel()
	m := indices().Custom("name", []byte{1, 6, 1, 2, 3, 'f', 'o', 'o'}).Custom("secret", []byte("needle"))
	r, rewritten := rewriteModule(t, m.Bytes(), RewriteOptions{})
	require.Empty(t, rewritten.Custom)
	require.NotContains(t, string(r.Code), "needle")
	require.Equal(t, "foo", r.Names.Function(3), "by its index in the rewritten code")
	require.Empty(t, r.Names.Function(2))
	require.Equal(t, "aril.empty", r.Names.Function(uint32(3+len(parse(t, m.Bytes()).Bodies))))
}

func TestImportsGetTheirOtherNames(t *testing.T) {
	t.Parallel()
	_, m := rewriteModule(t, indices().Bytes(), RewriteOptions{Rename: map[ImportName]ImportName{{"env", "b"}: {"private#7", "c"}, {"env", "x"}: {"y", "z"}}})
	require.Equal(t, "env.a private#7.c", m.Imports[0].Module+"."+m.Imports[0].Name+" "+m.Imports[1].Module+"."+m.Imports[1].Name)
}

func TestMemoryAndTablesAreClamped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		min, max int
		option   uint32
		want     Limit
	}{
		{1, wasmtest.NoMax, 0, Limit{1, MaxPages, true}},
		{1, 65536, 0, Limit{1, MaxPages, true}},
		{1, 9, 0, Limit{1, 9, true}},
		{1, 9, 4, Limit{1, 4, true}},
		{1, wasmtest.NoMax, 70_000, Limit{1, MaxPages, true}},
	} {
		b := wasmtest.New().Memory(c.min, c.max)
		b.Table("r", 3, wasmtest.NoMax)
		b.Table("e", 2, 1000)
		r, m := rewriteModule(t, b.Bytes(), RewriteOptions{MaxMemoryPages: c.option})
		require.Equal(t, c.want, m.Memories[0])
		require.Equal(t, c.want.Min, r.MemoryMin)
		require.Equal(t, c.want.Max, r.MemoryMax)
		require.Equal(t, Limit{3, 3, true}, m.Tables[0].Limit)
		require.Equal(t, Limit{2, 2, true}, m.Tables[1].Limit)
	}
	_, err := Rewrite(parse(t, wasmtest.New().Memory(5, 9).Bytes()), RewriteOptions{MaxMemoryPages: 4})
	require.EqualError(t, err, "rewrite: the memory begins with 5 pages of at most 4")
}

func TestDataSegmentsBecomeOneImage(t *testing.T) {
	t.Parallel()
	gap := string(make([]byte, 64))
	for _, c := range []struct {
		name string
		data func(m *wasmtest.Module)
		want []ImageSegment
		end  uint64
	}{
		{"none", func(m *wasmtest.Module) {}, nil, 0},
		{"in order", func(m *wasmtest.Module) { m.Data(10, "ab").Data(1000, "cd") }, []ImageSegment{{10, []byte("ab")}, {1000, []byte("cd")}}, 1002},
		{"out of order", func(m *wasmtest.Module) { m.Data(1000, "cd").Data(10, "ab") }, []ImageSegment{{10, []byte("ab")}, {1000, []byte("cd")}}, 1002},
		{"adjacent", func(m *wasmtest.Module) { m.Data(12, "cd").Data(10, "ab") }, []ImageSegment{{10, []byte("abcd")}}, 14},
		{"near", func(m *wasmtest.Module) { m.Data(10, "ab").Data(76, "cd") }, []ImageSegment{{10, []byte("ab" + gap + "cd")}}, 78},
		{"overlapping, the last wins", func(m *wasmtest.Module) { m.Data(10, "abcd").Data(12, "xyz").Data(9, "__") }, []ImageSegment{{9, []byte("__bxyz")}}, 15},
		{"one inside the other", func(m *wasmtest.Module) { m.Data(11, "x").Data(10, "abcd").Data(12, "y") }, []ImageSegment{{10, []byte("abyd")}}, 14},
		{"empty, but far", func(m *wasmtest.Module) { m.Data(10, "ab").Data(70_000, "") }, []ImageSegment{{10, []byte("ab")}}, 70_000},
		{"at the end of 32 bits", func(m *wasmtest.Module) { m.Data(-1, "ab") }, []ImageSegment{{0xffffffff, []byte("ab")}}, 1<<32 + 1},
		{"passive ones that nothing can use", func(m *wasmtest.Module) { m.PassiveData("zz").Data(10, "ab") }, []ImageSegment{{10, []byte("ab")}}, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := wasmtest.New().Memory(1, 1)
			c.data(b)
			r, m := rewriteModule(t, b.Bytes(), RewriteOptions{})
			require.Equal(t, c.want, r.Image)
			require.Equal(t, c.end, r.ImageEnd)
			require.Empty(t, m.Datas)
			require.Equal(t, -1, m.DataCount)
		})
	}
}

func TestDataSegmentsStayForMemoryInitAndDataDrop(t *testing.T) {
	t.Parallel()
	for _, code := range [][]byte{
		wasmtest.Code(OpI32Const, int32(0), OpI32Const, int32(0), OpI32Const, int32(0), OpMemoryInit, 1, byte(0), OpEnd),
		wasmtest.Code(OpDataDrop, 1, OpEnd),
	} {
		b := wasmtest.New().Memory(1, 1).DataCount().Data(10, "ab").PassiveData("cd")
		b.Func(":", "", code)
		r, m := rewriteModule(t, b.Bytes(), RewriteOptions{})
		require.Empty(t, r.Image)
		require.Len(t, m.Datas, 2)
		require.Equal(t, 2, m.DataCount)
		require.Equal(t, "ab", string(m.Datas[0].Bytes))
		require.Equal(t, Passive, m.Datas[1].Mode)
	}
}

// withType is a module with type 0, () -> ().
func withType() *wasmtest.Module {
	m := wasmtest.New()
	m.Type(":")
	return m
}

func TestRewriteRefuses(t *testing.T) {
	t.Parallel()
	m, err := Parse(wasmtest.New().Bytes(), Caps{})
	require.NoError(t, err)
	_, err = Rewrite(m, RewriteOptions{})
	require.EqualError(t, err, "rewrite: the module was not validated")

	_, err = Rewrite(parse(t, wasmtest.New().ImportAny("env", "m", wasmtest.KindMemory, byte(0), 1).Bytes()), RewriteOptions{})
	require.EqualError(t, err, "rewrite: import \"env\".\"m\" is no function")

	_, err = Rewrite(parse(t, withType().ImportAny("aril.meter", "refuel", wasmtest.KindFunc, 0).Bytes()), RewriteOptions{})
	require.EqualError(t, err, `rewrite: import of "aril.meter", which is the host's`)
	own := wasmtest.New()
	own.Func(":", "", OpEnd)
	_, err = Rewrite(parse(t, own.ExportFunc("aril.start", 0).Bytes()), RewriteOptions{})
	require.EqualError(t, err, `rewrite: export of "aril.start", which is the host's`)

	// One function that keeps 40,000 values alive across a call.
	b := wasmtest.New()
	b.Import("env", "f", ":")
	b.Import("env", "g", ":I")
	b.Func(":", "", bytes.Repeat(wasmtest.Code(OpCall, 1), 40_000), OpCall, 0, bytes.Repeat(wasmtest.Code(OpDrop), 40_000), OpEnd)
	_, err = Rewrite(parse(t, b.Bytes()), RewriteOptions{})
	var refused *RewriteError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 2, refused.Function)
	require.ErrorContains(t, err, "bytes of native stack")
}
