package codec

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/aril-wasm/aril/abi/names"
)

// A decoder reads one scanned message. It lives for one call.
type decoder struct {
	src    []byte
	off    int
	memory int // bytes that may still be allocated
	hops   int // interfaces and pointers passed without a container between
	s      Session
	based  bool // there is a base
}

// charge pays for n values of size bytes before they are allocated.
func (d *decoder) charge(n uint64, size uintptr) error {
	if size == 0 || n == 0 {
		return nil
	}
	if n > uint64(d.memory)/uint64(size) {
		return errMemory
	}
	d.memory -= int(n * uint64(size))
	return nil
}

// value decodes the next value onto dst, which holds a shallow copy of the
// base. Whatever dst refers to belongs to the base: a case below replaces a
// reference, and never writes through one that it found.
func (d *decoder) value(t *Type, dst reflect.Value) error {
	switch t.form {
	case formAny:
		return d.iface(t, dst)
	case formPointer:
		return d.pointer(t, dst)
	case formJSON:
		return d.json(t, dst)
	case formMsgp:
		return d.methods(t, dst)
	}
	tok := d.next()
	if tok.isOpaque() {
		return d.opaque(t, dst, tok)
	}
	switch {
	case t.form == formBool && tok.kind == tokBool:
		dst.SetBool(tok.bits == 1)
	case t.form == formInt:
		if i, ok := tok.int(); ok && !dst.OverflowInt(i) {
			dst.SetInt(i)
			return nil
		}
		return d.wrong(t, tok)
	case t.form == formUint:
		if u, ok := tok.uint(); ok && !dst.OverflowUint(u) {
			dst.SetUint(u)
			return nil
		}
		return d.wrong(t, tok)
	case t.form == formFloat64:
		f, ok := tok.float()
		if !ok {
			return d.wrong(t, tok)
		}
		dst.SetFloat(f)
	case t.form == formFloat32:
		f, ok := tok.float()
		if !ok || dst.OverflowFloat(f) || tok.kind != tokFloat && float64(float32(f)) != f {
			return d.wrong(t, tok)
		}
		dst.SetFloat(f)
	case t.form == formString && tok.kind == tokText:
		return d.text(dst, tok)
	case t.form == formBytes:
		return d.bytes(t, dst, tok)
	case t.form == formByteArray:
		return d.byteArray(t, dst, tok)
	case t.form == formSlice && tok.kind == tokArray:
		return d.slice(t, dst, int(tok.bits))
	case t.form == formArray && tok.kind == tokArray && tok.bits == uint64(t.rt.Len()):
		return d.elements(t, dst, t.rt.Len())
	case t.form == formMap && tok.kind == tokMap:
		return d.mapping(t, dst, int(tok.bits))
	case t.form == formStruct && tok.kind == tokMap:
		return d.structure(t, dst, int(tok.bits))
	case t.form == formTime && tok.kind == tokExt:
		return d.time(t, dst, tok)
	case t.form == formText && tok.kind == tokText:
		return d.unmarshalText(t, dst, tok)
	case t.form == formNumber:
		return d.number(t, dst, tok)
	case tok.kind == tokNil && (t.form == formSlice || t.form == formMap || t.form == formOpaque && nillable(t.rt)):
		dst.SetZero()
	default:
		return d.wrong(t, tok)
	}
	return nil
}

// wrong is the error for a value that is no t.
func (d *decoder) wrong(t *Type, tok token) error {
	return &Error{Type: t.name, Reason: fmt.Errorf("%s is no %s", d.describe(tok), t.name)}
}

func nillable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.UnsafePointer:
		return true
	}
	return false
}

func (t token) int() (int64, bool) {
	switch t.kind {
	case tokInt:
		return int64(t.bits), true
	case tokUint:
		return int64(t.bits), t.bits <= math.MaxInt64
	case tokFloat:
		i, u, ok := exactInt(math.Float64frombits(t.bits))
		return i, ok && u == 0
	}
	return 0, false
}

func (t token) uint() (uint64, bool) {
	switch t.kind {
	case tokUint:
		return t.bits, true
	case tokFloat:
		i, u, ok := exactInt(math.Float64frombits(t.bits))
		if u == 0 && i >= 0 {
			u = uint64(i)
		}
		return u, ok && i >= 0
	}
	return 0, false
}

