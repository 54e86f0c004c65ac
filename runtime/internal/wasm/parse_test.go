package wasm_test

import (
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// sections is a module of these sections, each encoded as wasmtest.Section
// does it.
func sections(parts ...[]byte) []byte {
	b := wasmtest.Header()
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func TestMalformedModulesAreRefusedWhereTheyAreWrong(t *testing.T) {
	t.Parallel()
	section := wasmtest.Section
	typ := section(1, 1, byte(0x60), 0, 0)
	fn := section(3, 1, 0)
	tooLong := []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}
	tooLarge := []byte{0xff, 0xff, 0xff, 0xff, 0x1f}
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x0f}
	constant := func(op wasm.Opcode, imm ...any) []byte {
		return wasmtest.Code(append(append([]any{op}, imm...), wasm.OpEnd)...)
	}
	for _, c := range []struct {
		name   string
		module []byte
		offset int
		reason string
	}{
		{"nothing at all", nil, 0, "does not begin with"},
		{"half a header", []byte("\x00asm\x01"), 0, "does not begin with"},
		{"another magic number", []byte("\x7fELF\x01\x00\x00\x00"), 0, "does not begin with"},
		{"a component", []byte("\x00asm\x0d\x00\x01\x00"), 4, "no core module"},
		{"an unknown section", sections(section(13)), 8, "unknown section 13"},
		{"a section without size", sections([]byte{1}), 9, "unexpected end"},
		{"a section that is longer than the module", sections([]byte{1, 5, 0}), 9, "longer than the module"},
		{"a section twice", sections(typ, typ), 8 + len(typ), "repeated or out of order"},
		{"sections out of order", sections(section(5, 0), section(4, 0)), 11, "table section is repeated or out of order"},
		{"a data count after the code", sections(typ, fn, section(10, 1, 2, 0, byte(0x0b)), section(12, 0)), 24, "out of order"},
		{"bytes left over in a section", sections(section(1, 0, 0)), 11, "1 bytes too many"},
		{"a section that ends within a number", sections([]byte{1, 1, 0x80}), 11, "unexpected end"},
		{"a number in six bytes", sections(section(1, tooLong)), 14, "longer than its type"},
		{"a number above 32 bits", sections(section(1, tooLarge)), 14, "larger than its type"},

		{"4 billion types", sections(section(1, huge)), 10, "do not fit"},
		{"4 billion imports", sections(section(2, huge)), 10, "do not fit"},
		{"4 billion functions", sections(section(3, huge)), 10, "do not fit"},
		{"4 billion tables", sections(section(4, huge)), 10, "do not fit"},
		{"4 billion globals", sections(section(6, huge)), 10, "do not fit"},
		{"4 billion exports", sections(section(7, huge)), 10, "do not fit"},
		{"4 billion element segments", sections(section(9, huge)), 10, "do not fit"},
		{"4 billion elements", sections(section(9, 1, 1, byte(0), huge)), 13, "do not fit"},
		{"4 billion bodies", sections(section(10, huge)), 10, "do not fit"},
		{"4 billion data segments", sections(section(11, huge)), 10, "do not fit"},
		{"4 billion bytes of data", sections(section(11, 1, 1, huge)), 12, "do not fit"},
		{"4 billion data segments announced", sections(section(12, huge)), 10, "more than 200000"},
		{"4 billion parameters", sections(section(1, 1, byte(0x60), huge)), 12, "do not fit"},
		{"4 billion bytes of a name", sections(section(0, huge)), 10, "do not fit"},
		{"4 billion locals", sections(typ, fn, section(10, 1, 8, 1, huge, wasm.I32, byte(0x0b))), 8 + 6 + 4 + 5, "more than 50000 locals"},

		{"no function type", sections(section(1, 1, byte(0x5f), 0, 0)), 11, "0x5f is no function type"},
		{"no value type", sections(section(1, 1, byte(0x60), 1, byte(0x6e), 0)), 13, "0x6e is no value type"},
		{"a name that is not UTF-8", sections(section(2, 1, 1, byte(0xff), 0, byte(0), 0)), 12, "not UTF-8"},
		{"no kind of import", sections(section(2, 1, 0, 0, byte(4), 0)), 13, "0x04 is no kind of import"},
		{"an import of a type that is not there", sections(section(2, 1, 0, 0, byte(0), 0)), 14, "type 0 is not there"},
		{"a table of numbers", sections(section(4, 1, wasm.I32, byte(0), 0)), 11, "0x7f is no reference type"},
		{"two memories", sections(section(5, 2, byte(0), 0, byte(0), 0)), 10, "2 memories are more than 1"},
		{"a shared memory", sections(section(5, 1, byte(3), 0, 1)), 11, "shared memory is not supported"},
		{"a 64-bit memory", sections(section(5, 1, byte(4), 0)), 11, "64-bit memory is not supported"},
		{"unknown limits", sections(section(5, 1, byte(8), 0)), 11, "0x08 is no kind of limits"},
		{"a mutability of 2", sections(section(6, 1, wasm.I32, byte(2), constant(wasm.OpI32Const, int32(0)))), 12, "0x02 is no mutability"},
		{"an initialiser that computes", sections(section(6, 1, wasm.I32, byte(0), wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(0), wasm.OpI32Add, wasm.OpEnd)), 15, "more than one instruction"},
		{"an initialiser that is none", sections(section(6, 1, wasm.I32, byte(0), constant(wasm.OpNop))), 13, "nop is no constant"},
		{"an initialiser without end", sections(section(6, 1, wasm.I32, byte(0), wasm.OpI32Const, int32(0))), 15, "unexpected end"},
		{"two exports with one name", sections(section(5, 1, byte(0), 0), section(7, 2, 1, []byte("a"), byte(2), 0, 1, []byte("a"), byte(2), 0)), 20, `second export named "a"`},
		{"no kind of export", sections(section(7, 1, 0, byte(4), 0)), 12, "0x04 is no kind of export"},
		{"an element kind of 1", sections(section(9, 1, 1, byte(1), 0)), 12, "0x01 is no kind of elements"},
		{"no kind of element segment", sections(section(9, 1, 8, 0, 0)), 11, "8 is no kind of element segment"},
		{"no kind of data segment", sections(section(11, 1, 3, 0)), 11, "3 is no kind of data segment"},
		{"data of a second memory", sections(section(11, 1, 2, 1, 0)), 12, "memory 1"},
		{"a function without body", sections(typ, fn), 18, "1 functions are declared and 0 have a body"},
		{"a body without function", sections(typ, section(10, 1, 2, 0, byte(0x0b))), 16, "0 functions are declared and 1 have a body"},
		{"a body that is longer than its section", sections(typ, fn, section(10, 1, 9, 0, byte(0x0b))), 21, "longer than the section"},
		{"a body without end", sections(typ, fn, section(10, 1, 2, 0, byte(0x01))), 23, "does not end with end"},
		{"a body without instructions", sections(typ, fn, section(10, 1, 3, 1, 0, byte(0x7f))), 24, "does not end with end"},
		{"data that was not announced", sections(section(12, 0), section(11, 1, 1, 0)), 13, "0 data segments are announced and 1"},
		{"data that was announced in vain", sections(section(12, 1)), 11, "1 data segments are announced and 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := wasm.Parse(c.module, wasm.Caps{})
			require.Nil(t, m)
			var format *wasm.FormatError
			require.ErrorAs(t, err, &format)
			require.Contains(t, format.Reason, c.reason)
			require.Equal(t, c.offset, format.Offset, "%s in %x", format, c.module)
		})
	}
}

