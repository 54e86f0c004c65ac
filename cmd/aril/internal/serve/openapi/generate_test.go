package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// A generator makes values by schema. The same seed makes the same values.
type generator struct {
	*rand.Rand
	seed uint64
}

func newGenerator(seed uint64) *generator {
	return &generator{rand.New(rand.NewPCG(seed, 0)), seed}
}

func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

// members keep their order, so that a seed makes the same text each time.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes an object.
func (m members) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, x := range m {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(x.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(x.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// value makes a value that a schema allows, of the words that the document
// uses; a word that it does not know is a panic, so that none is overlooked.
func (g *generator) value(ref *openapi3.SchemaRef, depth int) any {
	s := ref.Value
	switch {
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return pick(g, s.Enum)
	case len(s.Examples) > 0 && g.oneIn(3):
		return pick(g, s.Examples)
	case len(s.OneOf) > 0:
		return g.branch(s.OneOf, depth)
	case len(s.AnyOf) > 0:
		return g.branch(s.AnyOf, depth)
	case len(s.AllOf) > 0:
		panic(fmt.Sprintf("a schema with allOf: %+v", s))
	case s.Type == nil:
		return g.anything(depth)
	}
	switch pick(g, *s.Type) {
	case "object":
		return g.object(s, depth)
	case "array":
		return g.array(s, depth)
	case "string":
		return g.text(s, depth)
	case "integer":
		return g.integer(s)
	case "number":
		return g.number()
	case "boolean":
		return g.oneIn(2)
	}
	return nil
}

// branch takes one that does not nest where it is deep already.
func (g *generator) branch(of openapi3.SchemaRefs, depth int) any {
	if depth > 3 {
		flat := make(openapi3.SchemaRefs, 0, len(of))
		for _, ref := range of {
			if ref.Value.Type != nil && !ref.Value.Type.Is("object") && !ref.Value.Type.Is("array") || ref.Ref == "" {
				flat = append(flat, ref)
			}
		}
		if len(flat) > 0 {
			of = flat
		}
	}
	return g.value(pick(g, of), depth)
}

func (g *generator) object(s *openapi3.Schema, depth int) any {
	var out members
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	most := 1 << 30
	if s.MaxProps != nil {
		most = int(*s.MaxProps)
	}
	names := sortedKeys(s.Properties)
	optional := map[string]bool{}
	for range g.IntN(max(1, 5-depth)) {
		if len(names) > 0 {
			optional[pick(g, names)] = true
		}
	}
	for _, name := range names {
		if required[name] || len(out) < most && optional[name] {
			out = append(out, member{name, g.value(s.Properties[name], depth+1)})
		}
	}
	for _, pattern := range sortedKeys(s.PatternProperties) {
		if depth < 4 && g.oneIn(3) {
			name := g.matching(&openapi3.Schema{Pattern: pattern})
			out = append(out, member{name, g.value(s.PatternProperties[pattern], depth+1)})
		}
	}
	if len(out) < int(s.MinProps) && len(s.Properties) > 0 {
		name := pick(g, sortedKeys(s.Properties))
		if !required[name] {
			out = append(out[:0:0], member{name, g.value(s.Properties[name], depth+1)})
		}
	}
	free := s.AdditionalProperties
	if (free.Has == nil || *free.Has) && depth < 4 {
		for range g.IntN(4) {
			name := g.name(s)
			if s.Properties[name] != nil || has(out, name) || len(out) >= most {
				continue
			}
			value := any(nil)
			if free.Schema != nil {
				value = g.value(free.Schema, depth+1)
			} else {
				value = g.anything(depth + 1)
			}
			out = append(out, member{name, value})
		}
	}
	if out == nil {
		return members{}
	}
	return out
}

// name makes a name for a member that the schema does not list.
func (g *generator) name(s *openapi3.Schema) string {
	if s.PropertyNames != nil {
		if name, ok := g.value(s.PropertyNames, 9).(string); ok {
			return name
		}
	}
	return pick(g, []string{"amount", "note", "customer", "ünïcode", "a.b", "with space", "__proto__", "x", "é", ""})
}

func has(m members, name string) bool {
	for _, x := range m {
		if x.name == name {
			return true
		}
	}
	return false
}

func (g *generator) array(s *openapi3.Schema, depth int) any {
	least, most := int(s.MinItems), int(s.MinItems)+max(0, 3-depth)
	if s.MaxItems != nil {
		most = min(most, int(*s.MaxItems))
	}
	out := []any{}
	seen := map[string]bool{}
	for range least + g.IntN(most-least+1) {
		v := g.value(s.Items, depth+1)
		key := fmt.Sprintf("%T %v", v, v)
		if s.UniqueItems && seen[key] {
			continue
		}
		seen[key] = true
		out = append(out, v)
	}
	return out
}

func (g *generator) integer(s *openapi3.Schema) any {
	least, most := int64(-1000), int64(1000)
	if s.Min != nil {
		least = int64(*s.Min)
	}
	if s.Max != nil {
		most = int64(*s.Max)
	}
	switch g.IntN(4) {
	case 0:
		return least
	case 1:
		return most
	}
	return least + g.Int64N(most-least+1)
}

func (g *generator) number() any {
	return json.Number(pick(g, []string{"0", "-0", "1", "0.1", "-17.25", "9007199254740993", "123456789012345678901234567890", "1e3", "2.5E-7", strconv.Itoa(g.IntN(100000))}))
}

func (g *generator) text(s *openapi3.Schema, depth int) any {
	switch {
	case s.ContentSchema != nil:
		for {
			text, err := json.Marshal(g.value(s.ContentSchema, depth+1))
			if err != nil {
				panic(err)
			}
			// That a filter has at most 50 conditions is said in words alone.
			if bytes.Count(text, []byte{':'})+bytes.Count(text, []byte{'{'}) < 50 {
				return string(text)
			}
		}
	case s.Format == "uuid":
		return g.uuid()
	case s.Format == "date-time":
		return time.Unix(g.Int64N(4e9), g.Int64N(1e9)).UTC().Format(time.RFC3339Nano)
	case s.Format == "date":
		return time.Unix(g.Int64N(4e9), 0).UTC().Format(time.DateOnly)
	case s.Pattern != "":
		return g.matching(s)
	}
	least, most := int(s.MinLength), int(s.MinLength)+12
	if s.MaxLength != nil {
		most = min(most, int(*s.MaxLength))
		if g.oneIn(8) {
			least, most = int(*s.MaxLength), int(*s.MaxLength)
		}
	}
	alphabet := []rune("abcdefgxyz0189-_ .,:/'\"%\\;()*?&=+#<>éß漢🙂")
	var b strings.Builder
	for range least + g.IntN(most-least+1) {
		b.WriteRune(pick(g, alphabet))
	}
	return b.String()
}

// uuid makes one of version 7, as the service's own are.
func (g *generator) uuid() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(g.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// matching makes a text that a pattern allows, within the schema's length.
func (g *generator) matching(s *openapi3.Schema) string {
	re, err := syntax.Parse(s.Pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	for range 100 {
		var b strings.Builder
		g.expression(re.Simplify(), &b)
		n := uint64(len([]rune(b.String())))
		if n >= s.MinLength && (s.MaxLength == nil || n <= *s.MaxLength) {
			return b.String()
		}
	}
	panic("nothing of that length matches " + s.Pattern)
}

func (g *generator) expression(re *syntax.Regexp, b *strings.Builder) {
	repeat := func(least, most int) {
		for range least + g.IntN(most-least+1) {
			g.expression(re.Sub[0], b)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		i := g.IntN(len(re.Rune)/2) * 2
		low, high := re.Rune[i], min(re.Rune[i+1], re.Rune[i]+200)
		b.WriteRune(low + g.Int32N(high-low+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(pick(g, []rune("az09-é漢")))
	case syntax.OpCapture:
		g.expression(re.Sub[0], b)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			g.expression(sub, b)
		}
	case syntax.OpAlternate:
		g.expression(pick(g, re.Sub), b)
	case syntax.OpStar:
		repeat(0, 6)
	case syntax.OpPlus:
		repeat(1, 7)
	case syntax.OpQuest:
		if g.oneIn(3) {
			g.expression(re.Sub[0], b)
		}
	}
}

// anything makes any JSON value.
func (g *generator) anything(depth int) any {
	n := 8
	if depth > 4 {
		n = 6
	}
	switch g.IntN(n) {
	case 0:
		return nil
	case 1:
		return g.oneIn(2)
	case 2, 3:
		return g.number()
	case 4, 5:
		return g.text(&openapi3.Schema{}, depth)
	case 6:
		return g.array(&openapi3.Schema{Items: openapi3.NewSchemaRef("", &openapi3.Schema{})}, depth+1)
	}
	return g.object(&openapi3.Schema{}, depth+1)
}
