package wasm

import "slices"

// Tracking. A tracked module tells the host which pages of its memory it
// wrote, by a byte for each. The bytes lie in the module's own memory, below
// what the guest calls address 0: every access gets TrackBase added to its
// constant offset, which costs nothing, and since addresses are unsigned no
// access of the guest's reaches below. The guest sees a memory that begins at
// its 0 and has the size that it asked for.
//
// A mark comes behind its store, so a store that traps marks nothing: what
// trapped is not used again. A mark speaks for TrackReach bytes to both sides
// of its page as well. So one is enough for all stores near to each other, and
// most stores of compiled code are: through one pointer with several offsets,
// into one stack frame. Which ones follows from the values on the operand
// stack and in the locals, each known as a root and a distance from it
// (a pointer + 8). What ran before on every way to a store speaks for it:
// marks made in blocks that are still open.
const (
	// TrackPage is how many bytes of memory a mark speaks for.
	TrackPage = 4096

	// TrackReach is how far beyond its page a mark speaks, to both sides;
	// above, the bytes of one store (16) come on top.
	TrackReach = 512

	// TrackBase is where a tracked memory begins: the marks come first.
	TrackBase = PageSize

	// TrackMaxPages is the largest memory whose pages all have a mark: 256 MiB.
	TrackMaxPages = TrackBase * TrackPage / PageSize

	trackShift = 12
)

var _ = [1]struct{}{}[TrackPage-1<<trackShift]

// trackSearch is among how many of the latest marks one is looked for.
const trackSearch = 24

// A value is root + off, modulo 2³², as far as that is known. Two values with
// the same root differ by the difference of their offsets.
type value struct{ root, off uint32 }

// constRoot is the root of constants; its value is 0.
const constRoot = 0

// A tracked local is what a local holds since an instruction.
type trackedLocal struct {
	value
	body  int    // the body at work when this was noted, + 1
	depth int    // of the block in which it was assigned
	block uint32 // its number
	pos   int    // of the assignment
	last  int    // position of the local's last assignment in the body
	known bool   // value is set
}

// A tracker follows the values of one body at a time.
type tracker struct {
	body   int
	roots  uint32
	blocks uint32
	stack  []value
	locals []trackedLocal
	loops  []int // where the open loops begin
	open   []trackedBlock
	marks  []value // made, in blocks that are open
}

type trackedBlock struct {
	block           uint32
	height          int // of stack, without parameters
	params, results int
	marks           int // made before
	loop            bool
}

// begin prepares for a body of n locals, parameters included.
func (t *tracker) begin(index, n int, code []byte, results int) error {
	t.body = index + 1
	t.roots = constRoot
	t.stack, t.loops, t.open, t.marks = t.stack[:0], t.loops[:0], t.open[:0], t.marks[:0]
	if len(t.locals) < n {
		t.locals = append(t.locals, make([]trackedLocal, n-len(t.locals))...)
	}
	t.enter(0, results, false, 0)
	var in Instruction
	for c, size := NewCode(code), len(code); c.pos < size; {
		if err := c.Next(&in); err != nil {
			return err
		}
		if in.Op == OpLocalSet || in.Op == OpLocalTee {
			t.local(in.A).last = in.Start
		}
	}
	return nil
}

// local gives what is known of a local, which is nothing in a new body.
func (t *tracker) local(index uint32) *trackedLocal {
	l := &t.locals[index]
	if l.body != t.body {
		*l = trackedLocal{body: t.body, block: t.open[0].block, last: -1, pos: -1}
	}
	return l
}

func (t *tracker) fresh() value {
	t.roots++
	return value{root: t.roots}
}

func (t *tracker) push(v value) { t.stack = append(t.stack, v) }

func (t *tracker) pop() value {
	v := t.stack[len(t.stack)-1]
	t.stack = t.stack[:len(t.stack)-1]
	return v
}

func (t *tracker) drop(n int) { t.stack = t.stack[:len(t.stack)-n] }

func (t *tracker) give(n int) {
	for range n {
		t.push(t.fresh())
	}
}

// enter opens a block. What a loop is given may differ each time round.
func (t *tracker) enter(params, results int, loop bool, pos int) {
	t.blocks++
	b := trackedBlock{block: t.blocks, height: len(t.stack) - params, params: params, results: results, marks: len(t.marks), loop: loop}
	if loop {
		t.drop(params)
		t.give(params)
		t.loops = append(t.loops, pos)
	}
	t.open = append(t.open, b)
}

// orElse closes the first arm of an if and opens the other.
func (t *tracker) orElse() {
	b := &t.open[len(t.open)-1]
	t.blocks++
	b.block = t.blocks
	t.marks, t.stack = t.marks[:b.marks], t.stack[:b.height]
	t.give(b.params)
}

func (t *tracker) end() {
	b := t.open[len(t.open)-1]
	t.open = t.open[:len(t.open)-1]
	if b.loop {
		t.loops = t.loops[:len(t.loops)-1]
	}
	t.marks, t.stack = t.marks[:b.marks], t.stack[:b.height]
	t.give(b.results)
}

// get reads a local at a position.
func (t *tracker) get(index uint32, pos int) value {
	l := t.local(index)
	if !l.known {
		l.value, l.known = t.fresh(), true // what it had when the body began
	}
	if l.depth >= len(t.open) || t.open[l.depth].block != l.block || t.changes(l) {
		// Several assignments may reach this place: from here on it is one.
		t.set(index, t.fresh(), pos)
	}
	return l.value
}

