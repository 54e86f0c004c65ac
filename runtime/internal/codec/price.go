package codec

import (
	"bytes"
	"errors"
	"reflect"
)

var errRest = errors.New("UnmarshalMsg left bytes behind")

// methods decodes by UnmarshalMsg. Generated methods write into the slices,
// maps and pointers that they find, and may keep parts of the message, so
// they get a deep copy of the base and a copy of the message. What they will
// allocate is charged before, by the shape of the type.
func (d *decoder) methods(t *Type, dst reflect.Value) error {
	start := d.off
	if tok := d.next(); tok.isOpaque() {
		return d.opaque(t, dst, tok)
	}
	d.off = start
	if err := d.price(t.shape); err != nil {
		return err
	}
	end := d.off
	if err := d.charge(uint64(end-start), 1); err != nil {
		return err
	}
	if d.based {
		c := cloner{memory: &d.memory}
		if err := c.value(dst, 0); err != nil {
			return &Error{Type: t.name, Reason: err}
		}
	}
	rest, err := unmarshalMsg(dst, bytes.Clone(d.src[start:end]))
	if err == nil && len(rest) > 0 {
		err = errRest
	}
	if err != nil {
		return &Error{Type: t.name, Reason: err}
	}
	return nil
}

// price passes over the next value and charges what decoding it into a t
// will allocate. A nil t stands for plain values. What a type cannot be made
// of is free: its method will refuse it or pass over it.
func (d *decoder) price(t *Type) error {
	if t != nil && t.form == formMsgp {
		t = t.shape
	}
	for t != nil && t.form == formPointer {
		if kindOf(d.src[d.off]) == tokNil {
			d.skip()
			return nil
		}
		if err := d.charge(1, t.elem.rt.Size()); err != nil {
			return err
		}
		if t = t.elem; t.form == formMsgp {
			t = t.shape
		}
	}
	plain := t == nil || t.form == formAny || t.form == formOpaque
	tok := d.next()
	switch tok.kind {
	case tokText, tokBytes, tokExt:
		d.off += int(tok.bits)
		if plain {
			if err := d.charge(1, boxSize); err != nil {
				return err
			}
		}
		return d.charge(tok.bits, 1)
	case tokArray:
		return d.priceArray(t, plain, tok.bits)
	case tokMap:
		return d.priceMap(t, plain, tok.bits)
	}
	if plain {
		return d.charge(1, boxSize)
	}
	return nil
}

func (d *decoder) priceArray(t *Type, plain bool, n uint64) error {
	switch {
	case plain:
		if err := d.charge(n, anySize); err != nil {
			return err
		}
	case t.form == formSlice || t.form == formBytes:
		if err := d.charge(n, t.elem.rt.Size()); err != nil {
			return err
		}
	}
	for i := range n {
		var elem *Type
		switch {
		case plain:
		case t.elem != nil:
			elem = t.elem
		case i < uint64(len(t.fields)): // a struct written as a tuple
			elem = t.fields[i].typ
		default:
			d.skip()
			continue
		}
		if err := d.price(elem); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) priceMap(t *Type, plain bool, n uint64) error {
	switch {
	case plain:
		if err := d.chargeMap(int(n), 2*anySize); err != nil {
			return err
		}
	case t.form == formMap:
		if err := d.chargeMap(int(n), t.key.rt.Size()+t.elem.rt.Size()); err != nil {
			return err
		}
	}
	for i := range int(n) {
		key := d.next()
		var name []byte
		if key.kind == tokText {
			name = d.take(key)
			if err := d.charge(key.bits, 1); err != nil {
				return err
			}
		} else {
			d.rest(key)
		}
		var elem *Type
		switch {
		case plain:
		case t.form == formMap:
			elem = t.elem
		case t.form == formStruct:
			f := t.find(i, name)
			if f == nil {
				d.skip()
				continue
			}
			elem = f.typ
		default:
			d.skip()
			continue
		}
		if err := d.price(elem); err != nil {
			return err
		}
	}
	return nil
}
