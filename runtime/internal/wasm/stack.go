package wasm

// How much native stack a call takes. The engine (wazero v1.12.0) gives a slot
// to every value that it cannot keep in a register as long as it lives, and
// shares no slot between values, whatever their lifetimes: a frame is as large
// as the number of such values. A value needs a slot when it lives across a
// call, or where more values live than there are registers. Locals are not
// values: each assignment makes one, and so does each place where paths with
// different assignments join.
//
// The estimate follows from that: the bodies become events (this file), the
// liveness of locals is followed backwards until nothing changes
// (stack_live.go), and then the values forwards, where each is counted once,
// at the first call, join or crowded place that it survives (stack_replay.go).
// It does not have to be exact. A little too small, and a recursion takes a
// little more than its limit; too large, and honest code cannot recurse.
//
// Measured over the 2,131 functions of a Go guest: frames have 64 to 4,448
// bytes, half of them 144 or less. The estimate is 1.9 times the frame at the
// median, 2.8 times at the 90th percentile, and never less than five sixths of
// it. C, Rust, Zig and AssemblyScript: 1.6 to 2.1 times at the median, and never
// less than it. To count 8 bytes for each value without regard for its life
// gave 5 and 9 times the frame, and less than it where many locals change in
// loops.
// Shapes made to break the estimate are in difftest,
// TestAFrameIsNeverLargerThanWhatIsCharged.

// Native stack, in bytes.
const (
	// frameBase is what a call takes before any value has a slot: return
	// address, frame pointer, saved registers, the two context pointers.
	frameBase = 128

	// frameVectors is what saved vector registers take on top.
	frameVectors = 128

	// leafBytes is what the deepest call may take on top of its frame: the
	// rewriter's helpers and the engine's way to the host.
	leafBytes = 1024

	maxFrame = 256 << 10 // of one function
	maxNeed  = 64 << 20  // of calls that cannot recur
)

const (
	// freeRegisters and freeVectors are how many values surely find a
	// register beside what the engine keeps in some for itself.
	freeRegisters = 10
	freeVectors   = 12

	// livenessLocals bounds the locals whose liveness is followed. With more
	// every assignment counts.
	livenessLocals = 256

	// livenessPasses bounds how often liveness is computed: loops nested
	// deeper than this may need more, and then every assignment counts.
	livenessPasses = 8
)

// A valueClass says which registers hold a value and how large its slot is.
type valueClass uint8

const (
	classNone    valueClass = iota // constants: made anew where they are used
	classInteger                   // 8 bytes
	classFloat                     // 8 bytes
	classVector                    // 16 bytes
)

func classOf(t ValueType) valueClass {
	switch t {
	case F32, F64:
		return classFloat
	case V128:
		return classVector
	}
	return classInteger
}

func (c valueClass) bytes() uint64 {
	switch c {
	case classNone:
		return 0
	case classVector:
		return 16
	}
	return 8
}

// A stackEvent is what an instruction does to locals, to the operand stack,
// or to control.
type stackEvent struct {
	kind    eventKind
	pop     uint8      // operands taken
	push    valueClass // the one given, if any
	ints    uint8      // values on the operand stack before it, at most 255
	floats  uint8
	crowded bool   // more values live than there are registers
	arg     uint32 // local, block, label depth, or where in frameEstimate.lists
}

type eventKind uint8

const (
	eventOperation eventKind = iota
	eventEvict               // an operation that wants registers of its choice
	eventAccess              // a load or store
	eventGet
	eventSet
	eventTee
	eventCross // a call
	eventBlock
	eventLoop
	eventIf
	eventElse
	eventEnd
	eventBranch
	eventBranchIf
	eventBranchTable
	eventLeave // return, unreachable
)

// A stackBlock is a block of the body, by order of its begin.
type stackBlock struct {
	op              Opcode
	height          int // of the operand stack below its parameters
	params, results []ValueType
	targeted        bool
	sets            int // assignments in it
}