// changes tells whether a loop that was entered since the local was assigned
// may assign it again, before it comes here the next time.
func (t *tracker) changes(l *trackedLocal) bool {
	at, _ := slices.BinarySearch(t.loops, l.pos+1) // a body may nest 20,000 loops
	return at < len(t.loops) && l.last > t.loops[at]
}

func (t *tracker) set(index uint32, v value, pos int) {
	l := t.local(index)
	l.value, l.known = v, true
	l.depth = len(t.open) - 1
	l.block, l.pos = t.open[l.depth].block, pos
}

// step follows an instruction that begins and ends no block, and reports the
// address of a store.
func (t *tracker) step(m *Module, in *Instruction) (address value) {
	info := &opInfos[in.Op.slot()]
	switch in.Op {
	case OpI32Const:
		t.push(value{constRoot, uint32(in.Bits)})
	case OpI32Add, OpI32Sub:
		t.sum(in.Op == OpI32Sub)
	case OpLocalGet:
		t.push(t.get(in.A, in.Start))
	case OpLocalSet:
		t.set(in.A, t.pop(), in.Start)
	case OpLocalTee:
		t.set(in.A, t.stack[len(t.stack)-1], in.Start)
	case OpGlobalGet, OpRefNull:
		t.give(1)
	case OpGlobalSet, OpDrop, OpBrIf, OpBrTable:
		t.drop(1)
	case OpSelect, OpSelectT:
		t.drop(3)
		t.give(1)
	case OpRefIsNull, OpTableGet:
		t.drop(1)
		t.give(1)
	case OpTableSet:
		t.drop(2)
	case OpTableGrow:
		t.drop(2)
		t.give(1)
	case OpTableFill:
		t.drop(3)
	case OpBr, OpReturn, OpUnreachable:
	case OpCall:
		f := in.A
		typ := uint32(0)
		if n := uint32(len(m.Imports)); f < n {
			typ = m.Imports[f].Type
		} else {
			typ = m.Funcs[f-n]
		}
		t.drop(len(m.Types[typ].Params))
		t.give(len(m.Types[typ].Results))
	case OpCallIndirect:
		t.drop(1 + len(m.Types[in.A].Params))
		t.give(len(m.Types[in.A].Results))
	default:
		if info.Class == ClassStore {
			address = t.stack[len(t.stack)-2]
		}
		t.drop(len(info.Params))
		t.give(len(info.Results))
	}
	return address
}

// sum follows an addition or subtraction, of which one side is a constant.
func (t *tracker) sum(minus bool) {
	right := t.pop()
	left := t.pop()
	switch {
	case right.root == constRoot && minus:
		t.push(value{left.root, left.off - right.off})
	case right.root == constRoot:
		t.push(value{left.root, left.off + right.off})
	case left.root == constRoot && !minus:
		t.push(value{right.root, right.off + left.off})
	default:
		t.give(1)
	}
}

// marked tells whether a mark that was made speaks for a store at v.
func (t *tracker) marked(v value) bool {
	for i := len(t.marks) - 1; i >= max(0, len(t.marks)-trackSearch); i-- {
		m := t.marks[i]
		if d := int32(v.off - m.off); m.root == v.root && d <= TrackReach && d >= -TrackReach {
			return true
		}
	}
	return false
}

// tracks tells whether a module can be tracked: where its segments lie must be
// known, and its memory must be within what there are marks for.
func (r *rewriter) tracks() bool {
	return r.opt.Track && !r.opt.Unmetered && len(r.m.Memories) > 0 && constOffsets(r.m.Datas) && r.m.Memories[0].Min <= TrackMaxPages
}

// shift moves the constant offset of a memory access. One that is too large to
// be moved is past the end of every memory, and stays so.
func shift(in *Instruction) {
	if in.B > 1<<32-1-TrackBase {
		in.B = 1<<32 - 1
	} else {
		in.B += TrackBase
	}
}

// store writes a store with its mark.
func (w *bodyWriter) store(address value) {
	in := &w.in
	offset := in.B
	shift(in)
	at := value{address.root, address.off + offset}
	if w.track.marked(at) {
		w.b = appendInstruction(w.b, in)
		return
	}
	// A mark at the bare address speaks for a store at a small offset too.
	if offset <= TrackReach {
		at.off, offset = address.off, 0
	}
	w.track.marks = append(w.track.marks, at)
	if at.root == constRoot {
		w.b = appendInstruction(w.b, in)
		w.b = appendSigned(append(w.b, byte(OpI32Const)), int64(at.off>>trackShift))
	} else {
		held := w.spare(opInfos[in.Op.slot()].Params[1])
		w.spares = true
		w.op(OpLocalSet, held)
		w.op(OpLocalTee, w.spareL)
		w.op(OpLocalGet, held)
		w.b = appendInstruction(w.b, in)
		w.op(OpLocalGet, w.spareL)
		if offset > 0 {
			w.b = appendSigned(append(w.b, byte(OpI32Const)), int64(int32(offset)))
			w.op(OpI32Add)
		}
		w.b = append(w.b, byte(OpI32Const), trackShift, byte(OpI32ShrU))
	}
	w.b = append(w.b, byte(OpI32Const), 1, byte(OpI32Store8), 0, 0)
}

// spareTypes are the locals that a body with marks gets: for an address, and
// for a value of each type.
var spareTypes = []ValueType{I32, I32, I64, F32, F64, V128}

// spare is the local that holds a value of a type for a moment.
func (w *bodyWriter) spare(t ValueType) uint32 {
	for i, s := range spareTypes[1:] {
		if s == t {
			return w.spareL + 1 + uint32(i)
		}
	}
	panic("a store of no number") // no such instruction
}
