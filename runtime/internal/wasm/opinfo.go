package wasm

import "fmt"

// An Immediate says what follows an opcode in the binary format, and so which
// fields of an Instruction Next sets. The other fields keep what an earlier
// instruction left in them.
type Immediate uint8

const (
	ImmNone         Immediate = iota
	ImmBlock                  // Block
	ImmLabel                  // A: label depth
	ImmLabels                 // Targets: label depths, the default last
	ImmFunc                   // A: function
	ImmCallIndirect           // A: type, B: table
	ImmLocal                  // A: local
	ImmGlobal                 // A: global
	ImmTable                  // A: table
	ImmTables                 // A: destination table, B: source table
	ImmElem                   // A: element segment
	ImmElemTable              // A: element segment, B: table
	ImmMemory                 // a zero byte
	ImmMemories               // two zero bytes
	ImmData                   // A: data segment
	ImmDataMemory             // A: data segment, then a zero byte
	ImmMemArg                 // A: exponent of the alignment, B: offset
	ImmMemLane                // A and B as ImmMemArg, Lane
	ImmLane                   // Lane
	ImmI32                    // Bits: the constant, sign-extended to 64 bits
	ImmI64                    // Bits
	ImmF32                    // Bits: lower 32
	ImmF64                    // Bits
	ImmV128                   // Bits: low half, Bits2: high half
	ImmShuffle                // as ImmV128: 16 lane indices, the first in the lowest byte
	ImmRefType                // A: the ValueType
	ImmTypes                  // Types
)

// A Class groups opcodes by what they do. Each opcode is in one: a vector load
// is a load, a vector constant a constant.
type Class uint8

const (
	ClassControl    Class = iota // structure and branches, unreachable, nop, return
	ClassCall                    // call, call_indirect
	ClassParametric              // drop, select
	ClassVariable                // locals and globals
	ClassReference               // ref.null, ref.is_null, ref.func
	ClassTable                   // tables and element segments
	ClassMemory                  // memory.size, memory.grow
	ClassBulk                    // memory.init, memory.copy, memory.fill, data.drop
	ClassLoad                    // memory → value
	ClassStore                   // value → memory
	ClassConst                   // constants
	ClassNumeric                 // scalar arithmetic
	ClassVector                  // vector arithmetic
)

// An OpInfo is what is known of an opcode without its operands.
type OpInfo struct {
	Name  string // of the text format
	Imm   Immediate
	Class Class

	// Fixed says that Params and Results are the whole signature. Where it is
	// false, both are empty: the signature depends on an immediate or on the
	// stack.
	Fixed           bool
	Params, Results []ValueType

	Align uint8 // largest exponent of the alignment; of memory accesses
	Lanes uint8 // number of lanes; of instructions with a lane immediate

	result ValueType // Results[0], or 0
}

const (
	prefixMisc   = 0xfc
	prefixVector = 0xfd

	miscBase   = 0x100           // of 0xFC in opInfos
	vectorBase = miscBase + 0x20 // of 0xFD
	opCount    = vectorBase + 0x100
)

var opInfos = func() (infos [opCount]OpInfo) {
	letters := map[byte]ValueType{'i': I32, 'I': I64, 'f': F32, 'F': F64, 'v': V128, 'r': FuncRef}
	for _, row := range opcodeTable {
		info := &infos[row.op.slot()]
		*info = OpInfo{Name: row.name, Imm: row.imm, Class: row.class, Align: row.align, Lanes: row.lanes}
		if row.sig == "*" {
			continue
		}
		info.Fixed = true
		into := &info.Params
		for i := range len(row.sig) {
			if row.sig[i] == ':' {
				into = &info.Results
				continue
			}
			*into = append(*into, letters[row.sig[i]])
		}
		if len(info.Results) > 0 {
			info.result = info.Results[0]
		}
	}
	return infos
}()

// slot is the opcode's index in opInfos, or opCount for what cannot be there.
func (op Opcode) slot() int {
	sub := int(op & 0xff)
	switch op >> 8 {
	case 0:
		return sub
	case prefixMisc:
		if sub < vectorBase-miscBase {
			return miscBase + sub
		}
	case prefixVector:
		return vectorBase + sub
	}
	return opCount
}

// Info is what is known of the opcode, or nil if V2 has no such instruction.
func (op Opcode) Info() *OpInfo {
	slot := op.slot()
	if slot == opCount || opInfos[slot].Name == "" {
		return nil
	}
	return &opInfos[slot]
}

// String is the opcode's name in the text format, or its number.
func (op Opcode) String() string {
	if info := op.Info(); info != nil {
		return info.Name
	}
	return fmt.Sprintf("opcode %#02x", uint16(op))
}

// Opcodes are all opcodes of V2, in increasing order.
func Opcodes() []Opcode {
	ops := make([]Opcode, len(opcodeTable))
	for i, row := range opcodeTable {
		ops[i] = row.op
	}
	return ops
}
