package codec

import "reflect"

// DecodeAs is Decode for a type that is known at run time alone: it reads src
// into a value of type goType, onto a copy of base if that is one. Without a
// type it reads as Type.Decode does into an any that holds base.
func DecodeAs(src []byte, goType reflect.Type, base any, s Session, l Limits) (any, error) {
	t := For(goType)
	dst := reflect.New(t.rt)
	var from any
	if base != nil && reflect.TypeOf(base).AssignableTo(t.rt) {
		p := reflect.New(t.rt)
		p.Elem().Set(reflect.ValueOf(base))
		from = p.Interface()
	}
	if err := t.Decode(src, dst.Interface(), from, s, l); err != nil {
		return nil, err
	}
	return dst.Elem().Interface(), nil
}
