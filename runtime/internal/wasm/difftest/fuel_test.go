package difftest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// start makes a machine for a module in an engine.
func start(t testing.TB, e engine, code []byte) *machine {
	t.Helper()
	r := rewrite(t, code, wasm.RewriteOptions{})
	m, err := newMachine(t, e, r.Code, r)
	require.NoError(t, err)
	return m
}

func TestStraightLineCodeCostsOneAnInstruction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		want int64
		body []any
	}{
		{"nothing", 0, []any{wasm.OpEnd}},
		{"nop and blocks", 0, []any{wasm.OpNop, wasm.OpBlock, byte(0x40), wasm.OpNop, wasm.OpEnd, wasm.OpEnd}},
		{"constant and drop", 2, []any{wasm.OpI32Const, int32(1), wasm.OpDrop, wasm.OpEnd}},
		{"division", 7, []any{wasm.OpI32Const, int32(1), wasm.OpI32Const, int32(1), wasm.OpI32DivS, wasm.OpDrop, wasm.OpEnd}},
		{"block with a result", 3, []any{wasm.OpBlock, byte(wasm.I32), wasm.OpI32Const, int32(1), wasm.OpEnd, wasm.OpDrop, wasm.OpEnd}},
		{"branch with a value", 5, []any{wasm.OpBlock, byte(wasm.I32), wasm.OpI32Const, int32(1), wasm.OpBr, 0, wasm.OpEnd, wasm.OpDrop, wasm.OpEnd}},
		{"return, then dead code", 1, []any{wasm.OpReturn, wasm.OpI32Const, int32(1), wasm.OpDrop, wasm.OpEnd}},
		{"if not taken", 2, []any{wasm.OpI32Const, int32(0), wasm.OpIf, byte(0x40), wasm.OpI32Const, int32(1), wasm.OpDrop, wasm.OpEnd, wasm.OpEnd}},
		{"if taken", 4, []any{wasm.OpI32Const, int32(1), wasm.OpIf, byte(0x40), wasm.OpI32Const, int32(1), wasm.OpDrop, wasm.OpEnd, wasm.OpEnd}},
		{"memory.grow", 1 + 100 + 2 + 1, []any{wasm.OpI32Const, int32(2), wasm.OpMemoryGrow, byte(0), wasm.OpDrop, wasm.OpEnd}},
		{"memory.grow by more than there can be", 1 + 100 + 65_536 + 1, []any{wasm.OpI32Const, int32(-1), wasm.OpMemoryGrow, byte(0), wasm.OpDrop, wasm.OpEnd}},
		{"memory.fill of 95 bytes", 3 + 1 + 2, []any{wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(95), wasm.OpMemoryFill, byte(0), wasm.OpEnd}},
		{"memory.fill of 96 bytes", 3 + 1 + 3, []any{wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(96), wasm.OpMemoryFill, byte(0), wasm.OpEnd}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := wasmtest.New().Memory(1, 9)
			m.ExportFunc("f", m.Func(":", "", c.body...))
			for _, e := range engines {
				machine := start(t, e, m.Bytes())
				_, err := machine.call("f")
				require.NoError(t, err)
				require.Equal(t, c.want, machine.fuel(), e.name)
			}
		})
	}
}

