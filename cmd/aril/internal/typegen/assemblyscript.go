package typegen

import (
	"fmt"
	"strings"
)

var tsWords = strings.Fields(`break case catch class const continue debugger default delete do else enum export extends
	false finally for function if import in instanceof new null return super switch this throw true try typeof var void
	while with constructor fromValue toValue`)

// AssemblyScript writes the types as classes that Value.as reads and Value.of
// writes.
func AssemblyScript(d *Description, from string) []byte {
	var b strings.Builder
	imports := []string{"Value"}
	if uses(d, Time) {
		imports = []string{"Timestamp", "Value"}
	}
	fmt.Fprintf(&b, "// The types of %s, made by aril types. Read one with value.as<T>(), write\n// one with Value.of(x).\n", from)
	fmt.Fprintf(&b, "import { %s } from \"aril\";\n", strings.Join(imports, ", "))
	for _, o := range d.Objects {
		asClass(&b, o)
	}
	for _, op := range d.Operations {
		for _, part := range []struct {
			what string
			t    *Type
		}{{"input", op.Input}, {"result", op.Result}} {
			name := Camel(op.Name) + Camel(part.what)
			if part.t.Form == Any || part.t.Form == Struct && part.t.Object.Name == name {
				continue
			}
			fmt.Fprintf(&b, "\n/** The %s of the operation %s. */\nexport type %s = %s;\n", part.what, op.Name, name, asType(part.t))
		}
	}
	return []byte(b.String())
}

func asClass(b *strings.Builder, o *Object) {
	taken := []string{}
	names := make([]string, len(o.Fields))
	fmt.Fprintf(b, "\n/** Part of %s. */\nexport class %s {\n", o.About, o.Name)
	for i, f := range o.Fields {
		names[i] = free(&taken, LowerCamel(f.Key), tsWords)
		t, zero := asType(f.Type), asZero(f.Type)
		switch {
		case asMaybe(f) && asReference(f.Type) && f.Type.Form != Any && f.Type.Form != Opaque:
			fmt.Fprintf(b, "  %s: %s | null = null;\n", names[i], t)
		case asMaybe(f) && !asReference(f.Type):
			fmt.Fprintf(b, "  %s: %s = %s; // where has%s\n  has%s: bool = false;\n", names[i], t, zero, Camel(names[i]), Camel(names[i]))
		default:
			fmt.Fprintf(b, "  %s: %s = %s;\n", names[i], t, zero)
		}
	}
	b.WriteString("\n  fromValue(v: Value): void {\n")
	for i, f := range o.Fields {
		part := fmt.Sprintf("v.get(%q)", f.Key)
		t := asType(f.Type)
		switch {
		case f.Type.Form == Any || f.Type.Form == Opaque:
			fmt.Fprintf(b, "    this.%s = %s;\n", names[i], part)
		case asMaybe(f):
			fmt.Fprintf(b, "    if (!%s.isNil && !%s.missing) {\n      this.%s = %s.as<%s>();\n", part, part, names[i], part, t)
			if !asReference(f.Type) {
				fmt.Fprintf(b, "      this.has%s = true;\n", Camel(names[i]))
			}
			b.WriteString("    }\n")
		default:
			fmt.Fprintf(b, "    this.%s = %s.as<%s>();\n", names[i], part, t)
		}
	}
	b.WriteString("  }\n\n  toValue(): Value {\n    const map = Value.map();\n")
	for i, f := range o.Fields {
		set := fmt.Sprintf("map.set(%q, this.%s);", f.Key, names[i])
		switch {
		case f.Type.Form == Any || f.Type.Form == Opaque:
			fmt.Fprintf(b, "    if (!this.%s.missing) %s\n", names[i], set)
		case !asMaybe(f):
			fmt.Fprintf(b, "    %s\n", set)
		case asReference(f.Type):
			fmt.Fprintf(b, "    const %s = this.%s;\n    if (%s !== null) map.set(%q, %s);\n", names[i], names[i], names[i], f.Key, names[i])
		default:
			fmt.Fprintf(b, "    if (this.has%s) %s\n", Camel(names[i]), set)
		}
	}
	b.WriteString("    return map;\n  }\n}\n")
}

func asMaybe(f Field) bool { return f.Type.Nullable || !f.Required }

func asReference(t *Type) bool {
	switch t.Form {
	case Bool, Int, Uint, Float:
		return false
	}
	return true
}

func asType(t *Type) string {
	switch t.Form {
	case Bool:
		return "bool"
	case Int:
		return fmt.Sprint("i", t.Bits)
	case Uint:
		return fmt.Sprint("u", t.Bits)
	case Float:
		return fmt.Sprint("f", t.Bits)
	case Text:
		return "string"
	case Bytes:
		return "Uint8Array"
	case Time:
		return "Timestamp"
	case List:
		return "Array<" + asType(t.Elem) + ">"
	case Map:
		return "Map<string, " + asType(t.Elem) + ">"
	case Struct:
		return t.Object.Name
	}
	return "Value"
}

func asZero(t *Type) string {
	switch t.Form {
	case Bool:
		return "false"
	case Int, Uint, Float:
		return "0"
	case Text:
		return `""`
	case Bytes:
		return "new Uint8Array(0)"
	case Time:
		return "new Timestamp(0)"
	case List, Map:
		return "new " + asType(t) + "()"
	case Struct:
		return "new " + t.Object.Name + "()"
	}
	return "Value.nil"
}
