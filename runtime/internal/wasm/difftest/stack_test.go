package difftest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// A shape is a way to write a function that calls itself and keeps much alive
// meanwhile: (i32 depth) -> ().
type shape struct {
	name string
	body func(m *wasmtest.Module, self int) (locals string, code []byte)
}

// recursion ends the call when the depth is 0 and goes one deeper.
func recursion(self int) []byte {
	return wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(1), wasm.OpI32Sub, wasm.OpCall, self)
}

// guarded is a body that returns at depth 0, and counts in global 0 how often
// it did not.
func guarded(parts ...any) []byte {
	return wasmtest.Code(
		wasm.OpLocalGet, 0, wasm.OpI32Eqz, wasm.OpIf, byte(0x40), wasm.OpReturn, wasm.OpEnd,
		wasm.OpGlobalGet, 0, wasm.OpI32Const, int32(1), wasm.OpI32Add, wasm.OpGlobalSet, 0,
		wasmtest.Code(parts...), wasm.OpEnd)
}

var shapes = []shape{
	{"nothing", func(m *wasmtest.Module, self int) (string, []byte) { return "", guarded(recursion(self)) }},
	{"two calls", func(m *wasmtest.Module, self int) (string, []byte) {
		return "", guarded(recursion(self), recursion(self))
	}},
	{"100 values on the operand stack", func(m *wasmtest.Module, self int) (string, []byte) {
		return "", guarded(
			wasmtest.Repeat(100, wasm.OpLocalGet, 0, wasm.OpI32Const, int32(1023), wasm.OpI32And, wasm.OpI32Load, 2, 0, wasm.OpLocalGet, 0, wasm.OpI32Mul), recursion(self),
			wasmtest.Repeat(100, wasm.OpGlobalSet, 1))
	}},
	{"100 vectors on the operand stack", func(m *wasmtest.Module, self int) (string, []byte) {
		return "", guarded(
			wasmtest.Repeat(100, wasm.OpLocalGet, 0, wasm.OpI32x4Splat, wasm.OpLocalGet, 0, wasm.OpI32x4Splat, wasm.OpI32x4Mul), recursion(self),
			wasmtest.Repeat(99, wasm.OpI32x4Add), wasm.OpI32x4ExtractLane, byte(0), wasm.OpGlobalSet, 1)
	}},
	{"200 locals", func(m *wasmtest.Module, self int) (string, []byte) {
		var set, use []byte
		for i := range 200 {
			set = append(set, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(i+3), wasm.OpI32Mul, wasm.OpI64ExtendI32U, wasm.OpLocalSet, i+1)...)
			use = append(use, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpI32WrapI64, wasm.OpGlobalSet, 1)...)
		}
		return strings.Repeat("I", 200), guarded(set, recursion(self), use)
	}},
	{"30 locals changed in 20 loops", func(m *wasmtest.Module, self int) (string, []byte) {
		var loops, use []byte
		for range 20 {
			loops = append(loops, wasmtest.Code(wasm.OpLoop, byte(0x40))...)
			for i := range 30 {
				loops = append(loops, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpLocalGet, 0, wasm.OpI32Xor, wasm.OpLocalSet, i+1)...)
			}
			loops = append(loops, wasmtest.Code(wasm.OpLocalGet, 1, wasm.OpI32Const, int32(12345), wasm.OpI32Eq, wasm.OpBrIf, 0, wasm.OpEnd)...)
		}
		for i := range 30 {
			use = append(use, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpGlobalSet, 1)...)
		}
		return strings.Repeat("i", 30), guarded(loops, recursion(self), use)
	}},
	{"30 locals changed in 20 ifs, with calls between", func(m *wasmtest.Module, self int) (string, []byte) {
		var ifs, use []byte
		for range 20 {
			ifs = append(ifs, wasmtest.Code(wasm.OpLocalGet, 1, wasm.OpIf, byte(0x40))...)
			for i := range 30 {
				ifs = append(ifs, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpLocalGet, 0, wasm.OpI32Add, wasm.OpLocalSet, i+1)...)
			}
			ifs = append(ifs, wasmtest.Code(wasm.OpEnd, wasm.OpI32Const, int32(0), wasm.OpCall, self)...)
		}
		for i := range 30 {
			use = append(use, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpGlobalSet, 1)...)
		}
		return strings.Repeat("i", 30), guarded(ifs, recursion(self), use)
	}},
	{"300 values that do not fit the registers", func(m *wasmtest.Module, self int) (string, []byte) {
		return "", guarded(
			wasmtest.Repeat(300, wasm.OpLocalGet, 0, wasm.OpI32Const, int32(1023), wasm.OpI32And, wasm.OpI32Load, 2, 0, wasm.OpLocalGet, 0, wasm.OpI32Mul),
			wasmtest.Repeat(299, wasm.OpI32Add), wasm.OpGlobalSet, 1, recursion(self))
	}},
	{"a call of 100 parameters and 16 results", func(m *wasmtest.Module, self int) (string, []byte) {
		wide := self + 1 // added below
		return "", guarded(
			wasmtest.Repeat(100, wasm.OpLocalGet, 0, wasm.OpI64ExtendI32U), wasm.OpCall, wide, wasmtest.Repeat(16, wasm.OpDrop), recursion(self))
	}},
	{"a br_table with 40 targets, 20 locals changed at each", func(m *wasmtest.Module, self int) (string, []byte) {
		const targets, locals = 40, 20
		code := wasmtest.Repeat(targets, wasm.OpBlock, byte(0x40))
		code = append(code, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpBrTable, targets-1)...)
		for i := range targets {
			code = append(code, wasmtest.Code(i)...)
		}
		for range targets {
			code = append(code, byte(wasm.OpEnd))
			for i := range locals {
				code = append(code, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpLocalGet, 0, wasm.OpI32Add, wasm.OpLocalSet, i+1)...)
			}
			code = append(code, wasmtest.Code(wasm.OpI32Const, int32(0), wasm.OpCall, self)...)
		}
		for i := range locals {
			code = append(code, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpGlobalSet, 1)...)
		}
		return strings.Repeat("i", locals), guarded(code, recursion(self))
	}},
	{"a loop around a br_table, as a Go guest has it", func(m *wasmtest.Module, self int) (string, []byte) {
		const targets, locals, next = 40, 6, 7
		code := wasmtest.Code(wasm.OpLoop, byte(0x40), wasmtest.Repeat(targets, wasm.OpBlock, byte(0x40)), wasm.OpLocalGet, next, wasm.OpBrTable, targets-1)
		for i := range targets {
			code = append(code, wasmtest.Code(i)...)
		}
		for i := range targets {
			code = append(code, wasmtest.Code(wasm.OpEnd, wasm.OpI32Const, int32(i+1), wasm.OpLocalSet, next)...)
			if i < 2 {
				code = append(code, wasmtest.Code(wasm.OpLocalGet, 1, wasm.OpIf, byte(0x40), wasm.OpI32Const, int32(0), wasm.OpCall, self, wasm.OpEnd)...)
			}
			for l := range 3 {
				l = 1 + (3*i+l)%locals
				code = append(code, wasmtest.Code(wasm.OpLocalGet, l, wasm.OpI32Const, int32(1023), wasm.OpI32And, wasm.OpI32Load, 2, 0, wasm.OpLocalSet, l)...)
			}
			if i%3 == 0 && i < targets-1 {
				code = append(code, wasmtest.Code(wasm.OpBr, targets-1-i)...)
			} else if i%3 == 1 && i < targets-1 {
				code = append(code, wasmtest.Code(wasm.OpLocalGet, 1, wasm.OpIf, byte(0x40), wasm.OpI32Const, int32(min(i+5, targets-1)), wasm.OpLocalSet, next, wasm.OpBr, targets-i, wasm.OpEnd)...)
			}
		}
		code = append(code, wasmtest.Code(wasm.OpEnd)...)
		for i := range locals {
			code = append(code, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpGlobalSet, 1)...)
		}
		return strings.Repeat("i", next), guarded(recursion(self), code, recursion(self))
	}},
	{"64 divisions, 30 locals alive", func(m *wasmtest.Module, self int) (string, []byte) {
		var set, use []byte
		for i := range 30 {
			set = append(set, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(i+3), wasm.OpI32Mul, wasm.OpLocalSet, i+1)...)
			use = append(use, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpLocalGet, i/2+1, wasm.OpI32Const, int32(1), wasm.OpI32Or, wasm.OpI32DivU, wasm.OpGlobalSet, 1)...)
		}
		return strings.Repeat("i", 30), guarded(set, use, use, use, recursion(self))
	}},
	{"loads from 40 addresses, each used twice", func(m *wasmtest.Module, self int) (string, []byte) {
		var set, use []byte
		for i := range 40 {
			set = append(set, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(i+1), wasm.OpI32Mul, wasm.OpI32Const, int32(1023), wasm.OpI32And, wasm.OpLocalTee, i+1, wasm.OpI32Load, 2, 0, wasm.OpGlobalSet, 1)...)
			use = append(use, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpI32Load, 2, 4, wasm.OpGlobalSet, 1)...)
		}
		return strings.Repeat("i", 40), guarded(set, use, recursion(self))
	}},
	{"stores to 40 addresses, each used twice", func(m *wasmtest.Module, self int) (string, []byte) {
		var set, use []byte
		for i := range 40 {
			set = append(set, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(i+1), wasm.OpI32Mul, wasm.OpI32Const, int32(1023), wasm.OpI32And, wasm.OpLocalTee, i+1, wasm.OpLocalGet, i/2+1, wasm.OpI32Store, 2, 0)...)
			use = append(use, wasmtest.Code(wasm.OpLocalGet, i+1, wasm.OpLocalGet, 40-i, wasm.OpI32Store, 2, 2000)...)
		}
		return strings.Repeat("i", 40), guarded(set, use, recursion(self))
	}},
	{"stores to 40 addresses that nothing else uses", func(m *wasmtest.Module, self int) (string, []byte) {
		var set, use []byte
		for i := range 40 {
			set = append(set, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(i+1), wasm.OpI32Mul, wasm.OpLocalSet, i+1)...)
			use = append(use, wasmtest.Code(wasm.OpLocalGet, 0, wasm.OpI32Const, int32(3*i+1), wasm.OpI32Mul, wasm.OpI32Const, int32(1023), wasm.OpI32And, wasm.OpLocalGet, i+1, wasm.OpI32Store, 2, 0)...)
		}
		return strings.Repeat("i", 40), guarded(set, use, use, recursion(self))
	}},
}