// A frameEstimate bounds the frame of one function at a time.
type frameEstimate struct {
	m      *Module
	locals []valueClass
	params int

	events   []stackEvent
	blocks   []stackBlock
	open     []int // indices of blocks
	lists    []uint32
	operands []valueClass
	skip     int // dead code, so many blocks deep

	stacked       [classVector + 1]int // values on the operand stack
	argumentBytes uint64               // largest of the calls
	definitions   uint64               // bytes of all values, for when liveness is not known
	floats        bool

	modified []localSet  // locals assigned in each block
	headers  []localSet  // locals live at the begin of each block; of loops alone
	points   []localSet  // what lives where values are counted, the last place first
	pointAt  []uint32    // the events of points
	vectors  localSet    // locals in vector registers
	closing  []liveBlock // blocks that are open while going backwards

	replay replay
}

func (f *frameEstimate) begin(m *Module, index int) {
	t := &m.Types[m.Funcs[index]]
	f.m, f.params = m, len(t.Params)
	f.locals = f.locals[:0]
	f.events, f.lists, f.operands = f.events[:0], f.lists[:0], f.operands[:0]
	f.blocks = append(f.blocks[:0], stackBlock{op: OpBlock, results: t.Results, targeted: true})
	f.open = append(f.open[:0], 0)
	f.skip, f.definitions, f.floats = 0, 0, false
	f.stacked = [classVector + 1]int{}
	for _, p := range t.Params {
		f.addLocals(classOf(p), 1)
	}
	for _, run := range m.Bodies[index].Locals {
		f.addLocals(classOf(run.Type), run.Count)
	}
	f.argumentBytes = widths(t.Params) + widths(t.Results)
	f.modified = append(f.modified[:0], localSet{})
}

func (f *frameEstimate) addLocals(class valueClass, n uint32) {
	f.floats = f.floats || class >= classFloat && n > 0
	for range n {
		f.locals = append(f.locals, class)
	}
}

func (f *frameEstimate) add(e stackEvent) {
	e.ints, e.floats = uint8(min(f.stacked[classInteger], 255)), uint8(min(f.stacked[classFloat]+f.stacked[classVector], 255))
	f.events = append(f.events, e)
}

func (f *frameEstimate) pop(n int) {
	for _, o := range f.operands[len(f.operands)-n:] {
		f.stacked[o]--
	}
	f.operands = f.operands[:len(f.operands)-n]
}

// hold pushes what is no new value.
func (f *frameEstimate) hold(class valueClass) {
	f.stacked[class]++
	f.operands = append(f.operands, class)
}

func (f *frameEstimate) push(class valueClass) {
	f.definitions += class.bytes()
	f.floats = f.floats || class >= classFloat
	f.hold(class)
}

func (f *frameEstimate) pushTypes(types []ValueType) {
	for _, t := range types {
		f.push(classOf(t))
	}
}

