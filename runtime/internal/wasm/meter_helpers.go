package wasm

import (
	"slices"

	"github.com/aril-wasm/aril/abi"
)

// helpers are the functions that the rewriter appends. The code that a body
// carries for metering is the part that always runs; the rest is here.
type helpers struct {
	refuelType uint32
	list       []helper

	// Indices of the functions in the rewritten code.
	empty      uint32            // () -> (): the balance is negative
	emptyLocal uint32            // (i64 balance) -> (i64 balance): the same, the balance being in a local
	enter      uint32            // (i64 stack) -> (): one of the two is negative
	spend      uint32            // (i32 n) -> (i32 n): charges n, within bounds, and looks
	fill, copy uint32            // memory.fill and memory.copy
	grow       uint32            // memory.grow of a tracked module
	init       map[uint32]uint32 // memory.init, by segment
}

type helper struct {
	name string
	typ  uint32
	body []byte // locals and code
}

// plan lays out the helpers that the module needs.
func (h *helpers) plan(r *rewriter) {
	h.refuelType = r.typeIndex(FuncType{Params: []ValueType{I32}, Results: []ValueType{I32}})
	if r.opt.Unmetered {
		return
	}
	first := r.imported + 1 + uint32(len(r.m.Bodies))
	add := func(name string, t FuncType, body []byte) uint32 {
		h.list = append(h.list, helper{name: name, typ: r.typeIndex(t), body: body})
		return first + uint32(len(h.list)) - 1
	}
	a := asm{r: r}
	h.empty = add("aril.empty", FuncType{}, a.empty())
	h.emptyLocal = add("aril.empty_local", FuncType{Params: []ValueType{I64}, Results: []ValueType{I64}}, a.emptyLocal(h.empty))
	h.enter = add("aril.enter", FuncType{Params: []ValueType{I64}}, a.enter(h.empty))
	h.spend = add("aril.spend", FuncType{Params: []ValueType{I32}, Results: []ValueType{I32}}, a.spend(h.empty))
	bulk := FuncType{Params: []ValueType{I32, I32, I32}}
	if r.survey.fill {
		h.fill = add("aril.fill", bulk, a.bulk(bulkFill, Instruction{Op: OpMemoryFill}, h.empty))
	}
	if r.survey.copy {
		h.copy = add("aril.copy", bulk, a.bulk(bulkCopy, Instruction{Op: OpMemoryCopy}, h.empty))
	}
	if r.tracked {
		h.grow = add("aril.grow", FuncType{Params: []ValueType{I32}, Results: []ValueType{I32}}, a.grow())
	}
	h.init = map[uint32]uint32{}
	segments := make([]uint32, 0, len(r.survey.inits))
	for segment := range r.survey.inits {
		segments = append(segments, segment)
	}
	slices.Sort(segments)
	for _, segment := range segments {
		h.init[segment] = add("aril.init", bulk, a.bulk(bulkInit, Instruction{Op: OpMemoryInit, A: segment}, h.empty))
	}
}

// An asm writes the helpers' code.
type asm struct {
	r *rewriter
	b []byte
}

// op appends an instruction whose immediate, if any, is v.
func (a *asm) op(op Opcode, v ...int64) {
	in := Instruction{Op: op, Block: BlockType{Index: -1}}
	if len(v) > 0 {
		in.A, in.Bits = uint32(v[0]), uint64(v[0])
	}
	a.b = appendInstruction(a.b, &in)
}

// locals begins a body with n locals of type i32.
func (a *asm) locals(n uint32) {
	a.b = nil
	if n == 0 {
		a.b = append(a.b, 0)
		return
	}
	a.b = append(appendU32(append(a.b, 1), n), byte(I32))
}

func (a *asm) end() []byte {
	a.op(OpEnd)
	return a.b
}

// empty asks for fuel, and ends the activation when there is none.
func (a *asm) empty() []byte {
	a.locals(0)
	a.op(OpI32Const, RefuelFuel)
	a.op(OpCall, int64(a.r.imported))
	a.op(OpI32Const, 0)
	a.op(OpI32LtS)
	a.op(OpIf)
	a.op(OpUnreachable)
	a.op(OpEnd)
	return a.end()
}

func (a *asm) emptyLocal(empty uint32) []byte {
	a.locals(0)
	a.op(OpLocalGet, 0)
	a.op(OpGlobalSet, int64(a.r.fuel))
	a.op(OpCall, int64(empty))
	a.op(OpGlobalGet, int64(a.r.fuel))
	return a.end()
}

func (a *asm) enter(empty uint32) []byte {
	a.locals(0)
	a.op(OpLocalGet, 0)
	a.op(OpI64Const, 0)
	a.op(OpI64LtS)
	a.op(OpIf)
	a.op(OpI32Const, RefuelStack)
	a.op(OpCall, int64(a.r.imported))
	a.op(OpUnreachable)
	a.op(OpEnd)
	a.check(empty)
	return a.end()
}

// check asks for fuel when the global balance is negative.
func (a *asm) check(empty uint32) {
	a.b = appendCheck(a.b, a.r.fuel, empty)
}

