package enrich

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// An answer is what a guest's handler returned: a ScriptResponse, read from
// msgpack with the members of data in the order in which the guest wrote them.
type answer struct{ ScriptResponse }

var errNotResponse = errors.New("the handler's answer is not a ScriptResponse: a map with key, data, headers, routeValues, tags")

// UnmarshalMsg reads one message.
func (a *answer) UnmarshalMsg(b []byte) ([]byte, error) {
	if msgp.IsNil(b) {
		return msgp.ReadNilBytes(b)
	}
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return b, errNotResponse
	}
	known := n == 0
	for range n {
		var key []byte
		if key, b, err = msgp.ReadStringZC(b); err != nil {
			return b, errNotResponse
		}
		matched := true
		switch name := string(key); name {
		case "key":
			a.Key, b, err = optionalString(b)
		case "data":
			var raw []byte
			if raw, b, err = appendJSON(nil, b, 0); err == nil && string(raw) != "null" {
				a.Data = raw
			}
		case "headers":
			a.Headers, b, err = textMap(b)
		case "routeValues":
			a.RouteValues, b, err = textMap(b)
		case "task":
			b, err = a.task(b)
		case "tags":
			a.Tags, b, err = textList(b)
		default:
			matched = false
			b, err = msgp.Skip(b)
		}
		if err != nil {
			return b, fmt.Errorf("%s: %w", key, err)
		}
		known = known || matched
	}
	if !known {
		return b, errNotResponse
	}
	return b, nil
}

// task reads the config of a changed task.
func (a *answer) task(b []byte) ([]byte, error) {
	raw, b, err := appendJSON(nil, b, 0)
	if err != nil {
		return b, err
	}
	var task struct {
		Config map[string]json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(raw, &task); err != nil {
		return b, errors.New("a task is a map with config, a map")
	}
	a.Config = task.Config
	return b, nil
}

func optionalString(b []byte) (string, []byte, error) {
	if msgp.IsNil(b) {
		b, err := msgp.ReadNilBytes(b)
		return "", b, err
	}
	return msgp.ReadStringBytes(b)
}

func textMap(b []byte) (map[string]string, []byte, error) {
	raw, b, err := appendJSON(nil, b, 0)
	if err != nil {
		return nil, b, err
	}
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, b, errors.New("want a map")
	}
	out := make(map[string]string, len(values))
	for name, v := range values {
		if v == nil {
			continue
		}
		if out[name], err = plain(v); err != nil {
			return nil, b, err
		}
	}
	return out, b, nil
}

func textList(b []byte) ([]string, []byte, error) {
	raw, b, err := appendJSON(nil, b, 0)
	if err != nil {
		return nil, b, err
	}
	var out []string
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, b, errors.New("want a list of text")
	}
	return out, b, nil
}

// maxNesting is how deep a value of a response may nest.
const maxNesting = 64

// appendJSON spells the next message as JSON. Bytes become base64, times
// RFC 3339; what JSON cannot say is an error.
func appendJSON(dst, b []byte, depth int) (_, rest []byte, err error) {
	if depth > maxNesting {
		return dst, b, fmt.Errorf("nested deeper than %d", maxNesting)
	}
	if len(b) == 0 {
		return dst, b, msgp.ErrShortBytes
	}
	switch msgp.NextType(b) {
	case msgp.NilType:
		b, err = msgp.ReadNilBytes(b)
		return append(dst, "null"...), b, err
	case msgp.BoolType:
		var v bool
		v, b, err = msgp.ReadBoolBytes(b)
		return strconv.AppendBool(dst, v), b, err
	case msgp.IntType:
		var v int64
		v, b, err = msgp.ReadInt64Bytes(b)
		return strconv.AppendInt(dst, v, 10), b, err
	case msgp.UintType:
		var v uint64
		v, b, err = msgp.ReadUint64Bytes(b)
		return strconv.AppendUint(dst, v, 10), b, err
	case msgp.Float32Type, msgp.Float64Type:
		return floatJSON(dst, b)
	case msgp.StrType:
		var v []byte
		if v, b, err = msgp.ReadStringZC(b); err != nil {
			return dst, b, err
		}
		return quoteJSON(dst, v), b, nil
	case msgp.BinType:
		var v []byte
		v, b, err = msgp.ReadBytesZC(b)
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v)
		return append(dst, '"'), b, err
	case msgp.TimeType:
		var v time.Time
		v, b, err = msgp.ReadTimeBytes(b)
		return timeJSON(dst, v), b, err
	case msgp.ArrayType:
		return arrayJSON(dst, b, depth)
	case msgp.MapType:
		return mapJSON(dst, b, depth)
	case msgp.ExtensionType:
		return extensionJSON(dst, b)
	}
	return dst, b, errors.New("a value that JSON does not have")
}