// instruction turns an instruction into an event.
func (f *frameEstimate) instruction(in *Instruction) {
	if f.skip > 0 {
		switch in.Op {
		case OpBlock, OpLoop, OpIf:
			f.skip++
			return
		case OpElse:
			if f.skip > 1 {
				return
			}
		case OpEnd:
			if f.skip > 1 {
				f.skip--
				return
			}
		default:
			return
		}
	}
	switch in.Op {
	case OpBlock, OpLoop, OpIf:
		f.enter(in)
	case OpElse, OpEnd:
		f.close(in.Op)
	case OpBr, OpBrIf:
		f.target(in.A)
		if in.Op == OpBrIf {
			f.add(stackEvent{kind: eventBranchIf, pop: 1, arg: in.A})
			f.pop(1)
			return
		}
		f.add(stackEvent{kind: eventBranch, arg: in.A})
		f.skip = 1
	case OpBrTable:
		f.add(stackEvent{kind: eventBranchTable, arg: uint32(len(f.lists))})
		f.lists = append(f.lists, uint32(len(in.Targets)))
		for _, depth := range in.Targets {
			f.target(depth)
			f.lists = append(f.lists, depth)
		}
		f.skip = 1
	case OpReturn, OpUnreachable:
		f.add(stackEvent{kind: eventLeave})
		f.skip = 1
	case OpCall:
		f.call(f.m.functionType(in.A), 0)
	case OpCallIndirect:
		f.call(&f.m.Types[in.A], 1)
	case OpLocalGet:
		f.add(stackEvent{kind: eventGet, push: f.locals[in.A], arg: in.A})
		f.hold(f.locals[in.A])
	case OpLocalSet, OpLocalTee:
		f.assign(in)
	case OpSelect, OpSelectT:
		n := len(f.operands)
		f.simple(eventOperation, 3, max(f.operands[n-3], f.operands[n-2], classInteger))
	case OpDrop:
		f.simple(eventOperation, 1, classNone)
	case OpGlobalGet:
		f.simple(eventOperation, 0, classOf(f.m.Globals[in.A].Type))
	case OpGlobalSet:
		f.simple(eventOperation, 1, classNone)
	default:
		f.operation(in)
	}
}

// operation is an instruction that has its signature in the table, or deals
// with tables and references.
func (f *frameEstimate) operation(in *Instruction) {
	info := &opInfos[in.Op.slot()]
	kind := eventOperation
	switch {
	case info.Class == ClassConst:
		f.constant()
		return
	case info.Class == ClassBulk, info.Class == ClassTable, in.Op == OpMemoryGrow, in.Op == OpRefFunc:
		kind = eventCross
	case info.Class == ClassLoad, info.Class == ClassStore:
		kind = eventAccess
	case info.Class == ClassNumeric:
		if n := evicts(in.Op, f.operands[len(f.operands)-1] == classNone); n > 0 {
			f.add(stackEvent{kind: eventEvict, pop: 2, push: classInteger, arg: n})
			f.pop(2)
			f.push(classInteger)
			return
		}
	}
	pop, push := len(info.Params), classNone
	if info.result != 0 {
		push = classOf(info.result)
	}
	switch in.Op { // their types depend on the table
	case OpTableGet, OpRefIsNull:
		pop, push = 1, classInteger
	case OpTableSet:
		pop = 2
	case OpTableGrow:
		pop, push = 2, classInteger
	case OpTableFill:
		pop = 3
	case OpRefNull:
		push = classInteger
	}
	f.simple(kind, pop, push)
}

// evicts is how many registers of its choice an instruction wants: a division
// two, a shift one unless its last operand is a constant.
func evicts(op Opcode, constant bool) uint32 {
	switch op {
	case OpI32DivS, OpI32DivU, OpI32RemS, OpI32RemU, OpI64DivS, OpI64DivU, OpI64RemS, OpI64RemU:
		return 2
	case OpI32Shl, OpI32ShrS, OpI32ShrU, OpI32Rotl, OpI32Rotr, OpI64Shl, OpI64ShrS, OpI64ShrU, OpI64Rotl, OpI64Rotr:
		if !constant {
			return 1
		}
	}
	return 0
}

func (f *frameEstimate) simple(kind eventKind, pop int, push valueClass) {
	f.add(stackEvent{kind: kind, pop: uint8(pop), push: push})
	f.pop(pop)
	if push != classNone {
		f.push(push)
	}
}

// constantOperand in arg says that the event pushes what takes no slot.
const constantOperand = 1

func (f *frameEstimate) constant() {
	f.add(stackEvent{kind: eventOperation, arg: constantOperand})
	f.hold(classNone)
}