func TestTheTwoModulesThatAskForGigabytesAreRefused(t *testing.T) {
	for _, bomb := range []string{
		"0061736d010000000205ffffffff0f",                               // 4 billion imports
		"0061736d01000000010401600000030201000a0a010801ffffffff0f7f0b", // 4 billion locals
	} {
		b, err := hex.DecodeString(bomb)
		require.NoError(t, err)
		require.Less(t, allocated(func() { _, err = wasm.Parse(b, wasm.Caps{}) }), uint64(64<<10))
		var format *wasm.FormatError
		require.ErrorAs(t, err, &format)
	}
}

// allocated is how many bytes f allocates. Tests that use it do not run in
// parallel with others.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestParsingAllocatesASmallMultipleOfTheModule(t *testing.T) {
	typ := wasmtest.Section(1, 1, byte(0x60), 0, 0)
	exports := []any{5_000}
	for i := range 5_000 {
		exports = append(exports, wasmtest.Name(fmt.Sprintf("%x", i)), byte(3), 0)
	}
	for name, b := range map[string][]byte{
		"types":           sections(wasmtest.Section(1, 10_000, wasmtest.Repeat(10_000, byte(0x60), 0, 0))),
		"imports":         sections(typ, wasmtest.Section(2, 10_000, wasmtest.Repeat(10_000, 0, 0, byte(0), 0))),
		"exports":         sections(wasmtest.Section(7, exports...)),
		"globals":         sections(wasmtest.Section(6, 10_000, wasmtest.Repeat(10_000, wasm.I32, byte(0), wasm.OpI32Const, int32(0), wasm.OpEnd))),
		"functions":       sections(typ, wasmtest.Section(3, 100_000, wasmtest.Repeat(100_000, 0)), wasmtest.Section(10, 100_000, wasmtest.Repeat(100_000, 2, 0, byte(0x0b)))),
		"locals":          sections(typ, wasmtest.Section(3, 1_000, wasmtest.Repeat(1_000, 0)), wasmtest.Section(10, 1_000, wasmtest.Repeat(1_000, 2_003, 1_000, wasmtest.Repeat(1_000, 1, wasm.I32), byte(0x0b)))),
		"elements":        sections(typ, wasmtest.Section(9, 1, 1, byte(0), 65_536, wasmtest.Repeat(65_536, 0))),
		"element segment": sections(typ, wasmtest.Section(9, 10_000, wasmtest.Repeat(10_000, 1, byte(0), 0))),
		"data segments":   sections(wasmtest.Section(11, 200_000, wasmtest.Repeat(200_000, 1, 0))),
		"custom sections": sections(wasmtest.Repeat(1_000, wasmtest.Section(0, 0))),
	} {
		var err error
		n := allocated(func() { _, err = wasm.Parse(b, wasm.Caps{}) })
		require.NoError(t, err, name)
		require.Less(t, n, uint64(40*len(b)+(64<<10)), "%s: %d bytes for a module of %d", name, n, len(b))
	}
}

