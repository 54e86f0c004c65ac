package typegen

import (
	"bytes"
	"fmt"
	"go/format"
	"slices"
	"strings"
	"unicode"
)

// Go writes the types as Go source, with tags and without methods: `aril
// msgpack` makes those.
func Go(d *Description, pkg, from string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n\n// The types of %s, made by aril types. Change them as you like, then run\n// go generate.\n", pkg, from)
	imports := map[string]bool{}
	for _, o := range d.Objects {
		for _, f := range o.Fields {
			goImports(f.Type, imports)
		}
	}
	body := &bytes.Buffer{}
	for _, o := range d.Objects {
		fmt.Fprintf(body, "\n// %s is part of %s.\ntype %s struct {\n", o.Name, o.About, o.Name)
		for i, f := range o.Fields {
			if strings.ContainsFunc(f.Key, func(r rune) bool { return strings.ContainsRune(",`\"\\", r) || !unicode.IsPrint(r) }) || f.Key == "-" {
				return nil, fmt.Errorf("type %s: the key %q cannot stand in a tag of Go", o.Name, f.Key)
			}
			tag := f.Key
			if !f.Required {
				tag += ",omitempty"
			}
			fmt.Fprintf(body, "%s %s `msg:%q`\n", fieldName(o, i), goType(f.Type, o, !f.Required), tag)
		}
		body.WriteString("}\n")
	}
	for _, op := range d.Operations {
		for _, part := range []struct {
			what string
			t    *Type
		}{{"Input", op.Input}, {"Result", op.Result}} {
			name := Camel(op.Name) + part.what
			if part.t.Form == Struct && part.t.Object.Name == name {
				continue
			}
			goImports(part.t, imports)
			fmt.Fprintf(body, "\n// %s is the %s of the operation %s.\ntype %s = %s\n", name, strings.ToLower(part.what), op.Name, name, goType(part.t, nil, false))
		}
	}
	if imports["guest"] {
		b.WriteString("\nimport \"github.com/aril-wasm/aril/guest-sdk/go/guest\"\n")
	}
	if len(d.Objects) > 0 {
		b.WriteString("\n//go:generate aril msgpack\n")
	}
	b.Write(body.Bytes())
	return format.Source(b.Bytes())
}

func goImports(t *Type, imports map[string]bool) {
	for ; t != nil; t = t.Elem {
		if t.Form == Time || t.Form == Opaque {
			imports["guest"] = true
		}
	}
}

// fieldName names a member: two that differ in case or signs alone get a number.
func fieldName(o *Object, i int) string {
	name, n := goName(o.Fields[i].Key), 1
	for _, f := range o.Fields[:i] {
		if goName(f.Key) == name {
			n++
		}
	}
	if n > 1 {
		return fmt.Sprint(name, n)
	}
	return name
}

// initialisms are written in capitals in Go.
var initialisms = []string{"Api", "Html", "Http", "Https", "Id", "Ip", "Json", "Sku", "Sql", "Uri", "Url", "Uuid", "Xml"}

func goName(key string) string {
	var b strings.Builder
	for _, w := range words(key) {
		w = strings.ToUpper(w[:1]) + w[1:]
		if slices.Contains(initialisms, w) {
			w = strings.ToUpper(w)
		}
		b.WriteString(w)
	}
	if name := b.String(); name != "" && (name[0] < '0' || name[0] > '9') {
		return name
	}
	return "X" + b.String()
}

// goType writes a type. A struct within itself, and one that may be left out
// or nil, is behind a pointer.
func goType(t *Type, within *Object, leftOut bool) string {
	switch t.Form {
	case Bool:
		return pointer(t, "bool")
	case Int:
		return pointer(t, fmt.Sprint("int", t.Bits))
	case Uint:
		return pointer(t, fmt.Sprint("uint", t.Bits))
	case Float:
		return pointer(t, fmt.Sprint("float", t.Bits))
	case Text:
		return pointer(t, "string")
	case Bytes:
		return "[]byte"
	case Time:
		return pointer(t, "guest.Timestamp")
	case Opaque:
		if leftOut {
			return "*guest.Opaque"
		}
		return pointer(t, "guest.Opaque")
	case List:
		return "[]" + goType(t.Elem, nil, false)
	case Map:
		return "map[string]" + goType(t.Elem, nil, false)
	case Struct:
		if t.Nullable || leftOut || t.Object == within {
			return "*" + t.Object.Name
		}
		return t.Object.Name
	}
	return "any"
}

func pointer(t *Type, name string) string {
	if t.Nullable {
		return "*" + name
	}
	return name
}
