package codec

import (
	"fmt"
	"reflect"

	"github.com/aril-wasm/aril/abi"
)

// A cloner copies what a value refers to, so that writing into it leaves the
// original alone. Opaque values are shared: they are not for writing.
type cloner struct {
	memory *int // bytes that may still be allocated
}

var errClone = fmt.Errorf("%w: the original is too large to copy", abi.ErrOverLimit)

func (c cloner) charge(n int, size uintptr) error {
	if size > 0 && uint64(n) > uint64(*c.memory)/uint64(size) {
		return errClone
	}
	*c.memory -= n * int(size)
	return nil
}

// value replaces every reference in v, which can be set, by one to a copy. It
// goes by kinds alone, since methods may write to what is never encoded.
func (c cloner) value(v reflect.Value, depth int) error {
	// Half of the way may be pointers and interfaces between containers.
	if depth++; depth > 2*abi.MaxScanDepth {
		return ErrDepth
	}
	t := v.Type()
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || For(t).form == formOpaque {
			return nil
		}
		if err := c.charge(1, t.Elem().Size()); err != nil {
			return err
		}
		p := reflect.New(t.Elem())
		p.Elem().Set(v.Elem())
		v.Set(p)
		return c.value(p.Elem(), depth)
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		held := v.Elem()
		if err := c.charge(1, held.Type().Size()); err != nil {
			return err
		}
		p := reflect.New(held.Type()).Elem()
		p.Set(held)
		if err := c.value(p, depth); err != nil {
			return err
		}
		v.Set(p)
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		if err := c.charge(v.Len(), t.Elem().Size()); err != nil {
			return err
		}
		s := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(s, v)
		v.Set(s)
		return c.elements(v, depth)
	case reflect.Array:
		return c.elements(v, depth)
	case reflect.Map:
		if v.IsNil() || For(t).form == formOpaque {
			return nil
		}
		if err := c.charge(v.Len(), mapEntries*(t.Key().Size()+t.Elem().Size()+1)); err != nil {
			return err
		}
		m := reflect.MakeMapWithSize(t, v.Len())
		elem := reflect.New(t.Elem()).Elem()
		for iter := v.MapRange(); iter.Next(); {
			elem.SetIterValue(iter)
			if err := c.value(elem, depth); err != nil {
				return err
			}
			m.SetMapIndex(iter.Key(), elem)
		}
		v.Set(m)
	case reflect.Struct:
		return c.structure(v, depth)
	}
	return nil
}

func (c cloner) elements(v reflect.Value, depth int) error {
	switch kind := v.Type().Elem().Kind(); {
	case kind <= reflect.Complex128, kind == reflect.String:
		return nil
	}
	for i := range v.Len() {
		if err := c.value(v.Index(i), depth); err != nil {
			return err
		}
	}
	return nil
}

// structure copies what the fields refer to. Unexported slices and maps are
// copied too, as methods reuse them; pointers and interfaces in unexported
// fields are shared.
func (c cloner) structure(v reflect.Value, depth int) error {
	t := v.Type()
	for i := range t.NumField() {
		sf := t.Field(i)
		f := v.Field(i)
		if !sf.IsExported() {
			if kind := f.Kind(); !sf.Anonymous && (kind == reflect.Pointer || kind == reflect.Interface) {
				continue
			}
			f = reflect.NewAt(sf.Type, f.Addr().UnsafePointer()).Elem()
		}
		if err := c.value(f, depth); err != nil {
			return err
		}
	}
	return nil
}
