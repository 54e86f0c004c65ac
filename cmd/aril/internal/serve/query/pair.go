package query

import "strings"

// pair reads attributes=PATH=OPERATOR:VALUE, and COLUMN=OPERATOR:VALUE.
func (p *parser) pair(text string) (Expr, error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	name, rest, ok := strings.Cut(text, "=")
	if ok && name == string(Attributes) {
		var path string
		path, rest, ok = strings.Cut(rest, "=")
		name += "." + path
	}
	operator, value, hasValue := strings.Cut(rest, ":")
	if !ok || !hasValue {
		return nil, invalid(InvalidFilter, `filter: %q is neither {"FIELD":{"OPERATOR":VALUE}} nor attributes=PATH=OPERATOR:VALUE`, clip(text))
	}
	f, err := parseField(name, InvalidColumn)
	if err != nil {
		return nil, err
	}
	op, err := known(f, operator)
	if err != nil {
		return nil, err
	}
	texts := []string{value}
	if op == In || op == Nin || op == Between {
		texts = strings.Split(value, ",")
	}
	if err := checkCount(f, op, len(texts)); err != nil {
		return nil, err
	}
	values, err := untyped(f, op, texts)
	if err != nil {
		return nil, err
	}
	return condition(f, op, values)
}

// untyped finds the types of texts that have none.
func untyped(f Field, op Op, texts []string) ([]Value, error) {
	var values []Value
	add := func(v Value) error {
		v, err := fit(f, op, v)
		values = append(values, v)
		return err
	}
	ordered := op == Gt || op == Ge || op == Lt || op == Le || op == Between
	numbers := f.Column == Attributes && ordered
	for _, text := range texts {
		_, err := ParseDecimal(text)
		numbers = numbers && err == nil
	}
	for _, text := range texts {
		number, err := ParseDecimal(text)
		isNumber := err == nil
		isBool := text == "true" || text == "false"
		inner := strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`)
		quoted := len(text) == len(inner)+2

		var all []Value
		switch {
		case op == IsNull && isBool, isBool && f.Column == Attributes && !quoted && takesAlso(op, Bool):
			all = append(all, Value{Kind: Bool, Bool: text == "true"})
		case numbers, isNumber && f.Column == Attributes && !ordered && takesAlso(op, Number):
			all = append(all, Value{Kind: Number, Number: number})
		}
		if quoted {
			text = inner
		}
		if op != IsNull && !numbers || len(all) == 0 {
			all = append(all, Value{Text: text})
		}
		for _, v := range all {
			if err := add(v); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}

// takesAlso is whether an operator may have a value of this kind among its own.
func takesAlso(op Op, k Kind) bool {
	return op == Eq || op == Ne || op == In || op == Nin || op == IsNull && k == Bool
}
