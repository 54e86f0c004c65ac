package difftest

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

var (
	i32s = []uint64{0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 31, 32, 33, 0xdeadbeef, 255}
	i64s = []uint64{0, 1, math.MaxUint64, 1 << 63, math.MaxInt64, 63, 64, 65, 0xdeadbeefcafebabe, 0xffffffff}
	f32s = floats32(0, float32(math.Copysign(0, -1)), 1, -1.5, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
		math.MaxFloat32, math.SmallestNonzeroFloat32, 2147483648, -2147483904, 4294967296, 9223372036854775808, 0.5, 2.5)
	f64s = floats64(0, math.Copysign(0, -1), 1, -1.5, math.Inf(1), math.Inf(-1), math.NaN(),
		math.MaxFloat64, math.SmallestNonzeroFloat64, 2147483647.5, -2147483649, 4294967295.5, 9223372036854775808, 18446744073709551616, 0.5, 2.5)
	v128s = [][2]uint64{
		{0, 0}, {math.MaxUint64, math.MaxUint64}, {0x8000000080000000, 0x7fffffff7fffffff}, {0x0102030405060708, 0x090a0b0c0d0e0f10},
		{0x7ff8000000000000, 0x8000000000000000}, {0x7fc00000ff800000, 0x800000003f800000}, {0x80ff7f0180ff7f01, 0x1f201f2080008000},
	}
	// Around the end of a memory of one page, for accesses of 1 to 16 bytes.
	addresses = []uint64{0, 1, 3, 0x1234, 65520, 65521, 65528, 65529, 65532, 65533, 65534, 65535, 65536, 0xffffffff, 0x80000000}
)

func floats32(values ...float32) []uint64 {
	bits := []uint64{0x7fa00000} // a signalling NaN
	for _, v := range values {
		bits = append(bits, uint64(math.Float32bits(v)))
	}
	return bits
}

func floats64(values ...float64) []uint64 {
	bits := []uint64{0x7ff4000000000000}
	for _, v := range values {
		bits = append(bits, math.Float64bits(v))
	}
	return bits
}

// constant is an instruction that pushes the n-th value of a type.
func constant(t wasm.ValueType, n int) []byte {
	switch t {
	case wasm.I32:
		return wasmtest.Code(wasm.OpI32Const, int32(i32s[n%len(i32s)]))
	case wasm.I64:
		return wasmtest.Code(wasm.OpI64Const, int64(i64s[n%len(i64s)]))
	case wasm.F32:
		return wasmtest.Code(wasm.OpF32Const, binary.LittleEndian.AppendUint32(nil, uint32(f32s[n%len(f32s)])))
	case wasm.F64:
		return wasmtest.Code(wasm.OpF64Const, binary.LittleEndian.AppendUint64(nil, f64s[n%len(f64s)]))
	case wasm.V128:
		v := v128s[n%len(v128s)]
		return wasmtest.Code(wasm.OpV128Const, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, v[0]), v[1]))
	}
	panic(fmt.Sprintf("no constant of type %#x", t))
}

func values(t wasm.ValueType) int {
	switch t {
	case wasm.I32:
		return len(i32s)
	case wasm.I64:
		return len(i64s)
	case wasm.F32:
		return len(f32s)
	case wasm.F64:
		return len(f64s)
	}
	return len(v128s)
}

// oneNaN makes every NaN of the value on top of the stack the same one: the
// specification leaves the payload of most open. lanes is "f32x4" or "f64x2"
// for vectors.
func oneNaN(t wasm.ValueType, lanes string, local int) []byte {
	eq, nan := wasm.OpF32Eq, wasmtest.Code(wasm.OpF32Const, float32(math.NaN()))
	switch {
	case t == wasm.F64:
		eq, nan = wasm.OpF64Eq, wasmtest.Code(wasm.OpF64Const, math.NaN())
	case t == wasm.V128:
		nan = wasmtest.Code(wasm.OpV128Const, make([]byte, 16))
		eq = wasm.OpF32x4Eq
		if lanes == "f64x2" {
			eq = wasm.OpF64x2Eq
		}
		return wasmtest.Code(wasm.OpLocalTee, local, nan, wasm.OpLocalGet, local, wasm.OpLocalGet, local, eq, wasm.OpV128Bitselect)
	case t != wasm.F32:
		return nil
	}
	return wasmtest.Code(wasm.OpLocalTee, local, nan, wasm.OpLocalGet, local, wasm.OpLocalGet, local, eq, wasm.OpSelect)
}

// store puts the value of type t on top of the stack into memory at address,
// by way of a scratch local: so that a test sees its bits.
func store(t wasm.ValueType, address int32, local int) []byte {
	op := map[wasm.ValueType]wasm.Opcode{wasm.I32: wasm.OpI32Store, wasm.I64: wasm.OpI64Store, wasm.F32: wasm.OpF32Store, wasm.F64: wasm.OpF64Store, wasm.V128: wasm.OpV128Store}[t]
	return wasmtest.Code(wasm.OpLocalSet, local, wasm.OpI32Const, address, wasm.OpLocalGet, local, op, 0, 0)
}

const scratch = "iIfFv" // a local of each type

func scratchLocal(t wasm.ValueType) int { return int(wasm.I32 - t) }

