package runtime_test

import (
	"strings"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// A bomb is a module that is small and costs much: to read, to check, to
// compile. They are made here because some are large as files.
type bomb struct {
	name  string
	build func() []byte
}

const void = byte(0x40) // the block type of nothing

// bombGuest is a guest whose aril_wrap passes, with what add puts into it.
func bombGuest(add func(m *wasmtest.Module)) []byte {
	m := wasmtest.New()
	m.Memory(1, wasmtest.NoMax).ExportMemory("memory")
	m.ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(0x100000001000), wasm.OpEnd))
	m.ExportFunc("aril_wrap", m.Func("i:i", "", wasm.OpI32Const, int32(1), wasm.OpEnd))
	add(m)
	return m.Bytes()
}

// bombBody is a guest with one more function.
func bombBody(sig, locals string, body ...any) func() []byte {
	return func() []byte {
		return bombGuest(func(m *wasmtest.Module) { m.Func(sig, locals, append(body, wasm.OpEnd)...) })
	}
}

func letters(letter string, n int) string { return strings.Repeat(letter, n) }

func compileBombs() []bomb {
	repeat := wasmtest.Repeat
	emptyIf := repeat(1, wasm.OpLocalGet, 0, wasm.OpIf, void, wasm.OpEnd)
	// A local that is written before and read after whatever stands between.
	keep := func(n int, between []byte) []byte {
		var b []byte
		for i := 1; i <= n; i++ {
			b = append(b, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(i), wasm.OpI32Mul, wasm.OpLocalSet, i)...)
		}
		b = append(b, between...)
		for i := 1; i <= n; i++ {
			b = append(b, wasmtest.Code(wasm.OpLocalGet, i, wasm.OpLocalGet, 0, wasm.OpI32Add, wasm.OpLocalSet, 0)...)
		}
		return b
	}
	// The same, kept on the operand stack, where no local is counted.
	stacked := func(n int, between []byte) []byte {
		var b []byte
		for i := range n {
			b = append(b, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(i), wasm.OpI32Mul)...)
		}
		b = append(b, between...)
		return append(b, repeat(n, wasm.OpLocalGet, 0, wasm.OpI32Add, wasm.OpLocalSet, 0)...)
	}
	nest := func(n int, inner []byte, open ...any) []byte {
		return wasmtest.Code(repeat(n, open...), inner, repeat(n, wasm.OpEnd))
	}
	table := func(targets int) []byte { return wasmtest.Code(wasm.OpBrTable, targets, repeat(targets, 0), 0) }
	return []bomb{
		{"1 000 locals over 100 nested loops", bombBody("i:", letters("i", 1000),
			keep(1000, nest(100, nil, wasm.OpLoop, void)))},
		{"1 000 locals over 100 nested loops that go round", bombBody("i:", letters("i", 1000),
			keep(1000, wasmtest.Code(repeat(100, wasm.OpLoop, void), repeat(100, wasm.OpLocalGet, 0, wasm.OpBrIf, 0, wasm.OpEnd))))},
		{"10 000 empty ifs", bombBody("i:", "", repeat(10_000, emptyIf))},
		{"5 000 locals over 20 000 ifs", bombBody("i:", letters("i", 5000), keep(5000, repeat(20_000, emptyIf)))},
		{"a million bytes of ifs", bombBody("i:", "", repeat(209_000, emptyIf))},
		{"a million ifs", bombBody("i:", "", repeat(1_000_000, emptyIf))},
		{"100 000 nested blocks", bombBody(":", "", nest(100_000, nil, wasm.OpBlock, void))},
		{"100 000 nested loops", bombBody(":", "", nest(100_000, nil, wasm.OpLoop, void))},
		{"100 000 nested ifs", bombBody("i:", "", nest(100_000, nil, wasm.OpLocalGet, 0, wasm.OpIf, void))},
		{"300 000 blocks that never end", func() []byte {
			return bombGuest(func(m *wasmtest.Module) { m.FuncRaw(":", []byte{0}, repeat(300_000, wasm.OpBlock, void)) })
		}},
		{"a br_table of 500 000 targets", bombBody("i:", "", wasm.OpLocalGet, 0, table(500_000))},
		{"a br_table of 30 000 targets to a label of 16 values", bombBody("i:iiiiiiiiiiiiiiii", "",
			repeat(16, wasm.OpLocalGet, 0), wasm.OpLocalGet, 0, table(30_000))},
		{"2 000 br_tables of 200 targets", bombBody("i:", "",
			repeat(2000, wasm.OpBlock, void, wasm.OpLocalGet, 0, table(200), wasm.OpEnd))},
		{"2 000 locals written in each arm of 500 ifs", bombBody("i:", letters("i", 2000), func() []byte {
			var b []byte
			for i := range 500 {
				b = append(b, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpIf, void)...)
				for k := range 40 {
					b = append(b, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpLocalSet, 1+(i*37+k)%2000)...)
				}
				b = append(b, wasmtest.Code(wasm.OpEnd)...)
			}
			return keep(2000, b)
		}())},
		{"3 000 values on the operand stack over 5 000 ifs", bombBody("i:", "", stacked(3000, repeat(5000, emptyIf)))},
		{"3 000 values on the operand stack over 200 loops", bombBody("i:", "",
			stacked(3000, repeat(200, wasm.OpLoop, void, wasm.OpLocalGet, 0, wasm.OpBrIf, 0, wasm.OpEnd)))},
		{"20 000 values on the operand stack over 1 000 ifs", bombBody("i:", "", stacked(20_000, repeat(1000, emptyIf)))},
		{"250 000 values on the operand stack", bombBody("i:", "",
			repeat(250_000, wasm.OpLocalGet, 0), repeat(250_000, wasm.OpDrop))},
		{"100 000 values on the operand stack over calls", bombBody("i:", "", stacked(60_000, repeat(1000, wasm.OpCall, 0, wasm.OpDrop)))},
		{"20 000 calls with 1 000 values alive", bombBody("i:", "", stacked(1000, repeat(20_000, wasm.OpCall, 0, wasm.OpDrop)))},
		{"loops that carry 16 values", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				t := m.Type("IIIIIIIIIIIIIIII:IIIIIIIIIIIIIIII")
				m.Func("i:", "", repeat(16, wasm.OpI64Const, int64(1)),
					repeat(8000, wasm.OpLoop, int32(t), wasm.OpLocalGet, 0, wasm.OpBrIf, 0, wasm.OpEnd), repeat(16, wasm.OpDrop), wasm.OpEnd)
			})
		}},
		{"nested loops that carry 16 values", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				t := m.Type("IIIIIIIIIIIIIIII:IIIIIIIIIIIIIIII")
				m.Func("i:", "", repeat(16, wasm.OpI64Const, int64(1)),
					repeat(1000, wasm.OpLoop, int32(t)), repeat(1000, wasm.OpLocalGet, 0, wasm.OpBrIf, 0, wasm.OpEnd), repeat(16, wasm.OpDrop), wasm.OpEnd)
			})
		}},
		{"a mebibyte of additions", bombBody("i:i", "", wasm.OpLocalGet, 0, repeat(340_000, wasm.OpLocalGet, 0, wasm.OpI32Add))},
		{"a mebibyte of shuffles", bombBody("v:v", "", wasm.OpLocalGet, 0,
			repeat(50_000, wasm.OpLocalGet, 0, wasm.OpI8x16Shuffle, []byte{31, 1, 30, 3, 29, 5, 28, 7, 27, 9, 26, 11, 25, 13, 24, 15}))},
		{"a mebibyte of vector shifts and counts", bombBody("v:v", "", wasm.OpLocalGet, 0,
			repeat(110_000, wasm.OpLocalGet, 0, wasm.OpI8x16Swizzle, wasm.OpI8x16Popcnt, wasm.OpI32Const, int32(3), wasm.OpI8x16ShrS))},
		{"a mebibyte of loads", bombBody("i:i", "", wasm.OpLocalGet, 0, repeat(230_000, wasm.OpI32Load, 0, 0))},
		{"a mebibyte of truncations", bombBody("F:F", "", wasm.OpLocalGet, 0, repeat(400_000, wasm.OpI64TruncF64U, wasm.OpF64ConvertI64U))},
		{"a mebibyte of divisions", bombBody("I:I", "", wasm.OpLocalGet, 0, repeat(300_000, wasm.OpLocalGet, 0, wasm.OpI64DivS))},
		{"a mebibyte of indirect calls", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				m.Table("r", 1, 1)
				m.Func(":", "", repeat(180_000, wasm.OpI32Const, int32(0), wasm.OpCallIndirect, m.Type(":"), 0), wasm.OpEnd)
			})
		}},
		{"100 000 fills in a row", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				m.Func(":", "", repeat(100_000, wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(64), wasm.OpMemoryFill, byte(0)), wasm.OpEnd)
			})
		}},
		{"15 functions of a mebibyte of branches", func() []byte {
			body := repeat(170_000, wasm.OpLocalGet, 0, wasm.OpBrIf, 0)
			return bombGuest(func(m *wasmtest.Module) {
				for range 15 {
					m.Func("i:", "", wasm.OpBlock, void, body, wasm.OpEnd, wasm.OpEnd)
				}
			})
		}},
		{"1 500 functions of 2 000 ifs", func() []byte {
			body := repeat(2000, emptyIf)
			return bombGuest(func(m *wasmtest.Module) {
				for range 1500 {
					m.Func("i:", "", body, wasm.OpEnd)
				}
			})
		}},
		{"3 000 functions of 300 ifs over 300 locals", func() []byte {
			body := keep(300, repeat(300, emptyIf))
			return bombGuest(func(m *wasmtest.Module) {
				for range 3000 {
					m.Func("i:", letters("i", 300), body, wasm.OpEnd)
				}
			})
		}},
		{"4 000 functions of 50 000 locals each, which nothing uses", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				for range 4_000 {
					m.FuncRaw(":", wasmtest.Code(1, 50_000, byte(0x7e)), wasmtest.Code(wasm.OpEnd))
				}
			})
		}},
		{"99 000 functions that each call the next one twice", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				for i := range 99_000 {
					next := min(i+3, 99_001)
					m.Func(":", "", wasm.OpCall, next, wasm.OpCall, next, wasm.OpEnd)
				}
			})
		}},
		{"a chain of 90 000 calls, each one frame deeper", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				for i := range 90_000 {
					m.Func("IIIIIIII:", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpLocalGet, 2, wasm.OpLocalGet, 3, wasm.OpLocalGet, 4, wasm.OpLocalGet, 5, wasm.OpLocalGet, 6, wasm.OpLocalGet, 7, wasm.OpCall, min(i+3, 90_001), wasm.OpEnd)
				}
			})
		}},
		{"one frame of a mebibyte", bombBody("I:I", "", func() []byte {
			var b []byte
			for range 60_000 {
				b = append(b, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpLocalGet, 0, wasm.OpI64Mul)...)
			}
			return wasmtest.Code(b, repeat(59_999, wasm.OpI64Xor))
		}())},
	}
}