func (t token) float() (float64, bool) {
	switch t.kind {
	case tokFloat:
		return math.Float64frombits(t.bits), true
	case tokInt:
		f := float64(int64(t.bits))
		i, _, ok := exactInt(f)
		return f, ok && i == int64(t.bits)
	case tokUint:
		f := float64(t.bits)
		i, u, ok := exactInt(f)
		return f, ok && (u == t.bits || u == 0 && uint64(i) == t.bits)
	}
	return 0, false
}

// text keeps the string of the base if it is the same, which saves a copy.
func (d *decoder) text(dst reflect.Value, tok token) error {
	b := d.take(tok)
	if dst.String() == string(b) {
		return nil
	}
	if err := d.charge(tok.bits, 1); err != nil {
		return err
	}
	dst.SetString(string(b))
	return nil
}

func (d *decoder) bytes(t *Type, dst reflect.Value, tok token) error {
	switch tok.kind {
	case tokNil:
		dst.SetZero()
		return nil
	case tokBytes:
		if err := d.charge(tok.bits, 1); err != nil {
			return err
		}
		dst.SetBytes(append([]byte{}, d.take(tok)...))
		return nil
	case tokArray: // some languages have no other bytes
		if err := d.charge(tok.bits, 1); err != nil {
			return err
		}
		b := make([]byte, tok.bits)
		if err := d.byteElements(t, b); err != nil {
			return err
		}
		dst.SetBytes(b)
		return nil
	}
	return d.wrong(t, tok)
}

func (d *decoder) byteArray(t *Type, dst reflect.Value, tok token) error {
	if (tok.kind != tokBytes && tok.kind != tokArray) || tok.bits != uint64(t.rt.Len()) {
		return d.wrong(t, tok)
	}
	if tok.kind == tokArray {
		return d.byteElements(t, dst.Bytes())
	}
	copy(dst.Bytes(), d.take(tok))
	return nil
}

// byteElements fills b with the elements of an array.
func (d *decoder) byteElements(t *Type, b []byte) error {
	for i := range b {
		tok := d.next()
		u, ok := tok.uint()
		if !ok || u > math.MaxUint8 {
			return atIndex(i, d.wrong(t.elem, tok))
		}
		b[i] = byte(u)
	}
	return nil
}

func (d *decoder) slice(t *Type, dst reflect.Value, n int) error {
	if err := d.charge(uint64(n), t.elem.rt.Size()); err != nil {
		return err
	}
	if dst.Len() == 0 {
		// Grow allocates the elements and nothing else, unlike MakeSlice.
		dst.SetZero()
		dst.Grow(n)
		dst.SetLen(n)
		if n == 0 {
			dst.Set(reflect.MakeSlice(t.rt, 0, 0))
		}
	} else {
		fresh := reflect.MakeSlice(t.rt, n, n)
		reflect.Copy(fresh, dst)
		dst.Set(fresh)
	}
	return d.elements(t, dst, n)
}

// elements decodes into the n elements that dst has.
func (d *decoder) elements(t *Type, dst reflect.Value, n int) error {
	hops := d.hops
	d.hops = 0
	for i := range n {
		if err := d.value(t.elem, dst.Index(i)); err != nil {
			return atIndex(i, err)
		}
	}
	d.hops = hops
	return nil
}

func (d *decoder) structure(t *Type, dst reflect.Value, n int) error {
	// The structs behind embedded pointers are the base's.
	for _, path := range t.inner {
		p, there := (&field{index: path}).in(dst)
		if there && !p.IsNil() {
			if err := d.fresh(p, p.Type().Elem()); err != nil {
				return err
			}
		}
	}
	hops := d.hops
	d.hops = 0
	for i := range n {
		key := d.next()
		if key.kind != tokText {
			d.rest(key)
			d.skip()
			continue
		}
		name := d.take(key)
		f := t.find(i, name)
		if f == nil {
			d.skip()
			continue
		}
		fv, err := d.field(f, dst)
		if err == nil {
			err = d.value(f.typ, fv)
		}
		if err != nil {
			return atKey(f.name, err)
		}
	}
	d.hops = hops
	return nil
}

// find gives the field of a name, nil if there is none. Guests mostly keep the
// order, so the i-th field is tried first.
func (t *Type) find(i int, name []byte) *field {
	if i < len(t.fields) && t.fields[i].name == string(name) {
		return &t.fields[i]
	}
	if at, known := t.byName[string(name)]; known {
		return &t.fields[at]
	}
	return nil
}

