package query

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// takes says which kinds of values an operator takes.
var takes = map[Op][]Kind{
	Eq: {Text, Number, Bool, Time}, Ne: {Text, Number, Bool, Time},
	In: {Text, Number, Bool, Time}, Nin: {Text, Number, Bool, Time},
	Gt: {Text, Number, Time}, Ge: {Text, Number, Time}, Lt: {Text, Number, Time}, Le: {Text, Number, Time}, Between: {Text, Number, Time},
	Like: {Text}, StartsWith: {Text}, EndsWith: {Text},
	IsNull: {Bool},
}

var operators = []Op{Eq, Ne, Gt, Ge, Lt, Le, Between, Like, StartsWith, EndsWith, In, Nin, IsNull}

// Operators are the operators that hold something against a field.
func Operators(f Field) []string {
	var names []string
	for _, op := range operators {
		if f.allows(op) {
			names = append(names, string(op))
		}
	}
	return names
}

func (f Field) allows(op Op) bool {
	kinds, ok := takes[op]
	if !ok || f.Column == Attributes || op == IsNull {
		return ok
	}
	return slices.Contains(kinds, f.Column.Holds())
}

// String is the field as clients write it.
func (f Field) String() string {
	if f.Column == Attributes {
		return string(Attributes) + "." + strings.Join(f.Path, ".")
	}
	return string(f.Column)
}

func (f Field) wrong(op Op, format string, args ...any) error {
	return invalid(InvalidFilter, "filter: %s %s: %s", clip(f.String()), op, fmt.Sprintf(format, args...))
}

// known gives the operator of a name, or which there are.
func known(f Field, name string) (Op, error) {
	op := Op(strings.ToLower(name))
	if !f.allows(op) {
		return "", &Error{
			Code:      UnsupportedOperator,
			Message:   fmt.Sprintf("filter: %s: there is no operator %q", clip(f.String()), clip(name)),
			Supported: Operators(f),
		}
	}
	return op, nil
}

// operator reads one {"op": value} of a field.
func (p *parser) operator(f Field, m member) (Expr, error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	op, err := known(f, m.name)
	if err != nil {
		return nil, err
	}
	raws := []json.RawMessage{m.value}
	if op == In || op == Nin || op == Between {
		if kindOf(m.value) != '[' || json.Unmarshal(m.value, &raws) != nil {
			return nil, f.wrong(op, "wants a list")
		}
	}
	if err := checkCount(f, op, len(raws)); err != nil {
		return nil, err
	}
	values := make([]Value, len(raws))
	for i, raw := range raws {
		if values[i], err = jsonValue(f, op, raw); err != nil {
			return nil, err
		}
	}
	return condition(f, op, values)
}

func checkCount(f Field, op Op, n int) error {
	switch {
	case op == Between && n != 2:
		return f.wrong(op, "wants a list of two values")
	case n == 0:
		return f.wrong(op, "the list is empty")
	case n > MaxList:
		return f.wrong(op, "more than %d values", MaxList)
	}
	return nil
}

func jsonValue(f Field, op Op, raw json.RawMessage) (Value, error) {
	var v Value
	switch c := kindOf(raw); {
	case c == '"':
		if err := json.Unmarshal(raw, &v.Text); err != nil {
			return v, f.wrong(op, "%v", err)
		}
	case c == 't' || c == 'f':
		v.Kind, v.Bool = Bool, c == 't'
	case c == '-' || c >= '0' && c <= '9':
		var err error
		if v.Number, err = ParseDecimal(string(raw)); err != nil {
			return v, f.wrong(op, "%v", err)
		}
		v.Kind = Number
	case c == 'n':
		return v, f.wrong(op, `null is asked for by {"isnull": true}`)
	default:
		return v, f.wrong(op, "%s is no value", clip(string(raw)))
	}
	return fit(f, op, v)
}

// fit makes v a value for this field, or says why it cannot be one.
func fit(f Field, op Op, v Value) (Value, error) {
	if op == IsNull {
		if v.Kind != Bool {
			return v, f.wrong(op, "wants true or false")
		}
		return v, nil
	}
	if f.Column != Attributes && v.Kind != Text {
		return v, f.wrong(op, "wants a text")
	}
	if !slices.Contains(takes[op], v.Kind) {
		return v, f.wrong(op, "does not take %s", map[Kind]string{Number: "a number", Bool: "true and false", Text: "a text"}[v.Kind])
	}
	if v.Kind != Text {
		return v, nil
	}
	switch {
	case len(v.Text) > MaxTextBytes:
		return v, f.wrong(op, "a text of more than %d bytes", MaxTextBytes)
	case strings.ContainsRune(v.Text, 0):
		return v, f.wrong(op, "a text with U+0000 in it")
	case !utf8.ValidString(v.Text):
		return v, f.wrong(op, "a text that is not UTF-8")
	case op == Like:
		return v, checkPattern(f, v.Text)
	case f.Column != Attributes && f.Column.Holds() == Time:
		at, err := parseTime(v.Text)
		if err != nil {
			return v, f.wrong(op, "%q is no time such as 2026-01-31T12:00:00Z", clip(v.Text))
		}
		return Value{Kind: Time, Time: at}, nil
	}
	return v, nil
}

func parseTime(s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		at, err = time.Parse(time.DateOnly, s)
	}
	return at.UTC().Truncate(time.Microsecond), err
}

// condition makes eq and ne the lists of one that they are.
func condition(f Field, op Op, values []Value) (Expr, error) {
	switch op {
	case Eq:
		op = In
	case Ne:
		op = Nin
	case Between:
		if values[0].Kind != values[1].Kind {
			return nil, f.wrong(op, "wants two values of one type")
		}
	}
	return Condition{Field: f, Op: op, Values: values}, nil
}
