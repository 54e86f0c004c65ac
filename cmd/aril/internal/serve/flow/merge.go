package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MaxAttributes is how many bytes the attributes of one instance may have.
const MaxAttributes = 1 << 20

// Merge puts what a transition brings into an instance's attributes: objects
// member by member at whatever depth, everything else, lists too, in place of
// what was there; null is a value like another. Members keep their order and
// numbers their spelling. Nothing for patch changes nothing. The error is an
// *Error.
func Merge(old, patch json.RawMessage) (json.RawMessage, error) {
	if len(bytes.TrimSpace(old)) == 0 {
		old = json.RawMessage("{}")
	}
	if _, err := decodeData([]byte(patch)); err != nil {
		return nil, err
	}
	if p := bytes.TrimSpace(patch); len(p) == 0 || p[0] != '{' {
		return old, nil
	}
	if !json.Valid(old) || !isObject(old) {
		return nil, fmt.Errorf("the stored attributes are no JSON object")
	}
	merged := appendMerged(nil, old, patch)
	if len(merged) > MaxAttributes {
		return nil, unreadable("general", fmt.Sprintf("would have %d bytes together with what is there; the most is %d", len(merged), MaxAttributes))
	}
	return merged, nil
}

// appendMerged writes two valid objects as one.
func appendMerged(b []byte, old, patch json.RawMessage) []byte {
	in := members(old)
	place := make(map[string]int, len(in))
	for i, m := range in {
		place[m.name] = i
	}
	replaced := make([]json.RawMessage, len(in))
	var fresh []member
	for _, m := range members(patch) {
		if i, ok := place[m.name]; ok {
			replaced[i] = m.value
		} else {
			fresh = append(fresh, m)
		}
	}
	b = append(b, '{')
	for i, m := range in {
		if place[m.name] != i {
			continue // there again further on
		}
		b = appendName(b, m)
		switch patch := replaced[i]; {
		case patch == nil:
			b = append(b, m.value...)
		case isObject(m.value) && isObject(patch):
			b = appendMerged(b, m.value, patch)
		default:
			b = append(b, patch...)
		}
	}
	for _, m := range fresh {
		b = append(appendName(b, m), m.value...)
	}
	return append(b, '}')
}

func appendName(b []byte, m member) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(append(b, m.quoted...), ':')
}

// A member is one of an object, as it is spelt.
type member struct {
	name   string
	quoted []byte
	value  json.RawMessage
}

// members splits a valid object.
func members(object []byte) []member {
	v := viewer{in: object}
	var out []member
	for i := v.blank(v.blank(0) + 1); v.in[i] != '}'; {
		end := v.skip(i)
		m := member{name: unquote(v.in[i:end]), quoted: v.in[i:end]}
		i = v.blank(v.blank(end) + 1)
		end = v.skip(i)
		m.value = v.in[i:end]
		out = append(out, m)
		if i = v.blank(end); v.in[i] == ',' {
			i = v.blank(i + 1)
		}
	}
	return out
}

func isObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}
