package store

import (
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

type postgresDialect struct{}

func (postgresDialect) placeholder(n int) string { return "$" + strconv.Itoa(n) }

func (postgresDialect) column(b *builder, column string, c query.Condition) {
	switch {
	case c.Op == query.Like || c.Op == query.StartsWith || c.Op == query.EndsWith:
		b.sql(column, " LIKE ")
		b.arg(like(c.Pattern()))
	case c.Op != query.IsNull && c.Field.Column.Holds() == query.Time:
		args := make([]any, len(c.Values))
		for i, v := range c.Values {
			args[i] = v.Time
		}
		b.compare(column, c.Op, args)
	default:
		b.compare(column, c.Op, texts(c.Values))
	}
}

func (d postgresDialect) tags(b *builder, c query.Condition) {
	if c.Op == query.IsNull {
		b.sql("(cardinality(tags) = 0) = ")
		b.arg(c.Values[0].Bool)
		return
	}
	if c.Op == query.Nin {
		b.sql("NOT ")
		c.Op = query.In
	}
	b.sql("EXISTS (SELECT 1 FROM unnest(tags) AS tag (value) WHERE ")
	d.column(b, "tag.value", c)
	b.sql(")")
}

// A jsonPlace is how an attribute is written: the value as jsonb, and as text.
type jsonPlace struct{ value, text string }

// place writes a path step by step: -> with a text finds nothing in an array,
// which #> would index.
func (postgresDialect) place(b *builder, path []string) jsonPlace {
	var steps []string
	for _, name := range path {
		b.args = append(b.args, name)
		steps = append(steps, "$"+strconv.Itoa(len(b.args))+"::text")
	}
	last := len(steps) - 1
	before := strings.Join(append([]string{"searchable"}, steps[:last]...), " -> ")
	return jsonPlace{"(" + before + " -> " + steps[last] + ")", "(" + before + " ->> " + steps[last] + ")"}
}

// of writes an expression of the attribute's value where it is of that kind;
// elsewhere NULL.
func (p jsonPlace) of(k query.Kind) string {
	name, value := "string", p.text+` COLLATE "C"`
	switch k {
	case query.Number:
		name, value = "number", p.text+"::numeric"
	case query.Bool:
		name, value = "boolean", p.text+"::boolean"
	}
	return "CASE jsonb_typeof(" + p.value + ") WHEN '" + name + "' THEN " + value + " END"
}

func (d postgresDialect) attribute(b *builder, c query.Condition) {
	p := d.place(b, c.Field.Path)
	switch c.Op {
	case query.IsNull:
		// A missing one is NULL, and not 'null'.
		b.sql("(jsonb_typeof(", p.value, ") <> 'null') ")
		if c.Values[0].Bool {
			b.sql("IS NOT TRUE")
		} else {
			b.sql("IS TRUE")
		}
	case query.Like, query.StartsWith, query.EndsWith:
		b.sql("(", p.of(query.Text), ") LIKE ")
		b.arg(like(c.Pattern()))
	case query.In:
		b.equal(p, c.Values)
	case query.Nin:
		b.sql("jsonb_typeof(", p.value, ") <> 'null' AND (")
		b.equal(p, c.Values)
		b.sql(") IS NOT TRUE")
	default:
		args := make([]any, len(c.Values))
		for i, v := range c.Values {
			args[i] = jsonArg(v)
		}
		b.compare("("+p.of(c.Values[0].Kind)+")", c.Op, args)
	}
}

// equal writes that an attribute is one of some values of any kind.
func (b *builder) equal(p jsonPlace, values []query.Value) {
	byKind := map[query.Kind][]any{}
	for _, v := range values {
		byKind[v.Kind] = append(byKind[v.Kind], jsonArg(v))
	}
	first := true
	for _, k := range []query.Kind{query.Text, query.Number, query.Bool} {
		args := byKind[k]
		if len(args) == 0 {
			continue
		}
		if !first {
			b.sql(" OR ")
		}
		first = false
		b.compare("("+p.of(k)+")", query.In, args)
	}
}

// A numeric is the argument of a condition on numbers, which travels as text.
type numeric string

func jsonArg(v query.Value) any {
	switch v.Kind {
	case query.Number:
		return numeric(v.Number.String())
	case query.Bool:
		return v.Bool
	}
	return v.Text
}

func (d postgresDialect) orderByAttribute(b *builder, path []string, desc bool) {
	p := d.place(b, path)
	end := direction(desc, true)
	b.sql("CASE jsonb_typeof(", p.value, ") WHEN 'number' THEN 1 WHEN 'string' THEN 2 WHEN 'boolean' THEN 3 WHEN 'object' THEN 4 WHEN 'array' THEN 4 END", end)
	for _, k := range []query.Kind{query.Number, query.Text, query.Bool} {
		b.sql(", (", p.of(k), ")", end)
	}
}
