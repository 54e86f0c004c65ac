// Package codec turns Go values into msgpack messages for guests, and what
// guests answer back into Go values.
//
// A type's own msgp methods are used when it has both MarshalMsg and
// UnmarshalMsg, on itself or its pointer, and no field it reaches is tagged
// aril:"-": generated methods do not know that tag, so such a type goes
// through reflection instead. Values behind an interface inside a msgp type
// are encoded by msgp and escape that rule. All other types:
//
//	bool, integers, floats    themselves, float32 as float32
//	string                    str
//	[]byte, [N]byte           bin
//	time.Time                 timestamp ext, to the nanosecond, any year
//	time.Duration             its int64 of nanoseconds
//	encoding.TextMarshaler    str
//	json.RawMessage           the value that it spells
//	json.Number               an integer or float that spells the same, else str
//	struct                    map; names from tag msg, then json, then the field
//	slice, array              array; a nil slice is nil
//	map                       map in the order of its keys: strings, integers,
//	                          TextMarshalers; a nil map is nil
//	pointer, interface        what it holds, or nil; a pointer to nil is nil
//
// What is left travels as an opaque value, by handle: channels, functions,
// complex numbers, errors, contexts, maps of other keys, and structs with
// state and no exported field, such as *sql.DB. Tags "-" and aril:"-" hide a
// field, omitempty and omitzero leave it out as in encoding/json, embedded
// structs are flattened as there.
//
// A caller must not change a value while it is encoded, nor the original
// while a replacement is decoded onto a copy of it.
package codec

import (
	"fmt"
	"reflect"

	"github.com/aril-wasm/aril/abi"
)

// A Type encodes and decodes the values of one Go type. It is immutable and
// safe for concurrent use.
type Type struct {
	rt, ptr reflect.Type // the Go type, and the pointer to it
	name    string       // for errors and opaque values
	form    form
	elem    *Type   // of pointer, slice, array, map
	keys    form    // of map: formString, formInt, formUint or formText
	key     *Type   // of map
	shape   *Type   // of formMsgp: what reflection alone would make of it
	deep    bool    // of formMsgp: a value may contain itself
	fields  []field // of struct
	byName  map[string]int
	inner   [][]int // of struct: paths of the embedded pointers, outer ones first
	fixed   bool    // of struct: every field is always there
}

// For gives the Type of t; nil stands for the type any. The first call for a
// type inspects it, later ones look it up.
func For(t reflect.Type) *Type {
	if t == nil {
		t = reflect.TypeFor[any]()
	}
	if known, ok := types.Load(t); ok {
		return known.(*Type)
	}
	return build(t)
}

// GoType gives the type that t encodes and decodes.
func (t *Type) GoType() reflect.Type { return t.rt }

// Limits bounds one message. In every field zero means the default written
// beside it, and abi.Unlimited means none.
type Limits struct {
	// Bytes is the longest message, encoded or decoded. Default 4 MiB.
	Bytes int

	// Elements is how many values a decoded message may have, map keys
	// included. Default 1,048,576.
	Elements int

	// Memory is how many bytes of Go memory a message may become, charged
	// before they are allocated: elements times the size of their Go type.
	// Default 16 MiB.
	Memory int
}

// A Session keeps the opaque values that one activation has seen. Handles
// is the implementation for hosts.
type Session interface {
	// Hold gives the handle under which Lookup finds v. It reports false
	// when the session is full.
	Hold(v any) (handle [16]byte, ok bool)
	// Lookup gives the value held under handle. It reports false when there
	// is none, or none any more.
	Lookup(handle [16]byte) (v any, ok bool)
}

// Append appends the message of *p to dst. p is a pointer to the Type's Go
// type, so that nothing is boxed. A nil s refuses opaque values.
//
// Errors are of type *Error, and wrap abi.ErrOverLimit when the value is
// larger than l.Bytes, deeper than 64 or holds too many opaque values. dst is
// then returned as it was. Append does not panic, whatever p holds and
// whatever methods of it do, short of exhausting the stack.
func (t *Type) Append(dst []byte, p any, s Session, l Limits) (out []byte, err error) {
	v := reflect.ValueOf(p)
	if !v.IsValid() || v.Type() != t.ptr || v.IsNil() {
		return dst, &Error{Type: t.name, Reason: fmt.Errorf("cannot encode a %T: want a non-nil *%s", p, t.name)}
	}
	e := encoder{buf: dst, start: len(dst), max: orDefault(l.Bytes, defaultBytes), s: s}
	defer e.finish(&out, &err)
	return nil, e.value(t, v.Elem())
}