func TestEveryCapHolds(t *testing.T) {
	t.Parallel()
	fn := func(m *wasmtest.Module) { m.Func(":", "ii", wasm.OpEnd) }
	for name, c := range map[string]struct {
		caps wasm.Caps // one below what build needs
		up   func(*wasm.Caps)
		add  func(m *wasmtest.Module)
	}{
		"types":      {wasm.Caps{Types: 1}, func(c *wasm.Caps) { c.Types++ }, func(m *wasmtest.Module) { m.Type(":"); m.Type("i:") }},
		"parameters": {wasm.Caps{Params: 2}, func(c *wasm.Caps) { c.Params++ }, func(m *wasmtest.Module) { m.Type("iii:") }},
		"results":    {wasm.Caps{Results: 2}, func(c *wasm.Caps) { c.Results++ }, func(m *wasmtest.Module) { m.Type(":iii") }},
		"functions":  {wasm.Caps{Functions: 1}, func(c *wasm.Caps) { c.Functions++ }, func(m *wasmtest.Module) { fn(m); fn(m) }},
		"imports":    {wasm.Caps{Imports: 1}, func(c *wasm.Caps) { c.Imports++ }, func(m *wasmtest.Module) { m.Import("a", "b", ":"); m.Import("a", "c", ":") }},
		"exports":    {wasm.Caps{Exports: 1}, func(c *wasm.Caps) { c.Exports++ }, func(m *wasmtest.Module) { m.Memory(1, 1).ExportMemory("a").ExportMemory("b") }},
		"tables":     {wasm.Caps{Tables: 1}, func(c *wasm.Caps) { c.Tables++ }, func(m *wasmtest.Module) { m.Table("r", 1, 1); m.Table("r", 1, 1) }},
		"globals": {wasm.Caps{Globals: 1}, func(c *wasm.Caps) { c.Globals++ }, func(m *wasmtest.Module) {
			m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd)
			m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd)
		}},
		"element segments": {wasm.Caps{ElementSegments: 1}, func(c *wasm.Caps) { c.ElementSegments++ }, func(m *wasmtest.Module) { fn(m); m.ElemRaw(1, byte(0), 0); m.ElemRaw(1, byte(0), 0) }},
		"element entries":  {wasm.Caps{ElementEntries: 2}, func(c *wasm.Caps) { c.ElementEntries++ }, func(m *wasmtest.Module) { fn(m); m.ElemRaw(1, byte(0), 2, 0, 0); m.ElemRaw(1, byte(0), 1, 0) }},
		"data segments":    {wasm.Caps{DataSegments: 1}, func(c *wasm.Caps) { c.DataSegments++ }, func(m *wasmtest.Module) { m.PassiveData("a").PassiveData("b") }},
		"locals":           {wasm.Caps{Locals: 2}, func(c *wasm.Caps) { c.Locals++ }, func(m *wasmtest.Module) { m.Func("i:", "iI", wasm.OpEnd) }},
		"locals in all":    {wasm.Caps{LocalsTotal: 3}, func(c *wasm.Caps) { c.LocalsTotal++ }, func(m *wasmtest.Module) { fn(m); fn(m) }},
		"body":             {wasm.Caps{BodyBytes: 4}, func(c *wasm.Caps) { c.BodyBytes++ }, func(m *wasmtest.Module) { m.Func(":", "", wasmtest.Repeat(3, wasm.OpNop), wasm.OpEnd) }},
		"names":            {wasm.Caps{NameBytes: 5}, func(c *wasm.Caps) { c.NameBytes++ }, func(m *wasmtest.Module) { m.Memory(1, 1).ExportMemory("memory") }},
		"custom sections":  {wasm.Caps{CustomSections: 1}, func(c *wasm.Caps) { c.CustomSections++ }, func(m *wasmtest.Module) { m.Custom("a", nil).Custom("a", nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := wasmtest.New()
			c.add(m)
			b := m.Bytes()
			require.Error(t, check(b, c.caps), "one below")
			c.up(&c.caps)
			require.NoError(t, check(b, c.caps), "just enough")
			require.NoError(t, check(b, wasm.Caps{}), "the default")
		})
	}
	b := wasmtest.New().Bytes()
	require.Error(t, check(b, wasm.Caps{ModuleBytes: len(b) - 1}))
	require.NoError(t, check(b, wasm.Caps{ModuleBytes: len(b)}))
}

