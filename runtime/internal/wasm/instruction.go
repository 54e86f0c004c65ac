package wasm

// An Opcode is one instruction of the binary format: the byte itself, or
// 0xFC00 | sub or 0xFD00 | sub for the two prefixed groups of V2.
type Opcode uint16

// An Instruction is one decoded instruction. The meaning of A, B and Bits
// follows the opcode's immediates: label depth, index, (align, offset), lane …
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
