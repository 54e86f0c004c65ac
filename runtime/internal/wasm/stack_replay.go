package wasm

// A valueID numbers a value as the engine sees it: what an instruction gives,
// or what several paths bring to one place.
type valueID uint32

const (
	// constantValue stands for all constants, which are made anew where they
	// are used and take no slot.
	constantValue valueID = 0

	// unequalValue marks, in a join, a local that has several values.
	unequalValue valueID = 1<<32 - 1
)

// An operand is a value on the operand stack.
type operand struct {
	class valueClass
	value valueID
}

// A joinBlock is an open block while the events are replayed.
type joinBlock struct {
	block int
	saved []valueID // of an if: the locals where it began
	join  []valueID // what branches bring to its end
	any   bool      // a path reaches the end
}

// A replay follows the values of one function from instruction to instruction
// and counts those that need a slot.
type replay struct {
	f        *frameEstimate
	locals   []valueID // the value of each
	counted  []bool    // by value
	operands []operand
	mark     int // operands below are counted
	open     []joinBlock
	dead     bool
	total    uint64
}

// run is how many bytes the values take.
func (r *replay) run(f *frameEstimate) uint64 {
	r.f, r.mark, r.dead, r.total = f, 0, false, 0
	r.counted = append(r.counted[:0], true)
	r.operands, r.open = r.operands[:0], r.open[:0]
	r.locals = r.locals[:0]
	for i := range f.locals {
		if i < f.params {
			r.locals = append(r.locals, r.fresh())
		} else {
			r.locals = append(r.locals, constantValue)
		}
	}
	r.enter(0)
	for i := range f.params { // they live across the look at the balance
		r.countLocal(i)
	}
	// The events are in order, the points in reverse.
	point := len(f.pointAt) - 1
	for i := range f.events {
		var live *localSet
		if point >= 0 && f.pointAt[point] == uint32(i) {
			live = &f.points[point]
			point--
		}
		r.step(&f.events[i], live)
	}
	return r.total
}

func (r *replay) fresh() valueID {
	r.counted = append(r.counted, false)
	return valueID(len(r.counted) - 1)
}

// step replays one event. live is what lives behind it where values are
// counted, else nil.
func (r *replay) step(e *stackEvent, live *localSet) {
	switch e.kind {
	case eventBlock, eventIf:
		r.drop(int(e.pop))
		r.enter(int(e.arg))
	case eventLoop:
		r.enter(int(e.arg))
		r.header(int(e.arg))
	case eventElse:
		r.orElse()
	case eventEnd:
		r.end(live)
	case eventBranch:
		r.branch(e.arg)
		r.dead = true
	case eventBranchIf:
		r.drop(1)
		r.branch(e.arg)
	case eventBranchTable:
		n := r.f.lists[e.arg]
		last := uint32(unequalValue)
		for _, depth := range r.f.lists[e.arg+1 : e.arg+1+n] {
			if depth != last {
				r.branch(depth)
				last = depth
			}
		}
		r.dead = true
	case eventLeave:
		r.dead = true
	case eventGet:
		r.operands = append(r.operands, operand{e.push, r.locals[e.arg]})
	case eventSet:
		r.locals[e.arg] = r.operands[len(r.operands)-1].value
		r.drop(1)
	case eventTee:
		r.locals[e.arg] = r.operands[len(r.operands)-1].value
	case eventCross:
		r.cross(e, live)
		return
	case eventEvict:
		r.total += 8 * uint64(e.arg) // values that lose their registers
		r.operation(e)
	case eventAccess:
		if e.crowded {
			r.total += 8 // the absolute address, kept for the next access
		}
		r.operation(e)
	default:
		r.operation(e)
	}
	switch {
	case e.crowded && live != nil, e.kind == eventLoop:
		r.count(live)
	case e.crowded:
		// What is about to be used keeps its register.
		r.countOperands(len(r.operands) - 3)
	}
}

func (r *replay) operation(e *stackEvent) {
	r.drop(int(e.pop))
	switch {
	case e.push != classNone:
		r.operands = append(r.operands, operand{e.push, r.fresh()})
	case e.kind == eventOperation && e.arg == constantOperand:
		r.operands = append(r.operands, operand{})
	}
}

