package codec

import (
	"errors"
	"fmt"
	"math"
	"reflect"
)

// What a dynamic value costs beyond its bytes: an interface, and the word or
// header that it points to.
const (
	anySize    = 16
	boxSize    = 24
	mapEntries = 3 // a map keeps room for up to this many times its entries
	mapSize    = 48
)

// dynamic decodes the next value into plain Go values.
func (d *decoder) dynamic() (any, error) { return d.onto(nil) }

// onto decodes the next value onto a copy of base, which came out of an
// interface: into base's type if it fits, else into plain values.
func (d *decoder) onto(base any) (any, error) {
	start := d.off
	tok := d.next()
	if tok.kind == tokNil {
		return nil, nil
	}
	if tok.isOpaque() {
		v, err := d.lookup(tok)
		if err != nil {
			return nil, &Error{Reason: err}
		}
		return v, nil
	}
	switch base := base.(type) {
	case nil:
		return d.plain(tok)
	case string, bool, int64:
		if tok.kind == tokText || tok.kind == tokBool {
			return d.plain(tok)
		}
	case []any:
		if tok.kind == tokArray {
			return d.anySlice(base, int(tok.bits))
		}
	case map[string]any:
		if tok.kind == tokMap {
			return d.anyMap(base, int(tok.bits))
		}
	}
	d.off = start
	if v, err := d.concrete(reflect.ValueOf(base)); err == nil {
		return v.Interface(), nil
	}
	d.off = start
	return d.plain(d.next())
}

// concrete decodes onto a copy of held, a value out of an interface.
func (d *decoder) concrete(held reflect.Value) (reflect.Value, error) {
	hops := d.hops
	defer func() { d.hops = hops }()
	if d.hops++; d.hops > maxHops {
		return held, ErrDepth
	}
	t := For(held.Type())
	if err := d.charge(2, t.rt.Size()); err != nil {
		return held, err
	}
	c := reflect.New(t.rt).Elem()
	c.Set(held)
	return c, d.value(t, c)
}

// iface decodes into the interface dst.
func (d *decoder) iface(t *Type, dst reflect.Value) error {
	var v any
	if t.rt.NumMethod() == 0 {
		x, err := d.onto(dst.Interface())
		if err != nil {
			return err
		}
		v = x
	} else {
		start := d.off
		tok := d.next()
		switch {
		case tok.kind == tokNil:
		case tok.isOpaque():
			return d.opaque(t, dst, tok)
		case dst.IsNil():
			// Nothing says which type is meant.
			return d.wrong(t, tok)
		default:
			d.off = start
			c, err := d.concrete(dst.Elem())
			if err != nil {
				return err
			}
			v = c.Interface()
		}
	}
	if v == nil {
		dst.SetZero()
	} else {
		dst.Set(reflect.ValueOf(v))
	}
	return nil
}

// plain decodes the value that tok begins into nil, bool, int64, uint64,
// float64, string, []byte, time.Time, []any or map[string]any.
func (d *decoder) plain(tok token) (any, error) {
	if err := d.charge(1, boxSize); err != nil {
		return nil, err
	}
	switch tok.kind {
	case tokBool:
		return tok.bits == 1, nil
	case tokInt:
		return int64(tok.bits), nil
	case tokUint:
		if tok.bits > math.MaxInt64 {
			return tok.bits, nil
		}
		return int64(tok.bits), nil
	case tokFloat:
		return math.Float64frombits(tok.bits), nil
	case tokText:
		if err := d.charge(tok.bits, 1); err != nil {
			return nil, err
		}
		return string(d.take(tok)), nil
	case tokBytes:
		if err := d.charge(tok.bits, 1); err != nil {
			return nil, err
		}
		return append([]byte{}, d.take(tok)...), nil
	case tokArray:
		return d.anySlice(nil, int(tok.bits))
	case tokMap:
		return d.anyMap(nil, int(tok.bits))
	case tokExt:
		if tok.isOpaque() {
			return d.lookup(tok)
		}
		return parseTime(tok.ext, d.take(tok))
	}
	return nil, nil
}

func (d *decoder) anySlice(base []any, n int) ([]any, error) {
	if err := d.charge(uint64(n), anySize); err != nil {
		return nil, err
	}
	hops := d.hops
	d.hops = 0
	s := make([]any, n)
	for i := range s {
		var was any
		if i < len(base) {
			was = base[i]
		}
		var err error
		if s[i], err = d.onto(was); err != nil {
			return nil, atIndex(i, err)
		}
	}
	d.hops = hops
	return s, nil
}

var errKey = errors.New("a map key that is no string")

func (d *decoder) anyMap(base map[string]any, n int) (map[string]any, error) {
	if err := d.chargeMap(n, 2*anySize); err != nil {
		return nil, err
	}
	hops := d.hops
	d.hops = 0
	m := make(map[string]any, n)
	for range n {
		tok := d.next()
		if tok.kind != tokText {
			return nil, &Error{Type: "map[string]interface {}", Reason: fmt.Errorf("%w: %s", errKey, d.describe(tok))}
		}
		if err := d.charge(tok.bits, 1); err != nil {
			return nil, err
		}
		k := string(d.take(tok))
		v, err := d.onto(base[k])
		if err != nil {
			return nil, atKey(k, err)
		}
		m[k] = v
	}
	d.hops = hops
	return m, nil
}

