package difftest

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// A reference runs the integer part of WebAssembly one instruction at a time
// and counts fuel as abi/ABI.md#fuel says, with no regard for regions. It is
// slow and plain: what it is good for is being independent of the rewriter.
type reference struct {
	m       *wasm.Module
	bodies  []referenceBody
	memory  []byte
	max     uint32 // pages
	globals []uint64
	table   []int // function indices, -1 for null
	fuel    int64
	steps   int // left
	depth   int
}

type referenceBody struct {
	locals int
	code   []referenceOp
}

type referenceOp struct {
	wasm.Instruction
	params, results int // of a block
	end, otherwise  int // of a block: its end and else
}

var (
	errSteps = errors.New("too many steps")
	errDepth = errors.New("too deep")
)

// A referenceTrap is what the engine calls it.
type referenceTrap string

func (t referenceTrap) Error() string { return string(t) }

func newReference(m *wasm.Module, steps int) *reference {
	r := &reference{m: m, steps: steps}
	if len(m.Memories) > 0 {
		r.memory = make([]byte, m.Memories[0].Min<<16)
		r.max = wasm.MaxPages
		if m.Memories[0].HasMax {
			r.max = m.Memories[0].Max
		}
		for _, d := range m.Datas {
			copy(r.memory[uint32(d.Offset.Bits):], d.Bytes)
		}
	}
	for _, g := range m.Globals {
		r.globals = append(r.globals, r.mask(g.Type, g.Init.Bits))
	}
	for _, t := range m.Tables {
		for range t.Limit.Min {
			r.table = append(r.table, -1)
		}
	}
	for _, e := range m.Elems {
		for i, init := range e.Init {
			r.table[int(uint32(e.Offset.Bits))+i] = int(init.Bits)
		}
	}
	for i := range m.Bodies {
		r.bodies = append(r.bodies, r.decode(i))
	}
	return r
}

func (r *reference) mask(t wasm.ValueType, v uint64) uint64 {
	if t == wasm.I32 {
		return uint64(uint32(v))
	}
	return v
}

func (r *reference) decode(index int) referenceBody {
	body := r.m.Bodies[index]
	b := referenceBody{locals: len(r.m.Types[r.m.Funcs[index]].Params)}
	for _, run := range body.Locals {
		b.locals += int(run.Count)
	}
	var in wasm.Instruction
	var open []int
	for code := wasm.NewCode(body.Code); code.Next(&in) == nil; {
		op := referenceOp{Instruction: in}
		op.Targets = append([]uint32(nil), in.Targets...)
		at := len(b.code)
		switch in.Op {
		case wasm.OpBlock, wasm.OpLoop, wasm.OpIf:
			if in.Block.Index >= 0 {
				t := r.m.Types[in.Block.Index]
				op.params, op.results = len(t.Params), len(t.Results)
			} else if in.Block.Result != 0 {
				op.results = 1
			}
			open = append(open, at)
		case wasm.OpElse:
			b.code[open[len(open)-1]].otherwise = at
		case wasm.OpEnd:
			if len(open) > 0 {
				start := &b.code[open[len(open)-1]]
				start.end = at
				if start.otherwise > 0 {
					b.code[start.otherwise].end = at
				}
				open = open[:len(open)-1]
			}
		}
		b.code = append(b.code, op)
	}
	return b
}

// referenceLabel is an open block at run time.
type referenceLabel struct {
	target int // where a branch goes on
	arity  int
	height int // of the stack under the block
	loop   bool
}

func (r *reference) functionType(index int) wasm.FuncType {
	if n := len(r.m.Imports); index < n {
		return r.m.Types[r.m.Imports[index].Type]
	}
	return r.m.Types[r.m.Funcs[index-len(r.m.Imports)]]
}

// call runs a function.
func (r *reference) call(index int, args []uint64) ([]uint64, error) {
	if index < len(r.m.Imports) {
		switch r.m.Imports[index].Name {
		case "inc":
			return []uint64{uint64(uint32(args[0]) + 1)}, nil
		case "nothing":
			return nil, nil
		}
		return nil, errors.New("unknown import")
	}
	if r.depth++; r.depth > 200 {
		return nil, errDepth
	}
	defer func() { r.depth-- }()
	body := &r.bodies[index-len(r.m.Imports)]
	f := referenceFrame{r: r, body: body, locals: make([]uint64, body.locals)}
	copy(f.locals, args)
	results := len(r.functionType(index).Results)
	f.labels = []referenceLabel{{target: len(body.code), arity: results}}
	for f.pc < len(body.code) {
		if r.steps--; r.steps < 0 {
			return nil, errSteps
		}
		if err := f.step(); err != nil {
			return nil, err
		}
	}
	return f.stack[len(f.stack)-results:], nil
}

