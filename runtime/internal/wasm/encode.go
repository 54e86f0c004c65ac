package wasm

import "encoding/binary"

// The encoder writes every number in its shortest form and every construct in
// its one canonical way, so that equal modules have equal bytes and no reader
// can take them for something else.

func appendU32(b []byte, v uint32) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return binary.AppendUvarint(b, uint64(v))
}

func appendSigned(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendName(b []byte, name string) []byte {
	return append(appendU32(b, uint32(len(name))), name...)
}

func appendTypes(b []byte, types []ValueType) []byte {
	b = appendU32(b, uint32(len(types)))
	for _, t := range types {
		b = append(b, byte(t))
	}
	return b
}

func appendOpcode(b []byte, op Opcode) []byte {
	if op < 0x100 {
		return append(b, byte(op))
	}
	return appendU32(append(b, byte(op>>8)), uint32(op&0xff))
}

// appendInstruction appends in as it is: no index is renumbered.
func appendInstruction(b []byte, in *Instruction) []byte {
	if in.Op < 0x100 {
		b = append(b, byte(in.Op))
	} else {
		b = appendOpcode(b, in.Op)
	}
	switch opInfos[in.Op.slot()].Imm {
	case ImmNone:
	case ImmLabel, ImmFunc, ImmLocal, ImmGlobal, ImmTable, ImmElem, ImmData:
		b = appendU32(b, in.A)
	case ImmMemArg:
		b = appendU32(appendU32(b, in.A), in.B)
	case ImmMemLane:
		b = append(appendU32(appendU32(b, in.A), in.B), in.Lane)
	case ImmI32, ImmI64:
		b = appendSigned(b, int64(in.Bits))
	case ImmF32:
		b = binary.LittleEndian.AppendUint32(b, uint32(in.Bits))
	case ImmF64:
		b = binary.LittleEndian.AppendUint64(b, in.Bits)
	case ImmV128, ImmShuffle:
		b = binary.LittleEndian.AppendUint64(b, in.Bits)
		b = binary.LittleEndian.AppendUint64(b, in.Bits2)
	case ImmBlock:
		b = appendBlockType(b, in.Block)
	case ImmLabels:
		b = appendU32(b, uint32(len(in.Targets)-1))
		for _, depth := range in.Targets {
			b = appendU32(b, depth)
		}
	case ImmCallIndirect, ImmTables, ImmElemTable:
		b = appendU32(appendU32(b, in.A), in.B)
	case ImmMemory:
		b = append(b, 0)
	case ImmMemories:
		b = append(b, 0, 0)
	case ImmDataMemory:
		b = append(appendU32(b, in.A), 0)
	case ImmLane:
		b = append(b, in.Lane)
	case ImmRefType:
		b = append(b, byte(in.A))
	case ImmTypes:
		b = appendTypes(b, in.Types)
	}
	return b
}

func appendBlockType(b []byte, t BlockType) []byte {
	switch {
	case t.Index >= 0:
		return appendSigned(b, t.Index)
	case t.Result != 0:
		return append(b, byte(t.Result))
	}
	return append(b, 0x40)
}

func appendLimit(b []byte, l Limit) []byte {
	if !l.HasMax {
		return appendU32(append(b, 0), l.Min)
	}
	return appendU32(appendU32(append(b, 1), l.Min), l.Max)
}

// maxLEB is the room that a u32 takes at most.
const maxLEB = 5

// beginSized leaves room for a length before what follows. The mark goes to
// endSized.
func beginSized(b []byte) (out []byte, mark int) {
	return append(b, make([]byte, maxLEB)...), len(b)
}

// endSized puts the length at the mark and closes the gap.
func endSized(b []byte, mark int) []byte {
	size := len(b) - mark - maxLEB
	var length [maxLEB]byte
	n := binary.PutUvarint(length[:], uint64(size))
	copy(b[mark:], length[:n])
	copy(b[mark+n:], b[mark+maxLEB:])
	return b[:mark+n+size]
}
