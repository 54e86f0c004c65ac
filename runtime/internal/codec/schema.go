package codec

import (
	"fmt"
	"reflect"
	"strings"
)

// Schema is a JSON Schema (draft 2020-12), ready for encoding/json, of what
// values of a type look like to a guest. Struct types are definitions under
// "$defs", named as in Go; with the same name, those that come later get a
// number. A msgpack value that JSON lacks is a string: bytes with
// contentEncoding base64, a time with format date-time; an opaque value is
// marked by "x-aril-opaque" with its Go type. Integers have their width as
// format: "int64", "uint8". A value that may be absent is in no "required".
func Schema(t reflect.Type) map[string]any {
	s := schemas{names: map[*Type]string{}, defs: map[string]any{}}
	root := s.of(For(t))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	if len(s.defs) > 0 {
		root["$defs"] = s.defs
	}
	return root
}

type schemas struct {
	names map[*Type]string
	defs  map[string]any
}

func (s *schemas) of(t *Type) map[string]any {
	switch t.form {
	case formAny, formJSON:
		return map[string]any{}
	case formPointer:
		return nullable(s.of(t.elem))
	case formBool:
		return map[string]any{"type": "boolean"}
	case formInt, formUint:
		return integer(t)
	case formFloat32:
		return map[string]any{"type": "number", "format": "float"}
	case formFloat64:
		return map[string]any{"type": "number", "format": "double"}
	case formNumber:
		return map[string]any{"type": "number"}
	case formString, formText:
		return map[string]any{"type": "string"}
	case formBytes:
		return nullable(map[string]any{"type": "string", "contentEncoding": "base64"})
	case formByteArray:
		return map[string]any{"type": "string", "contentEncoding": "base64"}
	case formTime:
		return map[string]any{"type": "string", "format": "date-time"}
	case formSlice:
		return nullable(map[string]any{"type": "array", "items": s.of(t.elem)})
	case formArray:
		n := t.rt.Len()
		return map[string]any{"type": "array", "items": s.of(t.elem), "minItems": n, "maxItems": n}
	case formMap:
		return nullable(map[string]any{"type": "object", "additionalProperties": s.of(t.elem)})
	case formStruct:
		return s.ref(t, t)
	case formMsgp:
		return s.ref(t, t.shape)
	}
	return map[string]any{"x-aril-opaque": t.name}
}

// ref refers to the definition of a struct. shape is what it is made of: what
// methods of its own write is taken to be the same.
func (s *schemas) ref(t, shape *Type) map[string]any {
	if shape.form != formStruct {
		return s.of(shape)
	}
	name, known := s.names[t]
	if !known {
		name = s.free(t.rt.Name())
		s.names[t] = name
		s.defs[name] = nil // taken
		s.defs[name] = s.object(shape)
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

// free makes a name that no definition has. Type arguments are left out.
func (s *schemas) free(name string) string {
	name, _, _ = strings.Cut(name, "[")
	if name == "" {
		name = "Object"
	}
	for i, taken := 2, name; ; i++ {
		if _, ok := s.defs[name]; !ok {
			return name
		}
		name = fmt.Sprint(taken, i)
	}
}

func (s *schemas) object(t *Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range t.fields {
		f := &t.fields[i]
		properties[f.name] = s.of(f.typ)
		if !f.omitEmpty && !f.omitZero && !t.throughPointer(f) {
			required = append(required, f.name)
		}
	}
	out := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// throughPointer reports whether a field is one of an embedded pointer, which
// may be nil.
func (t *Type) throughPointer(f *field) bool {
	for depth := 1; depth < len(f.index); depth++ {
		if t.rt.FieldByIndex(f.index[:depth]).Type.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

func integer(t *Type) map[string]any {
	format := t.rt.Kind().String()
	switch t.rt.Kind() {
	case reflect.Int:
		format = "int64"
	case reflect.Uint, reflect.Uintptr:
		format = "uint64"
	}
	out := map[string]any{"type": "integer", "format": format}
	if t.form == formUint {
		out["minimum"] = 0
	}
	return out
}

// nullable says that a value may also be nil.
func nullable(schema map[string]any) map[string]any {
	switch typ := schema["type"].(type) {
	case string:
		schema["type"] = []string{typ, "null"}
		return schema
	case []string:
		return schema
	}
	if len(schema) == 0 {
		return schema // anything
	}
	return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
}
