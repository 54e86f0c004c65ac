package msgpack

import (
	"math"
	"strconv"
	"unsafe"
)

// A Reader reads msgpack values one after another. Its first error sticks:
// from then on every method gives a zero value and [Reader.Err] tells why. The
// zero Reader is at the end of an empty message.
//
// A nil in the message reads as the zero value of whatever is asked for, as an
// empty array and as an empty map. Where that matters, ask [Reader.Nil] first.
//
// A Reader is for one goroutine.
type Reader struct {
	b     []byte
	at    int
	depth int
	err   error
}

// NewReader reads b, which must not change while the Reader, or what
// [Reader.Fields], [Reader.View] and [Reader.Raw] gave, is in use.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// A SyntaxError says where a message is not what was expected.
type SyntaxError struct {
	Offset int // in bytes
	Reason string
}

// Error describes e in one line.
func (e *SyntaxError) Error() string {
	return "msgpack: at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Err gives the first error, or nil.
func (r *Reader) Err() error { return r.err }

// End gives the first error, or one if anything follows what was read.
func (r *Reader) End() error {
	if r.err == nil && r.at < len(r.b) {
		r.fail(r.at, "bytes after the value")
	}
	return r.err
}

// Offset tells how many bytes have been read.
func (r *Reader) Offset() int { return r.at }

// Kind tells what comes next, without reading it.
func (r *Reader) Kind() Kind {
	if r.err != nil || r.at >= len(r.b) {
		return KindNone
	}
	return kindOf(r.b[r.at])
}

func (r *Reader) fail(at int, reason string) {
	if r.err == nil {
		r.err = &SyntaxError{at, reason}
	}
}

// mismatch fails because something else than want comes next.
func (r *Reader) mismatch(want Kind) {
	if r.err != nil {
		return
	}
	if r.at >= len(r.b) {
		r.fail(r.at, "the message ends where "+want.String()+" should be")
		return
	}
	r.fail(r.at, "found "+kindOf(r.b[r.at]).String()+", not "+want.String())
}

const truncated = "the message ends within a value"

// header reads the first byte of a value and the w bytes of its length or
// number that follow, and gives them as an integer.
func (r *Reader) header(w int) uint64 {
	if len(r.b)-r.at < 1+w {
		r.fail(r.at, truncated)
		return 0
	}
	p := r.b[r.at+1:]
	r.at += 1 + w
	switch w {
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(bigEndian16(p))
	case 4:
		return uint64(bigEndian32(p))
	case 8:
		return bigEndian64(p)
	}
	return 0
}

// take gives the next n bytes, as a view.
func (r *Reader) take(n uint64) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.b)-r.at) {
		r.fail(r.at, truncated)
		return nil
	}
	v := r.b[r.at : r.at+int(n) : r.at+int(n)]
	r.at += int(n)
	return v
}

// Nil reads a nil if there is one and tells whether there was.
func (r *Reader) Nil() bool {
	if r.Kind() != KindNil {
		return false
	}
	r.at++
	return true
}

// Bool reads a bool.
func (r *Reader) Bool() bool {
	if r.Kind() != KindBool {
		r.zero(KindBool)
		return false
	}
	r.at++
	return r.b[r.at-1] == codeTrue
}

// zero accepts a nil where want should be.
func (r *Reader) zero(want Kind) {
	if !r.Nil() {
		r.mismatch(want)
	}
}

// integer reads an integer as its two's complement and tells whether it is
// negative.
func (r *Reader) integer() (v uint64, negative bool) {
	switch c := r.b[r.at]; {
	case c < fixMap:
		r.at++
		return uint64(c), false
	case c >= negFix:
		r.at++
		return uint64(int64(int8(c))), true
	case c <= uint64c:
		return r.header(1 << (c - uint8c)), false
	default:
		v = r.header(1 << (c - int8c))
		shift := 64 - 8<<(c-int8c)
		s := int64(v<<shift) >> shift
		return uint64(s), s < 0
	}
}

// Int reads an integer, or a float that is one.
func (r *Reader) Int() int64 {
	at := r.at
	switch r.Kind() {
	case KindInt:
		v, negative := r.integer()
		if !negative && v > math.MaxInt64 {
			r.fail(at, "the integer does not fit int64")
			return 0
		}
		return int64(v)
	case KindFloat:
		f := r.Float()
		if f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
			r.fail(at, "the float is no int64")
			return 0
		}
		return int64(f)
	}
	r.zero(KindInt)
	return 0
}

// Uint reads an integer that is not negative, or a float that is one.
func (r *Reader) Uint() uint64 {
	at := r.at
	switch r.Kind() {
	case KindInt:
		v, negative := r.integer()
		if negative {
			r.fail(at, "the integer is negative")
			return 0
		}
		return v
	case KindFloat:
		f := r.Float()
		if f != math.Trunc(f) || f < 0 || f >= math.MaxUint64 {
			r.fail(at, "the float is no uint64")
			return 0
		}
		return uint64(f)
	}
	r.zero(KindInt)
	return 0
}

// Float reads a float, or an integer that a float64 holds exactly.
func (r *Reader) Float() float64 {
	at := r.at
	switch r.Kind() {
	case KindFloat:
		if r.b[r.at] == float32c {
			return float64(math.Float32frombits(uint32(r.header(4))))
		}
		return math.Float64frombits(r.header(8))
	case KindInt:
		v, negative := r.integer()
		f := float64(v)
		exact := f < 1<<64 && uint64(f) == v
		if negative {
			f = float64(int64(v))
			exact = int64(f) == int64(v)
		}
		if !exact {
			r.fail(at, "the integer does not fit a float64")
			return 0
		}
		return f
	}
	r.zero(KindFloat)
	return 0
}

