package wasm

import (
	"slices"
	"time"
)

// variable checks an instruction whose signature depends on an immediate or on
// the stack.
func (v *validator) variable(in *Instruction, facts *facts) {
	switch in.Op {
	case OpLocalGet:
		v.cost.local(in.A)
		v.cost.reads++
		if t := v.local(in.A); t != 0 {
			v.stack = append(v.stack, t)
		}
	case OpLocalSet:
		v.cost.local(in.A)
		if t := v.local(in.A); t != 0 {
			v.popType(t)
		}
	case OpLocalTee:
		v.cost.local(in.A)
		if t := v.local(in.A); t != 0 {
			v.popType(t)
			v.stack = append(v.stack, t)
		}
	case OpGlobalGet:
		if g := v.global(in.A); g != nil {
			v.stack = append(v.stack, g.Type)
		}
	case OpGlobalSet:
		if g := v.global(in.A); g != nil {
			if !g.Mutable {
				v.fail("global %d is constant", in.A)
			}
			v.popType(g.Type)
		}
	case OpBlock, OpLoop, OpIf:
		facts.blockTypes = facts.blockTypes || in.Block.Index >= 0
		v.open(in)
	case OpElse:
		v.otherwise()
	case OpEnd:
		v.end()
	case OpBr, OpBrIf, OpBrTable, OpReturn, OpUnreachable:
		v.branch(in)
	case OpCall:
		if int64(in.A) >= int64(len(v.funcs)) {
			v.fail("function %d is not there", in.A)
			return
		}
		if int(in.A) < v.importedFuncs {
			v.cost.check()
		}
		v.call(&v.m.Types[v.funcs[in.A]])
	case OpCallIndirect:
		v.callIndirect(in)
	case OpDrop:
		v.popAny()
	case OpSelect:
		v.selectUntyped()
	case OpSelectT:
		t := in.Types[0]
		v.popType(I32)
		v.popType(t)
		v.popType(t)
		v.stack = append(v.stack, t)
	case OpRefNull:
		v.stack = append(v.stack, ValueType(in.A))
	case OpRefIsNull:
		if t := v.popAny(); t != 0 && !t.IsRef() {
			v.fail("operand is %s, no reference", t)
		}
		v.stack = append(v.stack, I32)
	default:
		v.tableVariable(in, facts)
	}
}

func (v *validator) local(index uint32) ValueType {
	t := v.locals.at(index)
	if t == 0 {
		v.fail("local %d is not there", index)
	}
	return t
}

func (v *validator) global(index uint32) *GlobalType {
	if int64(index) >= int64(len(v.globals)) {
		v.fail("global %d is not there", index)
		return nil
	}
	return &v.globals[index]
}

// open begins a block, loop or if.
func (v *validator) open(in *Instruction) {
	f := frame{op: in.Op, result: in.Block.Result, typeIndex: int32(in.Block.Index)}
	if in.Block.Index >= int64(len(v.m.Types)) {
		v.fail("type %d is not there", in.Block.Index)
		return
	}
	if len(v.frames) == maxNesting {
		v.fail("blocks are nested deeper than %d", maxNesting)
		return
	}
	if in.Op == OpIf {
		v.popType(I32)
	}
	params := v.params(&f)
	switch in.Op {
	case OpIf:
		v.cost.ifThen(&f.join, len(v.stack))
	case OpLoop:
		v.cost.loop(&f.join, len(params), len(v.stack))
	}
	v.popTypes(params)
	f.height = int32(len(v.stack))
	v.frames = append(v.frames, f)
	v.stack = append(v.stack, params...)
}

// otherwise ends the first arm of an if and begins the second.
func (v *validator) otherwise() {
	f := &v.frames[len(v.frames)-1]
	if f.op != OpIf {
		v.fail("there is no if to which it belongs")
		return
	}
	v.fallThrough(f)
	v.cost.orElse(&f.join, int(f.height))
	v.close(f)
	f.op, f.unreachable = OpElse, false
	v.stack = append(v.stack, v.params(f)...)
}

