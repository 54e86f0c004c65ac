package wasm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// withLocals is an extension with one more function: n locals of type i32,
// and this code.
func withLocals(n int, code ...[]byte) []byte {
	m := extension()
	body := []byte{}
	for _, c := range code {
		body = append(body, c...)
	}
	m.FuncRaw(":", wasmtest.Code(1, n, wasm.I32), append(body, byte(wasm.OpEnd)))
	return m.Bytes()
}

// readAll reads n locals.
func readAll(n int) []byte {
	var code []byte
	for i := range n {
		code = append(code, wasmtest.Code(wasm.OpLocalGet, i, wasm.OpDrop)...)
	}
	return code
}

var repeat, code = wasmtest.Repeat, wasmtest.Code

const void = byte(0x40)

// bombs are small valid modules that take seconds to hours to compile.
var bombs = map[string]func() []byte{
	"1,000 locals in 100 nested loops": func() []byte {
		return withLocals(1_000, repeat(100, wasm.OpLoop, void), readAll(1_000), repeat(100, wasm.OpLocalGet, 0, wasm.OpBrIf, 0, wasm.OpEnd))
	},
	"10,000 empty ifs": func() []byte {
		return withLocals(1, repeat(10_000, wasm.OpLocalGet, 0, wasm.OpIf, void, wasm.OpEnd))
	},
	"5,000 locals and 20,000 ifs": func() []byte {
		var c []byte
		for i := range 20_000 {
			c = append(c, code(wasm.OpLocalGet, i%5_000, wasm.OpIf, void, wasm.OpLocalGet, (i+1)%5_000, wasm.OpLocalSet, i%5_000, wasm.OpEnd)...)
		}
		return withLocals(5_000, c)
	},
	"a br_table with 100,000 targets": func() []byte {
		return withLocals(1, code(wasm.OpBlock, void, wasm.OpLocalGet, 0, wasm.OpBrTable, 100_000), repeat(100_001, 0), code(wasm.OpEnd))
	},
	"a br_table with 30,000 targets that carry 16 values": func() []byte {
		m := extension()
		t := m.Type(":" + strings.Repeat("i", 16))
		m.Func(":", "i", wasm.OpBlock, t, repeat(16, wasm.OpI32Const, int32(0)), wasm.OpLocalGet, 0, wasm.OpBrTable, 30_000, repeat(30_001, 0),
			wasm.OpEnd, repeat(16, wasm.OpDrop), wasm.OpEnd)
		return m.Bytes()
	},
	"10,000 ifs that return": func() []byte {
		return withLocals(1, repeat(10_000, wasm.OpLocalGet, 0, wasm.OpIf, void, wasm.OpReturn, wasm.OpEnd))
	},
	"10,000 br_ifs": func() []byte {
		return withLocals(1, code(wasm.OpBlock, void), repeat(10_000, wasm.OpLocalGet, 0, wasm.OpBrIf, 0), code(wasm.OpEnd))
	},
	"100,000 reads behind 1,000 br_ifs": func() []byte {
		return withLocals(2, code(wasm.OpBlock, void), repeat(1_000, wasm.OpLocalGet, 0, wasm.OpBrIf, 0), repeat(100_000, wasm.OpLocalGet, 1, wasm.OpDrop), code(wasm.OpEnd))
	},
	"1,000 locals read behind a block that 1,000 br_ifs leave": func() []byte {
		return withLocals(1_000, code(wasm.OpBlock, void), repeat(1_000, wasm.OpLocalGet, 0, wasm.OpBrIf, 0), code(wasm.OpEnd), readAll(1_000))
	},
	"1,000 br_ifs to a loop that reads 1,000 locals": func() []byte {
		return withLocals(1_000, code(wasm.OpLoop, void), readAll(1_000), repeat(1_000, wasm.OpLocalGet, 0, wasm.OpBrIf, 0), code(wasm.OpEnd))
	},
	"3,000 values on the stack across 2,000 ifs": func() []byte {
		return withLocals(1, code(wasm.OpI32Const, int32(0)), repeat(3_000, wasm.OpLocalGet, 0, wasm.OpI32Load, 2, 0), repeat(2_000, wasm.OpLocalGet, 0, wasm.OpIf, void, wasm.OpEnd),
			repeat(2_999, wasm.OpI32Add), code(wasm.OpI32Store, 2, 0))
	},
	"300 nested loops with 128 parameters": func() []byte {
		m := extension()
		t := m.Type(strings.Repeat("i", 128) + ":")
		var back []byte
		for depth := range 300 {
			back = append(back, code(wasm.OpLocalGet, 0, wasm.OpBrIf, depth)...)
		}
		m.Func(":", "i", repeat(128, wasm.OpMemorySize, 0), repeat(300, wasm.OpLoop, t), back, repeat(128, wasm.OpDrop), repeat(300, wasm.OpEnd), wasm.OpEnd)
		return m.Bytes()
	},
	"100,000 call_indirects": func() []byte {
		m := extension()
		m.Table("r", 1, 1)
		m.Func(":", "i", repeat(100_000, wasm.OpLocalGet, 0, wasm.OpCallIndirect, m.Type(":"), 0), wasm.OpEnd)
		return m.Bytes()
	},
	"200,000 truncations": func() []byte {
		return withLocals(1, code(wasm.OpF64Const, float64(0)), repeat(200_000, wasm.OpI64TruncF64U, wasm.OpF64ConvertI64U), code(wasm.OpDrop))
	},
}