func (f *frameEstimate) assign(in *Instruction) {
	kind := eventSet
	class := f.locals[in.A]
	if in.Op == OpLocalTee {
		kind = eventTee
	}
	f.add(stackEvent{kind: kind, push: class, arg: in.A})
	f.pop(1)
	if kind == eventTee {
		f.hold(class)
	}
	f.definitions += class.bytes()
	block := f.open[len(f.open)-1]
	f.blocks[block].sets++
	f.modified[block].add(in.A)
}

func (f *frameEstimate) call(t *FuncType, index int) {
	f.argumentBytes = max(f.argumentBytes, widths(t.Params)+widths(t.Results))
	at := uint32(len(f.lists))
	f.lists = append(f.lists, uint32(len(t.Params)+index), uint32(len(t.Results)))
	for _, r := range t.Results {
		f.lists = append(f.lists, uint32(classOf(r)))
	}
	f.add(stackEvent{kind: eventCross, arg: at + 1})
	f.pop(len(t.Params) + index)
	f.pushTypes(t.Results)
}

func (f *frameEstimate) target(depth uint32) {
	f.blocks[f.open[len(f.open)-1-int(depth)]].targeted = true
}

func (f *frameEstimate) enter(in *Instruction) {
	kind := eventBlock
	switch in.Op {
	case OpLoop:
		kind = eventLoop
	case OpIf:
		kind = eventIf
	}
	b := stackBlock{op: in.Op}
	if in.Block.Index >= 0 {
		t := &f.m.Types[in.Block.Index]
		b.params, b.results = t.Params, t.Results
	} else if in.Block.Result != 0 {
		b.results = oneType(in.Block.Result)
	}
	pop := 0
	if in.Op == OpIf {
		pop = 1
	}
	f.add(stackEvent{kind: kind, pop: uint8(pop), arg: uint32(len(f.blocks))})
	f.pop(pop)
	b.height = len(f.operands) - len(b.params)
	f.open = append(f.open, len(f.blocks))
	f.blocks = append(f.blocks, b)
	f.modified = append(f.modified, localSet{})
}

// oneType is a list of one type, without allocating it.
func oneType(t ValueType) []ValueType {
	switch t {
	case I32:
		return typeLists[0:1]
	case I64:
		return typeLists[1:2]
	case F32:
		return typeLists[2:3]
	case F64:
		return typeLists[3:4]
	case V128:
		return typeLists[4:5]
	}
	return typeLists[5:6]
}

var typeLists = []ValueType{I32, I64, F32, F64, V128, FuncRef}

// close is an else or an end.
func (f *frameEstimate) close(op Opcode) {
	index := f.open[len(f.open)-1]
	b := &f.blocks[index]
	f.pop(len(f.operands) - b.height)
	if op == OpElse {
		f.add(stackEvent{kind: eventElse, arg: uint32(index)})
		f.skip = 0
		b.targeted = true
		b.op = OpElse
		f.pushTypes(b.params)
		return
	}
	f.add(stackEvent{kind: eventEnd, arg: uint32(index)})
	f.skip = 0
	f.pushTypes(b.results)
	f.open = f.open[:len(f.open)-1]
	if b.op == OpIf {
		b.targeted = true
	}
	if len(f.open) == 0 {
		return
	}
	parent := f.open[len(f.open)-1]
	f.blocks[parent].sets += b.sets
	f.modified[parent].addAll(&f.modified[index])
}

func widths(types []ValueType) uint64 {
	sum := uint64(0)
	for _, t := range types {
		sum += classOf(t).bytes()
	}
	return sum
}

// bytes is the estimate for the function whose instructions have been seen.
func (f *frameEstimate) bytes() uint64 {
	base := frameBase + f.argumentBytes
	if f.floats {
		base += frameVectors
	}
	if len(f.locals) > livenessLocals || !f.liveness() {
		sum := base + f.definitions
		for i := range f.blocks {
			if b := &f.blocks[i]; b.targeted || b.op == OpLoop {
				sum += 16 * uint64(min(b.sets, len(f.locals)))
			}
		}
		return sum
	}
	return base + f.replay.run(f)
}
