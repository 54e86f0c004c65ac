package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxRepeat bounds what $repeat, $text, $keys and $fill make: elements or
// bytes.
const maxRepeat = 16 << 20

// ParseValue reads a value in the cases' form of JSON, in which objects with
// one key that begins with "$" stand for what JSON lacks:
// testdata/conformance/README.md lists them. It gives nil, bool, int64, uint64
// above its range, float64, string, []byte, time.Time, []any and
// map[string]any. What only makes sense in an expectation is an error.
func ParseValue(text []byte) (any, error) { return new(dialect).parse(text, 0) }

// A dialect reads and writes the values of one case.
type dialect struct {
	opaques map[string]opaque
}

// An opaque is a value that the host cannot encode.
type opaque chan struct{}

// A stored is bytes of the state that are no message.
type stored []byte

// Patterns are what an expectation has in place of a value.
type (
	anything struct{}
	contains string
	between  struct{ low, high any }
	justNow  struct{}
)

// What may stand in a value.
const (
	withPatterns = 1 << iota // it is an expectation
	withBytes                // it is kept in the state
)

// parse reads one value and nothing after it.
func (d *dialect) parse(text []byte, with int) (any, error) {
	r := json.NewDecoder(bytes.NewReader(text))
	r.UseNumber()
	p := parser{dialect: d, r: r, with: with}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

type parser struct {
	*dialect
	r    *json.Decoder
	with int
}

func (p *parser) value() (any, error) {
	t, err := p.r.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return number(t.String())
	case json.Delim:
		if t == '[' {
			return p.list()
		}
		return p.object()
	}
	return t, nil // nil, bool, string
}

func (p *parser) list() (any, error) {
	list := []any{}
	for p.r.More() {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := p.r.Token()
	return list, err
}

func (p *parser) object() (any, error) {
	m := map[string]any{}
	special := ""
	for p.r.More() {
		t, err := p.r.Token()
		if err != nil {
			return nil, err
		}
		key, ok := t.(string)
		if !ok {
			return nil, fmt.Errorf("%v is no key", t)
		}
		if _, twice := m[key]; twice {
			return nil, fmt.Errorf("key %q is there twice", key)
		}
		if strings.HasPrefix(key, "$") {
			special = key
		}
		if m[key], err = p.value(); err != nil {
			return nil, err
		}
	}
	if _, err := p.r.Token(); err != nil {
		return nil, err
	}
	if special == "" {
		return m, nil
	}
	if len(m) != 1 {
		return nil, fmt.Errorf("%s stands beside other keys", special)
	}
	v, err := p.special(special, m[special])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", special, err)
	}
	return v, nil
}

// special makes the value that an object with one key stands for.
func (p *parser) special(key string, v any) (any, error) {
	switch key {
	case "$int":
		s, err := as[string](v)
		if err != nil {
			return nil, err
		}
		return integer(s)
	case "$float":
		s, err := as[string](v)
		if err != nil {
			return nil, err
		}
		return strconv.ParseFloat(s, 64)
	case "$float32":
		s, err := as[string](v)
		if err != nil {
			return nil, err
		}
		f, err := strconv.ParseFloat(s, 32)
		return float32(f), err
	case "$bytes":
		s, err := as[string](v)
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.Strict().DecodeString(s)
	case "$time":
		s, err := as[string](v)
		if err != nil {
			return nil, err
		}
		return time.Parse(time.RFC3339Nano, s)
	case "$opaque":
		word, err := as[string](v)
		if err != nil {
			return nil, err
		}
		if p.opaques[word] == nil {
			if p.opaques == nil {
				p.opaques = map[string]opaque{}
			}
			p.opaques[word] = make(opaque)
		}
		return p.opaques[word], nil
	case "$repeat", "$text", "$keys", "$fill":
		return repeated(key, v)
	}
	if p.with&withBytes != 0 && key == "$raw" {
		if text, ok := v.(string); ok {
			return stored(text), nil
		}
		b, err := as[[]byte](v)
		return stored(b), err
	}
	if p.with&withBytes != 0 && key == "$count" {
		n, err := as[int64](v)
		return stored(binary.LittleEndian.AppendUint64(nil, uint64(n))), err
	}
	if p.with&withPatterns != 0 {
		if pattern, known, err := patternOf(key, v); known {
			return pattern, err
		}
	}
	return nil, errors.New("no such form of value here")
}

func patternOf(key string, v any) (pattern any, known bool, err error) {
	switch key {
	case "$any":
		pattern, err = anything{}, isTrue(v)
	case "$now":
		pattern, err = justNow{}, isTrue(v)
	case "$has":
		var s string
		s, err = as[string](v)
		pattern = contains(s)
	case "$range":
		list, _ := v.([]any)
		if len(list) != 2 || !isNumber(list[0]) || !isNumber(list[1]) {
			return nil, true, errors.New("takes two numbers")
		}
		pattern = between{list[0], list[1]}
	default:
		return nil, false, nil
	}
	return pattern, true, err
}

func isTrue(v any) error {
	if v != true {
		return errors.New("takes true")
	}
	return nil
}

// repeated makes the values that would be too long to write out.
func repeated(key string, v any) (any, error) {
	list, _ := v.([]any)
	if len(list) != 2 {
		return nil, errors.New("takes a list of two")
	}
	n, ok := list[0].(int64)
	if !ok || n < 0 || n > maxRepeat {
		return nil, fmt.Errorf("takes a count from 0 to %d", maxRepeat)
	}
	switch key {
	case "$repeat":
		made := make([]any, n)
		for i := range made {
			made[i] = list[1]
		}
		return made, nil
	case "$text":
		s, err := as[string](list[1])
		if err != nil || int64(len(s))*n > maxRepeat {
			return nil, fmt.Errorf("takes a text, of %d bytes in all", maxRepeat)
		}
		return strings.Repeat(s, int(n)), nil
	case "$keys":
		made := make(map[string]any, n)
		for i := range n {
			made["k"+strconv.FormatInt(i, 10)] = list[1]
		}
		return made, nil
	}
	b, ok := list[1].(int64)
	if !ok || b < 0 || b > math.MaxUint8 {
		return nil, errors.New("takes a byte, 0 to 255")
	}
	return bytes.Repeat([]byte{byte(b)}, int(n)), nil
}

// number reads a JSON number: an integer if it has neither point nor exponent.
func number(s string) (any, error) {
	if strings.ContainsAny(s, ".eE") {
		return strconv.ParseFloat(s, 64)
	}
	return integer(s)
}

func integer(s string) (any, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no integer of 64 bits", s)
	}
	return n, nil
}

func as[T any](v any) (T, error) {
	t, ok := v.(T)
	if !ok {
		return t, fmt.Errorf("takes a %T", t)
	}
	return t, nil
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, uint64, float64:
		return true
	}
	return false
}
