package guesttest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// generic gives v in the form that the package documentation describes.
func generic(v any) any {
	if v == nil {
		return nil
	}
	switch v := v.(type) {
	case time.Time, []byte, error:
		return v
	case msgpack.Appender:
		x := msgpack.NewReader(v.AppendMsgpack(nil)).Any()
		return instants(x, nil)
	}
	return genericOf(reflect.ValueOf(v))
}

func genericOf(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if u := v.Uint(); u > 1<<63-1 {
			return u
		}
		return int64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if g := generic(v.Elem().Interface()); !opaque(g) {
			return g
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return nil
		}
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
			return slices.Clone(v.Bytes())
		}
		a := make([]any, v.Len())
		for i := range a {
			a[i] = generic(v.Index(i).Interface())
		}
		return a
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		if v.Type().Key().Kind() == reflect.String {
			m := make(map[string]any, v.Len())
			for key, e := range v.Seq2() {
				m[key.String()] = generic(e.Interface())
			}
			return m
		}
	case reflect.Struct:
		if m := fields(v); len(m) > 0 {
			return m
		}
	}
	return v.Interface()
}

func fields(v reflect.Value) map[string]any {
	m := make(map[string]any)
	for _, f := range reflect.VisibleFields(v.Type()) {
		name := f.Name
		for _, key := range []string{"json", "msg"} {
			if tag, _, _ := strings.Cut(f.Tag.Get(key), ","); tag != "" {
				name = tag
			}
		}
		if !f.IsExported() || len(f.Index) > 1 || name == "-" || f.Tag.Get("aril") == "-" {
			continue
		}
		m[name] = generic(v.FieldByIndex(f.Index).Interface())
	}
	return m
}

// opaque tells whether a generic value has no msgpack form.
func opaque(v any) bool {
	switch v.(type) {
	case nil, bool, int64, uint64, float64, string, []byte, time.Time, []any, map[string]any:
		return false
	}
	return true
}

// handles keeps what an extension may name but not read.
type handles struct {
	held []any
	id   func() [names.HandleSize]byte
	by   map[[names.HandleSize]byte]int
}

func (h *handles) hold(v any) []byte {
	handle := h.id()
	if h.by == nil {
		h.by = make(map[[names.HandleSize]byte]int)
	}
	h.by[handle] = len(h.held)
	h.held = append(h.held, v)
	return handle[:]
}

func (h *handles) lookup(handle []byte) (any, bool) {
	if h == nil || len(handle) < names.HandleSize {
		return nil, false
	}
	i, ok := h.by[[names.HandleSize]byte(handle)]
	if !ok {
		return nil, false
	}
	return h.held[i], true
}

// encode appends a value in generic form.
func (h *handles) encode(b []byte, v any) []byte {
	if opaque(v) {
		return msgpack.AppendExt(b, names.ExtOpaque, append(h.hold(v), fmt.Sprintf("%T", v)...))
	}
	switch v := v.(type) {
	case []any:
		b = msgpack.AppendArray(b, len(v))
		for _, e := range v {
			b = h.encode(b, e)
		}
		return b
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		b = msgpack.AppendMap(b, len(keys))
		for _, key := range keys {
			b = h.encode(msgpack.AppendStr(b, key), v[key])
		}
		return b
	}
	b, err := msgpack.AppendAny(b, v)
	if err != nil {
		panic(err) // a generic value of the kinds that are left always has a form
	}
	return b
}

// errStaleValue says that a value has an opaque part that is not of this
// activation.
var errStaleValue = fmt.Errorf("an opaque value is not of this activation")

// decode reads a whole message in generic form.
func (h *handles) decode(b []byte) (v any, err error) {
	r := msgpack.NewReader(b)
	v = r.Any()
	if err := r.End(); err != nil {
		return nil, err
	}
	stale := false
	v = instants(v, func(o msgpack.Opaque) any {
		var data []byte
		_, data = msgpack.NewReader(o.AppendMsgpack(nil)).Ext()
		held, ok := h.lookup(data)
		stale = stale || !ok
		return held
	})
	if stale {
		return nil, errStaleValue
	}
	return v, nil
}

// instants turns what the guest's codec gives into what a host has: times, and
// the values that handles stand for.
func instants(v any, held func(msgpack.Opaque) any) any {
	switch v := v.(type) {
	case msgpack.Timestamp:
		return time.Unix(v.Unix(), int64(v.Nanosecond())).UTC()
	case msgpack.Opaque:
		if held != nil {
			return held(v)
		}
	case []any:
		for i, e := range v {
			v[i] = instants(e, held)
		}
	case map[string]any:
		for key, e := range v {
			v[key] = instants(e, held)
		}
	}
	return v
}
