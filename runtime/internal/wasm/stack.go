package wasm

import "io"

// Native stack, in bytes.
const (
	// frameBase is what the engine takes for a call before any value has a
	// slot: return address, frame pointer, saved registers, arguments of the
	// calls that the function makes to the engine, and the helpers of the
	// rewriter.
	frameBase = 256

	maxFrame = 256 << 10 // of one function
	maxNeed  = 64 << 20  // of calls that cannot recur
)

// A surveyor looks at one body after the other.
type surveyor struct {
	*survey
	m      *Module
	in     Instruction
	frames []surveyFrame
	loops  []int // open loops, as indices of frames
}

type surveyFrame struct {
	op    Opcode
	loop  uint32 // index in survey.loops
	calls int    // weight of the calls in it, by depth of loops
	work  int    // weight of the regions
}

// body counts what bounds the frame of a function and finds its calls and
// loops.
func (v *surveyor) body(index int) error {
	body := &v.m.Bodies[index]
	v.loopStarts[index] = uint32(len(v.survey.loops))
	bytes := uint64(frameBase)
	t := &v.m.Types[v.m.Funcs[index]]
	bytes += widths(t.Params) + widths(t.Results)
	code := NewCode(body.Code)
	in := &v.in
	v.frames = append(v.frames[:0], surveyFrame{op: OpBlock})
	imported := uint32(len(v.m.Imports))
	for {
		if err := code.Next(in); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		info := &opInfos[in.Op.slot()]
		top := &v.frames[len(v.frames)-1]
		switch in.Op {
		case OpBlock, OpIf:
			v.frames = append(v.frames, surveyFrame{op: in.Op})
			if in.Op == OpIf {
				top.work++
			}
		case OpLoop:
			v.frames = append(v.frames, surveyFrame{op: OpLoop, loop: uint32(len(v.survey.loops)), work: 1})
			v.survey.loops = append(v.survey.loops, false)
		case OpEnd:
			v.frames = v.frames[:len(v.frames)-1]
			if len(v.frames) > 0 {
				v.leave(*top)
			}
		case OpBrIf, OpElse:
			top.work++
		case OpCall:
			top.calls++
			if in.A >= imported {
				v.edges = append(v.edges, in.A)
			}
			bytes += widths(v.functionType(in.A).Results)
		case OpCallIndirect:
			top.calls++
			v.indirect[index], v.anyIndirect = true, true
			bytes += widths(v.m.Types[in.A].Results)
		case OpMemoryInit:
			v.usesSegments, v.inits[in.A] = true, true
			top.calls++
		case OpDataDrop:
			v.usesSegments = true
		case OpMemoryFill:
			v.fill = true
			top.calls++
		case OpMemoryCopy:
			v.copy = true
			top.calls++
		case OpMemoryGrow, OpTableGrow, OpTableFill, OpTableCopy, OpTableInit:
			top.calls++
			bytes += 8
		default:
			switch info.Class {
			case ClassVariable, ClassConst, ClassParametric:
			default:
				if info.result != 0 {
					bytes += width(info.result)
				}
			}
		}
	}
	v.survey.frames[index] = bytes
	return nil
}

// leave hands what was counted in a frame to the one around it.
func (v *surveyor) leave(f surveyFrame) {
	parent := &v.frames[len(v.frames)-1]
	if f.op == OpLoop {
		v.survey.loops[f.loop] = f.calls == 0
		f.calls, f.work = min(f.calls, loopWeightLimit)*loopWeight, min(f.work, loopWeightLimit)*loopWeight
	}
	parent.calls += f.calls
	parent.work += f.work
}

const (
	loopWeight      = 8
	loopWeightLimit = 1 << 40
)

func (v *surveyor) functionType(index uint32) *FuncType {
	if imported := uint32(len(v.m.Imports)); index >= imported {
		return &v.m.Types[v.m.Funcs[index-imported]]
	}
	return &v.m.Types[v.m.Imports[index].Type]
}

func width(t ValueType) uint64 {
	if t == V128 {
		return 16
	}
	return 8
}

func widths(types []ValueType) uint64 {
	sum := uint64(0)
	for _, t := range types {
		sum += width(t)
	}
	return sum
}