// recursive is a module with export f of a shape, and the depth in global
// "depth".
func recursive(s shape) []byte {
	m := wasmtest.New().Memory(1, 1)
	m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd)
	m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd)
	m.Export("depth", wasmtest.KindGlobal, 0)
	locals, code := s.body(m, 0)
	m.ExportFunc("f", m.FuncRaw("i:", wasmtest.Locals(locals), code))
	m.Func(strings.Repeat("I", 100)+":"+strings.Repeat("I", 16), "", wasmtest.Repeat(16, wasm.OpI64Const, int64(1)), wasm.OpEnd)
	return m.Bytes()
}

// engineStack is what wazero's compiler lets a call take: it doubles what it
// has until that is above 50,000,000 bytes, from 10,240.
const engineStack = 10_240 << 13

func TestAFrameIsNeverLargerThanWhatIsCharged(t *testing.T) {
	for i, s := range slices.Concat(shapes, shapes) {
		track := i >= len(shapes)
		t.Run(fmt.Sprintf("%s, tracked %v", s.name, track), func(t *testing.T) {
			code := recursive(s)
			r := rewrite(t, code, wasm.RewriteOptions{Track: track})
			charged := deepest(t, r.Code, r, 1<<20)
			// The same code without a limit on its stack takes what it takes.
			actual := deepest(t, r.Code, r, plenty)
			perFrame, atMost := float64(engineStack)/float64(actual), float64(1<<20)/float64(charged)
			t.Logf("takes %.0f bytes a frame, charged with %.0f", perFrame, atMost)
			require.LessOrEqual(t, perFrame, atMost*1.03) // the stack grows by a little more than twofold
			require.LessOrEqual(t, atMost, 9*perFrame+512, "the estimate is useless")
		})
	}
}