func (r *replay) give(types []ValueType) {
	for _, t := range types {
		r.operands = append(r.operands, operand{classOf(t), r.fresh()})
	}
}

func (r *replay) drop(n int) { r.cut(len(r.operands) - n) }

func (r *replay) cut(height int) {
	r.operands = r.operands[:height]
	r.mark = min(r.mark, height)
}

// enter opens a block.
func (r *replay) enter(block int) {
	n := len(r.open)
	if n < cap(r.open) {
		r.open = r.open[:n+1]
	} else {
		r.open = append(r.open, joinBlock{})
	}
	b := &r.open[n]
	b.block, b.any = block, false
	if r.f.blocks[block].op != OpLoop && r.f.blocks[block].op != OpBlock {
		b.saved = append(b.saved[:0], r.locals...)
	}
}

// header makes new values of what a loop assigns and of its parameters.
func (r *replay) header(block int) {
	b := &r.f.blocks[block]
	r.cut(b.height)
	r.give(b.params)
	if !b.targeted {
		return
	}
	r.f.modified[block].each(func(i int) { r.locals[i] = r.fresh() })
}

func (r *replay) orElse() {
	b := &r.open[len(r.open)-1]
	if !r.dead {
		r.bring(b, r.locals)
	}
	r.dead = false
	copy(r.locals, b.saved)
	r.cut(r.f.blocks[b.block].height)
	r.give(r.f.blocks[b.block].params)
}

// branch brings the locals to the label of a block; a loop has its own values
// already.
func (r *replay) branch(depth uint32) {
	b := &r.open[len(r.open)-1-int(depth)]
	if r.f.blocks[b.block].op != OpLoop {
		r.bring(b, r.locals)
	}
}

// bring joins the locals of one more path with those of the others.
func (r *replay) bring(b *joinBlock, locals []valueID) {
	if !b.any {
		b.join = append(b.join[:0], locals...)
		b.any = true
		return
	}
	for i, v := range locals {
		if b.join[i] != v {
			b.join[i] = unequalValue
		}
	}
}

// end goes on behind a block. What paths disagree about is a new value, and
// more often than not in a slot of its own.
func (r *replay) end(live *localSet) {
	b := &r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	block := &r.f.blocks[b.block]
	if block.op == OpIf {
		r.bring(b, b.saved)
	}
	if block.op != OpLoop && b.any {
		if !r.dead {
			r.bring(b, r.locals)
		}
		for i, v := range b.join {
			if v == unequalValue {
				v = r.fresh()
				if live != nil && live.has(uint32(i)) {
					r.countValue(v, r.f.locals[i])
				}
			}
			r.locals[i] = v
		}
	}
	r.dead = false
	r.cut(block.height)
	r.give(block.results)
}

// cross counts what a call leaves alive.
func (r *replay) cross(e *stackEvent, live *localSet) {
	if e.arg == 0 {
		r.drop(int(e.pop))
		r.count(live)
		r.operation(&stackEvent{kind: eventCross, push: e.push})
		return
	}
	list := r.f.lists[e.arg-1:]
	r.drop(int(list[0]))
	r.count(live)
	for _, class := range list[2 : 2+list[1]] {
		r.operands = append(r.operands, operand{valueClass(class), r.fresh()})
	}
}

// count gives a slot to every value that lives and has none.
func (r *replay) count(live *localSet) {
	live.each(r.countLocal)
	r.countOperands(len(r.operands))
}

func (r *replay) countLocal(i int) { r.countValue(r.locals[i], r.f.locals[i]) }

// countOperands counts the operands below a height.
func (r *replay) countOperands(height int) {
	for ; r.mark < height; r.mark++ {
		o := r.operands[r.mark]
		r.countValue(o.value, o.class)
	}
}

func (r *replay) countValue(v valueID, class valueClass) {
	if !r.counted[v] {
		r.counted[v] = true
		r.total += class.bytes()
	}
}