// end closes the current frame and leaves its results.
func (v *validator) end() {
	f := v.frames[len(v.frames)-1]
	v.fallThrough(&f)
	switch f.op {
	case OpLoop:
		v.cost.closeLoop(&f.join, len(v.stack))
	case OpIf:
		v.cost.orElse(&f.join, int(f.height))
		v.cost.edge(&f.join, 0)
		fallthrough
	default:
		v.cost.carry(len(v.results(&f)))
		v.cost.enter(&f.join, len(v.stack))
	}
	v.close(&f)
	if f.op == OpIf && !slices.Equal(v.params(&f), v.results(&f)) {
		v.fail("an if without else must have results like its parameters")
	}
	v.frames = v.frames[:len(v.frames)-1]
	v.stack = append(v.stack, v.results(&f)...)
}

// fallThrough is the edge from the last instruction of a frame to its end.
func (v *validator) fallThrough(f *frame) {
	if !f.unreachable && f.op != OpLoop {
		v.cost.edge(&f.join, len(v.stack)-int(f.height))
	}
}

// jump is the edge of a branch to a frame's label.
func (v *validator) jump(f *frame) {
	if !v.frames[len(v.frames)-1].unreachable {
		v.cost.edge(&f.join, len(v.label(f)))
	}
}

// close checks that exactly the frame's results are left.
func (v *validator) close(f *frame) {
	v.popTypes(v.results(f))
	if len(v.stack) != int(f.height) {
		v.fail("%d values too many at the end of the block", len(v.stack)-int(f.height))
	}
}

func (v *validator) branch(in *Instruction) {
	switch in.Op {
	case OpBr:
		if f := v.frameAt(in.A); f != nil {
			v.jump(f)
			v.top(v.label(f))
		}
		v.unreachable()
	case OpBrIf:
		v.popType(I32)
		if f := v.frameAt(in.A); f != nil {
			label := v.label(f)
			v.jump(f)
			v.cost.follow(len(v.stack))
			v.popTypes(label)
			v.stack = append(v.stack, label...)
		}
	case OpBrTable:
		v.branchTable(in)
		v.unreachable()
	case OpReturn:
		v.jump(&v.frames[0])
		v.top(v.results(&v.frames[0]))
		v.unreachable()
	case OpUnreachable:
		v.unreachable()
	}
}

func (v *validator) branchTable(in *Instruction) {
	v.popType(I32)
	byDefault := v.frameAt(in.Targets[len(in.Targets)-1])
	if byDefault == nil {
		return
	}
	arity := len(v.label(byDefault))
	v.cost.linear += time.Duration(len(in.Targets)) * (costTarget + time.Duration(arity)*costTargetValue)
	v.cost.next(len(v.stack))
	for _, depth := range in.Targets {
		f := v.frameAt(depth)
		if f == nil {
			return
		}
		label := v.label(f)
		if len(label) != arity {
			v.fail("label %d carries %d values, the default %d", depth, len(label), arity)
			return
		}
		v.jump(f)
		v.top(label)
	}
}

func (v *validator) call(t *FuncType) {
	v.cost.call(len(t.Params) + len(t.Results))
	v.popTypes(t.Params)
	v.stack = append(v.stack, t.Results...)
}

func (v *validator) callIndirect(in *Instruction) {
	if int64(in.A) >= int64(len(v.m.Types)) {
		v.fail("type %d is not there", in.A)
		return
	}
	if t := v.table(in.B); t != FuncRef {
		v.fail("entries of table %d are %s, not funcref", in.B, t)
		return
	}
	v.popType(I32)
	v.call(&v.m.Types[in.A])
}

// selectUntyped checks select without a type, which takes no references.
func (v *validator) selectUntyped() {
	v.popType(I32)
	a, b := v.popAny(), v.popAny()
	switch {
	case a.IsRef() || b.IsRef():
		v.fail("operands are references; those need select t")
	case a != b && a != 0 && b != 0:
		v.fail("operands are %s and %s", b, a)
	}
	if a == 0 {
		a = b
	}
	v.stack = append(v.stack, a)
}

// tableVariable checks the table instructions whose operands are the table's.
func (v *validator) tableVariable(in *Instruction, facts *facts) {
	facts.use(in.Op, v.function)
	t := v.table(in.A)
	if t == 0 {
		return
	}
	switch in.Op {
	case OpTableGet:
		v.popType(I32)
		v.stack = append(v.stack, t)
	case OpTableSet:
		v.popType(t)
		v.popType(I32)
	case OpTableGrow:
		v.popType(I32)
		v.popType(t)
		v.stack = append(v.stack, I32)
	case OpTableFill:
		v.popType(I32)
		v.popType(t)
		v.popType(I32)
	}
}
