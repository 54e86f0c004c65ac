package wasm

import "io"

// Metering. A region is code of one function that runs as a whole or not at
// all, traps aside; its cost is taken from the balance where it begins. The
// balance is looked at where a function is entered, at loop headers, before
// imports, and in the helpers for bulk operations. Rules: abi/ABI.md#fuel.
//
// How the code looks is chosen for wazero's compiler (v1.12.0), which inlines
// nothing and lets the branch that is laid out first decide which values stay
// in registers where paths join:
//
//   - The branch that goes on comes first and the call that asks for fuel is
//     the else. The other way round, every value is read back from the stack
//     after each look: a sieve then took 1.55× instead of 1.2×.
//   - A loop without calls keeps the balance in a local. The loop-carried
//     read and write of a global cost 1.33× where the local costs 1.2×.
//   - br_if after a comparison becomes "if; br; end" in loops: the compiler
//     splits the edge of br_if itself and then forgets to fuse the
//     comparison with the branch (sieve: 0.87× of the unmetered time). This
//     is done without metering too.
//
// Metered against the module as it was, medians of BenchmarkMetering in
// difftest: SHA-256 1.08, sieve 1.2, recursive fib 1.5, quicksort 1.06, JSON
// scan 1.1, geometric mean 1.17 to 1.21 (1.25 to 1.29 against the rewritten
// code without metering, which is faster than the module was); under wazero's
// own time limit 7. A Go guest that encodes JSON: 1.19. Keeping the balance in
// a local across loops with calls too made that 1.21; passing it and the stack
// as parameters and results of every function gained nothing for fib.

// maxSplits bounds the branches of one function that are written as "if; br;
// end": the engine needs time that grows with the square of such blocks.
const maxSplits = 1000

// A bodyWriter writes function bodies, one after the other.
type bodyWriter struct {
	*rewriter
	err error

	// Of the body at work.
	index  int // from the first function with a body
	b      []byte
	in     Instruction
	prev   Opcode
	frames []openBlock
	costs  []uint64 // of the regions
	marks  []mark
	region int // the one that is open
	skip   int // > 0: dead code, so many blocks deep; 1 ends at the frame's else or end
	scope  int // the frame of the loop that keeps the balance in a local, or 0
	loops  int // open loops
	splits int // br_if that became "if; br; end"
	loop   uint32
	stackL uint32 // local with what is left of the stack for callees, or none
	fuelL  uint32 // local with the balance, or none
	needL  bool   // the body has fuelL
	track  *tracker
	spareL uint32 // first of the locals that marks use
	spares bool   // the body has them
	trail  []step // where each instruction was and is; kept for lines alone
}

// noLocal is no index of a local.
const noLocal = 1<<32 - 1

// An openBlock is a block, loop or if that is open; the first one is the body.
type openBlock struct {
	op       Opcode
	region   int  // the one that was open where it began
	outer    int  // the outermost frame that a branch within goes to
	targeted bool // a branch goes to its label
	dead     bool // the end is not reached from the code before it
	arity    int  // of the label
	mark     int  // of a loop: its charge
}

// A mark is a place in b where a region begins.
type mark struct {
	at     int
	region int
	kind   markKind
	local  bool // the balance is in the local
}

type markKind uint8

const (
	markPlain markKind = iota
	markEntry
	markLoop // looks at the balance
)

// body appends the locals and the code of a function.
func (w *bodyWriter) body(dst []byte, index int) []byte {
	body := &w.m.Bodies[index]
	t := &w.m.Types[w.m.Funcs[index]]
	w.begin(index, t, body)
	if w.track != nil {
		if err := w.track.begin(index, w.countLocals(t, body), body.Code, len(t.Results)); err != nil {
			w.err = &RewriteError{Function: index + int(w.imported), Reason: err.Error()}
			return dst
		}
	}
	code := NewCode(body.Code)
	for {
		if err := code.Next(&w.in); err == io.EOF {
			break
		} else if err != nil {
			w.err = &RewriteError{Function: index + int(w.imported), Reason: err.Error()}
			return dst
		}
		w.instruction()
	}
	dst = w.appendLocals(dst, body.Locals)
	return w.splice(dst)
}

func (w *bodyWriter) begin(index int, t *FuncType, body *Body) {
	w.index = index
	w.b, w.costs, w.marks, w.trail = w.b[:0], w.costs[:0], w.marks[:0], w.trail[:0]
	w.frames = append(w.frames[:0], openBlock{op: OpBlock, arity: len(t.Results)})
	w.skip, w.scope, w.loops, w.splits, w.prev = 0, 0, 0, 0, OpNop
	w.loop = w.survey.loopStarts[index]
	locals := uint32(w.countLocals(t, body))
	w.stackL, w.fuelL, w.needL = noLocal, locals, false
	if !w.opt.Unmetered && w.callsChargeable(index) {
		w.stackL, w.fuelL = locals, locals+1
	}
	w.spareL, w.spares = w.fuelL+1, false
	w.needL = w.track != nil // so that spareL is known
	w.open(markEntry)
}