func TestAModuleIsDecodedInFull(t *testing.T) {
	t.Parallel()
	w := wasmtest.New()
	imported := w.Import("env", "log", "iI:")
	f := w.Func("f:F", "iiv", wasm.OpLocalGet, 0, wasm.OpF64PromoteF32, wasm.OpEnd)
	w.Table("e", 1, wasmtest.NoMax)
	w.Global("v", false, wasm.OpV128Const, wasmtest.Repeat(8, byte(1)), wasmtest.Repeat(8, byte(2)), wasm.OpEnd)
	w.Memory(2, 3).ExportFunc("run", f).Elem(4, imported, f).Data(5, "abc").PassiveData("d").DataCount()
	w.Custom("aril", []byte("facts")).Custom("other", nil)
	m, err := wasm.Parse(w.Bytes(), wasm.Caps{})
	require.NoError(t, err)
	require.Equal(t, []wasm.FuncType{
		{Params: []wasm.ValueType{wasm.I32, wasm.I64}},
		{Params: []wasm.ValueType{wasm.F32}, Results: []wasm.ValueType{wasm.F64}},
	}, m.Types)
	require.Equal(t, []wasm.Import{{Module: "env", Name: "log"}}, m.Imports)
	require.Equal(t, []uint32{1}, m.Funcs)
	require.Equal(t, []wasm.Table{{Elem: wasm.ExternRef, Limit: wasm.Limit{Min: 1}}}, m.Tables)
	require.Equal(t, []wasm.Limit{{Min: 2, Max: 3, HasMax: true}}, m.Memories)
	require.Equal(t, []wasm.Global{{Type: wasm.V128, Init: wasm.ConstExpr{Op: wasm.OpV128Const, Bits: 0x0101010101010101, Bits2: 0x0202020202020202}}}, m.Globals)
	require.Equal(t, []wasm.Export{{Name: "run", Kind: wasm.ExternFunc, Index: 1}}, m.Exports)
	require.Equal(t, -1, m.Start)
	require.Equal(t, []wasm.Elem{{
		Mode: wasm.Active, Type: wasm.FuncRef, Offset: wasm.ConstExpr{Op: wasm.OpI32Const, Bits: 4},
		Init: []wasm.ConstExpr{{Op: wasm.OpRefFunc, Bits: 0}, {Op: wasm.OpRefFunc, Bits: 1}},
	}}, m.Elems)
	require.Equal(t, []wasm.Data{
		{Mode: wasm.Active, Offset: wasm.ConstExpr{Op: wasm.OpI32Const, Bits: 5}, Bytes: []byte("abc")},
		{Mode: wasm.Passive, Bytes: []byte("d")},
	}, m.Datas)
	require.Equal(t, 2, m.DataCount)
	require.Equal(t, []wasm.LocalRun{{Count: 2, Type: wasm.I32}, {Count: 1, Type: wasm.V128}}, m.Bodies[0].Locals)
	require.Equal(t, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpF64PromoteF32, wasm.OpEnd), m.Bodies[0].Code)
	require.Equal(t, m.Bodies[0].Code, w.Bytes()[m.Bodies[0].Offset:][:len(m.Bodies[0].Code)])
	require.Len(t, m.Custom, 2)
}

func TestErrorsSayWhere(t *testing.T) {
	t.Parallel()
	w := wasmtest.New()
	w.Import("env", "f", ":")
	w.Func(":", "", wasm.OpI32Const, int32(1), wasm.OpI64Eqz, wasm.OpDrop, wasm.OpEnd)
	b := w.Bytes()
	err := check(b, wasm.Caps{})
	require.EqualError(t, err, fmt.Sprintf("malformed or invalid module: offset %d (function 1): i64.eqz: operand is i32, not i64", strings.Index(string(b), string([]byte{0x50, 0x1a}))))

	w = wasmtest.New().Export("a", wasmtest.KindFunc, 3)
	require.EqualError(t, check(w.Bytes(), wasm.Caps{}), `malformed or invalid module: export section: "a": func 3 is not there`)
}
