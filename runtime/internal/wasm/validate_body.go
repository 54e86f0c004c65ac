package wasm

import (
	"errors"
	"fmt"
	"io"
)

// A frame is an open block, loop, if, else, or the function itself.
type frame struct {
	op          Opcode // OpBlock for the function itself
	unreachable bool
	result      ValueType // of a block type without index
	typeIndex   int32     // or -1
	height      int32     // of the operand stack below the frame's values
	join        join      // the block behind, or a loop's header
}

// maxNesting bounds how deep blocks nest: the deepest seen was a Go guest's
// with 2,508.
const maxNesting = 20_000

// single holds, for each value type, the list of that type alone.
var single = func() (lists [0x80][1]ValueType) {
	for t := range lists {
		lists[t][0] = ValueType(t)
	}
	return lists
}()

func (v *validator) params(f *frame) []ValueType {
	if f.typeIndex >= 0 {
		return v.m.Types[f.typeIndex].Params
	}
	return nil
}

func (v *validator) results(f *frame) []ValueType {
	if f.typeIndex >= 0 {
		return v.m.Types[f.typeIndex].Results
	}
	if f.result == 0 {
		return nil
	}
	return single[f.result][:]
}

// label is what a branch to the frame carries.
func (v *validator) label(f *frame) []ValueType {
	if f.op == OpLoop {
		return v.params(f)
	}
	return v.results(f)
}

// body validates the i-th function that the module defines.
func (v *validator) body(i int, facts *facts) error {
	body := &v.m.Bodies[i]
	typeIndex := v.m.Funcs[i]
	v.function = v.importedFuncs + i
	v.locals.reset(v.m.Types[typeIndex].Params, body.Locals)
	v.stack = v.stack[:0]
	v.frames = append(v.frames[:0], frame{op: OpBlock, typeIndex: int32(typeIndex)})
	v.code = NewCode(body.Code)
	v.reason = ""
	v.cost.begin(v.locals.count())

	in := &v.in
	for {
		if err := v.code.Next(in); err != nil {
			var f *FormatError
			if !errors.As(err, &f) {
				if err == io.EOF && len(v.frames) == 0 {
					facts.add(v.function, &v.cost)
					return nil
				}
				return v.fault(body.Offset+len(body.Code), reasonEnd)
			}
			return v.fault(body.Offset+f.Offset, f.Reason)
		}
		if len(v.frames) == 0 {
			return v.fault(body.Offset+in.Start, "instructions after the end of the function")
		}
		slot := in.Op.slot()
		facts.seen[slot]++
		v.cost.linear += opPrices[slot]
		v.cost.marks += markPrices[slot]
		if info := &opInfos[slot]; info.Fixed {
			v.fixed(in, info, facts)
		} else {
			v.variable(in, facts)
		}
		if v.reason != "" {
			return v.fault(body.Offset+in.Start, in.Op.String()+": "+v.reason)
		}
	}
}

func (v *validator) fault(offset int, reason string) error {
	return &FormatError{Offset: offset, Section: fmt.Sprintf("function %d", v.function), Reason: reason}
}

// fail keeps the first reason; what is checked after it does not matter.
func (v *validator) fail(format string, args ...any) {
	if v.reason == "" {
		v.reason = fmt.Sprintf(format, args...)
	}
}

// fixed checks an instruction whose signature the opcode gives.
func (v *validator) fixed(in *Instruction, info *OpInfo, facts *facts) {
	switch info.Class {
	case ClassLoad, ClassStore, ClassMemory:
		if len(v.memories) == 0 {
			v.fail("there is no memory")
			return
		}
	case ClassBulk:
		v.bulk(in, info, facts)
	case ClassTable:
		v.tableFixed(in, facts)
	case ClassReference: // ref.func
		facts.use(in.Op, v.function)
		if int64(in.A) >= int64(len(v.funcs)) || !v.refs[in.A] {
			v.fail("function %d is not there, or nothing outside functions names it", in.A)
			return
		}
	}
	params := info.Params
	for i := len(params) - 1; i >= 0; i-- {
		v.popType(params[i])
	}
	if info.result != 0 {
		v.stack = append(v.stack, info.result)
	}
}

func (v *validator) bulk(in *Instruction, info *OpInfo, facts *facts) {
	if in.Op != OpDataDrop && len(v.memories) == 0 {
		v.fail("there is no memory")
	}
	if info.Imm == ImmData || info.Imm == ImmDataMemory {
		if v.m.DataCount < 0 {
			v.fail("there is no data count section")
		} else if int64(in.A) >= int64(v.m.DataCount) {
			v.fail("data segment %d is not there", in.A)
		}
	}
	facts.use(in.Op, v.function)
}