// immediates gives encoded immediates that an opcode is tried with.
func immediates(op wasm.Opcode) [][]byte {
	info := op.Info()
	switch info.Imm {
	case wasm.ImmNone:
		return [][]byte{nil}
	case wasm.ImmMemory:
		return [][]byte{{0}}
	case wasm.ImmMemories:
		return [][]byte{{0, 0}}
	case wasm.ImmLane:
		return lanes(info, nil)
	case wasm.ImmMemArg:
		return [][]byte{wasmtest.Code(0, 0), wasmtest.Code(int(info.Align), 3), wasmtest.Code(0, 65535), wasmtest.Code(0, 0xffffffff)}
	case wasm.ImmMemLane:
		return append(lanes(info, wasmtest.Code(0, 1)), lanes(info, wasmtest.Code(int(info.Align), 0))...)
	case wasm.ImmShuffle:
		return [][]byte{
			{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
			{31, 0, 30, 1, 29, 2, 28, 3, 27, 4, 26, 5, 25, 6, 24, 7},
			{16, 16, 16, 16, 5, 5, 5, 5, 0, 0, 0, 0, 31, 31, 31, 31},
		}
	}
	return nil
}

func lanes(info *wasm.OpInfo, before []byte) [][]byte {
	var out [][]byte
	for lane := range info.Lanes {
		out = append(out, append(append([]byte(nil), before...), lane))
	}
	return out
}

// fixedOpcode makes a module of functions that run one opcode on edge cases
// and store what it gives.
func fixedOpcode(op wasm.Opcode) (code []byte, calls []call) {
	info := op.Info()
	m := wasmtest.New()
	m.Memory(1, 2).ExportMemory("memory").Data(0, strings.Repeat("\x01\x80\xff\x7f\x00\xfe\x81\x55", 64)).Data(65528, "\xff\xfe\xfd\xfc\x80\x7f\x01\x02")
	memory := info.Imm == wasm.ImmMemArg || info.Imm == wasm.ImmMemLane
	n := 0
	add := func(immediate []byte, operands ...[]byte) {
		body := append(wasmtest.Code(operandsOf(operands)...), wasmtest.Code(op, immediate)...)
		for i := len(info.Results) - 1; i >= 0; i-- {
			if nanOpcode(info.Name) {
				lanes, _, _ := strings.Cut(info.Name, ".")
				body = append(body, oneNaN(info.Results[i], lanes, scratchLocal(info.Results[i]))...)
			}
			body = append(body, store(info.Results[i], int32(0x8000+16*i), scratchLocal(info.Results[i]))...)
		}
		body = append(body, byte(wasm.OpEnd))
		name := fmt.Sprintf("f%d", n)
		n++
		m.ExportFunc(name, m.FuncRaw(":", wasmtest.Locals(scratch), body))
		calls = append(calls, call{export: name})
	}
	for _, immediate := range immediates(op) {
		switch {
		case memory:
			for i, address := range addresses {
				operands := [][]byte{wasmtest.Code(wasm.OpI32Const, int32(address))}
				for _, t := range info.Params[1:] {
					operands = append(operands, constant(t, i+8))
				}
				add(immediate, operands...)
			}
		case op.Info().Class == wasm.ClassBulk:
			for _, a := range [][3]int32{{0, 0, 0}, {16, 3, 100}, {3, 16, 100}, {65536, 0, 0}, {0, 65536, 0}, {65537, 1, 0}, {65530, 1, 7}, {0, 65530, 7}, {-1, -1, -1}, {0, 0, -1}, {100, 200, 65336}} {
				add(immediate, wasmtest.Code(wasm.OpI32Const, a[0]), wasmtest.Code(wasm.OpI32Const, a[1]), wasmtest.Code(wasm.OpI32Const, a[2]))
			}
		case len(info.Params) == 0:
			add(immediate)
		case len(info.Params) == 1:
			for i := range values(info.Params[0]) {
				add(immediate, constant(info.Params[0], i))
			}
		default:
			for i := range values(info.Params[0]) {
				for j := range values(info.Params[1]) {
					operands := [][]byte{constant(info.Params[0], i), constant(info.Params[1], j)}
					for k, t := range info.Params[2:] {
						operands = append(operands, constant(t, i+j+k))
					}
					add(immediate, operands...)
				}
			}
		}
	}
	return m.Bytes(), calls
}

func operandsOf(operands [][]byte) []any {
	out := make([]any, len(operands))
	for i := range operands {
		out[i] = operands[i]
	}
	return out
}

// fixed tells whether fixedOpcode can make a module for an opcode.
func fixed(op wasm.Opcode) bool {
	info := op.Info()
	if !info.Fixed || immediates(op) == nil {
		return false
	}
	for _, t := range append(append([]wasm.ValueType(nil), info.Params...), info.Results...) {
		if t.IsRef() {
			return false
		}
	}
	return true
}

// nanOpcode tells whether an opcode makes NaNs whose payload the
// specification leaves open.
func nanOpcode(name string) bool {
	switch {
	case strings.HasSuffix(name, "const"), strings.Contains(name, "load"), strings.Contains(name, "store"), strings.Contains(name, "reinterpret"),
		strings.HasSuffix(name, ".abs"), strings.HasSuffix(name, ".neg"), strings.Contains(name, "lane"), strings.Contains(name, "splat"), strings.Contains(name, "copysign"):
		return false
	}
	return strings.HasPrefix(name, "f32") || strings.HasPrefix(name, "f64")
}

func TestEveryFixedOpcodeGivesTheSameOnEdgeCases(t *testing.T) {
	for _, op := range wasm.Opcodes() {
		if !fixed(op) {
			continue
		}
		t.Run(op.String(), func(t *testing.T) {
			t.Parallel()
			code, calls := fixedOpcode(op)
			require.NotEmpty(t, calls)
			comparison{}.run(t, code, calls)
		})
	}
}
