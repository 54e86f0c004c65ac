package wasm

import "fmt"

// A FormatError says where a module stops being one.
type FormatError struct {
	Offset  int    // in the module, of the first byte that is wrong; -1 when a whole section is meant
	Section string // the section it is in, or "module"; in function bodies with the function's index
	Reason  string
}

// Error says all three.
func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("malformed or invalid module: %s: %s", e.Section, e.Reason)
	}
	return fmt.Sprintf("malformed or invalid module: offset %d (%s): %s", e.Offset, e.Section, e.Reason)
}

// What is wrong with a number.
const (
	reasonEnd     = "unexpected end"
	reasonLong    = "integer is longer than its type allows"
	reasonLarge   = "integer is larger than its type allows"
	reasonSubLong = "prefixed opcode is not in its shortest encoding"
)

// readU32 reads an unsigned LEB128 of 32 bits at pos. reason is "" when there
// is one.
func readU32(b []byte, pos int) (v uint32, next int, reason string) {
	if pos < len(b) && b[pos] < 0x80 {
		return uint32(b[pos]), pos + 1, ""
	}
	return readU32Slow(b, pos)
}

func readU32Slow(b []byte, pos int) (v uint32, next int, reason string) {
	for shift := 0; shift < 35; shift += 7 {
		if pos >= len(b) {
			return 0, pos, reasonEnd
		}
		c := b[pos]
		pos++
		if shift == 28 && c > 0x0f {
			if c >= 0x80 {
				return 0, pos - 1, reasonLong
			}
			return 0, pos - 1, reasonLarge
		}
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return v, pos, ""
		}
	}
	return 0, pos, reasonLong
}

// readSigned reads a signed LEB128 of the given number of bits at pos.
func readSigned(b []byte, pos int, bits int) (v int64, next int, reason string) {
	for shift := 0; ; shift += 7 {
		if pos >= len(b) {
			return 0, pos, reasonEnd
		}
		c := b[pos]
		pos++
		if left := bits - shift; left < 7 {
			// The bits above the type's must repeat its sign.
			if c >= 0x80 {
				return 0, pos - 1, reasonLong
			}
			if top := int8(c<<1) >> left; top != 0 && top != -1 {
				return 0, pos - 1, reasonLarge
			}
		}
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			if shift+7 < 64 && c&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v, pos, ""
		}
	}
}

// valueType tells whether b is the byte of a value type.
func valueType(b byte) bool {
	return b >= byte(V128) && b <= byte(I32) || b == byte(FuncRef) || b == byte(ExternRef)
}

// IsRef tells whether t is a reference type.
func (t ValueType) IsRef() bool { return t == FuncRef || t == ExternRef }
