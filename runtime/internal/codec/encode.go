package codec

import (
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// maxHops is how many interfaces may be passed on the way to a value without
// a container in between: an interface can point to itself.
const maxHops = 256

// An encoder appends one message. It lives for one call.
type encoder struct {
	buf     []byte
	start   int // of the message in buf
	max     int // bytes of the message
	depth   int // containers around the current value
	hops    int // interfaces around it
	s       Session
	entries *entries // of the maps around it, taken from a pool on demand
}

// finish gives back what e borrowed and sets the results of Append.
func (e *encoder) finish(out *[]byte, err *error) {
	if r := recover(); r != nil {
		*err = panicked(r)
	} else if *err == nil {
		*err = e.room(0)
	}
	if e.entries != nil {
		e.entries.release()
	}
	if *out = e.buf; *err != nil {
		*out, *err = e.buf[:e.start], asError(*err)
	}
}

// room refuses n bytes more than the message may have.
func (e *encoder) room(n int) error {
	if len(e.buf)-e.start > e.max-n {
		return errBytes
	}
	return nil
}

// enter counts one more container around what follows.
func (e *encoder) enter() error {
	if e.depth == abi.MaxScanDepth {
		return ErrDepth
	}
	e.depth++
	return e.room(0)
}

// value appends v, which is of type t.
func (e *encoder) value(t *Type, v reflect.Value) error {
	switch t.form {
	case formAny:
		if v.IsNil() {
			e.buf = msgp.AppendNil(e.buf)
			return nil
		}
		return e.dynamic(v.Interface())
	case formPointer:
		if v.IsNil() {
			e.buf = msgp.AppendNil(e.buf)
			return nil
		}
		return e.value(t.elem, v.Elem())
	case formBool:
		e.buf = msgp.AppendBool(e.buf, v.Bool())
	case formInt:
		e.buf = msgp.AppendInt64(e.buf, v.Int())
	case formUint:
		e.buf = msgp.AppendUint64(e.buf, v.Uint())
	case formFloat32:
		e.buf = msgp.AppendFloat32(e.buf, float32(v.Float()))
	case formFloat64:
		e.buf = msgp.AppendFloat64(e.buf, v.Float())
	case formString:
		return e.text(v.String())
	case formBytes:
		if v.IsNil() {
			e.buf = msgp.AppendNil(e.buf)
			return nil
		}
		return e.bytes(v.Bytes())
	case formByteArray:
		return e.bytes(addressable(v).Bytes())
	case formSlice:
		if v.IsNil() {
			e.buf = msgp.AppendNil(e.buf)
			return nil
		}
		return e.array(t, v)
	case formArray:
		return e.array(t, v)
	case formMap:
		return e.mapping(t, v)
	case formStruct:
		return e.structure(t, addressable(v))
	case formTime:
		e.buf = appendTime(e.buf, *timeIn(addressable(v)))
	case formText:
		text, err := marshalText(addressable(v))
		if err != nil {
			return &Error{Type: t.name, Reason: err}
		}
		if err := e.room(len(text)); err != nil {
			return err
		}
		e.buf = msgp.AppendStringFromBytes(e.buf, text)
	case formMsgp:
		if err := e.methods(t, addressable(v)); err != nil {
			return &Error{Type: t.name, Reason: err}
		}
	case formJSON:
		x, err := parseJSON(v.Bytes())
		if err != nil {
			return &Error{Type: t.name, Reason: err}
		}
		return e.dynamic(x)
	case formNumber:
		return e.number(v.String())
	default:
		return e.opaque(t, v)
	}
	return nil
}

// addressable gives v, or a copy of it when it has no address: methods of a
// pointer need one.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

func (e *encoder) text(s string) error {
	if err := e.room(len(s)); err != nil {
		return err
	}
	e.buf = msgp.AppendString(e.buf, s)
	return nil
}

func (e *encoder) bytes(b []byte) error {
	if err := e.room(len(b)); err != nil {
		return err
	}
	e.buf = msgp.AppendBytes(e.buf, b)
	return nil
}

func (e *encoder) array(t *Type, v reflect.Value) error {
	if err := e.enter(); err != nil {
		return err
	}
	n := v.Len()
	if err := e.room(n); err != nil || uint64(n) > math.MaxUint32 {
		return errBytes
	}
	e.buf = msgp.AppendArrayHeader(e.buf, uint32(n))
	for i := range n {
		if err := e.value(t.elem, v.Index(i)); err != nil {
			return atIndex(i, err)
		}
		if err := e.room(0); err != nil {
			return err
		}
	}
	e.depth--
	return nil
}

func (e *encoder) structure(t *Type, v reflect.Value) error {
	if err := e.enter(); err != nil {
		return err
	}
	head := len(e.buf)
	e.buf = msgp.AppendMapHeader(e.buf, uint32(len(t.fields)))
	count := 0
	for i := range t.fields {
		f := &t.fields[i]
		fv, there := f.in(v)
		if !there {
			continue
		}
		if f.omitEmpty && isEmpty(fv) {
			continue
		}
		if f.omitZero {
			zero, err := f.zero(fv)
			if err != nil {
				return atKey(f.name, &Error{Type: f.typ.name, Reason: err})
			}
			if zero {
				continue
			}
		}
		count++
		e.buf = append(e.buf, f.key...)
		if err := e.value(f.typ, fv); err != nil {
			return atKey(f.name, err)
		}
	}
	if count < len(t.fields) {
		patchMapHeader(e.buf[head:], count)
	}
	e.depth--
	return nil
}

// patchMapHeader lowers the count of the map that b begins with. The header
// keeps its length.
func patchMapHeader(b []byte, n int) {
	switch b[0] {
	case 0xde:
		b[1], b[2] = byte(n>>8), byte(n)
	case 0xdf:
		b[1], b[2], b[3], b[4] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	default:
		b[0] = 0x80 | byte(n)
	}
}

// in gives the field in struct v; false if an embedded pointer to it is nil.
func (f *field) in(v reflect.Value) (reflect.Value, bool) {
	v = v.Field(f.index[0])
	for _, i := range f.index[1:] {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// zero reports whether omitzero leaves the field out.
func (f *field) zero(v reflect.Value) (zero bool, err error) {
	if !f.isZero || v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && v.IsNil() {
		return v.IsZero(), nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = failed("IsZero", panicked(r))
		}
	}()
	return v.Addr().Interface().(interface{ IsZero() bool }).IsZero(), nil
}

// dynamic appends whatever x is. The types of decoded JSON and messages take
// no reflection.
func (e *encoder) dynamic(x any) error {
	switch x := x.(type) {
	case nil:
		e.buf = msgp.AppendNil(e.buf)
	case bool:
		e.buf = msgp.AppendBool(e.buf, x)
	case string:
		return e.text(x)
	case int:
		e.buf = msgp.AppendInt(e.buf, x)
	case int64:
		e.buf = msgp.AppendInt64(e.buf, x)
	case uint64:
		e.buf = msgp.AppendUint64(e.buf, x)
	case float64:
		e.buf = msgp.AppendFloat64(e.buf, x)
	case time.Time:
		e.buf = appendTime(e.buf, x)
	case []byte:
		if x == nil {
			e.buf = msgp.AppendNil(e.buf)
			return nil
		}
		return e.bytes(x)
	case []any:
		return e.anySlice(x)
	case map[string]any:
		return e.anyMap(x)
	default:
		if e.hops++; e.hops > maxHops {
			return ErrDepth
		}
		v := reflect.ValueOf(x)
		err := e.value(For(v.Type()), v)
		e.hops--
		return err
	}
	return nil
}

func (e *encoder) anySlice(x []any) error {
	if x == nil {
		e.buf = msgp.AppendNil(e.buf)
		return nil
	}
	if err := e.enter(); err != nil {
		return err
	}
	if err := e.room(len(x)); err != nil || uint64(len(x)) > math.MaxUint32 {
		return errBytes
	}
	e.buf = msgp.AppendArrayHeader(e.buf, uint32(len(x)))
	for i := range x {
		if err := e.dynamic(x[i]); err != nil {
			return atIndex(i, err)
		}
	}
	e.depth--
	return nil
}

// opaque appends a handle to v and the name of its type.
func (e *encoder) opaque(t *Type, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.UnsafePointer:
		if v.IsNil() {
			e.buf = msgp.AppendNil(e.buf)
			return nil
		}
	}
	if e.s == nil {
		return &Error{Type: t.name, Reason: fmt.Errorf("cannot encode a %s, and opaque values are not allowed here", t.name)}
	}
	x := v.Interface()
	handle, ok := e.s.Hold(x)
	if !ok {
		return &Error{Type: t.name, Reason: errHandles}
	}
	name := t.name
	if v.Kind() == reflect.Interface {
		name = For(reflect.TypeOf(x)).name
	}
	e.buf = append(e.buf, 0xc7, byte(names.HandleSize+len(name)), names.ExtOpaque)
	e.buf = append(e.buf, handle[:]...)
	e.buf = append(e.buf, name...)
	return nil
}
