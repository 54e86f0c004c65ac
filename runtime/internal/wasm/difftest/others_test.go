package difftest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// An other is a module for opcodes whose signature is not fixed.
type other struct {
	name  string
	ops   []wasm.Opcode // that occur in it and are executed
	build func(m *wasmtest.Module) []call
}

// others are modules for what fixedOpcode cannot do.
var others = []other{
	{"control", []wasm.Opcode{wasm.OpBlock, wasm.OpLoop, wasm.OpIf, wasm.OpElse, wasm.OpEnd, wasm.OpBr, wasm.OpBrIf, wasm.OpNop, wasm.OpLocalGet, wasm.OpLocalSet, wasm.OpLocalTee, wasm.OpReturn, wasm.OpI32Const, wasm.OpI64Const, wasm.OpF32Const, wasm.OpF64Const}, func(m *wasmtest.Module) []call {
		f := m.Func("i:I", "IfF",
			wasm.OpF32Const, float32(1.5), wasm.OpLocalSet, 2, wasm.OpF64Const, 2.5, wasm.OpLocalSet, 3,
			wasm.OpBlock, byte(0x40),
			wasm.OpLoop, byte(0x40),
			wasm.OpLocalGet, 0, wasm.OpI32Eqz, wasm.OpBrIf, 1,
			wasm.OpLocalGet, 0, wasm.OpI32Const, int32(1), wasm.OpI32And,
			wasm.OpIf, byte(wasm.I64), wasm.OpI64Const, int64(3), wasm.OpElse, wasm.OpI64Const, int64(-5), wasm.OpEnd,
			wasm.OpLocalGet, 1, wasm.OpI64Add, wasm.OpLocalSet, 1, wasm.OpNop,
			wasm.OpLocalGet, 0, wasm.OpI32Const, int32(1), wasm.OpI32Sub, wasm.OpLocalTee, 0, wasm.OpI32Const, int32(1000), wasm.OpI32GtU, wasm.OpIf, byte(0x40), wasm.OpI64Const, int64(7), wasm.OpReturn, wasm.OpEnd,
			wasm.OpBr, 0,
			wasm.OpEnd, wasm.OpEnd,
			wasm.OpLocalGet, 1, wasm.OpEnd)
		m.ExportFunc("f", f)
		return []call{{"f", []uint64{0}}, {"f", []uint64{1}}, {"f", []uint64{17}}, {"f", []uint64{1001}}, {"f", []uint64{5000}}}
	}},
	{"br_table with values", []wasm.Opcode{wasm.OpBrTable}, func(m *wasmtest.Module) []call {
		f := m.Func("i:i", "",
			wasm.OpBlock, byte(wasm.I32), wasm.OpBlock, byte(wasm.I32), wasm.OpBlock, byte(wasm.I32),
			wasm.OpI32Const, int32(10), wasm.OpLocalGet, 0, wasm.OpBrTable, 4, 0, 1, 2, 3, 1,
			wasm.OpEnd, wasm.OpI32Const, int32(1), wasm.OpI32Add,
			wasm.OpEnd, wasm.OpI32Const, int32(2), wasm.OpI32Mul,
			wasm.OpEnd, wasm.OpI32Const, int32(4), wasm.OpI32Xor, wasm.OpEnd)
		m.ExportFunc("f", f)
		return []call{{"f", []uint64{0}}, {"f", []uint64{1}}, {"f", []uint64{2}}, {"f", []uint64{3}}, {"f", []uint64{4}}, {"f", []uint64{0xffffffff}}}
	}},
	{"calls and tables", []wasm.Opcode{wasm.OpCall, wasm.OpCallIndirect, wasm.OpRefNull, wasm.OpRefFunc, wasm.OpRefIsNull, wasm.OpTableGet, wasm.OpTableSet, wasm.OpTableSize, wasm.OpTableGrow, wasm.OpTableFill, wasm.OpTableCopy, wasm.OpTableInit, wasm.OpElemDrop}, func(m *wasmtest.Module) []call {
		inc := m.Import("env", "inc", "i:i")
		double := m.Func("i:i", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 0, wasm.OpI32Add, wasm.OpEnd)
		other := m.Func(":", "", wasm.OpEnd)
		m.Table("r", 8, 8)
		m.Table("r", 4, 4)
		m.Elem(1, inc, double, other)
		m.ElemRaw(1, byte(0), 2, double, inc) // passive
		indirect := func(table int) int {
			return m.Func("ii:i", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpCallIndirect, m.Type("i:i"), table, wasm.OpEnd)
		}
		m.ExportFunc("first", indirect(0)).ExportFunc("second", indirect(1))
		m.ExportFunc("direct", m.Func("i:i", "", wasm.OpLocalGet, 0, wasm.OpCall, inc, wasm.OpCall, double, wasm.OpEnd))
		m.ExportFunc("set", m.Func("i:", "", wasm.OpLocalGet, 0, wasm.OpRefFunc, double, wasm.OpTableSet, 0, wasm.OpEnd))
		m.ExportFunc("null", m.Func("i:i", "", wasm.OpLocalGet, 0, wasm.OpTableGet, 0, wasm.OpRefIsNull, wasm.OpTableSize, 0, wasm.OpI32Add, wasm.OpRefNull, byte(wasm.FuncRef), wasm.OpRefIsNull, wasm.OpI32Add, wasm.OpEnd))
		m.ExportFunc("fill", m.Func("ii:", "", wasm.OpLocalGet, 0, wasm.OpRefFunc, inc, wasm.OpLocalGet, 1, wasm.OpTableFill, 1, wasm.OpEnd))
		m.ExportFunc("copy", m.Func("iii:", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpLocalGet, 2, wasm.OpTableCopy, 1, 0, wasm.OpEnd))
		m.ExportFunc("init", m.Func("iii:", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpLocalGet, 2, wasm.OpTableInit, 1, 1, wasm.OpEnd))
		m.ExportFunc("grow", m.Func("i:i", "", wasm.OpRefNull, byte(wasm.FuncRef), wasm.OpLocalGet, 0, wasm.OpTableGrow, 0, wasm.OpEnd))
		m.ExportFunc("drop", m.Func(":", "", wasm.OpElemDrop, 1, wasm.OpEnd))
		return []call{
			{"first", []uint64{20, 0}}, {"first", []uint64{20, 1}}, {"first", []uint64{20, 2}}, {"first", []uint64{20, 3}}, {"first", []uint64{20, 8}},
			{"direct", []uint64{4}}, {"set", []uint64{0}}, {"first", []uint64{21, 0}}, {"set", []uint64{8}}, {"null", []uint64{0}}, {"null", []uint64{7}}, {"null", []uint64{99}},
			{"fill", []uint64{0, 2}}, {"fill", []uint64{3, 2}}, {"second", []uint64{5, 1}}, {"second", []uint64{5, 3}},
			{"copy", []uint64{1, 1, 3}}, {"second", []uint64{6, 2}}, {"second", []uint64{6, 3}}, {"copy", []uint64{0, 6, 3}},
			{"init", []uint64{0, 0, 2}}, {"second", []uint64{7, 0}}, {"second", []uint64{7, 1}}, {"init", []uint64{0, 1, 2}}, {"init", []uint64{3, 0, 2}},
			{"grow", []uint64{0}}, {"grow", []uint64{1}}, {"grow", []uint64{0xffffffff}}, {"null", []uint64{7}},
			{"drop", nil}, {"init", []uint64{0, 0, 1}}, {"init", []uint64{0, 0, 0}},
		}
	}},
	{"select and globals", []wasm.Opcode{wasm.OpSelect, wasm.OpSelectT, wasm.OpGlobalGet, wasm.OpGlobalSet, wasm.OpV128Const}, func(m *wasmtest.Module) []call {
		m.Global("i", true, wasm.OpI32Const, int32(-7), wasm.OpEnd)
		m.Global("F", true, wasm.OpF64Const, 0.25, wasm.OpEnd)
		m.Global("I", false, wasm.OpI64Const, int64(1<<40), wasm.OpEnd)
		m.Global("v", false, wasm.OpV128Const, []byte("0123456789abcdef"), wasm.OpEnd)
		m.Export("i", wasmtest.KindGlobal, 0).Export("F", wasmtest.KindGlobal, 1)
		m.ExportFunc("f", m.Func("i:I", "",
			wasm.OpGlobalGet, 0, wasm.OpLocalGet, 0, wasm.OpI32Mul, wasm.OpGlobalSet, 0,
			wasm.OpGlobalGet, 1, wasm.OpF64Const, 3.0, wasm.OpLocalGet, 0, wasm.OpSelect, wasm.OpGlobalSet, 1,
			wasm.OpGlobalGet, 2, wasm.OpGlobalGet, 3, wasm.OpV128Const, []byte("fedcba9876543210"), wasm.OpV128Xor, wasm.OpI64x2ExtractLane, byte(1), wasm.OpLocalGet, 0, wasm.OpSelectT, 1, byte(wasm.I64), wasm.OpEnd))
		return []call{{"f", []uint64{0}}, {"f", []uint64{3}}, {"f", []uint64{0xffffffff}}}
	}},
	{"memory", []wasm.Opcode{wasm.OpMemoryGrow, wasm.OpMemorySize, wasm.OpMemoryInit, wasm.OpDataDrop, wasm.OpMemoryCopy, wasm.OpMemoryFill}, func(m *wasmtest.Module) []call {
		m.Memory(1, 3).ExportMemory("memory").DataCount().Data(8, "active").PassiveData("passive data")
		m.ExportFunc("grow", m.Func("i:i", "", wasm.OpLocalGet, 0, wasm.OpMemoryGrow, byte(0), wasm.OpMemorySize, byte(0), wasm.OpI32Const, int32(8), wasm.OpI32Shl, wasm.OpI32Add, wasm.OpEnd))
		three := func(name string, parts ...any) {
			m.ExportFunc(name, m.Func("iii:", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpLocalGet, 2, wasmtest.Code(parts...), wasm.OpEnd))
		}
		three("init", wasm.OpMemoryInit, 1, byte(0))
		three("active", wasm.OpMemoryInit, 0, byte(0))
		three("copy", wasm.OpMemoryCopy, byte(0), byte(0))
		three("fill", wasm.OpMemoryFill, byte(0))
		m.ExportFunc("drop", m.Func(":", "", wasm.OpDataDrop, 1, wasm.OpEnd))
		return []call{
			{"grow", []uint64{0}}, {"init", []uint64{100, 0, 12}}, {"init", []uint64{100, 1, 12}}, {"init", []uint64{65535, 0, 2}}, {"active", []uint64{200, 0, 0}}, {"active", []uint64{200, 0, 1}},
			{"grow", []uint64{1}}, {"init", []uint64{65535, 3, 9}}, {"grow", []uint64{2}}, {"grow", []uint64{1}}, {"grow", []uint64{1}}, {"grow", []uint64{0xffffffff}},
			{"fill", []uint64{196600, 0x155, 8}}, {"fill", []uint64{196600, 0x156, 9}}, {"copy", []uint64{7, 8, 100}}, {"copy", []uint64{9, 8, 100}}, {"copy", []uint64{196608, 0, 0}}, {"copy", []uint64{196609, 0, 0}},
			{"drop", nil}, {"init", []uint64{0, 0, 0}}, {"init", []uint64{0, 0, 1}}, {"drop", nil},
		}
	}},
	{"multi-value", []wasm.Opcode{wasm.OpLoop}, func(m *wasmtest.Module) []call {
		two := m.Type("ii:ii")
		swap := m.Func("ii:ii", "", wasm.OpLocalGet, 1, wasm.OpLocalGet, 0, wasm.OpEnd)
		m.ExportFunc("f", m.Func("ii:ii", "",
			wasm.OpLocalGet, 0, wasm.OpLocalGet, 1,
			wasm.OpLoop, two,
			wasm.OpCall, swap, wasm.OpLocalTee, 1, wasm.OpI32Const, int32(1), wasm.OpI32Sub, wasm.OpLocalTee, 0,
			wasm.OpLocalGet, 1, wasm.OpLocalGet, 0, wasm.OpI32Const, int32(3), wasm.OpI32RemU, wasm.OpBrIf, 0,
			wasm.OpDrop, wasm.OpDrop,
			wasm.OpIf, m.Type(":ii"), wasm.OpI32Const, int32(5), wasm.OpI32Const, int32(6), wasm.OpElse, wasm.OpI32Const, int32(7), wasm.OpI32Const, int32(8), wasm.OpEnd,
			wasm.OpEnd, wasm.OpEnd))
		return []call{{"f", []uint64{1, 2}}, {"f", []uint64{7, 11}}, {"f", []uint64{100, 3}}}
	}},
	{"unreachable and dead code", []wasm.Opcode{wasm.OpUnreachable, wasm.OpDrop}, func(m *wasmtest.Module) []call {
		f := m.Func("i:i", "",
			wasm.OpBlock, byte(0x40), wasm.OpLocalGet, 0, wasm.OpBrIf, 0, wasm.OpUnreachable, wasm.OpI32Add, wasm.OpDrop, wasm.OpBlock, byte(0x40), wasm.OpEnd, wasm.OpEnd,
			wasm.OpLoop, byte(wasm.I32), wasm.OpI32Const, int32(3), wasm.OpReturn, wasm.OpEnd, wasm.OpDrop, wasm.OpI32Const, int32(4), wasm.OpEnd)
		m.ExportFunc("f", f)
		return []call{{"f", []uint64{0}}, {"f", []uint64{1}}}
	}},
}

func TestEveryOpcodeIsTried(t *testing.T) {
	t.Parallel()
	tried := map[wasm.Opcode]bool{}
	for _, o := range others {
		m := wasmtest.New()
		o.build(m)
		found := map[wasm.Opcode]bool{}
		for _, body := range load(t, m.Bytes()).Bodies {
			var in wasm.Instruction
			for code := wasm.NewCode(body.Code); code.Next(&in) == nil; {
				found[in.Op] = true
			}
		}
		for _, op := range o.ops {
			require.True(t, found[op], "%s has no %s", o.name, op)
			tried[op] = true
		}
	}
	for _, op := range wasm.Opcodes() {
		require.True(t, tried[op] || fixed(op), "%s is tried nowhere", op)
	}
}

func TestOtherOpcodesGiveTheSame(t *testing.T) {
	for _, o := range others {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			m := wasmtest.New()
			calls := o.build(m)
			comparison{}.run(t, m.Bytes(), calls)
		})
	}
}