func TestCompileBombsAreRefused(t *testing.T) {
	t.Parallel()
	for name, bomb := range bombs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bomb()
			_, err := admit(t, b, policy)
			var refused *wasm.AdmissionError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, wasm.ReasonCompile, refused.Reasons[0].Kind)
			require.Contains(t, refused.Reasons[0].Message, "to compile function 3, more than 2s; split that function")

			_, err = admit(t, b, wasm.Policy{Imports: policy.Imports, Interpreted: true})
			require.NoError(t, err, "the interpreter does not mind")
		})
	}
}

func TestManyFunctionsThatAreEachBearableAreRefusedInSum(t *testing.T) {
	t.Parallel()
	m := extension()
	for range 200 {
		m.FuncRaw(":", wasmtest.Code(1, 1, wasm.I32), append(repeat(2_000, wasm.OpLocalGet, 0, wasm.OpIf, void, wasm.OpEnd), byte(wasm.OpEnd)))
	}
	_, err := admit(t, m.Bytes(), policy)
	var refused *wasm.AdmissionError
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Reasons, 1)
	require.Contains(t, refused.Reasons[0].Message, "to compile, more than 1m0s; make it smaller")
}

// TestShapesOfHonestFunctionsAreAdmitted has the largest functions that were
// seen in guests of real toolchains, made a few times larger.
func TestShapesOfHonestFunctionsAreAdmitted(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		// A goroutine's function resumes at any of its calls: one loop, a
		// br_table, a block for each call.
		"10,000 resume points of a Go function": func() []byte {
			const n = 10_000
			var labels []byte
			for i := range n {
				labels = append(labels, code(i)...)
			}
			var calls []byte
			for range n {
				calls = append(calls, code(wasm.OpEnd, wasm.OpLocalGet, 1, wasm.OpI32Const, int32(8), wasm.OpI32Add, wasm.OpLocalSet, 1)...)
			}
			return withLocals(18, code(wasm.OpLoop, void), repeat(n, wasm.OpBlock, void), code(wasm.OpLocalGet, 0, wasm.OpBrTable, n), labels, code(0), calls, code(wasm.OpEnd))
		}(),
		// An interpreter's main function, as clang makes it.
		"100 loops with 60 locals and 3,000 branches": func() []byte {
			one := []byte{}
			for i := range 30 {
				one = append(one, code(wasm.OpLocalGet, i, wasm.OpIf, void, wasm.OpLocalGet, i, wasm.OpI32Const, int32(1), wasm.OpI32Add, wasm.OpLocalSet, i+1, wasm.OpEnd)...)
			}
			return withLocals(60, repeat(100, wasm.OpLoop, void, one, wasm.OpLocalGet, 5, wasm.OpBrIf, 0, wasm.OpEnd))
		}(),
		"one straight function of 600 KB": withLocals(2, repeat(100_000, wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpI32Add, wasm.OpDrop)),
	} {
		report, err := admit(t, b, policy)
		require.NoError(t, err, name)
		require.Greater(t, report.SlowestCompile, time.Millisecond, name)
	}
}

// Marks are code too: a straight line of stores is three times as long with
// them.
func TestMarksOfWhatIsWrittenAreCountedWhereTheyAreMade(t *testing.T) {
	t.Parallel()
	b := withLocals(1, repeat(90_000, wasm.OpLocalGet, 0, wasm.OpLocalGet, 0, wasm.OpI32Store, 2, 0))
	plain, err := admit(t, b, policy)
	require.NoError(t, err)
	tracked := policy
	tracked.Track = true
	report, err := admit(t, b, tracked)
	require.ErrorContains(t, err, "to compile function 3")
	require.Greater(t, report.SlowestCompile, 2*plain.SlowestCompile)
}