// deepest is how deep a recursion goes in the compiler before it ends.
func deepest(t *testing.T, code []byte, r *wasm.Rewritten, stack int64) int64 {
	t.Helper()
	m, err := newMachine(t, engines[0], code, r)
	require.NoError(t, err)
	m.budget.stack, m.budget.slice = stack, 0
	_, err = m.call("f", 1<<31)
	require.Error(t, err)
	depth := int64(m.mod.ExportedGlobal("depth").Get())
	require.NoError(t, m.mod.Close(t.Context()))
	return depth
}

func TestRecursionOfAnyKindEnds(t *testing.T) {
	t.Parallel()
	m := wasmtest.New()
	m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd)
	m.Export("depth", wasmtest.KindGlobal, 0)
	count := wasmtest.Code(wasm.OpGlobalGet, 0, wasm.OpI32Const, int32(1), wasm.OpI32Add, wasm.OpGlobalSet, 0)
	endless := m.Func(":", "", count, wasm.OpCall, 0, wasm.OpEnd)
	m.ExportFunc("endless", endless)
	m.ExportFunc("ping", m.Func(":", "", count, wasm.OpCall, 2, wasm.OpEnd))
	m.Func(":", "", wasm.OpCall, 1, wasm.OpEnd) // pong
	m.Table("r", 2, 2)
	m.ExportFunc("indirect", m.Func(":", "", count, wasm.OpI32Const, int32(0), wasm.OpCallIndirect, m.Type(":"), 0, wasm.OpEnd))
	m.Elem(0, 3, 7)
	// Not recursive itself, but calls what is, twice: the second time it must
	// have back what the first call used.
	m.ExportFunc("through", m.Func(":", "", wasm.OpI32Const, int32(500), wasm.OpCall, 6, wasm.OpI32Const, int32(500), wasm.OpCall, 6, wasm.OpEnd))
	m.ExportFunc("outer", m.Func(":", "", wasm.OpCall, 4, wasm.OpCall, 4, wasm.OpEnd))
	m.ExportFunc("down", m.Func("i:", "", wasm.OpLocalGet, 0, wasm.OpIf, byte(0x40), wasm.OpLocalGet, 0, wasm.OpI32Const, int32(1), wasm.OpI32Sub, wasm.OpCall, 6, wasm.OpEnd, wasm.OpEnd))
	// Recursive by way of a function that is in no table and calls no function
	// by name.
	m.ExportFunc("hop", m.Func(":", "", count, wasm.OpCall, 8, wasm.OpEnd))
	m.Func(":", "", wasm.OpI32Const, int32(1), wasm.OpCallIndirect, m.Type(":"), 0, wasm.OpEnd)
	code := m.Bytes()
	for _, e := range engines {
		for _, export := range []string{"endless", "ping", "indirect", "hop"} {
			t.Run(fmt.Sprint(e.name, " ", export), func(t *testing.T) {
				t.Parallel()
				m := start(t, e, code)
				m.budget.stack = 128 << 10
				_, err := m.call(export)
				require.ErrorContains(t, err, "unreachable")
				require.Equal(t, uint32(wasm.RefuelStack), m.budget.code)
				depth := m.mod.ExportedGlobal("depth").Get()
				require.Greater(t, depth, uint64(200))
				require.Less(t, depth, uint64(2000))
			})
		}
		t.Run(e.name+" gives back what a call used", func(t *testing.T) {
			t.Parallel()
			m := start(t, e, code)
			m.budget.stack = 128 << 10
			for range 3 {
				_, err := m.call("outer")
				require.NoError(t, err)
			}
			_, err := m.call("down", 1500)
			require.ErrorContains(t, err, "unreachable")
		})
	}
}

