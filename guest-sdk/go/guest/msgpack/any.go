package msgpack

import (
	"unicode/utf8"

	"github.com/aril-wasm/aril/abi/names"
)

// Any reads one value of any kind: nil, bool, int64 (uint64 above its range),
// float64 or float32, string, []byte, []any, map[string]any, [Timestamp],
// [Opaque] or [Ext]. A map with a key that is no string, or nesting past [MaxDepth], is an
// error.
func (r *Reader) Any() any {
	switch r.Kind() {
	case KindNil:
		r.at++
		return nil
	case KindBool:
		return r.Bool()
	case KindInt:
		v, negative := r.integer()
		if !negative && v > 1<<63-1 {
			return v
		}
		return int64(v)
	case KindFloat:
		if r.b[r.at] == float32c {
			return float32(r.Float())
		}
		return r.Float()
	case KindStr:
		return r.Str()
	case KindBin:
		return r.Bin()
	case KindArray:
		return r.anyArray()
	case KindMap:
		return r.anyMap()
	case KindExt:
		return r.anyExt()
	}
	if r.err == nil {
		r.mismatchAny()
	}
	return nil
}

func (r *Reader) enter() bool {
	if r.depth++; r.depth > MaxDepth {
		r.fail(r.at, tooDeep)
		return false
	}
	return true
}

const tooDeep = "the value nests too deep"

func (r *Reader) anyArray() any {
	if !r.enter() {
		return nil
	}
	defer func() { r.depth-- }()
	n := r.Array()
	if r.err != nil {
		return nil
	}
	// A header may promise an element for each byte that is left; only what
	// has been read is worth 16 bytes of memory each.
	a := make([]any, 0, min(n, 256))
	for range n {
		a = append(a, r.Any())
		if r.err != nil {
			return nil
		}
	}
	return a
}

func (r *Reader) anyMap() any {
	if !r.enter() {
		return nil
	}
	defer func() { r.depth-- }()
	at := r.at
	n := r.Map()
	if r.err != nil {
		return nil
	}
	m := make(map[string]any, min(n, 256))
	for range n {
		if r.Kind() != KindStr {
			r.mismatch(KindStr)
			return nil
		}
		key := r.Str()
		if _, twice := m[key]; twice {
			r.fail(at, "the map has the key "+quote(key)+" twice")
		}
		m[key] = r.Any()
		if r.err != nil {
			return nil
		}
	}
	return m
}

func (r *Reader) anyExt() any {
	at := r.at
	typ, data := r.Ext()
	if r.err != nil {
		return nil
	}
	switch typ {
	case extTimestamp:
		if t, ok := timestampOf(data); ok {
			return t
		}
		r.fail(at, "the timestamp is malformed")
		return nil
	case names.ExtOpaque:
		if o, ok := opaqueOf(data); ok {
			return o
		}
		r.fail(at, "the opaque value is malformed")
		return nil
	}
	return Ext{typ, append([]byte(nil), data...)}
}

// Opaque reads an opaque value.
func (r *Reader) Opaque() Opaque {
	at := r.at
	if r.Nil() {
		return Opaque{}
	}
	typ, data := r.Ext()
	o, ok := opaqueOf(data)
	if r.err == nil && (typ != names.ExtOpaque || !ok) {
		r.fail(at, "the extension value is not opaque")
	}
	return o
}

// quote shortens what a message says before it goes into an error.
func quote(s string) string {
	if n := 40; len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n] + "…"
	}
	return `"` + s + `"`
}