type referenceFrame struct {
	r      *reference
	body   *referenceBody
	locals []uint64
	stack  []uint64
	labels []referenceLabel
	pc     int
}

func (f *referenceFrame) push(v uint64) { f.stack = append(f.stack, v) }

func (f *referenceFrame) pop() uint64 {
	v := f.stack[len(f.stack)-1]
	f.stack = f.stack[:len(f.stack)-1]
	return v
}

func (f *referenceFrame) branch(depth uint32) {
	at := len(f.labels) - 1 - int(depth)
	l := f.labels[at]
	values := append([]uint64(nil), f.stack[len(f.stack)-l.arity:]...)
	f.stack = append(f.stack[:l.height], values...)
	f.pc = l.target
	if l.loop {
		f.labels = f.labels[:at+1]
	} else {
		f.labels = f.labels[:at]
	}
}

func (f *referenceFrame) label(depth uint32) *referenceLabel {
	return &f.labels[len(f.labels)-1-int(depth)]
}

// step runs one instruction. The cost of each is written where it is run.
func (f *referenceFrame) step() error {
	r := f.r
	in := &f.body.code[f.pc]
	at := f.pc
	f.pc++
	cost := int64(1)
	defer func() { r.fuel += cost }()
	switch in.Op {
	case wasm.OpNop:
		cost = 0
	case wasm.OpUnreachable:
		return referenceTrap("unreachable")
	case wasm.OpBlock, wasm.OpLoop, wasm.OpIf:
		cost = int64(in.params + in.results)
		l := referenceLabel{target: in.end + 1, arity: in.results}
		if in.Op == wasm.OpLoop {
			l = referenceLabel{target: at + 1, arity: in.params, loop: true}
		}
		taken := true
		if in.Op == wasm.OpIf {
			cost++
			taken = f.pop() != 0
		}
		l.height = len(f.stack) - in.params
		switch {
		case taken:
			f.labels = append(f.labels, l)
		case in.otherwise > 0:
			f.labels = append(f.labels, l)
			f.pc = in.otherwise + 1
		default:
			f.pc = in.end + 1
		}
	case wasm.OpElse: // the end of the first arm
		cost = 0
		f.labels = f.labels[:len(f.labels)-1]
		f.pc = in.end + 1
	case wasm.OpEnd:
		cost = 0
		f.labels = f.labels[:len(f.labels)-1]
	case wasm.OpBr:
		cost += int64(f.label(in.A).arity)
		f.branch(in.A)
	case wasm.OpBrIf:
		cost += int64(f.label(in.A).arity)
		if f.pop() != 0 {
			f.branch(in.A)
		}
	case wasm.OpBrTable:
		index := min(f.pop(), uint64(len(in.Targets)-1))
		cost += int64(f.label(in.Targets[index]).arity)
		f.branch(in.Targets[index])
	case wasm.OpReturn:
		cost += int64(f.labels[0].arity)
		f.branch(uint32(len(f.labels) - 1))
	case wasm.OpCall, wasm.OpCallIndirect:
		callee := int(in.A)
		if in.Op == wasm.OpCallIndirect {
			index := f.pop()
			if index >= uint64(len(r.table)) {
				return referenceTrap("invalid table access")
			}
			if callee = r.table[index]; callee < 0 {
				return referenceTrap("invalid table access")
			}
			if want, got := r.m.Types[in.A], r.functionType(callee); !sameType(want, got) {
				return referenceTrap("indirect call type mismatch")
			}
		}
		t := r.functionType(callee)
		cost += int64(len(t.Params) + len(t.Results))
		args := append([]uint64(nil), f.stack[len(f.stack)-len(t.Params):]...)
		f.stack = f.stack[:len(f.stack)-len(t.Params)]
		results, err := r.call(callee, args)
		if err != nil {
			return err
		}
		f.stack = append(f.stack, results...)
	case wasm.OpDrop:
		f.pop()
	case wasm.OpSelect, wasm.OpSelectT:
		c, b, a := f.pop(), f.pop(), f.pop()
		if c == 0 {
			a = b
		}
		f.push(a)
	case wasm.OpLocalGet:
		f.push(f.locals[in.A])
	case wasm.OpLocalSet:
		f.locals[in.A] = f.pop()
	case wasm.OpLocalTee:
		f.locals[in.A] = f.stack[len(f.stack)-1]
	case wasm.OpGlobalGet:
		f.push(r.globals[in.A])
	case wasm.OpGlobalSet:
		r.globals[in.A] = f.pop()
	case wasm.OpI32Const:
		f.push(uint64(uint32(in.Bits)))
	case wasm.OpI64Const:
		f.push(in.Bits)
	case wasm.OpMemorySize:
		f.push(uint64(len(r.memory) >> 16))
	case wasm.OpMemoryGrow:
		n := f.pop()
		cost = 100 + int64(min(n, 65_536))
		old := uint64(len(r.memory) >> 16)
		if old+n > uint64(r.max) {
			f.push(1<<32 - 1)
			break
		}
		r.memory = append(r.memory, make([]byte, n<<16)...)
		f.push(old)
	case wasm.OpMemoryFill, wasm.OpMemoryCopy:
		n, src, dst := f.pop(), f.pop(), f.pop()
		cost += int64(n / 32)
		end := uint64(len(r.memory))
		if dst+n > end || in.Op == wasm.OpMemoryCopy && src+n > end {
			return referenceTrap("out of bounds memory access")
		}
		if in.Op == wasm.OpMemoryCopy {
			copy(r.memory[dst:dst+n], r.memory[src:src+n])
			break
		}
		for i := range n {
			r.memory[dst+i] = byte(src)
		}
	default:
		switch in.Op.Info().Class {
		case wasm.ClassLoad, wasm.ClassStore:
			return f.access(in)
		case wasm.ClassNumeric:
			if strings.Contains(in.Op.String(), ".div") || strings.Contains(in.Op.String(), ".rem") {
				cost = 4
			}
			return f.numeric(in)
		}
		return errors.New("the reference does not know " + in.Op.String())
	}
	return nil
}

