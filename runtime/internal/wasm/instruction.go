package wasm

import (
	"encoding/binary"
	"fmt"
	"io"
)

// An Opcode is one instruction of the binary format: the byte itself, or
// 0xFC00 | sub or 0xFD00 | sub for the two prefixed groups of V2.
type Opcode uint16

// An Instruction is one decoded instruction. Which of A, B, Lane, Bits, Bits2,
// Block, Targets and Types mean something follows from Op.Info().Imm; the
// others keep what an earlier instruction left in them.
type Instruction struct {
	Op      Opcode
	Start   int    // offset in the body's code
	End     int    // offset of the next instruction
	A, B    uint32 // first and second immediate; align and offset of a memory access; type and table of call_indirect
	Lane    byte   // of a SIMD lane access
	Bits    uint64 // constant of i32.const (sign-extended), i64.const, f32.const, f64.const; low half of v128.const and i8x16.shuffle
	Bits2   uint64 // high half of those
	Block   BlockType
	Targets []uint32    // of br_table, the default last; reused by the next call of Next
	Types   []ValueType // of select t*; reused likewise
}

// A BlockType is the type of a block, loop or if: an index into the types
// when Index >= 0; else no parameters and the result Result, or none when
// Result is 0.
type BlockType struct {
	Index  int64
	Result ValueType
}

// Code reads the instructions of one body, one after the other. It allocates
// nothing but what the Instruction's slices need to grow. The zero value is an
// empty body.
type Code struct {
	code []byte
	pos  int
}

// NewCode begins at the first instruction of a body's code.
func NewCode(code []byte) Code { return Code{code: code} }

// Next decodes the next instruction into in. It is strict in form: unknown
// opcodes, integers that are too long or too large, lanes out of range and
// bytes that must be zero are errors, an alignment above the natural one too.
// Prefixed opcodes must be in their shortest encoding, which is stricter than
// the specification: engines disagree about the others.
//
// After the last instruction it returns io.EOF, otherwise a *FormatError whose
// offset counts from the body's first instruction and whose section is "code".
func (c *Code) Next(in *Instruction) error {
	code, pos := c.code, c.pos
	if pos >= len(code) {
		return io.EOF
	}
	in.Start = pos
	slot := int(code[pos])
	in.Op = Opcode(slot)
	pos++
	if slot >= prefixMisc {
		if slot > prefixVector {
			return malformed(in.Start, "unknown "+in.Op.String())
		}
		sub, next, reason := readU32(code, pos)
		if reason != "" {
			return malformed(next, reason)
		}
		if sub > 0xff {
			return malformed(in.Start, fmt.Sprintf("unknown opcode %#x %#x", slot, sub))
		}
		if next-pos > 1 && sub < 0x80 || next-pos > 2 {
			return malformed(pos, reasonSubLong)
		}
		in.Op = in.Op<<8 | Opcode(sub)
		if slot = in.Op.slot(); slot == opCount {
			return malformed(in.Start, "unknown "+in.Op.String())
		}
		pos = next
	}
	info := &opInfos[slot]
	var reason string
	switch info.Imm {
	case ImmNone:
		if info.Name == "" {
			return malformed(in.Start, "unknown "+in.Op.String())
		}
	case ImmLabel, ImmFunc, ImmLocal, ImmGlobal, ImmTable, ImmElem, ImmData:
		in.A, pos, reason = readU32(code, pos)
	case ImmMemArg, ImmMemLane:
		if in.A, pos, reason = readU32(code, pos); reason != "" {
			break
		}
		if in.A > uint32(info.Align) {
			return malformed(in.Start, info.Name+": alignment is larger than natural")
		}
		if in.B, pos, reason = readU32(code, pos); reason != "" || info.Imm == ImmMemArg {
			break
		}
		pos, reason = in.readLane(code, pos, info)
	case ImmI32:
		var v int64
		v, pos, reason = readSigned(code, pos, 32)
		in.Bits = uint64(v)
	case ImmI64:
		var v int64
		v, pos, reason = readSigned(code, pos, 64)
		in.Bits = uint64(v)
	case ImmBlock:
		pos, reason = in.readBlockType(code, pos)
	default:
		pos, reason = in.readRare(code, pos, info)
	}
	if reason != "" {
		return malformed(pos, reason)
	}
	in.End = pos
	c.pos = pos
	return nil
}

func malformed(offset int, reason string) error {
	return &FormatError{Offset: offset, Section: "code", Reason: reason}
}