func floatJSON(dst, b []byte) (_, rest []byte, err error) {
	var v float64
	if msgp.NextType(b) == msgp.Float32Type {
		var f float32
		f, b, err = msgp.ReadFloat32Bytes(b)
		v = float64(f)
	} else {
		v, b, err = msgp.ReadFloat64Bytes(b)
	}
	if err != nil {
		return dst, b, err
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dst, b, errors.New("a number that JSON does not have")
	}
	spelled, err := json.Marshal(v)
	return append(dst, spelled...), b, err
}

func arrayJSON(dst, b []byte, depth int) (_, rest []byte, err error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	dst = append(dst, '[')
	for i := range n {
		if err != nil {
			return dst, b, err
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, b, err = appendJSON(dst, b, depth+1)
	}
	return append(dst, ']'), b, err
}

func mapJSON(dst, b []byte, depth int) (_, rest []byte, err error) {
	n, b, err := msgp.ReadMapHeaderBytes(b)
	seen := make(map[string]bool, min(n, 64))
	dst = append(dst, '{')
	for i := range n {
		if err != nil {
			return dst, b, err
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		start := len(dst)
		if dst, b, err = keyJSON(dst, b); err != nil {
			return dst, b, err
		}
		if seen[string(dst[start:])] {
			return dst, b, errors.New("a key that is there twice")
		}
		seen[string(dst[start:])] = true
		dst, b, err = appendJSON(append(dst, ':'), b, depth+1)
	}
	return append(dst, '}'), b, err
}

// keyJSON writes a key: text, or an integer as text.
func keyJSON(dst, b []byte) (_, rest []byte, err error) {
	switch msgp.NextType(b) {
	case msgp.IntType, msgp.UintType:
		dst, b, err = appendJSON(append(dst, '"'), b, maxNesting)
		return append(dst, '"'), b, err
	}
	key, b, err := msgp.ReadStringZC(b)
	if err != nil {
		return dst, b, errors.New("a key that is neither text nor an integer")
	}
	return quoteJSON(dst, key), b, nil
}

func extensionJSON(dst, b []byte) (_, rest []byte, err error) {
	if v, rest, err := msgp.ReadTimeBytes(b); err == nil {
		return timeJSON(dst, v), rest, nil
	}
	return dst, b, errors.New("an opaque value is no JSON")
}

func timeJSON(dst []byte, v time.Time) []byte {
	dst = append(dst, '"')
	dst = v.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// quoteJSON writes text as JSON; what is not UTF-8 becomes U+FFFD.
func quoteJSON(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		c := s[0]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			dst = append(dst, c)
			s = s[1:]
			continue
		}
		if c < utf8.RuneSelf {
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = fmt.Appendf(dst, "\\u%04x", c)
			}
			s = s[1:]
			continue
		}
		r, n := utf8.DecodeRune(s)
		if r == '\u2028' || r == '\u2029' {
			dst = fmt.Appendf(dst, "\\u%04x", r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		s = s[n:]
	}
	return append(dst, '"')
}
