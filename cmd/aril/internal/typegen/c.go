package typegen

import (
	"fmt"
	"strings"
)

var cWords = strings.Fields(`auto break case char const continue default do double else enum extern float for goto if
	inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void
	volatile while bool true false and or not xor class new delete this template typename namespace public private
	protected operator friend virtual try catch throw using`)

// C writes the types as structs of C, with a function that reads one from a
// message and one that makes a message of one. Lists, maps and what is within
// them stay messages: aril_at and aril_get go through them.
func C(d *Description, from string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "/* The types of %s, made by aril types. */\n#ifndef ARIL_TYPES_H\n#define ARIL_TYPES_H\n\n#include \"aril.h\"\n", from)
	for _, o := range d.Objects {
		cStruct(&b, o)
	}
	for _, op := range d.Operations {
		for _, part := range []struct {
			what string
			t    *Type
		}{{"input", op.Input}, {"result", op.Result}} {
			name := Snake(op.Name) + "_" + part.what
			if part.t.Form == Struct && Snake(part.t.Object.Name) != name {
				fmt.Fprintf(&b, "\n/* The %s of the operation %s. */\ntypedef %s %s;\n", part.what, op.Name, Snake(part.t.Object.Name), name)
			}
		}
	}
	b.WriteString("\n#endif\n")
	return []byte(b.String())
}

func cStruct(b *strings.Builder, o *Object) {
	name := Snake(o.Name)
	taken := []string{}
	names := make([]string, len(o.Fields))
	fmt.Fprintf(b, "\n/* Part of %s. What was left out or nil has has_… false; an aril_value then has the status\n   ARIL_NOT_FOUND. Texts and values are views of the message. */\ntypedef struct %s {\n", o.About, name)
	for i, f := range o.Fields {
		names[i] = free(&taken, Snake(f.Key), cWords)
		fmt.Fprintf(b, "\t%s %s;%s\n", cType(f.Type), names[i], cAbout(f.Type))
		if cMaybe(f) {
			fmt.Fprintf(b, "\tbool has_%s;\n", names[i])
		}
	}
	if len(o.Fields) == 0 {
		b.WriteString("\tchar nothing;\n")
	}
	fmt.Fprintf(b, "} %s;\n", name)

	fmt.Fprintf(b, "\n/* Reads one; false where v is no map, or a member has another type. */\nstatic inline bool %s_read(aril_value v, %s *out) {\n", name, name)
	fmt.Fprintf(b, "\t%s x = {0};\n\tif (aril_type_of(v) != ARIL_TYPE_MAP)\n\t\treturn false;\n", name)
	for i, f := range o.Fields {
		cRead(b, f, names[i])
	}
	b.WriteString("\t*out = x;\n\treturn true;\n}\n")

	fmt.Fprintf(b, "\n/* Makes a message of one, in the arena. */\nstatic inline aril_value %s_value(const %s *x) {\n", name, name)
	if len(o.Fields) == 0 {
		b.WriteString("\t(void)x;\n\treturn aril_map_of(NULL, 0);\n}\n")
		return
	}
	fmt.Fprintf(b, "\taril_field fields[%d];\n\tsize_t n = 0;\n", len(o.Fields))
	for i, f := range o.Fields {
		indent, value := "\t", cValue(f.Type, "x->"+names[i])
		if cMaybe(f) {
			if f.Required {
				value = fmt.Sprintf("x->has_%s ? %s : aril_of_nil()", names[i], value)
			} else {
				fmt.Fprintf(b, "\tif (x->has_%s) {\n", names[i])
				indent = "\t\t"
			}
		} else if cIsValue(f.Type) && !f.Required {
			fmt.Fprintf(b, "\tif (x->%s.status == ARIL_OK) {\n", names[i])
			indent = "\t\t"
		}
		fmt.Fprintf(b, "%sfields[n].key = %q;\n%sfields[n++].value = %s;\n", indent, f.Key, indent, value)
		if indent == "\t\t" {
			b.WriteString("\t}\n")
		}
	}
	b.WriteString("\treturn aril_map_of(fields, n);\n}\n")
}

// cMaybe reports whether a member is told apart by a flag.
func cMaybe(f Field) bool { return (f.Type.Nullable || !f.Required) && !cIsValue(f.Type) }

// cIsValue reports whether a member stays a message.
func cIsValue(t *Type) bool {
	switch t.Form {
	case Bool, Int, Uint, Float, Text, Time:
		return false
	}
	return true
}

func cType(t *Type) string {
	switch t.Form {
	case Bool:
		return "bool"
	case Int:
		return fmt.Sprintf("int%d_t", t.Bits)
	case Uint:
		return fmt.Sprintf("uint%d_t", t.Bits)
	case Float:
		return "double"
	case Text:
		return "aril_str"
	case Time:
		return "aril_time"
	}
	return "aril_value"
}

func cAbout(t *Type) string {
	switch t.Form {
	case Struct:
		return fmt.Sprintf(" /* read it with %s_read */", Snake(t.Object.Name))
	case List:
		if t.Elem.Form == Struct {
			return fmt.Sprintf(" /* a list; its elements: %s_read */", Snake(t.Elem.Object.Name))
		}
		return " /* a list */"
	case Map:
		return " /* a map */"
	case Bytes:
		return " /* bytes: aril_as_bin */"
	case Opaque:
		return " /* opaque: hold it, give it back */"
	}
	return ""
}

func cRead(b *strings.Builder, f Field, name string) {
	if cIsValue(f.Type) {
		fmt.Fprintf(b, "\tx.%s = aril_get(v, %q);\n", name, f.Key)
		if f.Required {
			fmt.Fprintf(b, "\tif (x.%s.status != ARIL_OK)\n\t\treturn false;\n", name)
		}
		return
	}
	read := map[Form]string{Bool: "bool", Int: "int", Uint: "uint", Float: "float", Text: "str", Time: "time"}[f.Type.Form]
	target, after := "x."+name, ""
	if (f.Type.Form == Int || f.Type.Form == Uint) && f.Type.Bits < 64 {
		wide := map[Form]string{Int: "int64_t", Uint: "uint64_t"}[f.Type.Form]
		target = "wide"
		after = fmt.Sprintf("\t\tx.%s = (%s)wide;\n\t\tif ((%s)x.%s != wide)\n\t\t\treturn false;\n", name, cType(f.Type), wide, name)
		fmt.Fprintf(b, "\t{\n\t\t%s wide = 0;\n", wide)
	} else {
		b.WriteString("\t{\n")
	}
	fmt.Fprintf(b, "\t\taril_value part = aril_get(v, %q);\n", f.Key)
	if cMaybe(f) {
		fmt.Fprintf(b, "\t\tx.has_%s = part.status == ARIL_OK && aril_type_of(part) != ARIL_TYPE_NIL;\n\t\tif (x.has_%s && !aril_as_%s(part, &%s))\n\t\t\treturn false;\n", name, name, read, target)
	} else {
		fmt.Fprintf(b, "\t\tif (!aril_as_%s(part, &%s))\n\t\t\treturn false;\n", read, target)
	}
	b.WriteString(after + "\t}\n")
}

func cValue(t *Type, x string) string {
	switch t.Form {
	case Bool:
		return "aril_of_bool(" + x + ")"
	case Int:
		return "aril_of_int(" + x + ")"
	case Uint:
		return "aril_of_uint(" + x + ")"
	case Float:
		return "aril_of_float(" + x + ")"
	case Text:
		return "aril_of_str(" + x + ")"
	case Time:
		return "aril_of_time(" + x + ")"
	}
	return x
}
