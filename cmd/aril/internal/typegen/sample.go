package typegen

import (
	"encoding/json"
	"strings"
)

// maxSample bounds how deep a sample goes into a type that contains itself.
const maxSample = 4

// Sample writes a value of a type in the cases' form of JSON, for an author to
// change.
func Sample(t *Type) string { return sample(t, 0) }

func sample(t *Type, depth int) string {
	if depth > maxSample || t.Nullable && depth > 1 {
		return "null"
	}
	switch t.Form {
	case Bool:
		return "true"
	case Int, Uint:
		return "1"
	case Float:
		return "1.5"
	case Text:
		return `"text"`
	case Bytes:
		return `{"$bytes": "AAEC"}`
	case Time:
		return `{"$time": "2026-01-02T03:04:05Z"}`
	case List:
		return "[" + sample(t.Elem, depth+1) + "]"
	case Map:
		return `{"key": ` + sample(t.Elem, depth+1) + "}"
	case Struct:
		var parts []string
		for _, f := range t.Object.Fields {
			if !f.Required && depth > 1 {
				continue
			}
			key, err := json.Marshal(f.Key)
			if err != nil {
				continue // a string always marshals
			}
			parts = append(parts, string(key)+": "+sample(f.Type, depth+1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "null"
}
