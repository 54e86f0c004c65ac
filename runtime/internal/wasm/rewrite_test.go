package wasm_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

func parse(t testing.TB, code []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Parse(code, wasm.Caps{})
	require.NoError(t, err)
	require.NoError(t, m.Validate())
	return m
}

func rewriteModule(t testing.TB, code []byte, opt wasm.RewriteOptions) (*wasm.Rewritten, *wasm.Module) {
	t.Helper()
	r, err := wasm.Rewrite(parse(t, code), opt)
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
	f2 := m.Func(":", "", wasm.OpCall, 0, wasm.OpEnd)
	f3 := m.Func("i:i", "", wasm.OpLocalGet, 0, wasm.OpCall, 1, wasm.OpEnd)
	f4 := m.Func(":r", "", wasm.OpRefFunc, f3, wasm.OpEnd)
	m.Memory(1, 2).ExportMemory("memory")
	m.Table("r", 4, 4)
	m.Global("i", true, wasm.OpI32Const, int32(-1), wasm.OpEnd)
	m.Global("I", false, wasm.OpI64Const, int64(1), wasm.OpEnd)
	m.Global("F", true, wasm.OpF64Const, 1.5, wasm.OpEnd)
	m.Global("r", false, wasm.OpRefFunc, f2, wasm.OpEnd)
	m.ExportFunc("imported", 1).ExportFunc("own", f3).Export("g", wasmtest.KindGlobal, 2).Export("table", wasmtest.KindTable, 0)
	m.Start(f2)
	m.Elem(1, 0, f2)                                                                                                                  // active, indices
	m.ElemRaw(1, byte(0), 1, f4)                                                                                                      // passive, indices
	m.ElemRaw(3, byte(0), 1, f3)                                                                                                      // declarative
	m.ElemRaw(4, byte(0x41), int32(0), byte(0x0b), 2, wasm.OpRefFunc, f3, wasm.OpEnd, wasm.OpRefNull, byte(wasm.FuncRef), wasm.OpEnd) // active, expressions
	return m
}

func TestEveryFunctionIndexIsMoved(t *testing.T) {
	t.Parallel()
	r, m := rewriteModule(t, indices().Bytes(), wasm.RewriteOptions{Unmetered: true})

	require.Len(t, m.Imports, 3)
	require.Equal(t, r.ImportCount, 3)
	require.Equal(t, "a", m.Imports[0].Name)
	require.Equal(t, "b", m.Imports[1].Name)
	require.Equal(t, wasm.Import{Module: wasm.MeterModule, Name: wasm.MeterRefuel, Type: m.Imports[2].Type}, m.Imports[2])
	require.Equal(t, wasm.FuncType{Params: []wasm.ValueType{wasm.I32}, Results: []wasm.ValueType{wasm.I32}}, m.Types[m.Imports[2].Type])

	require.Equal(t, []byte{byte(wasm.OpCall), 0, byte(wasm.OpEnd)}, m.Bodies[0].Code, "imports stay")
	require.Equal(t, []byte{byte(wasm.OpLocalGet), 0, byte(wasm.OpCall), 1, byte(wasm.OpEnd)}, m.Bodies[1].Code)
	require.Equal(t, []byte{byte(wasm.OpRefFunc), 4, byte(wasm.OpEnd)}, m.Bodies[2].Code)

	require.Equal(t, []wasm.Export{
		{"memory", wasm.ExternMemory, 0}, {"imported", wasm.ExternFunc, 1}, {"own", wasm.ExternFunc, 4}, {"g", wasm.ExternGlobal, 2}, {"table", wasm.ExternTable, 0},
		{wasm.FuelGlobal, wasm.ExternGlobal, 4}, {wasm.StackGlobal, wasm.ExternGlobal, 5}, {wasm.StartExport, wasm.ExternFunc, 3}, {"aril.g0", wasm.ExternGlobal, 0}, {"aril.g2", wasm.ExternGlobal, 2},
	}, m.Exports)
	require.Equal(t, -1, m.Start)
	require.Equal(t, wasm.StartExport, r.Start)
	require.EqualValues(t, 3, m.Globals[3].Init.Bits)

	ref := func(i uint64) wasm.ConstExpr { return wasm.ConstExpr{Op: wasm.OpRefFunc, Bits: i} }
	require.Equal(t, []wasm.ConstExpr{ref(0), ref(3)}, m.Elems[0].Init)
	require.Equal(t, []wasm.ConstExpr{ref(5)}, m.Elems[1].Init)
	require.Equal(t, wasm.Passive, m.Elems[1].Mode)
	require.Equal(t, []wasm.ConstExpr{ref(4)}, m.Elems[2].Init)
	require.Equal(t, wasm.Declarative, m.Elems[2].Mode)
	require.Equal(t, ref(4), m.Elems[3].Init[0])
	require.Equal(t, wasm.OpRefNull, m.Elems[3].Init[1].Op)
	require.EqualValues(t, 0, m.Elems[3].Offset.Bits)

	require.Equal(t, []wasm.ExportedGlobal{{"aril.g0", wasm.I32, 0xffffffff}, {"aril.g2", wasm.F64, 0x3ff8000000000000}}, r.Globals)
}

