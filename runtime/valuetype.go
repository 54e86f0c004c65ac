package runtime

import (
	"fmt"
	"reflect"

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

// decode reads a guest's value onto a copy of base, which may be nil.
func (v *valueType[T]) decode(src []byte, base *T, s codec.Session, l codec.Limits) (*T, error) {
	out := new(T)
	if v.said == nil {
		if err := v.codec.Decode(src, out, base, s, l); err != nil {
			return nil, err
		}
		return out, nil
	}
	var from any
	if base != nil {
		from = *base
	}
	x, err := codec.DecodeAs(src, v.said, from, s, l)
	if err != nil {
		return nil, err
	}
	*out, _ = x.(T) // nil stays nil
	return out, nil
}
