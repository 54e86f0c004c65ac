package flow

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Visible takes away from attributes, or from the data of a transition, what
// the role grants of the master schema do not let a caller with these roles
// see: members, items, and everything where the schema itself has grants. What
// stays is spelt as it was. A member that is there twice is looked at twice.
func (w *Workflow) Visible(attributes json.RawMessage, roles []string) (json.RawMessage, error) {
	if w.Schema == nil || w.Schema.root == nil || len(attributes) == 0 {
		return attributes, nil
	}
	if !json.Valid(attributes) {
		return nil, errors.New("attributes are not JSON")
	}
	s := sight(nil).with(w.Schema.root)
	if !s.let(roles) {
		return json.RawMessage("{}"), nil
	}
	v := viewer{in: attributes, roles: roles, out: make([]byte, 0, len(attributes))}
	v.value(v.blank(0), s)
	return v.out, nil
}

// MayUse says whether a caller may see all of what can be at a path of the
// attributes and below it; no path is all of them. A number stands for an item
// of a list too. Whoever filters or sorts by a member that it may not see finds out
// what is in it.
func (w *Workflow) MayUse(path, roles []string) bool {
	if w.Schema == nil || w.Schema.root == nil {
		return true
	}
	s, ok := sight(nil).with(w.Schema.root).along(path, roles)
	return ok && s.whole(roles)
}

// A viewer copies valid JSON but for what may not be seen.
type viewer struct {
	in, out []byte
	roles   []string
}

// value copies the value that begins at i, and gives where it ends.
func (v *viewer) value(i int, s sight) int {
	if len(s) == 0 || v.in[i] != '{' && v.in[i] != '[' {
		end := v.skip(i)
		v.out = append(v.out, v.in[i:end]...)
		return end
	}
	object := v.in[i] == '{'
	v.out = append(v.out, v.in[i])
	first := true
	i = v.blank(i + 1)
	for n := 0; v.in[i] != '}' && v.in[i] != ']'; n++ {
		begin := i
		var at sight
		if object {
			end := v.skip(i)
			at = s.member(unquote(v.in[i:end]))
			i = v.blank(v.blank(end) + 1) // the colon
		} else {
			at = s.item(n)
		}
		if at.let(v.roles) {
			if !first {
				v.out = append(v.out, ',')
			}
			first = false
			v.out = append(v.out, v.in[begin:i]...)
			i = v.value(i, at)
		} else {
			i = v.skip(i)
		}
		if i = v.blank(i); v.in[i] == ',' {
			i = v.blank(i + 1)
		}
	}
	v.out = append(v.out, v.in[i])
	return i + 1
}

// blank skips white space.
func (v *viewer) blank(i int) int {
	for i < len(v.in) && (v.in[i] == ' ' || v.in[i] == '\t' || v.in[i] == '\n' || v.in[i] == '\r') {
		i++
	}
	return i
}

// skip finds the end of the value that begins at i.
func (v *viewer) skip(i int) int {
	depth := 0
	for {
		switch v.in[i] {
		case '"':
			for i++; v.in[i] != '"'; i++ {
				if v.in[i] == '\\' {
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
			for i < len(v.in) && !ends(v.in[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// ends says whether a byte ends a number, true, false or null.
func ends(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

// unquote reads a string of valid JSON.
func unquote(quoted []byte) string {
	for _, c := range quoted {
		if c == '\\' || c >= utf8.RuneSelf {
			var s string
			_ = json.Unmarshal(quoted, &s) // it is valid
			return s
		}
	}
	return string(quoted[1 : len(quoted)-1])
}