// counting is a loop of n iterations, each of which stores its number at its
// number. Every way of keeping the balance has one.
func counting(kind string) []byte {
	m := wasmtest.New().Memory(1, 1).ExportMemory("memory")
	inc := m.Import("env", "inc", "i:i")
	empty := m.Func(":", "", wasm.OpEnd)
	step := wasmtest.Code(wasm.OpLocalGet, 1, wasm.OpLocalGet, 1, wasm.OpI32Store8, 0, 0,
		wasm.OpLocalGet, 1, wasm.OpI32Const, int32(1), wasm.OpI32Add, wasm.OpLocalTee, 1)
	body := map[string][]byte{
		"balance in a local":  wasmtest.Code(wasm.OpLoop, byte(0x40), step, wasm.OpLocalGet, 0, wasm.OpI32LtU, wasm.OpBrIf, 0, wasm.OpEnd, wasm.OpEnd),
		"balance in a global": wasmtest.Code(wasm.OpLoop, byte(0x40), wasm.OpCall, empty, step, wasm.OpLocalGet, 0, wasm.OpI32LtU, wasm.OpBrIf, 0, wasm.OpEnd, wasm.OpEnd),
		"with an import":      wasmtest.Code(wasm.OpLoop, byte(0x40), wasm.OpI32Const, int32(0), wasm.OpCall, inc, wasm.OpDrop, step, wasm.OpLocalGet, 0, wasm.OpI32LtU, wasm.OpBrIf, 0, wasm.OpEnd, wasm.OpEnd),
		"left by a branch": wasmtest.Code(wasm.OpBlock, byte(0x40), wasm.OpLoop, byte(0x40), step, wasm.OpLocalGet, 0, wasm.OpI32GeU, wasm.OpBrIf, 1,
			wasm.OpBr, 0, wasm.OpEnd, wasm.OpEnd, wasm.OpEnd),
		"left by return": wasmtest.Code(wasm.OpLoop, byte(0x40), step, wasm.OpLocalGet, 0, wasm.OpI32GeU, wasm.OpIf, byte(0x40), wasm.OpReturn, wasm.OpEnd,
			wasm.OpBr, 0, wasm.OpEnd, wasm.OpEnd),
		"left by br_table": wasmtest.Code(wasm.OpBlock, byte(0x40), wasm.OpLoop, byte(0x40), step, wasm.OpLocalGet, 0, wasm.OpI32GeU, wasm.OpBrTable, 1, 0, 1,
			wasm.OpEnd, wasm.OpEnd, wasm.OpEnd),
		"left by unreachable": wasmtest.Code(wasm.OpLoop, byte(0x40), step, wasm.OpLocalGet, 0, wasm.OpI32GeU, wasm.OpIf, byte(0x40), wasm.OpUnreachable, wasm.OpEnd,
			wasm.OpBr, 0, wasm.OpEnd, wasm.OpEnd),
	}[kind]
	m.ExportFunc("f", m.FuncRaw("i:", wasmtest.Locals("i"), body))
	return m.Bytes()
}

// countings are the kinds whose last look at the balance sees the whole cost.
var countings = []string{"balance in a local", "balance in a global", "with an import", "left by a branch", "left by br_table"}

func TestWhatIsChargedAfterTheLastLookMayOverdraw(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		m := start(t, e, counting("left by return"))
		_, err := m.call("f", 20)
		require.NoError(t, err)
		m.budget.left, m.budget.slice = m.fuel()-1, 0
		_, err = m.call("f", 20)
		require.NoError(t, err)
		require.EqualValues(t, -1, int64(m.global(wasm.FuelGlobal).Get()), "the region of the return was not paid for")
	}
}

func TestAnActivationEndsExactlyWhereItsFuelDoes(t *testing.T) {
	t.Parallel()
	const iterations = 20
	for _, kind := range countings {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, e := range engines {
				m := start(t, e, counting(kind))
				_, err := m.call("f", iterations)
				require.NoError(t, err)
				whole := m.fuel()

				// What one iteration costs, and what was charged before the first.
				_, err = m.call("f", iterations-1)
				require.NoError(t, err)
				each := whole - m.fuel()
				first := whole - iterations*each

				for _, slice := range []int64{0, 1, 7, 100_000} {
					for fuel := first; fuel < whole; fuel++ {
						clear(memory(m))
						m.budget.left, m.budget.slice = fuel, slice
						_, err = m.call("f", iterations)
						require.ErrorContains(t, err, "unreachable")
						require.Equal(t, uint32(wasm.RefuelFuel), m.budget.code)

						paid := (fuel - first) / each
						for i := range int64(iterations) {
							if i < paid {
								require.EqualValues(t, i, memory(m)[i], "fuel %d", fuel)
							} else {
								require.Zero(t, memory(m)[i], "fuel %d: iteration %d ran unpaid", fuel, i)
							}
						}
					}
					m.budget.left, m.budget.slice = whole, slice
					_, err = m.call("f", iterations)
					require.NoError(t, err, "with exactly what it needs")
					require.Zero(t, m.budget.left+int64(m.global(wasm.FuelGlobal).Get()))
				}
			}
		})
	}
}

func memory(m *machine) []byte {
	view, _ := m.mod.Memory().Read(0, 256)
	return view
}

