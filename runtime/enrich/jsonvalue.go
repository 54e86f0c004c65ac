package enrich

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNotObject
	}
	o := Object{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		if o.Get(name) != nil {
			return nil, fmt.Errorf("the member %q is there twice", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		o = append(o, Member{name, value})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errNotObject
	}
	return o, nil
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
