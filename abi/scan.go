package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What is wrong with a message that Scan refuses; errors.Is tells which.
var (
	// ErrMalformed: not exactly one well-formed msgpack value.
	ErrMalformed = errors.New("malformed msgpack")
	// ErrOverLimit: perhaps well-formed, but larger, deeper or of more
	// elements than it may be.
	ErrOverLimit = errors.New("message over its limit")
)

// MaxScanDepth is how many arrays and maps may enclose each other. No limit
// can be set higher: decoders may recurse once per level.
const MaxScanDepth = 64

// ScanLimits bounds a message before it is decoded. In every field zero means
// the default written beside it, and Unlimited means none.
type ScanLimits struct {
	// Bytes is the longest message. Default 4 MiB.
	Bytes int

	// Depth is how many arrays and maps may enclose each other, empty ones
	// counted. Default 64. Higher values, Unlimited too, mean 64.
	Depth int

	// Elements is how many values there may be in all: the message itself,
	// each array element, each map key and each map value. Default 1,048,576.
	Elements int
}

// Unlimited, in a field of ScanLimits, asks for no limit.
const Unlimited = -1

// Defaults of ScanLimits.
const (
	defaultScanBytes    = 4 << 20
	defaultScanElements = 1 << 20
)

// A ScanError says where a message breaks which rule. It wraps ErrMalformed
// or ErrOverLimit.
type ScanError struct {
	Offset int    // in the message, of the value that breaks the rule
	Reason string // in words, without anything from the message
	Err    error  // ErrMalformed or ErrOverLimit
}

// Error gives the offset, the class and the reason.
func (e *ScanError) Error() string {
	return fmt.Sprintf("%v: %s at byte %d", e.Err, e.Reason, e.Offset)
}

// Unwrap gives ErrMalformed or ErrOverLimit.
func (e *ScanError) Unwrap() error { return e.Err }

// Scan reports whether b is exactly one msgpack value within l, with no bytes
// after it. Map keys and ext values of any type are well-formed; the byte
// 0xc1 is not. A count is believed only if that many bytes are left.
//
// Scan looks at each byte of structure once, does not recurse and, unless it
// refuses, does not allocate. What it accepts, a decoder may walk without
// looking for the end of b, but a decoder must still charge what it
// allocates: an element of one byte can become a Go value of many.
func Scan(b []byte, l ScanLimits) error {
	maxBytes := scanLimit(l.Bytes, defaultScanBytes)
	maxElements := uint64(scanLimit(l.Elements, defaultScanElements))
	maxDepth := l.Depth
	if maxDepth <= 0 || maxDepth > MaxScanDepth {
		maxDepth = MaxScanDepth
	}
	if len(b) > maxBytes {
		return &ScanError{0, "too many bytes", ErrOverLimit}
	}

	var (
		open     [MaxScanDepth]uint64 // values still to come in each open container
		depth    int                  // open containers
		pending  = uint64(1)          // values still to come in all
		elements = uint64(1)
		off      int
	)
	for pending > 0 {
		rest := b[off:]
		if len(rest) == 0 {
			return &ScanError{off, "truncated", ErrMalformed}
		}
		pending--
		if depth > 0 {
			open[depth-1]--
		}
		size, children, container, ok := scanValue(rest)
		if !ok {
			return &ScanError{off, "reserved byte 0xc1", ErrMalformed}
		}
		if size > uint64(len(rest)) {
			return &ScanError{off, "truncated", ErrMalformed}
		}
		if container {
			// Each value takes a byte at least, so a count that the rest of
			// the message cannot hold is refused before it is used.
			if pending+children > uint64(len(rest))-size {
				return &ScanError{off, "count exceeds the remaining bytes", ErrMalformed}
			}
			if elements += children; elements > maxElements {
				return &ScanError{off, "too many elements", ErrOverLimit}
			}
			if depth == maxDepth {
				return &ScanError{off, "too deep", ErrOverLimit}
			}
			open[depth] = children
			depth++
			pending += children
		}
		for depth > 0 && open[depth-1] == 0 {
			depth--
		}
		off += int(size)
	}
	if off < len(b) {
		return &ScanError{off, "trailing bytes", ErrMalformed}
	}
	return nil
}

// scanValue reads the value that begins rest, which is not empty: its bytes
// without its children, and how many children follow. A head that is cut off
// has a size past the end of rest.
func scanValue(rest []byte) (size, children uint64, container, ok bool) {
	lead := rest[0]
	switch {
	case lead <= 0x7f || lead >= 0xe0: // fixint
		return 1, 0, false, true
	case lead <= 0x8f: // fixmap
		return 1, 2 * uint64(lead&0x0f), true, true
	case lead <= 0x9f: // fixarray
		return 1, uint64(lead & 0x0f), true, true
	case lead <= 0xbf: // fixstr
		return 1 + uint64(lead&0x1f), 0, false, true
	}
	switch lead {
	case 0xc0, 0xc2, 0xc3: // nil, false, true
		return 1, 0, false, true
	case 0xcc, 0xd0: // uint8, int8
		return 2, 0, false, true
	case 0xcd, 0xd1, 0xd4: // uint16, int16, fixext1
		return 3, 0, false, true
	case 0xd5: // fixext2
		return 4, 0, false, true
	case 0xca, 0xce, 0xd2: // float32, uint32, int32
		return 5, 0, false, true
	case 0xd6: // fixext4
		return 6, 0, false, true
	case 0xcb, 0xcf, 0xd3: // float64, uint64, int64
		return 9, 0, false, true
	case 0xd7: // fixext8
		return 10, 0, false, true
	case 0xd8: // fixext16
		return 18, 0, false, true
	case 0xc4, 0xd9: // bin8, str8
		return 2 + scanCount(rest, 1), 0, false, true
	case 0xc5, 0xda: // bin16, str16
		return 3 + scanCount(rest, 2), 0, false, true
	case 0xc6, 0xdb: // bin32, str32
		return 5 + scanCount(rest, 4), 0, false, true
	case 0xc7: // ext8
		return 3 + scanCount(rest, 1), 0, false, true
	case 0xc8: // ext16
		return 4 + scanCount(rest, 2), 0, false, true
	case 0xc9: // ext32
		return 6 + scanCount(rest, 4), 0, false, true
	case 0xdc: // array16
		return 3, scanCount(rest, 2), true, true
	case 0xdd: // array32
		return 5, scanCount(rest, 4), true, true
	case 0xde: // map16
		return 3, 2 * scanCount(rest, 2), true, true
	case 0xdf: // map32
		return 5, 2 * scanCount(rest, 4), true, true
	}
	return 0, 0, false, false
}

// scanCount reads the big-endian length of n bytes after the lead byte, or 0
// when it is cut off: the head itself is then longer than rest.
func scanCount(rest []byte, n int) uint64 {
	if len(rest) < 1+n {
		return 0
	}
	switch n {
	case 1:
		return uint64(rest[1])
	case 2:
		return uint64(binary.BigEndian.Uint16(rest[1:]))
	default:
		return uint64(binary.BigEndian.Uint32(rest[1:]))
	}
}

func scanLimit(n, byDefault int) int {
	switch {
	case n == 0:
		return byDefault
	case n < 0:
		return math.MaxInt
	}
	return n
}
