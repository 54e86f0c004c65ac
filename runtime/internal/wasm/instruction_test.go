package wasm_test

import (
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

func TestImmediatesAreDecoded(t *testing.T) {
	t.Parallel()
	sixteen := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	const low, high = 0x0807060504030201, 0x100f0e0d0c0b0a09
	for _, c := range []struct {
		name string
		code []any
		want wasm.Instruction
	}{
		{"none", []any{wasm.OpI32Add}, wasm.Instruction{}},
		{"prefixed", []any{wasm.OpF64x2ConvertLowI32x4U}, wasm.Instruction{}},
		{"block without type", []any{wasm.OpBlock, byte(0x40)}, wasm.Instruction{Block: wasm.BlockType{Index: -1}}},
		{"block with a result", []any{wasm.OpIf, wasm.V128}, wasm.Instruction{Block: wasm.BlockType{Index: -1, Result: wasm.V128}}},
		{"block with a type index", []any{wasm.OpLoop, int32(300)}, wasm.Instruction{Block: wasm.BlockType{Index: 300}}},
		{"block with the largest index", []any{wasm.OpLoop, int64(math.MaxUint32)}, wasm.Instruction{Block: wasm.BlockType{Index: math.MaxUint32}}},
		{"label", []any{wasm.OpBr, 128}, wasm.Instruction{A: 128}},
		{"labels", []any{wasm.OpBrTable, 2, 7, 8, 9}, wasm.Instruction{Targets: []uint32{7, 8, 9}}},
		{"the default alone", []any{wasm.OpBrTable, 0, 9}, wasm.Instruction{Targets: []uint32{9}}},
		{"call_indirect", []any{wasm.OpCallIndirect, 5, 6}, wasm.Instruction{A: 5, B: 6}},
		{"index", []any{wasm.OpLocalGet, math.MaxUint32}, wasm.Instruction{A: math.MaxUint32}},
		{"memory access", []any{wasm.OpI64Store, 3, 0xfffffffe}, wasm.Instruction{A: 3, B: 0xfffffffe}},
		{"lane access", []any{wasm.OpV128Load16Lane, 1, 2, byte(7)}, wasm.Instruction{A: 1, B: 2, Lane: 7}},
		{"lane", []any{wasm.OpI8x16ReplaceLane, byte(15)}, wasm.Instruction{Lane: 15}},
		{"i32, least", []any{wasm.OpI32Const, int32(math.MinInt32)}, wasm.Instruction{Bits: 0xffffffff80000000}},
		{"i32, largest", []any{wasm.OpI32Const, int32(math.MaxInt32)}, wasm.Instruction{Bits: 0x7fffffff}},
		{"i32 in five bytes", []any{byte(wasm.OpI32Const), []byte{0xff, 0xff, 0xff, 0xff, 0x7f}}, wasm.Instruction{Bits: math.MaxUint64}},
		{"i64, least", []any{wasm.OpI64Const, int64(math.MinInt64)}, wasm.Instruction{Bits: 1 << 63}},
		{"i64, largest", []any{wasm.OpI64Const, int64(math.MaxInt64)}, wasm.Instruction{Bits: math.MaxInt64}},
		{"i64 of 63 bits", []any{wasm.OpI64Const, int64(-1 << 62)}, wasm.Instruction{Bits: 0xc000000000000000}},
		{"f32", []any{wasm.OpF32Const, float32(-1)}, wasm.Instruction{Bits: 0xbf800000}},
		{"f64", []any{wasm.OpF64Const, float64(-1)}, wasm.Instruction{Bits: 0xbff0000000000000}},
		{"v128", []any{wasm.OpV128Const, sixteen}, wasm.Instruction{Bits: low, Bits2: high}},
		{"shuffle", []any{wasm.OpI8x16Shuffle, sixteen}, wasm.Instruction{Bits: low, Bits2: high}},
		{"reference type", []any{wasm.OpRefNull, wasm.ExternRef}, wasm.Instruction{A: 0x6f}},
		{"select t", []any{wasm.OpSelectT, 1, wasm.F64}, wasm.Instruction{Types: []wasm.ValueType{wasm.F64}}},
		{"memory.init", []any{wasm.OpMemoryInit, 3, 0}, wasm.Instruction{A: 3}},
		{"table.init", []any{wasm.OpTableInit, 3, 4}, wasm.Instruction{A: 3, B: 4}},
		{"table.copy", []any{wasm.OpTableCopy, 3, 4}, wasm.Instruction{A: 3, B: 4}},
		{"memory.copy", []any{wasm.OpMemoryCopy, 0, 0}, wasm.Instruction{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code := wasmtest.Code(c.code...)
			reader := wasm.NewCode(append(code, byte(wasm.OpEnd)))
			var in wasm.Instruction
			require.NoError(t, reader.Next(&in))
			want := c.want
			want.End = len(code)
			want.Op = in.Op
			if op, ok := c.code[0].(wasm.Opcode); ok {
				want.Op = op
			}
			require.Equal(t, want, in)
			require.NoError(t, reader.Next(&in))
			require.Equal(t, wasm.OpEnd, in.Op)
			require.Equal(t, len(code), in.Start)
			require.Equal(t, io.EOF, reader.Next(&in))
		})
	}
}

func TestInstructionsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for name, code := range map[string][]byte{
		"an opcode without meaning":       {0x06},
		"tail call":                       {0x12, 0},
		"an atomic":                       {0xfe, 0x00},
		"a garbage collector's":           {0xfb, 0x00},
		"0xfc past the last":              {0xfc, 0x12},
		"0xfc far past the last":          {0xfc, 0x80, 0x20},
		"a hole among the vector ones":    {0xfd, 0x9a, 0x01},
		"relaxed SIMD":                    {0xfd, 0x80, 0x02},
		"a prefix alone":                  {0xfd},
		"0xfc in two bytes":               {0xfc, 0x80, 0x00},
		"0xfd in two bytes for one":       {0xfd, 0x8c, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"0xfd in three bytes for two":     {0xfd, 0x80, 0x81, 0x00},
		"an i32 of 33 bits":               {0x41, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a negative i32 of 33 bits":       {0x41, 0x80, 0x80, 0x80, 0x80, 0x70},
		"an i32 in six bytes":             {0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00},
		"an i64 of 65 bits":               {0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"a block of a negative type":      {0x02, 0x41},
		"a block type that is two bytes":  {0x02, 0xc0, 0x7f},
		"a block of 34 bits":              {0x02, 0x80, 0x80, 0x80, 0x80, 0x20},
		"more labels than bytes":          {0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0},
		"labels without default":          {0x0e, 1, 0},
		"memory.size of another memory":   {0x3f, 1},
		"memory.size in two bytes":        {0x3f, 0x80, 0x00},
		"memory.copy of another memory":   {0xfc, 0x0a, 0, 1},
		"select of two types":             {0x1c, 2, 0x7f, 0x7f},
		"select with its count in two":    {0x1c, 0x81, 0x00, 0x7f},
		"an alignment above the natural":  {0x28, 3, 0},
		"a 64-bit offset":                 {0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x10},
		"a second memory in the memarg":   {0x28, 0x42, 0, 0},
		"a null of an unknown heap type":  {0xd0, 0x6e},
		"half a float":                    {0x44, 0, 0, 0, 0},
		"a shuffle of lane 32":            {0xfd, 0x0d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32},
		"a lane that the shape lacks":     {0xfd, 0x1d, 2},
		"legacy exception handling (try)": {0x06, 0x40},
	} {
		c := wasm.NewCode(code)
		var in wasm.Instruction
		err := c.Next(&in)
		var format *wasm.FormatError
		require.ErrorAs(t, err, &format, name)
		require.LessOrEqual(t, format.Offset, len(code), name)
		require.Equal(t, err, c.Next(&in), "%s: the same again", name)
	}
}

func TestReadingCodeDoesNotAllocate(t *testing.T) {
	code := wasmtest.Code(wasm.OpBlock, wasm.I32, wasm.OpI64Const, int64(math.MinInt64), wasm.OpBrTable, 3, 0, 0, 0, 0,
		wasm.OpSelectT, 1, wasm.I32, wasm.OpV128Const, make([]byte, 16), wasm.OpI32Load, 2, 1000, wasm.OpCallIndirect, 1, 0, wasm.OpEnd)
	var in wasm.Instruction
	run := func() {
		for c := wasm.NewCode(code); c.Next(&in) == nil; {
		}
	}
	run()
	require.Zero(t, testing.AllocsPerRun(100, run))
}