// readRare reads the immediates that few instructions have.
func (in *Instruction) readRare(code []byte, pos int, info *OpInfo) (next int, reason string) {
	left := len(code) - pos
	switch info.Imm {
	case ImmF32:
		if left < 4 {
			return len(code), reasonEnd
		}
		in.Bits = uint64(binary.LittleEndian.Uint32(code[pos:]))
		return pos + 4, ""
	case ImmF64:
		if left < 8 {
			return len(code), reasonEnd
		}
		in.Bits = binary.LittleEndian.Uint64(code[pos:])
		return pos + 8, ""
	case ImmV128, ImmShuffle:
		if left < 16 {
			return len(code), reasonEnd
		}
		in.Bits = binary.LittleEndian.Uint64(code[pos:])
		in.Bits2 = binary.LittleEndian.Uint64(code[pos+8:])
		if info.Imm == ImmShuffle {
			for i, lane := range code[pos : pos+16] {
				if lane >= info.Lanes {
					return pos + i, info.Name + ": lane out of range"
				}
			}
		}
		return pos + 16, ""
	case ImmLane:
		return in.readLane(code, pos, info)
	case ImmLabels:
		return in.readTargets(code, pos)
	case ImmTypes:
		return in.readTypes(code, pos)
	case ImmRefType:
		if left < 1 {
			return pos, reasonEnd
		}
		if t := ValueType(code[pos]); !t.IsRef() {
			return pos, fmt.Sprintf("%#02x is no reference type", code[pos])
		}
		in.A = uint32(code[pos])
		return pos + 1, ""
	case ImmMemory:
		return readZero(code, pos)
	case ImmMemories:
		if pos, reason = readZero(code, pos); reason != "" {
			return pos, reason
		}
		return readZero(code, pos)
	case ImmDataMemory:
		if in.A, pos, reason = readU32(code, pos); reason != "" {
			return pos, reason
		}
		return readZero(code, pos)
	}
	// ImmCallIndirect, ImmTables, ImmElemTable: two indices.
	if in.A, pos, reason = readU32(code, pos); reason != "" {
		return pos, reason
	}
	in.B, pos, reason = readU32(code, pos)
	return pos, reason
}

func readZero(code []byte, pos int) (next int, reason string) {
	if pos >= len(code) {
		return pos, reasonEnd
	}
	if code[pos] != 0 {
		return pos, "the memory index is not a zero byte"
	}
	return pos + 1, ""
}

func (in *Instruction) readLane(code []byte, pos int, info *OpInfo) (next int, reason string) {
	if pos >= len(code) {
		return pos, reasonEnd
	}
	if in.Lane = code[pos]; in.Lane >= info.Lanes {
		return pos, info.Name + ": lane out of range"
	}
	return pos + 1, ""
}

// readBlockType reads a block type: a byte for none or one result, or a type
// index as a signed LEB128 of 33 bits that is not negative.
func (in *Instruction) readBlockType(code []byte, pos int) (next int, reason string) {
	if pos >= len(code) {
		return pos, reasonEnd
	}
	switch b := code[pos]; {
	case b == 0x40:
		in.Block = BlockType{Index: -1}
		return pos + 1, ""
	case valueType(b):
		in.Block = BlockType{Index: -1, Result: ValueType(b)}
		return pos + 1, ""
	}
	index, next, reason := readSigned(code, pos, 33)
	if reason == "" && index < 0 {
		next, reason = pos, "no block type"
	}
	in.Block = BlockType{Index: index}
	return next, reason
}

func (in *Instruction) readTargets(code []byte, pos int) (next int, reason string) {
	in.Targets = in.Targets[:0]
	n, next, reason := readU32(code, pos)
	if reason != "" {
		return next, reason
	}
	// Each label takes a byte at least, and the default comes on top.
	if int64(n) >= int64(len(code)-next) {
		return pos, "br_table: more labels than bytes"
	}
	for range int(n) + 1 {
		var depth uint32
		if depth, next, reason = readU32(code, next); reason != "" {
			return next, reason
		}
		in.Targets = append(in.Targets, depth)
	}
	return next, ""
}

// readTypes reads the types of select t, of which V2 allows exactly one.
func (in *Instruction) readTypes(code []byte, pos int) (next int, reason string) {
	in.Types = in.Types[:0]
	if len(code)-pos < 2 {
		return len(code), reasonEnd
	}
	if code[pos] != 1 {
		return pos, "select t: not exactly one type"
	}
	if !valueType(code[pos+1]) {
		return pos + 1, fmt.Sprintf("%#02x is no value type", code[pos+1])
	}
	in.Types = append(in.Types, ValueType(code[pos+1]))
	return pos + 2, ""
}
