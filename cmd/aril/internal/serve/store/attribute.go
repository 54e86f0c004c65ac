package store

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/sqlite"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// What an attribute is compared by in SQLite: a blob that begins with its type,
// and whose order within a type is that of the values. The types come in the
// order in which lists are sorted.
const (
	keyNumber = 1 // and query.Decimal's key
	keyText   = 2 // and its bytes
	keyBool   = 3 // and 0 or 1
	keyOther  = 4 // an object or an array
)

// keyOf is the key of what a condition compares with.
func keyOf(v query.Value) []byte {
	switch v.Kind {
	case query.Number:
		return v.Number.AppendKey([]byte{keyNumber})
	case query.Bool:
		if v.Bool {
			return []byte{keyBool, 1}
		}
		return []byte{keyBool, 0}
	}
	return append([]byte{keyText}, v.Text...)
}

// keyOfJSON is the key of a value; nil for null.
func keyOfJSON(raw []byte) []byte {
	switch c := raw[0]; c {
	case 'n':
		return nil
	case 't', 'f':
		return keyOf(query.Value{Kind: query.Bool, Bool: c == 't'})
	case '{', '[':
		return []byte{keyOther}
	case '"':
		s, _ := textOfJSON(raw)
		return append([]byte{keyText}, s...)
	}
	d, err := query.ParseDecimal(string(raw))
	if err != nil {
		return nil // not written by this program
	}
	return d.AppendKey([]byte{keyNumber})
}

func textOfJSON(raw []byte) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// joinPath makes a path one argument; no name has a zero byte in it.
func joinPath(path []string) []byte { return []byte(strings.Join(path, "\x00")) }

// at finds the value that a path leads to; of members with one name the last
// counts. It takes JSON that checkJSON has seen, and gives nil for any other
// text that it cannot follow.
func at(raw, path []byte) []byte {
	for more := true; more; {
		var name []byte
		name, path, more = bytes.Cut(path, []byte{0})
		if raw = lookUp(raw, name); raw == nil {
			return nil
		}
	}
	return raw
}

// lookUp gives the last member of that name.
func lookUp(raw, wanted []byte) (found []byte) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return nil
	}
	i = skipSpace(raw, i+1)
	for i < len(raw) && raw[i] == '"' {
		end := skipText(raw, i)
		name := raw[i:end]
		i = skipSpace(raw, end)
		if i >= len(raw) || raw[i] != ':' {
			return nil
		}
		i = skipSpace(raw, i+1)
		end = skipValue(raw, i)
		if end == i {
			return nil
		}
		if sameName(name, wanted) {
			found = raw[i:end]
		}
		i = skipSpace(raw, end)
		if i < len(raw) && raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
	return found
}

func sameName(quoted, wanted []byte) bool {
	if len(quoted) < 2 {
		return false
	}
	if inner := quoted[1 : len(quoted)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return bytes.Equal(inner, wanted)
	}
	s, ok := textOfJSON(quoted)
	return ok && s == string(wanted)
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && !notSpace(raw[i]) {
		i++
	}
	return i
}

// skipText is the index after the text that begins at i.
func skipText(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

// skipValue is the index after the value that begins at i; i where none does.
func skipValue(raw []byte, i int) int {
	for depth := 0; i < len(raw); {
		switch c := raw[i]; c {
		case '"':
			i = skipText(raw, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default: // a number, true, false or null
			for i++; i < len(raw) && raw[i] > ' ' && raw[i] != ',' && raw[i] != ']' && raw[i] != '}'; i++ {
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// registerFunctions makes aril_key, aril_like and aril_within known to SQLite,
// in all connections that are opened after it.
var registerFunctions = sync.OnceValue(func() error {
	functions := map[string]struct {
		args int32
		call func(value []byte, args []driver.Value) driver.Value
	}{
		"aril_key": {2, func(value []byte, _ []driver.Value) driver.Value {
			if key := keyOfJSON(value); key != nil {
				return key
			}
			return nil
		}},
		"aril_like": {3, func(value []byte, args []driver.Value) driver.Value {
			pattern, _ := args[2].(string)
			text, ok := textOfJSON(value)
			return ok && fits(parsePattern(pattern), text)
		}},
		"aril_within": {4, func(value []byte, args []driver.Value) driver.Value {
			low, _ := args[2].([]byte)
			high, _ := args[3].([]byte)
			key := keyOfJSON(value)
			return key != nil && bytes.Compare(key, low) >= 0 && bytes.Compare(key, high) < 0
		}},
	}
	for name, f := range functions {
		err := sqlite.RegisterFunction(name, &sqlite.FunctionImpl{
			NArgs:         f.args,
			Deterministic: true,
			VolatileArgs:  true, // nothing keeps them
			Scalar: func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
				document, _ := args[0].(string)
				path, _ := args[1].([]byte)
				value := at(unsafe.Slice(unsafe.StringData(document), len(document)), path)
				if len(value) == 0 {
					return nil, nil
				}
				return f.call(value, args), nil
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
})