// AppendValue appends the message of v, whatever it is, to dst. Values other
// than pointers and the plain types of encoding/json are copied first. It is
// otherwise like Append.
func AppendValue(dst []byte, v any, s Session, l Limits) (out []byte, err error) {
	e := encoder{buf: dst, start: len(dst), max: orDefault(l.Bytes, defaultBytes), s: s}
	defer e.finish(&out, &err)
	return nil, e.dynamic(v)
}

// Decode reads src into *dst. dst and base are pointers to the Type's Go
// type. *dst begins as a copy of *base, or as the zero value when base is
// nil, and keeps what src does not speak of: hidden and unexported fields,
// missing struct keys. Element i of a slice is decoded onto a copy of element
// i of the base's slice, a map's value onto that of the same key; elements
// and keys that src lacks are gone. So what is hidden keeps its place when a
// guest reorders a slice. Whatever is reached through pointers,
// slices, maps and interfaces is copied before it is changed, so *base is
// never written to; what is not encoded is shared with it, and a lock in a
// struct is copied as it stands. Two pointers to one value become pointers to
// two. *dst does not alias src.
//
// Numbers convert between kinds only when nothing is lost; a float64 is
// rounded to a float32. A value in an interface is decoded into the type that
// the base holds there, if it fits, and else as by DecodeValue. Unknown keys
// are ignored; of a key that comes twice the last one counts.
//
// Errors are of type *Error. They wrap abi.ErrMalformed or abi.ErrOverLimit
// if src is unsound or too large, ErrStale if it names an opaque value that s
// does not hold. *dst is then zero. Decode does not panic.
func (t *Type) Decode(src []byte, dst, base any, s Session, l Limits) (err error) {
	to := reflect.ValueOf(dst)
	if !to.IsValid() || to.Type() != t.ptr || to.IsNil() {
		return &Error{Type: t.name, Reason: fmt.Errorf("cannot decode into a %T: want a non-nil *%s", dst, t.name)}
	}
	to = to.Elem()
	from := reflect.ValueOf(base)
	if from.IsValid() && from.Type() != t.ptr {
		return &Error{Type: t.name, Reason: fmt.Errorf("cannot decode onto a %T: want a *%s", base, t.name)}
	}
	if !from.IsValid() || from.IsNil() {
		to.SetZero()
	} else {
		if from.Pointer() == to.Addr().Pointer() && t.rt.Size() > 0 {
			return &Error{Type: t.name, Reason: errSame}
		}
		to.Set(from.Elem())
	}
	d, err := newDecoder(src, s, l)
	if err != nil {
		to.SetZero()
		return err
	}
	d.based = from.IsValid() && !from.IsNil()
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Type: t.name, Reason: panicked(r)}
		}
		if err != nil {
			to.SetZero()
			err = asError(err)
		}
	}()
	return d.value(t, to)
}

// DecodeValue reads src into plain Go values: nil, bool, int64, uint64 above
// the largest int64, float64 (a float32 is widened), string, []byte,
// time.Time in UTC, []any, map[string]any, and for an opaque value the
// original. A map with a key that is no string is an error. Errors are
// Decode's.
func DecodeValue(src []byte, s Session, l Limits) (v any, err error) {
	d, err := newDecoder(src, s, l)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
		if err != nil {
			v, err = nil, asError(err)
		}
	}()
	return d.dynamic()
}

// Defaults of Limits.
const (
	defaultBytes  = 4 << 20
	defaultMemory = 16 << 20
)

func orDefault(n, byDefault int) int {
	switch {
	case n == 0:
		return byDefault
	case n < 0:
		return int(^uint(0) >> 1)
	}
	return n
}

func newDecoder(src []byte, s Session, l Limits) (decoder, error) {
	if err := abi.Scan(src, abi.ScanLimits{Bytes: orDefault(l.Bytes, defaultBytes), Elements: l.Elements}); err != nil {
		return decoder{}, &Error{Reason: err}
	}
	return decoder{src: src, memory: orDefault(l.Memory, defaultMemory), s: s}, nil
}
