package codec

import (
	"encoding"
	"errors"
	"reflect"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

// The functions here call methods that the host's types bring. Each turns a
// panic of the method into an error.

var errShortened = errors.New("MarshalMsg did not append to the slice it was given")

// marshalText calls MarshalText on addressable v.
func marshalText(v reflect.Value) (text []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
		err = failed("MarshalText", err)
	}()
	return v.Addr().Interface().(encoding.TextMarshaler).MarshalText()
}

// unmarshalText calls UnmarshalText on addressable v.
func unmarshalText(v reflect.Value, text []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
		err = failed("UnmarshalText", err)
	}()
	return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text)
}

// methods appends what MarshalMsg makes of addressable v. It is scanned, since
// what the type's author wrote could break the message around it.
func (e *encoder) methods(t *Type, v reflect.Value) (err error) {
	if t.deep {
		// MarshalMsg of a value that contains itself would exhaust the stack,
		// which nothing recovers.
		w := nestWalk{budget: e.max}
		if err := w.value(t.shape, v, e.depth); err != nil {
			return err
		}
	}
	start := len(e.buf)
	out, err := marshalMsg(v, e.buf)
	if err != nil {
		return err
	}
	if len(out) < start {
		return errShortened
	}
	if len(out)-e.start > e.max {
		return errBytes
	}
	limits := abi.ScanLimits{Bytes: abi.Unlimited, Elements: abi.Unlimited, Depth: abi.MaxScanDepth - e.depth}
	if limits.Depth == 0 && len(out) > start {
		if k := kindOf(out[start]); k == tokArray || k == tokMap {
			return ErrDepth
		}
	}
	if err := abi.Scan(out[start:], limits); err != nil {
		return failed("MarshalMsg", err)
	}
	e.buf = out
	return nil
}

func marshalMsg(v reflect.Value, b []byte) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
		err = failed("MarshalMsg", err)
	}()
	return v.Addr().Interface().(msgp.Marshaler).MarshalMsg(b)
}

func unmarshalMsg(v reflect.Value, b []byte) (rest []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
		err = failed("UnmarshalMsg", err)
	}()
	return v.Addr().Interface().(msgp.Unmarshaler).UnmarshalMsg(b)
}

// A nestWalk refuses values nested deeper than a message may be.
type nestWalk struct {
	budget int // how many values may be looked at
	hops   int
}

func (w *nestWalk) value(t *Type, v reflect.Value, depth int) error {
	if w.budget--; w.budget < 0 {
		return errBytes
	}
	switch t.form {
	case formMsgp:
		if !t.deep {
			return nil
		}
		return w.value(t.shape, v, depth)
	case formPointer:
		if v.IsNil() {
			return nil
		}
		return w.value(t.elem, v.Elem(), depth)
	case formAny:
		if v.IsNil() {
			return nil
		}
		if w.hops++; w.hops > maxHops {
			return ErrDepth
		}
		defer func() { w.hops-- }()
		v = v.Elem()
		return w.value(For(v.Type()), v, depth)
	case formStruct, formSlice, formArray, formMap:
	default:
		return nil
	}
	if depth == abi.MaxScanDepth {
		return ErrDepth
	}
	switch t.form {
	case formStruct:
		for i := range t.fields {
			f := &t.fields[i]
			if fv, there := f.in(v); there {
				if err := w.value(f.typ, fv, depth+1); err != nil {
					return atKey(f.name, err)
				}
			}
		}
	case formMap:
		for iter := v.MapRange(); iter.Next(); {
			if err := w.value(t.elem, iter.Value(), depth+1); err != nil {
				return err
			}
		}
	default:
		for i := range v.Len() {
			if err := w.value(t.elem, v.Index(i), depth+1); err != nil {
				return atIndex(i, err)
			}
		}
	}
	return nil
}
