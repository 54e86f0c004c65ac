package query

import (
	"fmt"
	"strings"
)

// parseField reads "key" or "attributes.customer.city".
func parseField(name, code string) (Field, error) {
	if rest, ok := strings.CutPrefix(name, string(Attributes)+"."); ok {
		path, err := splitPath(rest)
		if err == nil {
			err = checkPath(path)
		}
		if err != nil {
			return Field{}, invalid(code, "%v", err)
		}
		return Field{Attributes, path}, nil
	}
	c, ok := column(name)
	if !ok {
		return Field{}, &Error{Code: code, Message: fmt.Sprintf("there is no column %q", clip(name)), Supported: Columns()}
	}
	return Field{Column: c}, nil
}

// splitPath cuts at dots that have no backslash before them.
func splitPath(s string) ([]string, error) {
	var path []string
	var name strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '.' || s[i+1] == '\\'):
			i++
			name.WriteByte(s[i])
		case c == '.':
			path = append(path, name.String())
			name.Reset()
		default:
			name.WriteByte(c)
		}
		if len(path) >= MaxPath {
			return nil, fmt.Errorf("attributes: more than %d names in a path", MaxPath)
		}
	}
	return append(path, name.String()), nil
}

func checkPath(path []string) error {
	switch {
	case len(path) == 0:
		return fmt.Errorf("attributes: the name of one is missing")
	case len(path) > MaxPath:
		return fmt.Errorf("attributes: more than %d names in a path", MaxPath)
	}
	for _, name := range path {
		switch {
		case name == "":
			return fmt.Errorf("attributes.%s: a name is empty", clip(strings.Join(path, ".")))
		case len(name) > MaxNameBytes:
			return fmt.Errorf("attributes.%s: a name has more than %d bytes", clip(name), MaxNameBytes)
		case strings.ContainsRune(name, 0):
			return fmt.Errorf("attributes: a name has U+0000 in it")
		}
	}
	return nil
}
