package codec

import (
	"context"
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// A form is how the values of a type look on the wire.
type form uint8

const (
	formOpaque form = iota
	formAny         // an interface: whatever it holds
	formPointer
	formBool
	formInt
	formUint
	formFloat32
	formFloat64
	formString
	formBytes     // a slice of bytes
	formByteArray // an array of bytes
	formSlice
	formArray
	formMap
	formStruct
	formTime
	formText   // by MarshalText
	formMsgp   // by MarshalMsg
	formJSON   // json.RawMessage
	formNumber // json.Number
)

var (
	timeType    = reflect.TypeFor[time.Time]()
	jsonType    = reflect.TypeFor[json.RawMessage]()
	numberType  = reflect.TypeFor[json.Number]()
	anyMapType  = reflect.TypeFor[map[string]any]()
	textMapType = reflect.TypeFor[map[string]string]()

	errorType           = reflect.TypeFor[error]()
	contextType         = reflect.TypeFor[context.Context]()
	marshalMsgType      = reflect.TypeFor[msgp.Marshaler]()
	unmarshalMsgType    = reflect.TypeFor[msgp.Unmarshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// types holds a *Type for each reflect.Type that For was asked about, and for
// those that these reach.
var types sync.Map

// A builder makes the Types that one type reaches. They are published when
// all of them are complete; two builders may make the same ones, and the
// first to publish wins.
type builder struct {
	made map[reflect.Type]*Type
}

func build(t reflect.Type) *Type {
	b := builder{made: make(map[reflect.Type]*Type)}
	b.typ(t)
	for _, n := range b.made {
		if n.form == formMsgp {
			n.deep = mayNest(n.shape, make(map[*Type]bool))
		}
	}
	for rt, n := range b.made {
		types.LoadOrStore(rt, n)
	}
	known, _ := types.Load(t)
	return known.(*Type)
}

func (b *builder) typ(t reflect.Type) *Type {
	if known, ok := types.Load(t); ok {
		return known.(*Type)
	}
	if n := b.made[t]; n != nil {
		return n
	}
	n := &Type{rt: t, ptr: reflect.PointerTo(t), name: typeName(t)}
	b.made[t] = n
	b.fill(n)
	return n
}

// fill decides n's form. It sets the form before it looks at the types that n
// is made of, since these may lead back to n.
func (b *builder) fill(n *Type) {
	t := n.rt
	has := func(method reflect.Type) bool { return n.ptr.Implements(method) }
	switch {
	case t.Kind() == reflect.Interface:
		if !t.Implements(errorType) && !t.Implements(contextType) {
			n.form = formAny
		}
	case t.Kind() == reflect.Pointer:
		if endless(t) {
			return
		}
		if n.elem = b.typ(t.Elem()); n.elem.form != formOpaque || n.elem.rt.Kind() == reflect.Pointer {
			n.form = formPointer
		}
	case t == timeType:
		n.form = formTime
	case t == jsonType:
		n.form = formJSON
	case t == numberType:
		n.form = formNumber
	case has(marshalMsgType) && has(unmarshalMsgType) && !hides(t, make(map[reflect.Type]bool)):
		n.form = formMsgp
		n.shape = &Type{rt: t, ptr: n.ptr, name: n.name}
		b.structure(n.shape)
	case has(errorType) || has(contextType):
	case has(textMarshalerType):
		n.form = formText
	case t.Kind() == reflect.Struct && t.ConvertibleTo(timeType):
		n.form = formTime
	default:
		b.structure(n)
	}
}

// structure decides n's form by its kind alone.
func (b *builder) structure(n *Type) {
	t := n.rt
	switch t.Kind() {
	case reflect.Bool:
		n.form = formBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.form = formInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.form = formUint
	case reflect.Float32:
		n.form = formFloat32
	case reflect.Float64:
		n.form = formFloat64
	case reflect.String:
		n.form = formString
	case reflect.Slice:
		n.form = formSlice
		if n.elem = b.typ(t.Elem()); n.elem.isByte() {
			n.form = formBytes
		}
	case reflect.Array:
		n.form = formArray
		if n.elem = b.typ(t.Elem()); n.elem.isByte() {
			n.form = formByteArray
		}
	case reflect.Map:
		if n.keys = keyForm(t.Key()); n.keys != formOpaque {
			n.form = formMap
			n.key, n.elem = b.typ(t.Key()), b.typ(t.Elem())
		}
	case reflect.Struct:
		b.structType(n)
	}
}

func (b *builder) structType(n *Type) {
	found, open := structFields(n.rt)
	if !open && hasState(n.rt) {
		return
	}
	n.form = formStruct
	n.fields = found
	n.byName = make(map[string]int, len(found))
	n.fixed = true
	seen := make(map[string]bool)
	for i := range n.fields {
		f := &n.fields[i]
		n.byName[f.name] = i
		f.typ = b.typ(f.rt)
		if f.omitEmpty || f.omitZero {
			n.fixed = false
		}
		for depth := 1; depth < len(f.index); depth++ {
			path := f.index[:depth]
			if n.rt.FieldByIndex(path).Type.Kind() != reflect.Pointer {
				continue
			}
			n.fixed = false
			if id := pathID(path); !seen[id] {
				seen[id] = true
				n.inner = append(n.inner, path)
			}
		}
	}
}

func (t *Type) isByte() bool { return t.form == formUint && t.rt.Kind() == reflect.Uint8 }

// keyForm tells how map keys of type t are written, formOpaque if they cannot
// be. As in encoding/json, strings are themselves whatever their methods.
func keyForm(t reflect.Type) form {
	switch kind := t.Kind(); {
	case kind == reflect.String:
		return formString
	case kind == reflect.Pointer || kind == reflect.Interface:
		return formOpaque
	case reflect.PointerTo(t).Implements(textMarshalerType):
		return formText
	case kind >= reflect.Int && kind <= reflect.Int64:
		return formInt
	case kind >= reflect.Uint && kind <= reflect.Uintptr:
		return formUint
	}
	return formOpaque
}

// endless reports whether t is a pointer that leads to nothing but pointers,
// as in type P *P.
func endless(t reflect.Type) bool {
	seen := make(map[reflect.Type]bool)
	for ; t.Kind() == reflect.Pointer; t = t.Elem() {
		if seen[t] {
			return true
		}
		seen[t] = true
	}
	return false
}

// hides reports whether a field that t reaches is tagged aril:"-". Generated
// methods would encode it.
func hides(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return hides(t.Elem(), seen)
	case reflect.Map:
		return hides(t.Key(), seen) || hides(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Tag.Get("msg") != "-" && (f.Tag.Get("aril") == "-" || hides(f.Type, seen)) {
				return true
			}
		}
	}
	return false
}

// hasState reports whether t has fields other than blank ones.
func hasState(t reflect.Type) bool {
	for i := range t.NumField() {
		if t.Field(i).Name != "_" {
			return true
		}
	}
	return false
}

// mayNest reports whether a value of type n may contain itself or have any
// depth: n leads to an interface or back to a type on the way. onPath is
// false for types that were looked at before, without such an end.
func mayNest(n *Type, onPath map[*Type]bool) bool {
	if n == nil {
		return false
	}
	if n.form == formMsgp {
		n = n.shape
	}
	if on, seen := onPath[n]; seen {
		return on
	}
	if n.form == formAny {
		return true
	}
	onPath[n] = true
	if mayNest(n.elem, onPath) {
		return true
	}
	for i := range n.fields {
		if mayNest(n.fields[i].typ, onPath) {
			return true
		}
	}
	onPath[n] = false
	return false
}