func TestNoImportIsCalledPastExhaustion(t *testing.T) {
	t.Parallel()
	m := wasmtest.New()
	inc := m.Import("env", "inc", "i:i")
	m.Table("r", 1, 1)
	m.Elem(0, inc)
	m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd)
	m.Export("count", wasmtest.KindGlobal, 0)
	// Each call is in a region of its own; the global counts those made.
	direct := wasmtest.Repeat(10, wasm.OpBlock, byte(0x40), wasm.OpI32Const, int32(0), wasm.OpBrIf, 0, wasm.OpGlobalGet, 0, wasm.OpCall, inc, wasm.OpGlobalSet, 0, wasm.OpEnd)
	indirect := wasmtest.Repeat(10, wasm.OpBlock, byte(0x40), wasm.OpI32Const, int32(0), wasm.OpBrIf, 0, wasm.OpGlobalGet, 0, wasm.OpI32Const, int32(0), wasm.OpCallIndirect, m.Type("i:i"), 0, wasm.OpGlobalSet, 0, wasm.OpEnd)
	m.ExportFunc("direct", m.Func(":", "", direct, wasm.OpEnd))
	m.ExportFunc("indirect", m.Func(":", "", indirect, wasm.OpEnd))
	for _, export := range []string{"direct", "indirect"} {
		t.Run(export, func(t *testing.T) {
			t.Parallel()
			for _, e := range engines {
				machine := start(t, e, m.Bytes())
				_, err := machine.call(export)
				require.NoError(t, err)
				whole := machine.fuel()
				each := int64(1 + 1 + 1 + 2) // global.get, call, two values, global.set
				if export == "indirect" {
					each++
				}
				head := whole - 10*each // the ten const and br_if belong to the entry
				for calls := range int64(10) {
					machine.mod.ExportedGlobal("count").(interface{ Set(uint64) }).Set(0)
					machine.budget.left = head + (calls+1)*each - 1
					_, err = machine.call(export)
					require.ErrorContains(t, err, "unreachable")
					require.EqualValues(t, calls, machine.mod.ExportedGlobal("count").Get())
				}
			}
		})
	}
}

func TestAnExplicitTrapLeavesTheBalanceRight(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		m := start(t, e, counting("left by unreachable"))
		_, err := m.call("f", 5)
		require.ErrorContains(t, err, "unreachable")
		before := m.fuel()
		_, err = m.call("f", 6)
		require.ErrorContains(t, err, "unreachable")
		require.Greater(t, m.fuel(), before)
	}
}

func TestEndlessCodeEnds(t *testing.T) {
	t.Parallel()
	m := wasmtest.New()
	first := m.Import("env", "nothing", ":") + 1
	loop := func(body ...any) []byte {
		return wasmtest.Code(wasm.OpLoop, byte(0x40), wasmtest.Code(body...), wasm.OpEnd, wasm.OpEnd)
	}
	bodies := map[string][]byte{
		"loop":                      loop(wasm.OpBr, 0),
		"nested loop, outer branch": loop(wasm.OpLoop, byte(0x40), wasm.OpBr, 1, wasm.OpEnd),
		"loop of an import":         loop(wasm.OpCall, 0, wasm.OpBr, 0),
		"loop by br_table":          loop(wasm.OpI32Const, int32(3), wasm.OpBrTable, 1, 0, 0),
		"loop by if":                loop(wasm.OpI32Const, int32(1), wasm.OpIf, byte(0x40), wasm.OpBr, 1, wasm.OpEnd),
	}
	for name, body := range bodies {
		m.ExportFunc(name, m.FuncRaw(":", wasmtest.Locals(""), body))
	}
	// f_i calls f_i+1 twice, 60 deep; once plainly, once where the entry costs nothing.
	for _, name := range []string{"doubling", "doubling in a loop that is none"} {
		for i := range 60 {
			index := first + len(bodies) + i + 1
			if name != "doubling" {
				index += 61
			}
			calls := wasmtest.Code(wasm.OpCall, index, wasm.OpCall, index)
			if name != "doubling" {
				calls = wasmtest.Code(wasm.OpLoop, byte(0x40), calls, wasm.OpEnd)
			}
			f := m.Func(":", "", calls, wasm.OpEnd)
			if i == 0 {
				m.ExportFunc(name, f)
			}
		}
		m.Func(":", "", wasm.OpEnd)
	}
	code := m.Bytes()
	names := []string{"doubling", "doubling in a loop that is none"}
	for name := range bodies {
		names = append(names, name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, e := range engines {
				machine := start(t, e, code)
				machine.budget.left = 1_000_000
				_, err := machine.call(name)
				require.ErrorContains(t, err, "unreachable")
				require.Equal(t, uint32(wasm.RefuelFuel), machine.budget.code)
				require.Zero(t, machine.budget.left)
				require.LessOrEqual(t, machine.budget.asked, 12)
			}
		})
	}
}