// tableFixed checks the indices of the table instructions whose operands do
// not depend on the table.
func (v *validator) tableFixed(in *Instruction, facts *facts) {
	facts.use(in.Op, v.function)
	switch in.Op {
	case OpTableInit:
		e, t := v.elem(in.A), v.table(in.B)
		if e != t {
			v.fail("entries are %s, those of table %d are %s", e, in.B, t)
		}
	case OpElemDrop:
		v.elem(in.A)
	case OpTableCopy:
		to, from := v.table(in.A), v.table(in.B)
		if to != from {
			v.fail("entries of table %d are %s, those of table %d are %s", in.A, to, in.B, from)
		}
	case OpTableSize:
		v.table(in.A)
	}
}

// elem is the type of an element segment's entries.
func (v *validator) elem(index uint32) ValueType {
	if int64(index) >= int64(len(v.m.Elems)) {
		v.fail("element segment %d is not there", index)
		return 0
	}
	return v.m.Elems[index].Type
}

// table is the type of a table's entries.
func (v *validator) table(index uint32) ValueType {
	if int64(index) >= int64(len(v.tables)) {
		v.fail("table %d is not there", index)
		return 0
	}
	return v.tables[index].Elem
}

// frameAt is the frame that a label depth names, or nil.
func (v *validator) frameAt(depth uint32) *frame {
	if int64(depth) >= int64(len(v.frames)) {
		v.fail("label %d is not there", depth)
		return nil
	}
	return &v.frames[len(v.frames)-1-int(depth)]
}

// popType takes a value of a type off the stack.
func (v *validator) popType(want ValueType) {
	f := &v.frames[len(v.frames)-1]
	n := len(v.stack)
	if n > int(f.height) {
		got := v.stack[n-1]
		v.stack = v.stack[:n-1]
		if got != want && got != 0 {
			v.fail("operand is %s, not %s", got, want)
		}
		return
	}
	if !f.unreachable {
		v.fail("operand %s is missing", want)
	}
}

// popAny takes any value off the stack; 0 is one of unknown type.
func (v *validator) popAny() ValueType {
	f := &v.frames[len(v.frames)-1]
	n := len(v.stack)
	if n > int(f.height) {
		got := v.stack[n-1]
		v.stack = v.stack[:n-1]
		return got
	}
	if !f.unreachable {
		v.fail("operand is missing")
	}
	return 0
}

// popTypes takes values of these types off the stack, the last type first.
func (v *validator) popTypes(types []ValueType) {
	f := &v.frames[len(v.frames)-1]
	for i := len(types) - 1; i >= 0; i-- {
		if f.unreachable && len(v.stack) == int(f.height) {
			return // the rest may be anything
		}
		v.popType(types[i])
		if v.reason != "" {
			return
		}
	}
}

// top checks the values on top of the stack and leaves them there.
func (v *validator) top(types []ValueType) {
	f := &v.frames[len(v.frames)-1]
	for i := range types {
		at, want := len(v.stack)-1-i, types[len(types)-1-i]
		if at < int(f.height) {
			if !f.unreachable {
				v.fail("operand %s is missing", want)
			}
			return
		}
		if got := v.stack[at]; got != want && got != 0 {
			v.fail("operand is %s, not %s", got, want)
			return
		}
	}
}

// unreachable makes the rest of the current frame polymorphic.
func (v *validator) unreachable() {
	f := &v.frames[len(v.frames)-1]
	v.stack = v.stack[:f.height]
	f.unreachable = true
}

// localTypes gives the type of each local: directly for the first, which are
// most that code names, by search in the runs for the rest. So a function that
// declares many and uses none costs nothing.
type localTypes struct {
	first [256]ValueType
	n     int // valid in first
	ends  []uint32
	types []ValueType
	total uint32
}

func (l *localTypes) reset(params []ValueType, runs []LocalRun) {
	l.n, l.total = 0, 0
	l.ends, l.types = l.ends[:0], l.types[:0]
	for _, t := range params {
		l.add(1, t)
	}
	for _, run := range runs {
		l.add(run.Count, run.Type)
	}
}

func (l *localTypes) add(count uint32, t ValueType) {
	for i := uint32(0); i < count && l.n < len(l.first); i++ {
		l.first[l.n] = t
		l.n++
	}
	l.total += count
	l.ends = append(l.ends, l.total)
	l.types = append(l.types, t)
}

func (l *localTypes) count() int { return int(l.total) }

// at is the type of a local, or 0 when there is none with this index.
func (l *localTypes) at(index uint32) ValueType {
	if int64(index) < int64(l.n) {
		return l.first[index]
	}
	if index >= l.total {
		return 0
	}
	lo, hi := 0, len(l.ends)-1
	for lo < hi {
		if mid := (lo + hi) / 2; l.ends[mid] > index {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return l.types[lo]
}
