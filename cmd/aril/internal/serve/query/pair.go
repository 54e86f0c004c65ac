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
	var values []Value
	for _, v := range untyped(f, op, texts) {
		if v, err = fit(f, op, v); err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return condition(f, op, values)
}

// untyped gives the values that texts without types may mean: for in and nin,
// and so for eq and ne, each that there is; for an order one.
func untyped(f Field, op Op, texts []string) []Value {
	var all []Value
	switch op {
	case IsNull:
		return []Value{boolOrText(texts[0])}
	case Eq, Ne, In, Nin:
		for _, text := range texts {
			if inner, ok := unquoted(text); ok {
				text = inner
			} else if f.Column == Attributes {
				if n, err := ParseDecimal(text); err == nil {
					all = append(all, Value{Kind: Number, Number: n})
				} else if v := boolOrText(text); v.Kind == Bool {
					all = append(all, v)
				}
			}
			all = append(all, Value{Text: text})
		}
		return all
	case Gt, Ge, Lt, Le, Between:
		for _, text := range texts {
			if n, err := ParseDecimal(text); err == nil && f.Column == Attributes {
				all = append(all, Value{Kind: Number, Number: n})
			}
		}
		if len(all) == len(texts) {
			return all
		}
		all = nil
	}
	for _, text := range texts {
		if inner, ok := unquoted(text); ok {
			text = inner
		}
		all = append(all, Value{Text: text})
	}
	return all
}

func boolOrText(text string) Value {
	if text == "true" || text == "false" {
		return Value{Kind: Bool, Bool: text == "true"}
	}
	return Value{Text: text}
}

// unquoted takes the quotes off that say that something is a text.
func unquoted(text string) (string, bool) {
	inner, ok := strings.CutPrefix(text, `"`)
	if !ok {
		return text, false
	}
	return strings.CutSuffix(inner, `"`)
}
