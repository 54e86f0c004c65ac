package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// FormatValue writes a Go value as [ParseValue] reads it: on one line, with the
// keys of maps sorted. A value that has no such form is an object with the key
// "$opaque" and the name of its type.
func FormatValue(v any) string { return new(dialect).format(v) }

func (d *dialect) format(v any) string {
	var b strings.Builder
	d.write(&b, v)
	return b.String()
}

func (d *dialect) write(b *strings.Builder, v any) {
	switch v := plain(v).(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case uint64:
		b.WriteString(strconv.FormatUint(v, 10))
	case float64:
		b.WriteString(floatText(v))
	case string:
		b.WriteString(quote(v))
	case []byte:
		special(b, "$bytes", base64.StdEncoding.EncodeToString(v))
	case time.Time:
		special(b, "$time", v.UTC().Format(time.RFC3339Nano))
	case stored:
		b.WriteString(`{"$raw": `)
		if utf8.Valid(v) {
			b.WriteString(quote(string(v)))
		} else {
			special(b, "$bytes", base64.StdEncoding.EncodeToString(v))
		}
		b.WriteByte('}')
	case opaque:
		special(b, "$opaque", d.word(v))
	case anything:
		b.WriteString(`{"$any": true}`)
	case justNow:
		b.WriteString(`{"$now": true}`)
	case contains:
		special(b, "$has", string(v))
	case between:
		b.WriteString(`{"$range": `)
		d.write(b, []any{v.low, v.high})
		b.WriteByte('}')
	case []any:
		d.writeList(b, v)
	case map[string]any:
		b.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quote(key) + ": ")
			d.write(b, v[key])
		}
		b.WriteByte('}')
	default:
		special(b, "$opaque", reflect.TypeOf(v).String())
	}
}

func (d *dialect) writeList(b *strings.Builder, list []any) {
	b.WriteByte('[')
	for i, e := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		d.write(b, e)
	}
	b.WriteByte(']')
}

// word finds what a case calls an opaque value.
func (d *dialect) word(o opaque) string {
	for word, known := range d.opaques {
		if known == o {
			return word
		}
	}
	return "unknown"
}

func special(b *strings.Builder, key, text string) {
	fmt.Fprintf(b, "{%q: %s}", key, quote(text))
}

// quote writes a text as JSON does, but for the characters of HTML.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes, and a Builder takes it
	return strings.TrimSuffix(b.String(), "\n")
}

// floatText writes a float so that it is read as one.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return `{"$float": "NaN"}`
	case math.IsInf(f, 0):
		return fmt.Sprintf(`{"$float": "%sInfinity"}`, map[bool]string{true: "-"}[f < 0])
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.ContainsAny(s, ".e") {
		return s
	}
	return fmt.Sprintf(`{"$float": %q}`, s)
}

// plain gives a value the form in which ParseValue would have read it: pointers
// are followed, numbers widened, slices and maps made generic.
func plain(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, uint64, float64, string, []byte, time.Time, []any, map[string]any, opaque, stored, anything, justNow, contains, between:
		return v
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer, reflect.Interface:
		if r.IsNil() {
			return nil
		}
		return plain(r.Elem().Interface())
	case reflect.Bool:
		return r.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return r.Uint()
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.String:
		return r.String()
	case reflect.Slice, reflect.Array:
		if r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8 {
			return r.Bytes()
		}
		list := make([]any, r.Len())
		for i := range list {
			list[i] = r.Index(i).Interface()
		}
		return list
	case reflect.Map:
		if r.Type().Key().Kind() != reflect.String {
			return v
		}
		m := make(map[string]any, r.Len())
		for _, key := range r.MapKeys() {
			m[key.String()] = r.MapIndex(key).Interface()
		}
		return m
	}
	return v
}
