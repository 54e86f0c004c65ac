// Package typegen makes types for authors, in the language of their extension,
// from what a host's Runtime.Describe wrote of its operations.
package typegen

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"
)

// An Operation is one of a host's, with the types of what it takes and yields.
type Operation struct {
	Kind    string
	Name    string
	MaxNext int
	Input   *Type
	Result  *Type
}

// A Description is all that one file describes. Objects are the types that
// have a name, each once, in order of appearance.
type Description struct {
	Operations []Operation
	Objects    []*Object
}

// A Form is what sort of value a type is.
type Form uint8

// The forms.
const (
	Any Form = iota
	Bool
	Int  // of 64 bits or fewer, signed
	Uint // unsigned
	Float
	Text
	Bytes
	Time
	Opaque // a value that an extension can only hold and give back
	List   // of Elem
	Map    // from text to Elem
	Struct // an Object
)

// A Type is what a value looks like.
type Type struct {
	Form     Form
	Nullable bool
	Bits     int // of a number, as the host's own type has
	Elem     *Type
	Object   *Object
}

// An Object is a type with members.
type Object struct {
	Name   string // CamelCase, unique in the Description
	About  string // where it comes from: "the input of order.place"
	Fields []Field
}

// A Field is one member.
type Field struct {
	Key      string // as in messages
	Type     *Type
	Required bool
}

// maxOperations bounds a file; maxDepth what nests without a name.
const (
	maxOperations = 10_000
	maxDepth      = 64
)

// ReadFile reads what Runtime.Describe wrote.
func ReadFile(name string) (*Description, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	d, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// schema is the part of JSON Schema that Describe writes.
type schema struct {
	Ref      string             `json:"$ref"`
	Defs     map[string]*schema `json:"$defs"`
	Type     types              `json:"type"`
	Format   string             `json:"format"`
	Encoding string             `json:"contentEncoding"`
	Items    *schema            `json:"items"`
	// Properties keeps the order of the file, which json.RawMessage alone does.
	Properties json.RawMessage `json:"properties"`
	Additional *schemaOrBool   `json:"additionalProperties"`
	Required   []string        `json:"required"`
	AnyOf      []*schema       `json:"anyOf"`
	Opaque     string          `json:"x-aril-opaque"`
}

// types is "string" or ["string", "null"].
type types []string

func (t *types) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// schemaOrBool is a schema, or true or false.
type schemaOrBool struct {
	*schema
	allowed bool
}

func (s *schemaOrBool) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &s.allowed) == nil {
		return nil
	}
	s.allowed = true
	return json.Unmarshal(b, &s.schema)
}

