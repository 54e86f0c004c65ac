package wasmtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
)

// Code encodes parts one after the other, each by its Go type:
//
//	any 16-bit unsigned type   an opcode, as package wasm numbers them
//	byte, any 8-bit type       one byte: value types, lanes, block types
//	int                        unsigned LEB128: indices, alignments, counts
//	int32, int64               signed LEB128: constants
//	float32, float64           4 or 8 bytes, little-endian
//	[]byte                     as it is
func Code(parts ...any) []byte {
	out := []byte{}
	for _, part := range parts {
		switch v := part.(type) {
		case []byte:
			out = append(out, v...)
			continue
		case float32:
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
			continue
		case float64:
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
			continue
		}
		v := reflect.ValueOf(part)
		switch v.Kind() {
		case reflect.Uint16:
			out = appendOpcode(out, uint16(v.Uint()))
		case reflect.Uint8:
			out = append(out, byte(v.Uint()))
		case reflect.Int:
			if v.Int() < 0 {
				panic(fmt.Sprintf("wasmtest: %d is negative; int32(%[1]d) is a constant", v.Int()))
			}
			out = AppendUnsigned(out, uint64(v.Int()))
		case reflect.Int32, reflect.Int64:
			out = AppendSigned(out, v.Int())
		default:
			panic(fmt.Sprintf("wasmtest: %T cannot be encoded", part))
		}
	}
	return out
}

func appendOpcode(out []byte, op uint16) []byte {
	if op < 0x100 {
		return append(out, byte(op))
	}
	return AppendUnsigned(append(out, byte(op>>8)), uint64(op&0xff))
}

// Repeat is n times the same parts.
func Repeat(n int, parts ...any) []byte {
	one := Code(parts...)
	out := make([]byte, 0, n*len(one))
	for range n {
		out = append(out, one...)
	}
	return out
}

// Name is a string with its length before it.
func Name(s string) []byte { return Code(len(s), []byte(s)) }

// Types are the bytes of the types whose letters are given.
func Types(letters string) []byte {
	bytes := map[rune]byte{'i': 0x7f, 'I': 0x7e, 'f': 0x7d, 'F': 0x7c, 'v': 0x7b, 'r': 0x70, 'e': 0x6f}
	out := []byte{}
	for _, l := range letters {
		b, ok := bytes[l]
		if !ok {
			panic(fmt.Sprintf("wasmtest: no type has the letter %q", l))
		}
		out = append(out, b)
	}
	return out
}

// Locals encodes local declarations, equal neighbours as one run.
func Locals(letters string) []byte {
	types := Types(letters)
	runs, out := 0, []byte{}
	for i := 0; i < len(types); {
		n := 1
		for i+n < len(types) && types[i+n] == types[i] {
			n++
		}
		out = append(out, Code(n, types[i])...)
		runs++
		i += n
	}
	return append(Code(runs), out...)
}

// AppendUnsigned appends v as unsigned LEB128.
func AppendUnsigned(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// AppendSigned appends v as signed LEB128.
func AppendSigned(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}