// charge takes the i32 in a local, shifted right, from the balance.
func (a *asm) charge(local int64, shift int64) {
	a.op(OpGlobalGet, int64(a.r.fuel))
	a.op(OpLocalGet, local)
	if shift > 0 {
		a.op(OpI32Const, shift)
		a.op(OpI32ShrU)
	}
	a.op(OpI64ExtendI32U)
	a.op(OpI64Sub)
	a.op(OpGlobalSet, int64(a.r.fuel))
}

// spend charges a number of pages or elements, and no more than there can be:
// asking for more is refused, by an answer or a trap, and that is no reason to
// end an activation for its fuel.
func (a *asm) spend(empty uint32) []byte {
	const n, charged = 0, 1
	a.locals(1)
	a.op(OpLocalGet, n)
	a.op(OpI32Const, abi.FuelCountMax)
	a.op(OpLocalGet, n)
	a.op(OpI32Const, abi.FuelCountMax)
	a.op(OpI32LtU)
	a.op(OpSelect)
	a.op(OpLocalSet, charged)
	a.charge(charged, 0)
	a.check(empty)
	a.op(OpLocalGet, 0)
	return a.end()
}

type bulkKind int

const (
	bulkFill bulkKind = iota
	bulkCopy
	bulkInit
)

// bulkShift turns bytes into fuel.
const bulkShift = 5

var _ = [1]struct{}{}[abi.FuelBulkBytes-1<<bulkShift]

// bulk is memory.fill, memory.copy or memory.init of (destination, source or
// value, length). It charges by length, and moves more than a chunk chunk by
// chunk with a look at the balance before each, after it has made sure that
// the whole is within bounds: as in the specification, nothing is written
// when it is not. Where the ranges may overlap the chunks go in the direction
// that keeps what is yet to be read.
func (a *asm) bulk(kind bulkKind, op Instruction, empty uint32) []byte {
	const dst, src, n, chunk, back, first, all = 0, 1, 2, 3, 4, 5, 6
	if a.r.tracked {
		a.locals(4)
		a.toMemory(dst)
		if kind == bulkCopy {
			a.toMemory(src)
		}
		a.op(OpLocalGet, dst)
		a.op(OpLocalSet, first)
		a.op(OpLocalGet, n)
		a.op(OpLocalSet, all)
	} else {
		a.locals(2)
	}
	done := func() {
		if a.r.tracked {
			a.markRange(first, all)
		}
	}
	move := func(offset, length int64) { // offset: a local to add to both ends, or -1
		for _, start := range []int64{dst, src} {
			a.op(OpLocalGet, start)
			if offset >= 0 && (start == dst || kind != bulkFill) {
				a.op(OpLocalGet, offset)
				a.op(OpI32Add)
			}
		}
		if length >= 0 {
			a.op(OpLocalGet, length)
		} else {
			a.op(OpI32Const, 0)
		}
		a.b = appendInstruction(a.b, &op)
	}

	a.op(OpLocalGet, n)
	a.op(OpI32Const, abi.FuelBulkChunk)
	a.op(OpI32LeU)
	a.op(OpIf)
	a.charge(n, bulkShift)
	a.check(empty)
	move(-1, n)
	done()
	a.op(OpReturn)
	a.op(OpEnd)

	// Past the end of what 32 bits address: let the engine trap.
	for _, start := range []int64{dst, src} {
		if start == src && kind == bulkFill {
			break
		}
		a.op(OpLocalGet, start)
		a.op(OpLocalGet, n)
		a.op(OpI32Add)
		a.op(OpLocalGet, start)
		a.op(OpI32LtU)
		a.op(OpIf)
		move(-1, n)
		a.op(OpUnreachable)
		a.op(OpEnd)
	}
	// Nothing at the very end traps just when the whole would.
	move(n, -1)

	if kind == bulkCopy {
		a.op(OpLocalGet, dst)
		a.op(OpLocalGet, src)
		a.op(OpI32GtU)
		a.op(OpLocalSet, back)
	}
	a.op(OpLoop)
	a.op(OpI32Const, abi.FuelBulkChunk)
	a.op(OpLocalGet, n)
	a.op(OpLocalGet, n)
	a.op(OpI32Const, abi.FuelBulkChunk)
	a.op(OpI32GtU)
	a.op(OpSelect)
	a.op(OpLocalSet, chunk)
	a.charge(chunk, bulkShift)
	a.check(empty)
	a.op(OpLocalGet, n)
	a.op(OpLocalGet, chunk)
	a.op(OpI32Sub)
	a.op(OpLocalSet, n)
	if kind == bulkCopy {
		a.op(OpLocalGet, back)
		a.op(OpIf)
		move(n, chunk)
		a.op(OpElse)
	}
	move(-1, chunk)
	for _, start := range []int64{dst, src} {
		if start == src && kind == bulkFill {
			break
		}
		a.op(OpLocalGet, start)
		a.op(OpLocalGet, chunk)
		a.op(OpI32Add)
		a.op(OpLocalSet, start)
	}
	if kind == bulkCopy {
		a.op(OpEnd)
	}
	a.op(OpLocalGet, n)
	a.op(OpBrIf, 0)
	a.op(OpEnd)
	done()
	return a.end()
}
