package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/aril-wasm/aril/abi/names"
)

// A kind is what a msgpack head announces.
type kind uint8

const (
	tokNil kind = iota
	tokBool
	tokInt // below zero
	tokUint
	tokFloat
	tokText
	tokBytes
	tokArray
	tokMap
	tokExt
)

// A token is the head of one msgpack value.
type token struct {
	kind kind
	ext  int8   // type of a tokExt
	bits uint64 // of a number; the length of text, bytes and ext; the count of array and map; 1 for true
}

// next reads a head. The message was scanned, so it is whole.
func (d *decoder) next() token {
	b := d.src[d.off:]
	lead := b[0]
	switch {
	case lead <= 0x7f:
		d.off++
		return token{kind: tokUint, bits: uint64(lead)}
	case lead >= 0xe0:
		d.off++
		return token{kind: tokInt, bits: uint64(int64(int8(lead)))}
	case lead <= 0x8f:
		d.off++
		return token{kind: tokMap, bits: uint64(lead & 0x0f)}
	case lead <= 0x9f:
		d.off++
		return token{kind: tokArray, bits: uint64(lead & 0x0f)}
	case lead <= 0xbf:
		d.off++
		return token{kind: tokText, bits: uint64(lead & 0x1f)}
	}
	k := kindOf(lead)
	size := headSizes[lead-0xc0]
	d.off += 1 + int(size)
	var n uint64
	switch size {
	case 1:
		n = uint64(b[1])
	case 2:
		n = uint64(binary.BigEndian.Uint16(b[1:]))
	case 4:
		n = uint64(binary.BigEndian.Uint32(b[1:]))
	case 8:
		n = binary.BigEndian.Uint64(b[1:])
	}
	t := token{kind: k, bits: n}
	switch k {
	case tokBool:
		t.bits = uint64(lead & 1)
	case tokFloat:
		if lead == 0xca {
			t.bits = math.Float64bits(float64(math.Float32frombits(uint32(n))))
		}
	case tokInt:
		shift := 64 - 8*uint(size)
		t.bits = uint64(int64(n<<shift) >> shift)
		if int64(t.bits) >= 0 {
			t.kind = tokUint
		}
	case tokExt:
		if lead >= 0xd4 && lead <= 0xd8 {
			t.bits = 1 << (lead - 0xd4)
		}
		t.ext = int8(d.src[d.off])
		d.off++
	}
	return t
}

// kindOf tells what a value that begins with lead is. Signed formats are
// tokInt, whatever the number.
func kindOf(lead byte) kind {
	switch {
	case lead <= 0x7f:
		return tokUint
	case lead >= 0xe0:
		return tokInt
	case lead <= 0x8f:
		return tokMap
	case lead <= 0x9f:
		return tokArray
	case lead <= 0xbf:
		return tokText
	}
	return headKinds[lead-0xc0]
}

// headKinds and headSizes describe the heads 0xc0 to 0xdf: what they announce
// and how many bytes of number or length follow the lead byte.
var headKinds = [32]kind{
	tokNil, tokNil, tokBool, tokBool, tokBytes, tokBytes, tokBytes, tokExt,
	tokExt, tokExt, tokFloat, tokFloat, tokUint, tokUint, tokUint, tokUint,
	tokInt, tokInt, tokInt, tokInt, tokExt, tokExt, tokExt, tokExt,
	tokExt, tokText, tokText, tokText, tokArray, tokArray, tokMap, tokMap,
}

var headSizes = [32]uint8{
	0, 0, 0, 0, 1, 2, 4, 1,
	2, 4, 4, 8, 1, 2, 4, 8,
	1, 2, 4, 8, 0, 0, 0, 0,
	0, 1, 2, 4, 2, 4, 2, 4,
}

// take gives the bytes of a text, bytes or ext token. They are of src.
func (d *decoder) take(t token) []byte {
	end := d.off + int(t.bits)
	b := d.src[d.off:end:end]
	d.off = end
	return b
}

// skip passes over one value.
func (d *decoder) skip() {
	for pending := uint64(1); pending > 0; pending-- {
		switch t := d.next(); t.kind {
		case tokText, tokBytes, tokExt:
			d.off += int(t.bits)
		case tokArray:
			pending += t.bits
		case tokMap:
			pending += 2 * t.bits
		}
	}
}

// isOpaque reports whether t is the head of an opaque value.
func (t token) isOpaque() bool { return t.kind == tokExt && t.ext == names.ExtOpaque }

// describe says in few words what value t begins, for errors. It is called
// before the value's bytes are taken.
func (d *decoder) describe(t token) string {
	switch t.kind {
	case tokNil:
		return "nil"
	case tokBool:
		return strconv.FormatBool(t.bits == 1)
	case tokInt:
		return strconv.FormatInt(int64(t.bits), 10)
	case tokUint:
		return strconv.FormatUint(t.bits, 10)
	case tokFloat:
		return strconv.FormatFloat(math.Float64frombits(t.bits), 'g', -1, 64)
	case tokText:
		return quote(string(d.src[d.off : d.off+int(min(t.bits, 40))]))
	case tokBytes:
		return fmt.Sprintf("%d bytes", t.bits)
	case tokArray:
		return fmt.Sprintf("an array of %d", t.bits)
	case tokMap:
		return fmt.Sprintf("a map of %d", t.bits)
	}
	if t.isOpaque() {
		return "an opaque value"
	}
	return fmt.Sprintf("ext type %d", t.ext)
}