// Parse reads the text of such a file.
func Parse(text []byte) (*Description, error) {
	var file struct {
		Operations []struct {
			Kind    string  `json:"kind"`
			Name    string  `json:"name"`
			MaxNext int     `json:"max_next"`
			Input   *schema `json:"input"`
			Result  *schema `json:"result"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if len(file.Operations) == 0 {
		return nil, errors.New(`no "operations": the file is what a host's Runtime.Describe writes`)
	}
	if len(file.Operations) > maxOperations {
		return nil, fmt.Errorf("%d operations, more than %d", len(file.Operations), maxOperations)
	}
	g := &reader{taken: map[string]bool{}, shapes: map[string]*Object{}}
	d := &Description{}
	for _, op := range file.Operations {
		if op.Name == "" {
			return nil, errors.New("an operation has no name")
		}
		if strings.Contains(op.Name, "*/") || strings.ContainsFunc(op.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return nil, fmt.Errorf("operation %q: the name cannot stand in a comment", op.Name)
		}
		o := Operation{Kind: op.Kind, Name: op.Name, MaxNext: op.MaxNext}
		var err error
		if o.Input, err = g.root(op.Input, Camel(op.Name)+"Input", "the input of "+op.Name); err != nil {
			return nil, fmt.Errorf("operation %s: input: %w", op.Name, err)
		}
		if o.Result, err = g.root(op.Result, Camel(op.Name)+"Result", "the result of "+op.Name); err != nil {
			return nil, fmt.Errorf("operation %s: result: %w", op.Name, err)
		}
		d.Operations = append(d.Operations, o)
	}
	d.Objects = g.objects
	return d, nil
}

// A reader turns schemas into types. Definitions of several operations with
// one name and the same members are one Object.
type reader struct {
	objects []*Object
	taken   map[string]bool
	shapes  map[string]*Object // by name and text of the schema

	defs  map[string]*schema // of the schema at hand
	made  map[string]*Object // from them
	about string
}

func (r *reader) root(s *schema, name, about string) (*Type, error) {
	if s == nil {
		return &Type{}, nil
	}
	r.defs, r.made, r.about = s.Defs, map[string]*Object{}, about
	return r.typ(s, name, 0)
}

func (r *reader) typ(s *schema, name string, depth int) (*Type, error) {
	if s == nil {
		return &Type{}, nil
	}
	if depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	if s.Ref != "" {
		return r.ref(s.Ref, depth)
	}
	if len(s.AnyOf) > 0 {
		return r.anyOf(s.AnyOf, name, depth)
	}
	if s.Opaque != "" {
		return &Type{Form: Opaque}, nil
	}
	t := &Type{}
	kinds := slices.DeleteFunc(slices.Clone(s.Type), func(k string) bool { return k == "null" })
	t.Nullable = len(kinds) < len(s.Type)
	if len(kinds) != 1 {
		return t, nil
	}
	switch kinds[0] {
	case "boolean":
		t.Form = Bool
	case "integer":
		t.Form, t.Bits = integer(s.Format)
	case "number":
		t.Form, t.Bits = Float, 64
		if s.Format == "float" {
			t.Bits = 32
		}
	case "string":
		switch {
		case s.Encoding == "base64":
			t.Form = Bytes
		case s.Format == "date-time":
			t.Form = Time
		default:
			t.Form = Text
		}
	case "array":
		t.Form = List
		var err error
		if t.Elem, err = r.typ(s.Items, name+"Item", depth+1); err != nil {
			return nil, err
		}
	case "object":
		return r.object(t, s, name, depth)
	}
	return t, nil
}

func integer(format string) (Form, int) {
	form, digits := Int, strings.TrimPrefix(format, "int")
	if rest, ok := strings.CutPrefix(format, "uint"); ok {
		form, digits = Uint, rest
	}
	switch digits {
	case "8":
		return form, 8
	case "16":
		return form, 16
	case "32":
		return form, 32
	}
	return form, 64
}

// anyOf is how Describe says that a definition may be null.
func (r *reader) anyOf(options []*schema, name string, depth int) (*Type, error) {
	var rest []*schema
	for _, o := range options {
		if o == nil || len(o.Type) != 1 || o.Type[0] != "null" {
			rest = append(rest, o)
		}
	}
	if len(rest) != 1 {
		return &Type{Nullable: true}, nil
	}
	t, err := r.typ(rest[0], name, depth+1)
	if err != nil {
		return nil, err
	}
	with := *t
	with.Nullable = with.Nullable || len(rest) < len(options)
	return &with, nil
}

// ref follows a reference to a definition. One that leads to itself without a
// struct between is nested too deep.
func (r *reader) ref(ref string, depth int) (*Type, error) {
	name, ok := strings.CutPrefix(ref, "#/$defs/")
	def := r.defs[name]
	if !ok || def == nil {
		return nil, fmt.Errorf("there is no definition %q", ref)
	}
	if o := r.made[name]; o != nil {
		return &Type{Form: Struct, Object: o}, nil
	}
	return r.typ(def, name, depth+1)
}

// object makes an Object of a schema with properties, and a Map of one without.
func (r *reader) object(t *Type, s *schema, name string, depth int) (*Type, error) {
	fields, err := ordered(s.Properties)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 && s.Additional != nil && s.Additional.allowed {
		t.Form = Map
		t.Elem, err = r.typ(s.Additional.schema, name+"Value", depth+1)
		return t, err
	}
	shape := name + string(s.Properties)
	if o := r.shapes[shape]; o != nil && r.sameDefs(o) {
		t.Form, t.Object = Struct, o
		r.made[name] = o
		return t, nil
	}
	o := &Object{Name: r.free(Camel(name)), About: r.about}
	r.shapes[shape], r.made[name] = o, o
	r.objects = append(r.objects, o)
	for _, f := range fields {
		ft, err := r.typ(f.schema, o.Name+Camel(f.key), depth+1)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", f.key, err)
		}
		o.Fields = append(o.Fields, Field{Key: f.key, Type: ft, Required: slices.Contains(s.Required, f.key)})
	}
	t.Form, t.Object = Struct, o
	return t, nil
}

// sameDefs is true where an Object of the same name and text refers to no
// definition, or to those that are here as well. Names of definitions are the
// host's type names, so two that differ below the same text are rare; they
// are told apart by what they refer to.
func (r *reader) sameDefs(o *Object) bool {
	for _, f := range o.Fields {
		t := f.Type
		for t.Elem != nil {
			t = t.Elem
		}
		if t.Object == nil || t.Object == o {
			continue
		}
		def := r.defs[t.Object.Name]
		if def == nil || r.shapes[t.Object.Name+string(def.Properties)] != t.Object {
			return false
		}
	}
	return true
}

func (r *reader) free(name string) string {
	for i, taken := 2, name; ; i++ {
		if !r.taken[taken] {
			r.taken[taken] = true
			return taken
		}
		taken = fmt.Sprint(name, i)
	}
}

type property struct {
	key    string
	schema *schema
}

// ordered reads properties in the order of the file.
func ordered(text json.RawMessage) ([]property, error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New(`"properties" is no object`)
	}
	var list []property
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		p := property{key: key.(string)}
		if err := d.Decode(&p.schema); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}
