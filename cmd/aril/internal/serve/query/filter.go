package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// parseFilters reads every filter of a request; all must hold.
func parseFilters(filters []string) (Expr, error) {
	size := 0
	p := parser{}
	var all And
	for _, text := range filters {
		if size += len(text); size > MaxFilterBytes {
			return nil, invalid(InvalidFilter, "filter: more than %d bytes", MaxFilterBytes)
		}
		if !utf8.ValidString(text) {
			return nil, invalid(InvalidFilter, "filter: not UTF-8")
		}
		text = strings.TrimSpace(text)
		var e Expr
		var err error
		switch {
		case text == "":
			continue
		case text[0] == '{' || text[0] == '[' || text[0] == '"':
			e, err = p.json(text)
		default:
			e, err = p.pair(text)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return simple(all), nil
}

// simple is an And without a level that says nothing.
func simple(all And) Expr {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// A parser reads the filters of one request.
type parser struct {
	conditions int
}

// A member is one of an object, in the order it was written: one that comes
// twice counts twice.
type member struct {
	name  string
	value json.RawMessage
}

// members takes an object apart.
func members(raw json.RawMessage) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	var all []member
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: t.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func kindOf(raw json.RawMessage) byte { return raw[0] }

func (p *parser) json(text string) (Expr, error) {
	var raw json.RawMessage
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&raw); err != nil {
		return nil, invalid(InvalidFilter, "filter: not JSON: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid(InvalidFilter, "filter: something stands after the JSON")
	}
	all, err := p.object(raw, 1)
	if err != nil {
		return nil, err
	}
	return all, nil
}

func tooDeep(depth int) error {
	if depth > MaxDepth {
		return invalid(InvalidFilter, "filter: more than %d levels", MaxDepth)
	}
	return nil
}

// object is what stands at the top, in and, or and not: fields and and, or, not.
func (p *parser) object(raw json.RawMessage, depth int) (Expr, error) {
	if err := tooDeep(depth); err != nil {
		return nil, err
	}
	if kindOf(raw) != '{' {
		return nil, invalid(InvalidFilter, `filter: %s where an object such as {"status":{"eq":"A"}} is wanted`, clip(string(raw)))
	}
	all, err := members(raw)
	if err != nil {
		return nil, invalid(InvalidFilter, "filter: %v", err)
	}
	var out And
	for _, m := range all {
		var e Expr
		switch m.name {
		case "and", "or":
			e, err = p.list(m, depth+1)
		case "not":
			if e, err = p.object(m.value, depth+1); err == nil {
				e = Not{e}
			}
		case "groupBy", "aggregations", "aggregation":
			return nil, noGroups(m.name)
		case string(Attributes):
			e, err = p.inAttributes(m.value, nil, depth+1)
		default:
			var f Field
			if f, err = parseField(m.name, InvalidColumn); err == nil {
				if kindOf(m.value) != '{' {
					err = invalid(InvalidFilter, `filter: %s: %s where {"OPERATOR": VALUE} is wanted`, clip(m.name), clip(string(m.value)))
				} else {
					e, err = p.operators(f, m.value, depth+1)
				}
			}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if e := simple(out); e != nil {
		return e, nil
	}
	return And{}, nil
}

// list is the value of and, or.
func (p *parser) list(m member, depth int) (Expr, error) {
	if err := tooDeep(depth); err != nil {
		return nil, err
	}
	var parts []json.RawMessage
	if kindOf(m.value) != '[' || json.Unmarshal(m.value, &parts) != nil {
		return nil, invalid(InvalidFilter, "filter: %s wants a list of objects", m.name)
	}
	if len(parts) == 0 {
		return nil, invalid(InvalidFilter, "filter: %s is empty", m.name)
	}
	var all []Expr
	for _, part := range parts {
		// Each costs, also one that is empty.
		if err := p.count(); err != nil {
			return nil, err
		}
		e, err := p.object(part, depth)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if m.name == "or" {
		return Or(all), nil
	}
	return And(all), nil
}

// inAttributes is an object whose members are names of attributes, or
// operators: those have no object as their value.
func (p *parser) inAttributes(raw json.RawMessage, path []string, depth int) (Expr, error) {
	if err := tooDeep(depth); err != nil {
		return nil, err
	}
	if kindOf(raw) != '{' {
		return nil, invalid(InvalidFilter, `filter: attributes wants an object such as {"city":{"eq":"Izmir"}}`)
	}
	all, err := members(raw)
	if err != nil {
		return nil, invalid(InvalidFilter, "filter: %v", err)
	}
	out := And{}
	for _, m := range all {
		var e Expr
		if kindOf(m.value) == '{' {
			names, err := splitPath(m.name)
			if err != nil {
				return nil, invalid(InvalidFilter, "filter: %v", err)
			}
			if e, err = p.inAttributes(m.value, append(slices.Clone(path), names...), depth+1); err != nil {
				return nil, err
			}
		} else {
			f := Field{Attributes, path}
			if err := checkPath(path); err != nil {
				return nil, invalid(InvalidFilter, "filter: %v", err)
			}
			if e, err = p.operator(f, m); err != nil {
				return nil, err
			}
		}
		out = append(out, e)
	}
	if e := simple(out); e != nil {
		return e, nil
	}
	return And{}, nil
}

// operators is the object that stands at a field.
func (p *parser) operators(f Field, raw json.RawMessage, depth int) (Expr, error) {
	if f.Column == Attributes {
		return p.inAttributes(raw, f.Path, depth)
	}
	all, err := members(raw)
	if err != nil {
		return nil, invalid(InvalidFilter, "filter: %v", err)
	}
	out := And{}
	for _, m := range all {
		e, err := p.operator(f, m)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if e := simple(out); e != nil {
		return e, nil
	}
	return And{}, nil
}

// count takes one from what a request may have.
func (p *parser) count() error {
	if p.conditions++; p.conditions > MaxConditions {
		return invalid(InvalidFilter, "filter: more than %d conditions", MaxConditions)
	}
	return nil
}

func noGroups(name string) error {
	return invalid(InvalidFilter, "%s: lists are not grouped and have no aggregations; leave it out", name)
}
