package wasm

import "io"

// A surveyor looks at one body after the other: for calls and loops here, for
// what bounds the frame in stack.go.
type surveyor struct {
	*survey
	m      *Module
	in     Instruction
	blocks []surveyBlock
	frame  frameEstimate
}

// A surveyBlock is a block that is open in the body at work.
type surveyBlock struct {
	op    Opcode
	loop  uint32 // index in survey.loops
	calls bool   // something in it needs the balance in the global
}

func (v *surveyor) body(index int) error {
	body := &v.m.Bodies[index]
	v.loopStarts[index] = uint32(len(v.survey.loops))
	imported := uint32(len(v.m.Imports))
	v.blocks = append(v.blocks[:0], surveyBlock{op: OpBlock})
	v.frame.begin(v.m, index)
	in := &v.in
	for code := NewCode(body.Code); ; {
		if err := code.Next(in); err == io.EOF {
			break
		} else if err != nil {
			return &RewriteError{Function: index + int(imported), Reason: err.Error()}
		}
		top := &v.blocks[len(v.blocks)-1]
		switch in.Op {
		case OpBlock, OpIf:
			v.blocks = append(v.blocks, surveyBlock{op: in.Op})
		case OpLoop:
			v.blocks = append(v.blocks, surveyBlock{op: OpLoop, loop: uint32(len(v.survey.loops))})
			v.survey.loops = append(v.survey.loops, false)
		case OpEnd:
			v.leave()
		case OpCall:
			top.calls = true
			if in.A >= imported {
				v.edges = append(v.edges, in.A)
			}
		case OpCallIndirect:
			top.calls = true
			v.indirect[index], v.anyIndirect = true, true
		case OpMemoryInit:
			top.calls = true
			v.usesSegments, v.inits[in.A] = true, true
		case OpDataDrop:
			v.usesSegments = true
		case OpMemoryFill:
			top.calls, v.fill = true, true
		case OpMemoryCopy:
			top.calls, v.copy = true, true
		case OpMemoryGrow, OpTableGrow, OpTableFill, OpTableCopy, OpTableInit:
			top.calls = true
		}
		v.frame.instruction(in)
	}
	v.frames[index] = v.frame.bytes()
	return nil
}

// leave closes a block. A loop in which nothing needs the balance in the
// global may keep it in a local.
func (v *surveyor) leave() {
	last := v.blocks[len(v.blocks)-1]
	v.blocks = v.blocks[:len(v.blocks)-1]
	if last.op == OpLoop {
		v.survey.loops[last.loop] = !last.calls
	}
	if n := len(v.blocks); n > 0 {
		v.blocks[n-1].calls = v.blocks[n-1].calls || last.calls
	}
}