// Str reads a string.
func (r *Reader) Str() string {
	if r.Kind() != KindStr {
		r.zero(KindStr)
		return ""
	}
	return string(r.str())
}

// Bin reads bytes, or a string as its bytes. The caller owns the result.
func (r *Reader) Bin() []byte {
	v := r.View()
	if v == nil {
		return nil
	}
	return append(make([]byte, 0, len(v)), v...)
}

// View reads bytes or a string without copying: the result is a part of the
// message. A caller must not change it.
func (r *Reader) View() []byte {
	switch r.Kind() {
	case KindBin:
		return r.take(r.header(1 << (r.b[r.at] - bin8)))
	case KindStr:
		return r.str()
	}
	r.zero(KindBin)
	return nil
}

func (r *Reader) str() []byte {
	if c := r.b[r.at]; c < str8 {
		r.at++
		return r.take(uint64(c - fixStr))
	}
	return r.take(r.header(1 << (r.b[r.at] - str8)))
}

// Array reads the header of an array and gives the number of values that
// follow. It is never more than the bytes that are left.
func (r *Reader) Array() int {
	if r.Kind() != KindArray {
		r.zero(KindArray)
		return 0
	}
	at := r.at
	n := uint64(r.b[at] - fixArray)
	if r.b[at] < fixStr {
		r.at++
	} else {
		n = r.header(2 << (r.b[at] - array16))
	}
	return r.count(at, n, 1)
}

// Map reads the header of a map and gives the number of pairs that follow. It
// is never more than half the bytes that are left.
func (r *Reader) Map() int {
	if r.Kind() != KindMap {
		r.zero(KindMap)
		return 0
	}
	at := r.at
	n := uint64(r.b[at] - fixMap)
	if r.b[at] < fixArray {
		r.at++
	} else {
		n = r.header(2 << (r.b[at] - map16))
	}
	return r.count(at, n, 2)
}

func (r *Reader) count(at int, n, each uint64) int {
	if r.err != nil {
		return 0
	}
	if n*each > uint64(len(r.b)-r.at) {
		r.fail(at, truncated)
		return 0
	}
	return int(n)
}

// Fields reads a map whose keys are strings and gives each key in turn; the
// body of the loop reads the value. What it does not read is skipped. The key
// shares the memory of the message. The loop ends at the first error.
func (r *Reader) Fields() func(yield func(key string) bool) {
	return func(yield func(string) bool) {
		for range r.Map() {
			if r.Kind() != KindStr {
				r.mismatch(KindStr)
				return
			}
			key := r.str()
			if r.err != nil {
				return
			}
			at := r.at
			if !yield(unsafe.String(unsafe.SliceData(key), len(key))) {
				return
			}
			if r.at == at {
				r.Skip()
			}
			if r.err != nil {
				return
			}
		}
	}
}

// Items reads an array and gives each index in turn; the body of the loop
// reads the value. What it does not read is skipped. The loop ends at the
// first error.
func (r *Reader) Items() func(yield func(i int) bool) {
	return func(yield func(int) bool) {
		for i := range r.Array() {
			at := r.at
			if !yield(i) {
				return
			}
			if r.at == at {
				r.Skip()
			}
			if r.err != nil {
				return
			}
		}
	}
}

// Ext reads an extension value of any type. The data is a part of the message
// and must not be changed.
func (r *Reader) Ext() (typ int8, data []byte) {
	if r.Kind() != KindExt {
		r.zero(KindExt)
		return 0, nil
	}
	c := r.b[r.at]
	n := uint64(1) << (c - fixExt1)
	if c >= fixExt1 {
		r.at++
	} else {
		n = r.header(1 << (c - ext8))
	}
	data = r.take(n + 1)
	if r.err != nil {
		return 0, nil
	}
	return int8(data[0]), data[1:]
}

// Timestamp reads an instant.
func (r *Reader) Timestamp() Timestamp {
	at := r.at
	if r.Nil() {
		return Timestamp{}
	}
	typ, data := r.Ext()
	t, ok := timestampOf(data)
	if r.err == nil && (typ != extTimestamp || !ok) {
		r.fail(at, "the extension value is no timestamp")
	}
	return t
}

// Skip passes over one value, however deep it is.
func (r *Reader) Skip() {
	for left := 1; left > 0 && r.err == nil; left-- {
		switch r.Kind() {
		case KindNil, KindBool:
			r.at++
		case KindInt:
			r.integer()
		case KindFloat:
			r.header(4 << (r.b[r.at] - float32c))
		case KindStr:
			r.str()
		case KindBin:
			r.View()
		case KindArray:
			left += r.Array()
		case KindMap:
			left += 2 * r.Map()
		case KindExt:
			r.Ext()
		default:
			r.mismatchAny()
		}
	}
}

// mismatchAny fails because no value comes next.
func (r *Reader) mismatchAny() {
	if r.at >= len(r.b) {
		r.fail(r.at, truncated)
		return
	}
	r.fail(r.at, "0xc1 begins no value")
}

// Raw passes over one value and gives its bytes, as a part of the message.
func (r *Reader) Raw() []byte {
	at := r.at
	r.Skip()
	if r.err != nil {
		return nil
	}
	return r.b[at:r.at:r.at]
}

// Fail makes err the Reader's error, unless it is nil or there is one already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}
