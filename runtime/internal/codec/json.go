package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/tinylib/msgp/msgp"
)

// number appends a json.Number as the number that it spells, or as str when
// no integer and no float64 spells the same.
func (e *encoder) number(s string) error {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(i, 10) == s {
		e.buf = msgp.AppendInt64(e.buf, i)
		return nil
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil && strconv.FormatUint(u, 10) == s {
		e.buf = msgp.AppendUint64(e.buf, u)
		return nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && string(appendFloat(nil, f)) == s {
		e.buf = msgp.AppendFloat64(e.buf, f)
		return nil
	}
	return e.text(s)
}

// appendFloat writes f as encoding/json does.
func appendFloat(b []byte, f float64) []byte {
	out, err := json.Marshal(f)
	if err != nil {
		return strconv.AppendFloat(b, f, 'g', -1, 64)
	}
	return append(b, out...)
}

// isNumber reports whether s is a number of JSON.
func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Valid([]byte(s))
}

// parseJSON gives the value that b spells; an empty b is nil. Integers of 64
// bits stay exact, other numbers become float64.
func parseJSON(b []byte) (any, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return plainNumbers(x)
}

// plainNumbers replaces every json.Number in x.
func plainNumbers(x any) (any, error) {
	switch x := x.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(string(x), 10, 64); err == nil {
			return i, nil
		}
		if u, err := strconv.ParseUint(string(x), 10, 64); err == nil {
			return u, nil
		}
		return strconv.ParseFloat(string(x), 64)
	case []any:
		for i := range x {
			var err error
			if x[i], err = plainNumbers(x[i]); err != nil {
				return nil, atIndex(i, err)
			}
		}
	case map[string]any:
		for k := range x {
			var err error
			if x[k], err = plainNumbers(x[k]); err != nil {
				return nil, atKey(k, err)
			}
		}
	}
	return x, nil
}

func (d *decoder) number(t *Type, dst reflect.Value, tok token) error {
	var s string
	switch tok.kind {
	case tokInt, tokUint:
		s = d.describe(tok)
	case tokFloat:
		f := math.Float64frombits(tok.bits)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return d.wrong(t, tok)
		}
		s = string(appendFloat(nil, f))
	case tokText:
		if s = string(d.src[d.off : d.off+int(min(tok.bits, 4096))]); uint64(len(s)) != tok.bits || s != "" && !isNumber(s) {
			return d.wrong(t, tok)
		}
		d.off += len(s)
	default:
		return d.wrong(t, tok)
	}
	if err := d.charge(uint64(len(s)), 1); err != nil {
		return err
	}
	if s != dst.String() {
		dst.SetString(s)
	}
	return nil
}

// json spells the next value as JSON. What did not change keeps its spelling.
func (d *decoder) json(t *Type, dst reflect.Value) error {
	start := d.off
	x, err := d.dynamic()
	if err != nil {
		return err
	}
	base := dst.Bytes()
	if x == nil && len(base) == 0 {
		return nil
	}
	if len(base) > 0 {
		if was, err := parseJSON(base); err == nil {
			same, err := AppendValue(nil, was, nil, Limits{Bytes: d.off - start})
			if err == nil && bytes.Equal(same, d.src[start:d.off]) {
				dst.SetBytes(bytes.Clone(base))
				return nil
			}
		}
	}
	if opaqueIn(x) {
		return &Error{Type: t.name, Reason: errors.New("an opaque value is no JSON")}
	}
	b, err := json.Marshal(x)
	if err != nil {
		return &Error{Type: t.name, Reason: err}
	}
	if err := d.charge(uint64(len(b)), 1); err != nil {
		return err
	}
	dst.SetBytes(b)
	return nil
}

// opaqueIn reports whether x holds anything that DecodeValue does not make.
func opaqueIn(x any) bool {
	switch x := x.(type) {
	case nil, bool, int64, uint64, float64, string, []byte, time.Time:
		return false
	case []any:
		for _, v := range x {
			if opaqueIn(v) {
				return true
			}
		}
		return false
	case map[string]any:
		for _, v := range x {
			if opaqueIn(v) {
				return true
			}
		}
		return false
	}
	return true
}
