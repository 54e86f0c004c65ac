package enrich

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// A Member is one value of a response, under its name.
type Member struct {
	Name  string
	Value json.RawMessage
}

// An Object is a JSON object whose members keep their order.
type Object []Member

// Get finds a member's value; nil for none.
func (o Object) Get(name string) json.RawMessage {
	for _, m := range o {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// set puts a value, in the place of the one that has the name.
func (o *Object) set(name string, value json.RawMessage) {
	for i := range *o {
		if (*o)[i].Name == name {
			(*o)[i].Value = value
			return
		}
	}
	*o = append(*o, Member{name, value})
}

// MarshalJSON writes the members in their order; none is {}.
func (o Object) MarshalJSON() ([]byte, error) { return o.append(nil), nil }

func (o Object) append(b []byte) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(quoteJSON(b, []byte(m.Name)), ':')
		b = append(b, m.Value...)
	}
	return append(b, '}')
}

// UnmarshalJSON reads an object.
func (o *Object) UnmarshalJSON(b []byte) error {
	parsed, err := parseObject(b)
	*o = parsed
	return err
}

var errNotObject = errors.New("not a JSON object")

// parseObject splits an object into its members. A name that is there twice is
// an error: which one counts would depend on the reader.
func parseObject(b []byte) (Object, error) {
	if !isObject(b) {
		return nil, errNotObject
	}
	if !json.Valid(b) {
		var v json.RawMessage
		return nil, json.Unmarshal(b, &v)
	}
	b = bytes.Clone(b) // the members are parts of it
	o := Object{}
	for i := skipBlank(b, skipBlank(b, 0)+1); b[i] != '}'; {
		end := skipValue(b, i)
		name := unquoteJSON(b[i:end])
		if o.Get(name) != nil {
			return nil, fmt.Errorf("the member %q is there twice", name)
		}
		i = skipBlank(b, skipBlank(b, end)+1) // past the colon
		end = skipValue(b, i)
		o = append(o, Member{name, b[i:end:end]})
		if i = skipBlank(b, end); b[i] == ',' {
			i = skipBlank(b, i+1)
		}
	}
	return o, nil
}

// What follows walks over valid JSON without decoding it.

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func skipBlank(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}

// skipValue finds the end of the value that begins at i.
func skipValue(b []byte, i int) int {
	for depth := 0; ; {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			i++
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\n', '\r':
			i++
		default:
			for i < len(b) && !isBlank(b[i]) && b[i] != ',' && b[i] != '}' && b[i] != ']' {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// unquoteJSON reads a string of valid JSON.
func unquoteJSON(quoted []byte) string {
	for _, c := range quoted {
		if c == '\\' || c >= utf8.RuneSelf {
			var s string
			_ = json.Unmarshal(quoted, &s) // it is valid
			return s
		}
	}
	return string(quoted[1 : len(quoted)-1])
}

// parseArray splits a list.
func parseArray(b []byte) ([]json.RawMessage, error) {
	var list []json.RawMessage
	err := json.Unmarshal(b, &list)
	return list, err
}

// decodeJSON reads one value; numbers keep their spelling.
func decodeJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// isObject reports whether a value of JSON is an object.
func isObject(b json.RawMessage) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}