func TestTheAddedGlobalsHoldI64(t *testing.T) {
	t.Parallel()
	_, m := rewriteModule(t, wasmtest.New().Bytes(), wasm.RewriteOptions{})
	require.Len(t, m.Globals, 2)
	for _, g := range m.Globals {
		require.Equal(t, wasm.Global{Type: wasm.I64, Mutable: true, Init: wasm.ConstExpr{Op: wasm.OpI64Const}}, g)
	}
}

func TestTwoEncodingsOfOneModuleGiveTheSameCode(t *testing.T) {
	t.Parallel()
	short, long := wasmtest.New(), wasmtest.New()
	short.Func("i:i", "ii", wasm.OpLocalGet, 0, wasm.OpI32Const, int32(5), wasm.OpI32Add, wasm.OpEnd)
	// Padded numbers, a split run of locals, dead code and a nop.
	long.FuncRaw("i:i", []byte{2, 0x81, 0, byte(wasm.I32), 1, byte(wasm.I32)},
		[]byte{byte(wasm.OpLocalGet), 0x80, 0, byte(wasm.OpNop), byte(wasm.OpI32Const), 0x85, 0x80, 0x80, 0, byte(wasm.OpI32Add), byte(wasm.OpReturn), byte(wasm.OpUnreachable), byte(wasm.OpDrop), byte(wasm.OpEnd)})
	short2 := wasmtest.New()
	short2.Func("i:i", "ii", wasm.OpLocalGet, 0, wasm.OpI32Const, int32(5), wasm.OpI32Add, wasm.OpReturn, wasm.OpEnd)
	long.Custom("name", []byte("whatever"))
	a, _ := rewriteModule(t, short2.Bytes(), wasm.RewriteOptions{})
	b, _ := rewriteModule(t, long.Bytes(), wasm.RewriteOptions{})
	require.Equal(t, a.Code, b.Code)
	require.Equal(t, a.Digest, b.Digest)
	other, _ := rewriteModule(t, short.Bytes(), wasm.RewriteOptions{})
	require.NotEqual(t, a.Digest, other.Digest)
}

func TestNothingOfACustomSectionIsLeft(t *testing.T) {
	t.Parallel()
	m := indices().Custom("name", []byte{1, 6, 1, 2, 3, 'f', 'o', 'o'}).Custom("secret", []byte("needle"))
	r, rewritten := rewriteModule(t, m.Bytes(), wasm.RewriteOptions{})
	require.Empty(t, rewritten.Custom)
	require.NotContains(t, string(r.Code), "needle")
	require.Equal(t, "foo", r.Names.Function(3), "by its index in the rewritten code")
	require.Empty(t, r.Names.Function(2))
	require.Equal(t, "aril.empty", r.Names.Function(uint32(3+len(parse(t, m.Bytes()).Bodies))))
}

func TestImportsGetTheirOtherNames(t *testing.T) {
	t.Parallel()
	_, m := rewriteModule(t, indices().Bytes(), wasm.RewriteOptions{Rename: map[wasm.ImportName]wasm.ImportName{{"env", "b"}: {"private#7", "c"}, {"env", "x"}: {"y", "z"}}})
	require.Equal(t, "env.a private#7.c", m.Imports[0].Module+"."+m.Imports[0].Name+" "+m.Imports[1].Module+"."+m.Imports[1].Name)
}

func TestMemoryAndTablesAreClamped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		min, max int
		option   uint32
		want     wasm.Limit
	}{
		{1, wasmtest.NoMax, 0, wasm.Limit{1, wasm.MaxPages, true}},
		{1, 65536, 0, wasm.Limit{1, wasm.MaxPages, true}},
		{1, 9, 0, wasm.Limit{1, 9, true}},
		{1, 9, 4, wasm.Limit{1, 4, true}},
		{1, wasmtest.NoMax, 70_000, wasm.Limit{1, wasm.MaxPages, true}},
	} {
		b := wasmtest.New().Memory(c.min, c.max)
		b.Table("r", 3, wasmtest.NoMax)
		b.Table("e", 2, 1000)
		r, m := rewriteModule(t, b.Bytes(), wasm.RewriteOptions{MaxMemoryPages: c.option})
		require.Equal(t, c.want, m.Memories[0])
		require.Equal(t, c.want.Min, r.MemoryMin)
		require.Equal(t, c.want.Max, r.MemoryMax)
		require.Equal(t, wasm.Limit{3, 3, true}, m.Tables[0].Limit)
		require.Equal(t, wasm.Limit{2, 2, true}, m.Tables[1].Limit)
	}
	_, err := wasm.Rewrite(parse(t, wasmtest.New().Memory(5, 9).Bytes()), wasm.RewriteOptions{MaxMemoryPages: 4})
	require.EqualError(t, err, "rewrite: the memory begins with 5 pages of at most 4")
}

