package typegen

import (
	"fmt"
	"slices"
	"strings"
)

// rustWords cannot be names of fields.
var rustWords = strings.Fields(`as break const continue crate else enum extern false fn for if impl in let loop match
	mod move mut pub ref return self Self static struct super trait true type unsafe use where while async await dyn
	abstract become box do final macro override priv typeof unsized virtual yield try`)

// Rust writes the types as records of the crate aril.
func Rust(d *Description, from string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "//! The types of %s, made by aril types.\n#![allow(dead_code)]\n", from)
	if len(d.Objects) > 0 {
		b.WriteString("\naril::record! {\n")
		for i, o := range d.Objects {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "    /// Part of %s.\n    #[derive(Clone, Debug)]\n    pub struct %s {\n", o.About, o.Name)
			taken := []string{}
			for _, f := range o.Fields {
				name := free(&taken, Snake(f.Key), rustWords)
				as := ""
				if name != f.Key {
					as = fmt.Sprintf(" as %q", f.Key)
				}
				fmt.Fprintf(&b, "        pub %s%s: %s,\n", name, as, rustField(o, f))
			}
			b.WriteString("    }\n")
		}
		b.WriteString("}\n")
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
			fmt.Fprintf(&b, "\n/// The %s of the operation %s.\npub type %s = %s;\n", strings.ToLower(part.what), op.Name, name, rustType(part.t))
		}
	}
	return []byte(b.String())
}

func rustField(o *Object, f Field) string {
	t := *f.Type
	t.Nullable = t.Nullable || !f.Required
	if t.Form == Struct && reaches(t.Object, o, nil) {
		return "Option<Box<" + t.Object.Name + ">>"
	}
	return rustType(&t)
}

// reaches reports whether one object holds another other than in a list or a
// map, so that it would be of no size.
func reaches(from, to *Object, seen []*Object) bool {
	if from == to {
		return true
	}
	if slices.Contains(seen, from) {
		return false
	}
	for _, f := range from.Fields {
		if f.Type.Form == Struct && reaches(f.Type.Object, to, append(seen, from)) {
			return true
		}
	}
	return false
}

func rustType(t *Type) string {
	name := "aril::Value"
	switch t.Form {
	case Any:
		return name
	case Bool:
		name = "bool"
	case Int:
		name = fmt.Sprint("i", t.Bits)
	case Uint:
		name = fmt.Sprint("u", t.Bits)
	case Float:
		name = fmt.Sprint("f", t.Bits)
	case Text:
		name = "String"
	case Bytes:
		name = "aril::Bytes"
	case Time:
		name = "aril::Time"
	case Opaque:
		return name // nil, or one of the host's
	case List:
		name = "Vec<" + rustType(t.Elem) + ">"
	case Map:
		name = "std::collections::BTreeMap<String, " + rustType(t.Elem) + ">"
	case Struct:
		name = t.Object.Name
	}
	if t.Nullable {
		return "Option<" + name + ">"
	}
	return name
}

// free makes a name that is neither taken nor reserved, and takes it.
func free(taken *[]string, name string, reserved []string) string {
	made := name
	if slices.Contains(reserved, made) {
		made += "_"
	}
	for i := 2; slices.Contains(*taken, made); i++ {
		made = fmt.Sprint(name, i)
	}
	*taken = append(*taken, made)
	return made
}