func (w *bodyWriter) countLocals(t *FuncType, body *Body) int {
	n := len(t.Params)
	for _, run := range body.Locals {
		n += int(run.Count)
	}
	return n
}

// callsChargeable tells whether a call in the function needs the stack's
// balance to be right.
func (w *bodyWriter) callsChargeable(index int) bool {
	if w.survey.indirect[index] {
		return true
	}
	for _, callee := range w.survey.callees(index) {
		if w.graph.charges[callee-w.imported] {
			return true
		}
	}
	return false
}

func (w *bodyWriter) appendLocals(dst []byte, runs []LocalRun) []byte {
	merged := make([]LocalRun, 0, len(runs)+2)
	add := func(run LocalRun) {
		if n := len(merged); n > 0 && merged[n-1].Type == run.Type {
			merged[n-1].Count += run.Count
		} else if run.Count > 0 {
			merged = append(merged, run)
		}
	}
	for _, run := range runs {
		add(run)
	}
	if w.stackL != noLocal {
		add(LocalRun{1, I64})
	}
	if w.needL {
		add(LocalRun{1, I64})
	}
	if w.spares {
		for _, t := range spareTypes {
			add(LocalRun{1, t})
		}
	}
	dst = appendU32(dst, uint32(len(merged)))
	for _, run := range merged {
		dst = append(appendU32(dst, run.Count), byte(run.Type))
	}
	return dst
}

// open begins a region here.
func (w *bodyWriter) open(kind markKind) {
	w.region = len(w.costs)
	w.costs = append(w.costs, 0)
	w.marks = append(w.marks, mark{at: len(w.b), region: w.region, kind: kind, local: w.scope > 0})
}

func (w *bodyWriter) cost(n uint32) { w.costs[w.region] += uint64(n) }

// op appends an instruction with one index, or none, that is not charged.
func (w *bodyWriter) op(op Opcode, index ...uint32) {
	w.b = appendOpcode(w.b, op)
	for _, i := range index {
		w.b = appendU32(w.b, i)
	}
}

// instruction takes one instruction of the module.
func (w *bodyWriter) instruction() {
	in := &w.in
	if w.skip > 0 {
		switch in.Op {
		case OpBlock, OpLoop, OpIf:
			if in.Op == OpLoop {
				w.loop++
			}
			w.skip++
			return
		case OpElse:
			if w.skip > 1 {
				return
			}
		case OpEnd:
			if w.skip > 1 {
				w.skip--
				return
			}
		default:
			return
		}
	}
	if w.lines != nil {
		w.trail = append(w.trail, step{from: in.Start, at: len(w.b)})
	}
	slot := in.Op.slot()
	if in.Op != OpElse && in.Op != OpEnd {
		w.cost(fuelOf[slot])
	}
	var address value
	if w.track != nil {
		switch in.Op {
		case OpBlock, OpLoop, OpIf, OpElse, OpEnd:
		default:
			address = w.track.step(w.m, in)
		}
	}
	switch in.Op {
	case OpBlock, OpLoop, OpIf:
		w.block()
	case OpElse:
		w.elseArm()
	case OpEnd:
		w.end()
	case OpBr, OpBrIf:
		w.branch()
	case OpBrTable:
		w.branchTable()
	case OpReturn:
		w.cost(uint32(w.frames[0].arity))
		w.target(0)
		if w.scope > 0 {
			w.writeBack()
		}
		w.b = append(w.b, byte(OpReturn))
		w.die()
	case OpUnreachable:
		if w.scope > 0 {
			w.writeBack()
		}
		w.b = append(w.b, byte(OpUnreachable))
		w.die()
	case OpCall:
		w.call()
	case OpCallIndirect:
		w.callIndirect()
	case OpMemoryFill, OpMemoryCopy, OpMemoryInit, OpMemoryGrow, OpTableGrow, OpTableFill, OpTableCopy, OpTableInit:
		w.bulk()
	case OpRefFunc:
		in.A = w.function(in.A)
		w.b = appendInstruction(w.b, in)
	case OpNop:
	default:
		switch {
		case w.track == nil:
		case opInfos[slot].Class == ClassStore:
			w.store(address)
			w.prev = in.Op
			return
		case opInfos[slot].Class == ClassLoad:
			shift(in)
		}
		w.b = appendInstruction(w.b, in)
		if in.Op == OpMemorySize && w.track != nil {
			w.b = append(w.b, byte(OpI32Const), TrackBase/PageSize, byte(OpI32Sub))
		}
	}
	w.prev = in.Op
}

func (w *bodyWriter) top() *openBlock { return &w.frames[len(w.frames)-1] }