func TestDataSegmentsBecomeOneImage(t *testing.T) {
	t.Parallel()
	gap := string(make([]byte, 64))
	for _, c := range []struct {
		name string
		data func(m *wasmtest.Module)
		want []wasm.ImageSegment
		end  uint64
	}{
		{"none", func(m *wasmtest.Module) {}, nil, 0},
		{"in order", func(m *wasmtest.Module) { m.Data(10, "ab").Data(1000, "cd") }, []wasm.ImageSegment{{10, []byte("ab")}, {1000, []byte("cd")}}, 1002},
		{"out of order", func(m *wasmtest.Module) { m.Data(1000, "cd").Data(10, "ab") }, []wasm.ImageSegment{{10, []byte("ab")}, {1000, []byte("cd")}}, 1002},
		{"adjacent", func(m *wasmtest.Module) { m.Data(12, "cd").Data(10, "ab") }, []wasm.ImageSegment{{10, []byte("abcd")}}, 14},
		{"near", func(m *wasmtest.Module) { m.Data(10, "ab").Data(76, "cd") }, []wasm.ImageSegment{{10, []byte("ab" + gap + "cd")}}, 78},
		{"overlapping, the last wins", func(m *wasmtest.Module) { m.Data(10, "abcd").Data(12, "xyz").Data(9, "__") }, []wasm.ImageSegment{{9, []byte("__bxyz")}}, 15},
		{"one inside the other", func(m *wasmtest.Module) { m.Data(11, "x").Data(10, "abcd").Data(12, "y") }, []wasm.ImageSegment{{10, []byte("abyd")}}, 14},
		{"empty, but far", func(m *wasmtest.Module) { m.Data(10, "ab").Data(70_000, "") }, []wasm.ImageSegment{{10, []byte("ab")}}, 70_000},
		{"at the end of 32 bits", func(m *wasmtest.Module) { m.Data(-1, "ab") }, []wasm.ImageSegment{{0xffffffff, []byte("ab")}}, 1<<32 + 1},
		{"passive ones that nothing can use", func(m *wasmtest.Module) { m.PassiveData("zz").Data(10, "ab") }, []wasm.ImageSegment{{10, []byte("ab")}}, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := wasmtest.New().Memory(1, 1)
			c.data(b)
			r, m := rewriteModule(t, b.Bytes(), wasm.RewriteOptions{})
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
		wasmtest.Code(wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(0), wasm.OpMemoryInit, 1, byte(0), wasm.OpEnd),
		wasmtest.Code(wasm.OpDataDrop, 1, wasm.OpEnd),
	} {
		b := wasmtest.New().Memory(1, 1).DataCount().Data(10, "ab").PassiveData("cd")
		b.Func(":", "", code)
		r, m := rewriteModule(t, b.Bytes(), wasm.RewriteOptions{})
		require.Empty(t, r.Image)
		require.Len(t, m.Datas, 2)
		require.Equal(t, 2, m.DataCount)
		require.Equal(t, "ab", string(m.Datas[0].Bytes))
		require.Equal(t, wasm.Passive, m.Datas[1].Mode)
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
	m, err := wasm.Parse(wasmtest.New().Bytes(), wasm.Caps{})
	require.NoError(t, err)
	_, err = wasm.Rewrite(m, wasm.RewriteOptions{})
	require.EqualError(t, err, "rewrite: the module was not validated")

	_, err = wasm.Rewrite(parse(t, wasmtest.New().ImportAny("env", "m", wasmtest.KindMemory, byte(0), 1).Bytes()), wasm.RewriteOptions{})
	require.EqualError(t, err, "rewrite: import \"env\".\"m\" is no function")

	_, err = wasm.Rewrite(parse(t, withType().ImportAny("aril.meter", "refuel", wasmtest.KindFunc, 0).Bytes()), wasm.RewriteOptions{})
	require.EqualError(t, err, `rewrite: import of "aril.meter", which is the host's`)
	own := wasmtest.New()
	own.Func(":", "", wasm.OpEnd)
	_, err = wasm.Rewrite(parse(t, own.ExportFunc("aril.start", 0).Bytes()), wasm.RewriteOptions{})
	require.EqualError(t, err, `rewrite: export of "aril.start", which is the host's`)

	// One function that keeps 40,000 values alive across a call.
	b := wasmtest.New()
	b.Import("env", "f", ":")
	b.Import("env", "g", ":I")
	b.Func(":", "", bytes.Repeat(wasmtest.Code(wasm.OpCall, 1), 40_000), wasm.OpCall, 0, bytes.Repeat(wasmtest.Code(wasm.OpDrop), 40_000), wasm.OpEnd)
	_, err = wasm.Rewrite(parse(t, b.Bytes()), wasm.RewriteOptions{})
	var refused *wasm.RewriteError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 2, refused.Function)
	require.ErrorContains(t, err, "bytes of native stack")
}

// BenchmarkRewrite takes a Go guest of 3 MB from bytes to what the engine
// gets: at most 150 ms, and 10 times its size in memory.
func BenchmarkRewrite(b *testing.B) {
	code := goGuest(b)
	b.SetBytes(int64(len(code)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := wasm.Parse(code, wasm.Caps{})
		require.NoError(b, err)
		require.NoError(b, m.Validate())
		_, err = wasm.Rewrite(m, wasm.RewriteOptions{})
		require.NoError(b, err)
	}
}