// rest passes over what follows a head that was read.
func (d *decoder) rest(tok token) {
	switch tok.kind {
	case tokText, tokBytes, tokExt:
		d.off += int(tok.bits)
	case tokArray, tokMap:
		n := tok.bits
		if tok.kind == tokMap {
			n *= 2
		}
		for range n {
			d.skip()
		}
	}
}

// field gives f in dst, with new structs for embedded pointers that are nil.
func (d *decoder) field(f *field, dst reflect.Value) (reflect.Value, error) {
	v := dst.Field(f.index[0])
	for _, i := range f.index[1:] {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if err := d.fresh(v, v.Type().Elem()); err != nil {
					return v, err
				}
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, nil
}

// fresh points the embedded pointer p to a copy of its struct, or to a new
// one. The embedded type may be unexported, which forbids a plain Set.
func (d *decoder) fresh(p reflect.Value, elem reflect.Type) error {
	if err := d.charge(1, elem.Size()); err != nil {
		return err
	}
	p = reflect.NewAt(p.Type(), p.Addr().UnsafePointer()).Elem()
	c := reflect.New(elem)
	if !p.IsNil() {
		c.Elem().Set(p.Elem())
	}
	p.Set(c)
	return nil
}

func (d *decoder) pointer(t *Type, dst reflect.Value) error {
	start := d.off
	tok := d.next()
	switch {
	case tok.kind == tokNil:
		dst.SetZero()
		return nil
	case tok.isOpaque():
		if v, err := d.lookup(tok); err != nil {
			return &Error{Type: t.name, Reason: err}
		} else if reflect.TypeOf(v).AssignableTo(t.rt) {
			dst.Set(reflect.ValueOf(v))
			return nil
		}
	}
	d.off = start
	if err := d.charge(1, t.elem.rt.Size()); err != nil {
		return err
	}
	p := reflect.New(t.elem.rt)
	if !dst.IsNil() {
		p.Elem().Set(dst.Elem())
	}
	if err := d.value(t.elem, p.Elem()); err != nil {
		return err
	}
	dst.Set(p)
	return nil
}

// opaque puts the value that a handle names into dst.
func (d *decoder) opaque(t *Type, dst reflect.Value, tok token) error {
	v, err := d.lookup(tok)
	if err != nil {
		return &Error{Type: t.name, Reason: err}
	}
	held := reflect.ValueOf(v)
	if !held.Type().AssignableTo(t.rt) {
		return &Error{Type: t.name, Reason: fmt.Errorf("an opaque %s is no %s", typeName(held.Type()), t.name)}
	}
	dst.Set(held)
	return nil
}

var errHandle = fmt.Errorf("%w: an opaque value without one", ErrStale)

// lookup takes an opaque value's payload and finds the original. The type
// name in it is for reading only: the handle decides.
func (d *decoder) lookup(tok token) (any, error) {
	payload := d.take(tok)
	if len(payload) < names.HandleSize {
		return nil, errHandle
	}
	if d.s == nil {
		return nil, ErrStale
	}
	v, ok := d.s.Lookup([names.HandleSize]byte(payload[:names.HandleSize]))
	if !ok || v == nil {
		return nil, ErrStale
	}
	return v, nil
}

func (d *decoder) time(t *Type, dst reflect.Value, tok token) error {
	at, err := parseTime(tok.ext, d.take(tok))
	if err != nil {
		return &Error{Type: t.name, Reason: err}
	}
	// The location is not encoded, so it is the base's, and so is the
	// monotonic reading of a time that did not change.
	if base := timeIn(dst); !base.Equal(at) {
		*base = at.In(base.Location())
	}
	return nil
}

// unmarshalText begins from zero, since methods such as big.Int's write into
// memory that a copy shares with the base.
func (d *decoder) unmarshalText(t *Type, dst reflect.Value, tok token) error {
	text := d.take(tok)
	if err := d.charge(tok.bits, 1); err != nil {
		return err
	}
	if t.ptr.Implements(textUnmarshalerType) {
		dst.SetZero()
		if err := unmarshalText(dst, text); err != nil {
			return &Error{Type: t.name, Reason: err}
		}
		return nil
	}
	was, err := marshalText(dst)
	if err == nil && string(was) != string(text) {
		err = errors.New("cannot be changed: it has MarshalText and no UnmarshalText")
	}
	if err != nil {
		return &Error{Type: t.name, Reason: err}
	}
	return nil
}
