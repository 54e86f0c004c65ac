package typegen

import (
	"fmt"
	"regexp"
	"strings"
)

// TypeScript writes the types as TypeScript; they are erased, so they serve
// JavaScript with checks too.
func TypeScript(d *Description, from string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "// The types of %s, made by aril types.\n", from)
	if uses(d, Opaque) {
		b.WriteString("import type { Opaque } from \"aril\";\n")
	}
	for _, o := range d.Objects {
		fmt.Fprintf(&b, "\n/** Part of %s. */\nexport interface %s {\n", o.About, o.Name)
		for _, f := range o.Fields {
			mark := ""
			if !f.Required {
				mark = "?"
			}
			fmt.Fprintf(&b, "\t%s%s: %s;\n", memberName(f.Key), mark, tsType(f.Type))
		}
		b.WriteString("}\n")
	}
	for _, op := range d.Operations {
		alias(&b, op, "input", op.Input)
		alias(&b, op, "result", op.Result)
	}
	return []byte(b.String())
}

func alias(b *strings.Builder, op Operation, what string, t *Type) {
	name := Camel(op.Name) + Camel(what)
	if t.Form == Struct && !t.Nullable && t.Object.Name == name {
		return
	}
	fmt.Fprintf(b, "\n/** The %s of the operation %s. */\nexport type %s = %s;\n", what, op.Name, name, tsType(t))
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func memberName(key string) string {
	if identifier.MatchString(key) {
		return key
	}
	return fmt.Sprintf("%q", key)
}

func tsType(t *Type) string {
	name := "unknown"
	switch t.Form {
	case Any:
		return name
	case Bool:
		name = "boolean"
	case Int, Uint:
		name = "number"
		if t.Bits == 64 {
			name = "number | bigint" // a bigint where a number would lose digits
		}
	case Float:
		name = "number"
	case Text:
		name = "string"
	case Bytes:
		name = "Uint8Array"
	case Time:
		name = "Date"
	case Opaque:
		name = "Opaque"
	case List:
		name = tsType(t.Elem)
		if strings.ContainsAny(name, " |") {
			name = "(" + name + ")"
		}
		name += "[]"
	case Map:
		name = "Record<string, " + tsType(t.Elem) + ">"
	case Struct:
		name = t.Object.Name
	}
	if t.Nullable {
		name += " | null"
	}
	return name
}

// uses reports whether any type has a form.
func uses(d *Description, form Form) bool {
	has := func(t *Type) bool {
		for ; t != nil; t = t.Elem {
			if t.Form == form {
				return true
			}
		}
		return false
	}
	for _, o := range d.Objects {
		for _, f := range o.Fields {
			if has(f.Type) {
				return true
			}
		}
	}
	for _, op := range d.Operations {
		if has(op.Input) || has(op.Result) {
			return true
		}
	}
	return false
}
