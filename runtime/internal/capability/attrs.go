package capability

import (
	"encoding/hex"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

const (
	attrsMax    = 32  // attributes of one line
	attrKey     = 128 // bytes of a key
	attrScalar  = 8   // bytes that a number, a bool or a time counts as
	attrDepth   = 16  // containers within each other
	attrsValues = 4096
)

// logAttrs turns a map with str keys into attributes, within room bytes of
// text. Arrays and maps within it become text. What is past a bound is left
// out, and dropped counts the attributes that are. No message is no
// attributes; ok is false for what is no such map.
func logAttrs(packed []byte, room int) (attrs []slog.Attr, dropped int, ok bool) {
	if len(packed) == 0 {
		return nil, 0, true
	}
	limits := abi.ScanLimits{Bytes: logAttrsBytes, Depth: attrDepth, Elements: attrsValues}
	if abi.Scan(packed, limits) != nil || msgp.NextType(packed) != msgp.MapType {
		return nil, 0, false
	}
	// From here on the message is well-formed, and reading it cannot fail.
	count, rest, _ := msgp.ReadMapHeaderBytes(packed)
	attrs = make([]slog.Attr, 0, min(count, attrsMax))
	for range count {
		if msgp.NextType(rest) != msgp.StrType {
			return nil, 0, false
		}
		var name, value []byte
		name, rest, _ = msgp.ReadStringZC(rest)
		value, rest = cutValue(rest)
		if len(attrs) == attrsMax || room <= 0 {
			dropped++
			continue
		}
		key, _ := printable(name, min(attrKey, room))
		a := slog.Attr{Key: key, Value: attrValue(value, max(room-len(key), 0))}
		room -= attrSize(a)
		attrs = append(attrs, a)
	}
	return attrs, dropped, true
}

// attrSize is what an attribute takes of its line.
func attrSize(a slog.Attr) int {
	switch a.Value.Kind() {
	case slog.KindString:
		return len(a.Key) + len(a.Value.String())
	case slog.KindGroup:
		return len(a.Key) + attrsSize(a.Value.Group())
	}
	return len(a.Key) + attrScalar
}

func attrsSize(attrs []slog.Attr) int {
	n := 0
	for _, a := range attrs {
		n += attrSize(a)
	}
	return n
}

// cutValue splits the first value off b.
func cutValue(b []byte) (value, rest []byte) {
	rest, _ = msgp.Skip(b)
	return b[:len(b)-len(rest)], rest
}

// attrValue gives scalars as what they are, so that the host can filter by
// them, and everything else as text.
func attrValue(b []byte, room int) slog.Value {
	// RFC 3339 has four digits for the year.
	if t, ok := timestamp(b); ok && t.Year() >= 0 && t.Year() <= 9999 {
		return slog.TimeValue(t)
	}
	switch msgp.NextType(b) {
	case msgp.BoolType:
		v, _, _ := msgp.ReadBoolBytes(b)
		return slog.BoolValue(v)
	case msgp.IntType:
		v, _, _ := msgp.ReadInt64Bytes(b)
		return slog.Int64Value(v)
	case msgp.UintType:
		v, _, _ := msgp.ReadUint64Bytes(b)
		return slog.Uint64Value(v)
	case msgp.Float32Type, msgp.Float64Type:
		// JSON has no number for the others.
		if v, _, _ := msgp.ReadFloat64Bytes(b); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return slog.Float64Value(v)
		}
	case msgp.StrType:
		v, _, _ := msgp.ReadStringZC(b)
		text, _ := printable(v, room)
		return slog.StringValue(text)
	}
	t := attrText{room: room}
	t.value(b)
	if t.cut {
		t.text = append(t.text, cutMark...)
	}
	return slog.StringValue(string(t.text))
}

// timestamp reads a value of ext type -1. msgp.NextType does not tell one at
// the end of its bytes.
func timestamp(b []byte) (t time.Time, ok bool) {
	const ext8, fixext4, fixext8, kind = 0xc7, 0xd6, 0xd7, 0xff
	switch {
	case len(b) > 2 && b[0] == ext8 && b[2] == kind:
	case len(b) > 2 && (b[0] == fixext4 || b[0] == fixext8) && b[1] == kind:
	default:
		return t, false
	}
	t, _, err := msgp.ReadTimeUTCBytes(b)
	return t, err == nil
}

// An attrText writes values like JSON, for people, and stops at its room.
type attrText struct {
	text []byte
	room int
	cut  bool
}

func (t *attrText) add(s string) {
	if t.cut || len(t.text)+len(s) > t.room {
		t.cut = true
		return
	}
	t.text = append(t.text, s...)
}

// value writes the first value of b and gives what follows it.
func (t *attrText) value(b []byte) (rest []byte) {
	if t.cut {
		return nil
	}
	switch msgp.NextType(b) {
	case msgp.NilType:
		t.add("null")
	case msgp.StrType:
		v, _, _ := msgp.ReadStringZC(b)
		t.quote(v)
	case msgp.BinType:
		v, _, _ := msgp.ReadBytesZC(b)
		if n := max(t.room-len(t.text)-2, 0) / 2; len(v) > n {
			t.add("0x" + hex.EncodeToString(v[:n]))
			t.cut = true
		} else {
			t.add("0x" + hex.EncodeToString(v))
		}
	case msgp.MapType:
		return t.mapValue(b)
	case msgp.ArrayType:
		return t.arrayValue(b)
	case msgp.BoolType, msgp.IntType, msgp.UintType:
		t.add(attrValue(b, 0).String())
	case msgp.Float32Type, msgp.Float64Type:
		v, _, _ := msgp.ReadFloat64Bytes(b)
		t.add(strconv.FormatFloat(v, 'g', -1, 64))
	default:
		if v, ok := timestamp(b); ok {
			t.add(v.Format(time.RFC3339Nano))
			break
		}
		v, _ := cutValue(b)
		t.add("ext(" + strconv.Itoa(len(v)) + " bytes)")
	}
	_, rest = cutValue(b)
	return rest
}

// quote writes as much of a string as there is room for.
func (t *attrText) quote(v []byte) {
	room := t.room - len(t.text)
	q := strconv.Quote(string(v[:min(len(v), room)]))
	if len(q) > room {
		q = strings.ToValidUTF8(q[:room], "") // a rune may be cut through
		t.text, t.cut = append(t.text, q...), true
		return
	}
	t.add(q)
}

func (t *attrText) mapValue(b []byte) (rest []byte) {
	n, rest, _ := msgp.ReadMapHeaderBytes(b)
	t.add("{")
	for i := uint32(0); i < n && !t.cut; i++ {
		if i > 0 {
			t.add(",")
		}
		rest = t.value(rest)
		t.add(":")
		rest = t.value(rest)
	}
	t.add("}")
	return rest
}

func (t *attrText) arrayValue(b []byte) (rest []byte) {
	n, rest, _ := msgp.ReadArrayHeaderBytes(b)
	t.add("[")
	for i := uint32(0); i < n && !t.cut; i++ {
		if i > 0 {
			t.add(",")
		}
		rest = t.value(rest)
	}
	t.add("]")
	return rest
}