func fileBombs() []bomb {
	repeat := wasmtest.Repeat
	return []bomb{
		{"17 MiB of custom section", func() []byte {
			return bombGuest(func(m *wasmtest.Module) { m.Custom("x", make([]byte, 17<<20)) })
		}},
		{"17 MiB that are no module", func() []byte { return make([]byte, 17<<20) }},
		{"a million custom sections", func() []byte {
			return append(bombGuest(func(*wasmtest.Module) {}), repeat(1_000_000, byte(0), byte(1), byte(0))...)
		}},
		{"a million types", func() []byte {
			return append(wasmtest.Header(), wasmtest.Section(1, 1_000_000, repeat(1_000_000, byte(0x60), byte(0), byte(0)))...)
		}},
		{"a million imports", func() []byte {
			b := append(wasmtest.Header(), wasmtest.Section(1, 1, byte(0x60), byte(0), byte(0))...)
			return append(b, wasmtest.Section(2, 1_000_000, repeat(1_000_000, wasmtest.Name("a"), wasmtest.Name("b"), byte(0), 0))...)
		}},
		{"a million globals", func() []byte {
			return append(wasmtest.Header(), wasmtest.Section(6, 1_000_000, repeat(1_000_000, byte(0x7f), byte(1), byte(0x41), byte(0), byte(0x0b)))...)
		}},
		{"a million memories", func() []byte {
			return append(wasmtest.Header(), wasmtest.Section(5, 1_000_000, repeat(1_000_000, byte(0), 1))...)
		}},
		{"a million tables", func() []byte {
			return append(wasmtest.Header(), wasmtest.Section(4, 1_000_000, repeat(1_000_000, byte(0x70), byte(0), 1))...)
		}},
		{"a million functions", func() []byte {
			b := append(wasmtest.Header(), wasmtest.Section(1, 1, byte(0x60), byte(0), byte(0))...)
			b = append(b, wasmtest.Section(3, 1_000_000, repeat(1_000_000, byte(0)))...)
			return append(b, wasmtest.Section(10, 1_000_000, repeat(1_000_000, byte(2), byte(0), byte(0x0b)))...)
		}},
		{"20 000 exports with names of 500 bytes", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				for i := range 20_000 {
					m.Export(strings.Repeat("x", 500)+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)), wasmtest.KindMemory, 0)
				}
			})
		}},
		{"a million element segments", func() []byte {
			return append(bombGuest(func(*wasmtest.Module) {})[:8], wasmtest.Section(9, 1_000_000, repeat(1_000_000, 1, byte(0), 0))...)
		}},
		{"an element segment of a million functions", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				m.Table("r", 1_000_000, 1_000_000)
				m.ElemRaw(0, byte(0x41), int32(0), byte(0x0b), 1_000_000, make([]byte, 1_000_000))
			})
		}},
		{"a million data segments", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				for range 1_000_000 {
					m.Data(0, "x")
				}
			})
		}},
		{"a million names", func() []byte {
			var names []byte
			for i := range 1_000_000 {
				names = append(names, wasmtest.Code(i, wasmtest.Name("function"))...)
			}
			return bombGuest(func(m *wasmtest.Module) {
				m.Custom("name", wasmtest.Section(1, 1_000_000, names))
			})
		}},
		{"one function name of 15 MiB", func() []byte {
			return bombGuest(func(m *wasmtest.Module) {
				m.Custom("name", wasmtest.Section(1, 1, 1, wasmtest.Name(strings.Repeat("x", 15<<20))))
			})
		}},
	}
}