// Two calls of itself, 100 deep: more calls than there are particles. Fuel
// ends it, and the stack is never deep.
func TestTwoWayRecursionEndsByFuel(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		m := start(t, e, recursive(shapes[1]))
		m.budget.left = 10_000_000
		_, err := m.call("f", 100)
		require.ErrorContains(t, err, "unreachable")
		require.Equal(t, uint32(wasm.RefuelFuel), m.budget.code)
	}
}

func TestTheStackNeededByCallsThatCannotRecurIsKnownBeforehand(t *testing.T) {
	t.Parallel()
	m := wasmtest.New()
	// A chain of 50 functions, the last of which is recursive.
	for i := range 50 {
		m.Func(":", "", wasm.OpCall, i+1, wasm.OpEnd)
	}
	m.Func(":", "", wasm.OpCall, 50, wasm.OpEnd)
	m.ExportFunc("first", 0).ExportFunc("tenth", 10).ExportFunc("last", 50)
	r := rewrite(t, m.Bytes(), wasm.RewriteOptions{})
	own := r.StackNeed["last"] // it charges its frame itself: this is what the end of the stack takes
	frame := (r.StackNeed["tenth"] - own) / 40
	require.Greater(t, frame, uint32(64))
	require.Equal(t, own+50*frame, r.StackNeed["first"])
}

func TestALongChainOfCallsIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	const length = 50_000
	m := wasmtest.New()
	for i := range length - 1 {
		m.Func(":", "", wasm.OpCall, i+1, wasm.OpEnd)
	}
	m.Func(":", "", wasm.OpEnd)
	m.ExportFunc("first", 0).ExportFunc("last", length-1)
	r := rewrite(t, m.Bytes(), wasm.RewriteOptions{})
	frame := r.StackNeed["last"] - 1024 // of the way to the host
	require.Equal(t, 1024+length*frame, r.StackNeed["first"])
}