// target notes a branch to a frame.
func (w *bodyWriter) target(to int) {
	w.top().outer = min(w.top().outer, to)
	w.frames[to].targeted = true
	if w.frames[to].op == OpLoop {
		w.marks[w.frames[to].mark].kind = markLoop
	}
}

// die says that what follows is not reached. Dead code is not written: it
// could not be charged to any region.
func (w *bodyWriter) die() {
	w.top().dead = true
	w.skip = 1
}

func (w *bodyWriter) block() {
	in := &w.in
	params, results := 0, 0
	switch {
	case in.Block.Index >= 0:
		t := &w.m.Types[in.Block.Index]
		params, results = len(t.Params), len(t.Results)
	case in.Block.Result != 0:
		results = 1
	}
	w.cost(uint32(params + results))
	if w.track != nil {
		if in.Op == OpIf {
			w.track.drop(1)
		}
		w.track.enter(params, results, in.Op == OpLoop, in.Start)
	}
	f := openBlock{op: in.Op, region: w.region, outer: len(w.frames), arity: results}
	if in.Op != OpLoop {
		w.b = appendInstruction(w.b, in)
		w.frames = append(w.frames, f)
		if in.Op == OpIf {
			w.open(markPlain)
		}
		return
	}
	f.arity = params
	if w.scope == 0 && w.survey.loops[w.loop] && !w.opt.Unmetered {
		w.scope = len(w.frames)
		w.needL = true
		w.readIn()
	}
	w.loop++
	w.loops++
	w.b = appendInstruction(w.b, in)
	f.mark = len(w.marks)
	w.frames = append(w.frames, f)
	w.open(markPlain) // a branch to it makes it look at the balance
}

func (w *bodyWriter) elseArm() {
	f := w.top()
	f.targeted = f.targeted || !f.dead // the end of the first arm
	f.op, f.dead = OpElse, false
	w.skip = 0
	if w.track != nil {
		w.track.orElse()
	}
	w.b = append(w.b, byte(OpElse))
	w.open(markPlain)
}

func (w *bodyWriter) end() {
	f := *w.top()
	at := len(w.frames) - 1
	w.frames = w.frames[:at]
	w.skip = 0
	w.b = append(w.b, byte(OpEnd))
	if w.track != nil {
		w.track.end()
	}
	if at == 0 {
		return
	}
	if f.op == OpLoop {
		w.loops--
	}
	parent := w.top()
	parent.outer = min(parent.outer, f.outer)
	reached := !f.dead || f.op != OpLoop && f.targeted || f.op == OpIf
	if at == w.scope {
		w.scope = 0
		if reached {
			w.writeBack()
		}
	}
	if !reached {
		w.b = append(w.b, byte(OpUnreachable))
		w.die()
		return
	}
	if f.outer < at {
		w.open(markPlain)
	} else {
		w.region = f.region
	}
}

// leaves tells whether a frame is outside the loop that keeps the balance in
// a local.
func (w *bodyWriter) leaves(to int) bool { return w.scope > 0 && to < w.scope }

func (w *bodyWriter) branch() {
	in := &w.in
	to := len(w.frames) - 1 - int(in.A)
	arity := w.frames[to].arity
	w.cost(uint32(arity))
	w.target(to)
	if in.Op == OpBr {
		if w.leaves(to) {
			w.writeBack()
		}
		w.b = appendInstruction(w.b, in)
		w.die()
		return
	}
	split := arity == 0 && w.splits < maxSplits && (w.leaves(to) || w.loops > 0 && compares(w.prev))
	if split {
		w.splits++
		w.b = append(w.b, byte(OpIf), 0x40)
	}
	if w.leaves(to) {
		w.writeBack()
	}
	if split {
		w.op(OpBr, in.A+1)
		w.b = append(w.b, byte(OpEnd))
	} else {
		w.b = appendInstruction(w.b, in)
	}
	w.open(markPlain)
}

// compares tells whether an instruction sets processor flags that a branch
// can use.
func compares(op Opcode) bool { return op >= OpI32Eqz && op <= OpF64Ge }

func (w *bodyWriter) branchTable() {
	in := &w.in
	leaves := false
	for _, depth := range in.Targets {
		to := len(w.frames) - 1 - int(depth)
		w.target(to)
		leaves = leaves || w.leaves(to)
	}
	w.cost(uint32(w.frames[len(w.frames)-1-int(in.Targets[0])].arity))
	if leaves {
		w.writeBack()
	}
	w.b = appendInstruction(w.b, in)
	w.die()
}

// writeBack puts the balance into the global, readIn into the local.
func (w *bodyWriter) writeBack() {
	w.op(OpLocalGet, w.fuelL)
	w.op(OpGlobalSet, w.fuel)
}

func (w *bodyWriter) readIn() {
	w.op(OpGlobalGet, w.fuel)
	w.op(OpLocalSet, w.fuelL)
}
