package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// What attributes may be. A number outside of these bounds would cost much more
// to compare than it took to send.
const (
	maxDepth    = 64  // of objects and lists in one another
	maxDigits   = 512 // of one number
	maxExponent = 512 // of one number, in either direction
)

// decodeData reads the attributes of a request: an object; none is an empty
// one. Numbers keep their spelling. The error is an *Error.
func decodeData(data any) (map[string]any, error) {
	var raw []byte
	switch data := data.(type) {
	case nil:
	case json.RawMessage:
		raw = data
	case []byte:
		raw = data
	default:
		var err error
		if raw, err = json.Marshal(data); err != nil {
			return nil, unreadable("general", "is not JSON")
		}
	}
	if len(bytes.TrimSpace(raw)) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return map[string]any{}, nil
	}
	value, err := decode(raw)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, unreadable("general", "is not an object")
	}
	return object, nil
}

func unreadable(member, message string) *Error {
	return &Error{Prefix: "validation", Code: CodeValidation, Message: "The attributes cannot be read.", Members: map[string][]string{member: {message}}}
}

// decode reads one JSON value within the bounds above. A member that is there
// twice is an error: which one counts would depend on the reader. The error is
// an *Error.
func decode(raw []byte) (any, error) {
	if !json.Valid(raw) {
		var any json.RawMessage
		return nil, unreadable("general", "is not JSON: "+clip(fmt.Sprint(json.Unmarshal(raw, &any)), 200))
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return decodeValue(d, nil)
}

// decodeValue reads a value of valid JSON.
func decodeValue(d *json.Decoder, path []string) (any, error) {
	if len(path) > maxDepth {
		return nil, unreadable(dotted(path[:8])+"…", fmt.Sprintf("is deeper than %d", maxDepth))
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		if !bounded(string(t)) {
			return nil, unreadable(dotted(path), fmt.Sprintf("is a number of more than %d digits, or with an exponent beyond %d", maxDigits, maxExponent))
		}
		return t, nil
	case json.Delim:
		if t == '[' {
			list := []any{}
			for d.More() {
				v, err := decodeValue(d, append(path, strconv.Itoa(len(list))))
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err = d.Token()
			return list, err
		}
		object := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			at := append(path, name.(string))
			if _, twice := object[name.(string)]; twice {
				return nil, unreadable(dotted(at), "is there twice")
			}
			v, err := decodeValue(d, at)
			if err != nil {
				return nil, err
			}
			object[name.(string)] = v
		}
		_, err = d.Token()
		return object, err
	}
	return t, nil
}

func bounded(number string) bool {
	if len(number) > maxDigits {
		return false
	}
	_, exponent, ok := strings.Cut(strings.ToLower(number), "e")
	if !ok {
		return true
	}
	n, err := strconv.Atoi(exponent)
	return err == nil && -maxExponent <= n && n <= maxExponent
}

// dotted names a member: "applicants[0].income". "" is "general".
func dotted(path []string) string {
	var b strings.Builder
	for _, p := range path {
		switch {
		case isIndex(p):
			b.WriteString("[" + p + "]")
		case b.Len() > 0:
			b.WriteString("." + clip(p, 80))
		default:
			b.WriteString(clip(p, 80))
		}
	}
	if b.Len() == 0 {
		return "general"
	}
	return b.String()
}

func isIndex(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// clip shortens what a caller sent before it is sent back.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}

func quote(s string) string { return strconv.Quote(clip(s, 100)) }
