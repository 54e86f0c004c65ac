package runtime

import (
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/runtime/internal/codec"
)

// A valueType is the type of an operation's input or result: T, or where T is
// an interface what the Operation says beside it.
type valueType[T any] struct {
	codec *codec.Type  // of T; nil when no guest will see a value
	said  reflect.Type // nil for T itself
}

func (v *valueType[T]) set(op *Operation, field string, said reflect.Type, guests bool) {
	own := reflect.TypeFor[T]()
	if guests {
		v.codec = codec.For(own)
	}
	if said == nil || said == own {
		return
	}
	if !said.AssignableTo(own) {
		panic(fmt.Sprintf("aril: operation %q: %s is %v, which is no %v", quoteName(op.Name), field, said, own))
	}
	if own.Kind() == reflect.Interface {
		v.said = said
	}
}

// want is the type for people.
func (v *valueType[T]) want() reflect.Type {
	if v.said != nil {
		return v.said
	}
	return reflect.TypeFor[T]()
}

// from takes a native extension's value. Nil is the zero value of every type.
func (v *valueType[T]) from(x any) (T, bool) {
	t, ok := x.(T)
	if !ok || v.said == nil {
		return t, ok || x == nil
	}
	its := reflect.TypeOf(x)
	return t, its == v.said || its.AssignableTo(v.said)
}

// Bytes need nothing that the codec knows. They are what operations with large
// values have, so they do without it where its limits are not near.
const (
	binHead    = 5       // the longest head of a bin
	quickBytes = 1 << 20 // less than any other limit of the codec
)

// append encodes *value.
func (v *valueType[T]) append(dst []byte, value *T, s codec.Session, l codec.Limits) ([]byte, error) {
	if raw, ok := any(value).(*[]byte); ok && *raw != nil && len(*raw)+binHead <= l.Bytes {
		return msgp.AppendBytes(dst, *raw), nil
	}
	return v.codec.Append(dst, value, s, l)
}

// wholeBytes gives the bytes of a message that is one bin, as a view.
func wholeBytes(src []byte) (b []byte, ok bool) {
	head, n := 0, 0
	switch {
	case len(src) >= 2 && src[0] == 0xc4:
		head, n = 2, int(src[1])
	case len(src) >= 3 && src[0] == 0xc5:
		head, n = 3, int(binary.BigEndian.Uint16(src[1:]))
	case len(src) >= 5 && src[0] == 0xc6:
		head, n = 5, int(binary.BigEndian.Uint32(src[1:]))
	default:
		return nil, false
	}
	return src[head:], len(src)-head == n
}

// decode reads a guest's value into *out, onto a copy of base, which may be
// nil. On an error *out is the zero value.
func (v *valueType[T]) decode(src []byte, out, base *T, s codec.Session, l codec.Limits) error {
	if raw, ok := any(out).(*[]byte); ok && len(src) <= min(l.Bytes, quickBytes) {
		if b, whole := wholeBytes(src); whole {
			*raw = append([]byte{}, b...)
			return nil
		}
	}
	if v.said == nil {
		return v.codec.Decode(src, out, base, s, l)
	}
	var from any
	if base != nil {
		from = *base
	}
	x, err := codec.DecodeAs(src, v.said, from, s, l)
	*out, _ = x.(T) // nil stays nil
	return err
}