func (d *decoder) textMap(base map[string]string, n int) (map[string]string, error) {
	if err := d.chargeMap(n, 2*anySize); err != nil {
		return nil, err
	}
	m := make(map[string]string, n)
	for range n {
		tok := d.next()
		if tok.kind != tokText {
			return nil, &Error{Type: "map[string]string", Reason: fmt.Errorf("%w: %s", errKey, d.describe(tok))}
		}
		if err := d.charge(tok.bits, 1); err != nil {
			return nil, err
		}
		k := string(d.take(tok))
		tok = d.next()
		if tok.kind != tokText {
			return nil, atKey(k, d.wrong(For(reflect.TypeFor[string]()), tok))
		}
		b := d.take(tok)
		v := base[k]
		if v != string(b) {
			if err := d.charge(tok.bits, 1); err != nil {
				return nil, err
			}
			v = string(b)
		}
		m[k] = v
	}
	return m, nil
}

// chargeMap pays for a map of n entries of size bytes.
func (d *decoder) chargeMap(n int, size uintptr) error {
	if err := d.charge(1, mapSize); err != nil {
		return err
	}
	return d.charge(uint64(n), mapEntries*(size+1))
}

// mapping decodes into a new map, each value onto a copy of the base's.
func (d *decoder) mapping(t *Type, dst reflect.Value, n int) error {
	switch t.rt {
	case anyMapType:
		m, err := d.anyMap(dst.Interface().(map[string]any), n)
		if err == nil {
			dst.Set(reflect.ValueOf(m))
		}
		return err
	case textMapType:
		m, err := d.textMap(dst.Interface().(map[string]string), n)
		if err == nil {
			dst.Set(reflect.ValueOf(m))
		}
		return err
	}
	if err := d.chargeMap(n, t.key.rt.Size()+t.elem.rt.Size()); err != nil {
		return err
	}
	// Two keys of different state may be written with the same text, so text
	// finds the key that the base has.
	var baseKeys map[string]reflect.Value
	if t.keys == formText && dst.Len() > 0 {
		baseKeys = make(map[string]reflect.Value, dst.Len())
		for iter := dst.MapRange(); iter.Next(); {
			text, err := marshalText(addressable(iter.Key()))
			if err != nil {
				return &Error{Type: t.key.name, Reason: fmt.Errorf("map key: %w", err)}
			}
			baseKeys[string(text)] = iter.Key()
		}
	}
	if n == 0 {
		dst.Set(reflect.MakeMap(t.rt))
		return nil
	}
	hops := d.hops
	d.hops = 0
	m := reflect.MakeMapWithSize(t.rt, n)
	key := reflect.New(t.key.rt).Elem()
	elem := reflect.New(t.elem.rt).Elem()
	for range n {
		name, err := d.mapKey(t, key, baseKeys)
		if err != nil {
			return err
		}
		elem.SetZero()
		if was := dst.MapIndex(key); was.IsValid() {
			elem.Set(was)
		}
		if err := d.value(t.elem, elem); err != nil {
			return atKey(name.String(), err)
		}
		m.SetMapIndex(key, elem)
	}
	dst.Set(m)
	d.hops = hops
	return nil
}

// A mapKey is a key as it came, to name it in errors.
type mapKey struct {
	text []byte
	tok  token
}

// String gives the key as a step of a path.
func (k mapKey) String() string {
	if k.tok.kind == tokText {
		return string(k.text)
	}
	return (&decoder{}).describe(k.tok)
}

// mapKey decodes the next key into key.
func (d *decoder) mapKey(t *Type, key reflect.Value, baseKeys map[string]reflect.Value) (mapKey, error) {
	tok := d.next()
	k := mapKey{tok: tok}
	switch t.keys {
	case formInt:
		if i, ok := tok.int(); ok && !key.OverflowInt(i) {
			key.SetInt(i)
			return k, nil
		}
	case formUint:
		if u, ok := tok.uint(); ok && !key.OverflowUint(u) {
			key.SetUint(u)
			return k, nil
		}
	default:
		if tok.kind != tokText {
			break
		}
		if err := d.charge(tok.bits, 1); err != nil {
			return k, err
		}
		k.text = d.take(tok)
		if t.keys == formString {
			key.SetString(string(k.text))
			return k, nil
		}
		if was, ok := baseKeys[string(k.text)]; ok {
			key.Set(was)
			return k, nil
		}
		key.SetZero()
		err := errors.New("no UnmarshalText")
		if t.key.ptr.Implements(textUnmarshalerType) {
			err = unmarshalText(key, k.text)
		}
		if err != nil {
			return k, &Error{Type: t.key.name, Reason: fmt.Errorf("map key %s: %w", quote(string(k.text)), err)}
		}
		return k, nil
	}
	return k, &Error{Type: t.key.name, Reason: fmt.Errorf("map key: %s is no %s", d.describe(tok), t.key.name)}
}