func sameType(a, b wasm.FuncType) bool {
	return string(bytesOf(a.Params)) == string(bytesOf(b.Params)) && string(bytesOf(a.Results)) == string(bytesOf(b.Results))
}

func bytesOf(types []wasm.ValueType) []byte {
	out := make([]byte, len(types))
	for i, t := range types {
		out[i] = byte(t)
	}
	return out
}

// widths are how many bytes an access moves, and whether it extends the sign.
var referenceAccess = map[wasm.Opcode]struct {
	bytes  uint64
	signed bool
}{
	wasm.OpI32Load: {4, false}, wasm.OpI64Load: {8, false},
	wasm.OpI32Load8S: {1, true}, wasm.OpI32Load8U: {1, false}, wasm.OpI32Load16S: {2, true}, wasm.OpI32Load16U: {2, false},
	wasm.OpI64Load8S: {1, true}, wasm.OpI64Load8U: {1, false}, wasm.OpI64Load16S: {2, true}, wasm.OpI64Load16U: {2, false},
	wasm.OpI64Load32S: {4, true}, wasm.OpI64Load32U: {4, false},
	wasm.OpI32Store: {4, false}, wasm.OpI64Store: {8, false}, wasm.OpI32Store8: {1, false}, wasm.OpI32Store16: {2, false},
	wasm.OpI64Store8: {1, false}, wasm.OpI64Store16: {2, false}, wasm.OpI64Store32: {4, false},
}

func (f *referenceFrame) access(in *referenceOp) error {
	how, ok := referenceAccess[in.Op]
	if !ok {
		return errors.New("the reference does not know " + in.Op.String())
	}
	var value uint64
	store := in.Op.Info().Class == wasm.ClassStore
	if store {
		value = f.pop()
	}
	address := f.pop() + uint64(in.B)
	if address+how.bytes > uint64(len(f.r.memory)) {
		return referenceTrap("out of bounds memory access")
	}
	var buffer [8]byte
	if store {
		binary.LittleEndian.PutUint64(buffer[:], value)
		copy(f.r.memory[address:address+how.bytes], buffer[:])
		return nil
	}
	copy(buffer[:how.bytes], f.r.memory[address:])
	value = binary.LittleEndian.Uint64(buffer[:])
	if how.signed {
		shift := 64 - 8*how.bytes
		value = uint64(int64(value<<shift) >> shift)
	}
	f.push(f.r.mask(in.Op.Info().Results[0], value))
	return nil
}
