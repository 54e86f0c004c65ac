package guest

import (
	"math"
	"strconv"

	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// As decodes v as a T. T is a bool, string, []byte, a number type, []string,
// map[string]string, any, []any, map[string]any, Value, Timestamp, Opaque,
// time.Time, or a type whose pointer has the method DecodeMsgpack. A nil gives
// the zero T.
//
// A number that T does not hold exactly is an error. An error says which part
// it was, if v came from [Value.Get]: "lines[0].count: found a string, not an
// integer".
func As[T any](v Value) (T, error) {
	var t T
	b, err := v.bytes()
	if err == nil {
		r := msgpack.NewReader(b)
		decode(r, v, any(&t))
		err = r.End()
	}
	if err != nil {
		err = v.explain(err)
	}
	return t, err
}

// explain adds to an error where in a larger value it was met.
func (v Value) explain(err error) error {
	if len(v.path) == 0 {
		return err
	}
	e := &pathError{err: err}
	for i, step := range v.path {
		switch step := step.(type) {
		case string:
			if i > 0 {
				e.path += "."
			}
			e.path += step
		case int:
			e.path += "[" + strconv.Itoa(step) + "]"
		}
	}
	return e
}

// A pathError is an error that a part of a value led to.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string {
	if s, ok := e.err.(*msgpack.SyntaxError); ok && s.Offset == 0 {
		return e.path + ": " + s.Reason
	}
	return e.path + ": " + e.err.Error()
}

func (e *pathError) Unwrap() error { return e.err }

// Or is As for a part that may be missing, such as an option of the
// configuration: where v is nil or not there, it gives otherwise.
func Or[T any](v Value, otherwise T) (T, error) {
	b, err := v.bytes()
	if err == ErrNotFound || err == nil && msgpack.NewReader(b).Nil() {
		return otherwise, nil
	}
	return As[T](v)
}

// goTime is what tells a time.Time without importing time. Its binary form is
// documented as stable through encoding/gob.
type goTime interface {
	Unix() int64
	Nanosecond() int
	UnmarshalBinary([]byte) error
}

func decode(r *msgpack.Reader, v Value, p any) {
	switch p := p.(type) {
	case msgpack.Decoder:
		if !r.Nil() {
			r.Fail(p.DecodeMsgpack(r))
		}
	case *any:
		*p = r.Any()
	case *Value:
		*p = v
		r.Skip()
	case *bool:
		*p = r.Bool()
	case *string:
		*p = r.Str()
	case *[]byte:
		*p = r.Bin()
	case *int:
		*p = int(integer(r, math.MinInt, math.MaxInt))
	case *int8:
		*p = int8(integer(r, math.MinInt8, math.MaxInt8))
	case *int16:
		*p = int16(integer(r, math.MinInt16, math.MaxInt16))
	case *int32:
		*p = int32(integer(r, math.MinInt32, math.MaxInt32))
	case *int64:
		*p = r.Int()
	case *uint:
		*p = uint(natural(r, math.MaxUint))
	case *uint8:
		*p = uint8(natural(r, math.MaxUint8))
	case *uint16:
		*p = uint16(natural(r, math.MaxUint16))
	case *uint32:
		*p = uint32(natural(r, math.MaxUint32))
	case *uint64:
		*p = r.Uint()
	case *float64:
		*p = r.Float()
	case *float32:
		*p = float32(r.Float())
	case *Timestamp:
		*p = r.Timestamp()
	case *Opaque:
		*p = r.Opaque()
	case *[]any:
		*p, _ = generic[[]any](r)
	case *map[string]any:
		*p, _ = generic[map[string]any](r)
	case *[]string:
		for range r.Items() {
			*p = append(*p, r.Str())
		}
	case *map[string]string:
		if r.Nil() {
			return
		}
		*p = make(map[string]string)
		for key := range r.Fields() {
			(*p)[string([]byte(key))] = r.Str()
		}
	case goTime:
		if !r.Nil() {
			r.Fail(p.UnmarshalBinary(binaryTime(r.Timestamp())))
		}
	default:
		r.Fail(errText("guest: the type has no method DecodeMsgpack"))
	}
}

// generic decodes a T that is one of the types that Any gives.
func generic[T any](r *msgpack.Reader) (t T, ok bool) {
	if r.Nil() {
		return t, true
	}
	kind := r.Kind()
	if t, ok = r.Any().(T); !ok {
		r.Fail(errText("guest: found " + kind.String() + " where another kind should be"))
	}
	return t, ok
}

func integer(r *msgpack.Reader, low, high int64) int64 {
	v := r.Int()
	if v < low || v > high {
		r.Fail(errRange)
	}
	return v
}

func natural(r *msgpack.Reader, high uint64) uint64 {
	v := r.Uint()
	if v > high {
		r.Fail(errRange)
	}
	return v
}

const errRange = errText("guest: the number does not fit the type")

// binaryTime gives t in the form that time.Time.UnmarshalBinary reads: a
// version, seconds since year 1, nanoseconds, and a zone that means UTC.
func binaryTime(t Timestamp) []byte {
	const toYearOne = 62135596800
	seconds, ns := uint64(t.Seconds+toYearOne), t.Nanoseconds
	b := []byte{1}
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(seconds>>shift))
	}
	return append(b, byte(ns>>24), byte(ns>>16), byte(ns>>8), byte(ns), 0xff, 0xff)
}
