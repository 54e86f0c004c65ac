package store

import (
	"slices"
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

type sqliteDialect struct{}

func (sqliteDialect) placeholder(int) string { return "?" }

func (sqliteDialect) column(b *builder, column string, c query.Condition) {
	switch {
	case c.Op == query.Like || c.Op == query.StartsWith || c.Op == query.EndsWith:
		b.sql(column, " GLOB ")
		b.arg(glob(c.Pattern()))
	case c.Op != query.IsNull && c.Field.Column.Holds() == query.Time:
		args := make([]any, len(c.Values))
		for i, v := range c.Values {
			args[i] = v.Time.UnixMicro()
		}
		b.compare(column, c.Op, args)
	default:
		b.compare(column, c.Op, texts(c.Values))
	}
}

func (d sqliteDialect) tags(b *builder, c query.Condition) {
	if c.Op == query.IsNull {
		b.sql("(tags = '[]') = ")
		b.arg(c.Values[0].Bool)
		return
	}
	if c.Op == query.Nin {
		b.sql("NOT ")
		c.Op = query.In
	}
	b.sql("EXISTS (SELECT 1 FROM json_each(tags) AS tag WHERE ")
	d.column(b, "tag.value", c)
	b.sql(")")
}

// attribute uses functions of attribute.go.
func (sqliteDialect) attribute(b *builder, c query.Condition) {
	path := joinPath(c.Field.Path)
	call := func(name string) {
		b.sql(name, "(attributes, ")
		b.arg(path)
	}
	switch c.Op {
	case query.IsNull:
		call("aril_key")
		if c.Values[0].Bool {
			b.sql(") IS NULL")
		} else {
			b.sql(") IS NOT NULL")
		}
	case query.Like, query.StartsWith, query.EndsWith:
		call("aril_like")
		b.sql(", ")
		b.arg(like(c.Pattern()))
		b.sql(")")
	case query.In, query.Nin:
		call("aril_key")
		args := make([]any, len(c.Values))
		for i, v := range c.Values {
			args[i] = keyOf(v)
		}
		b.compare(")", c.Op, args)
	default:
		low, high := interval(c)
		call("aril_within")
		b.sql(", ")
		b.arg(low)
		b.sql(", ")
		b.arg(high)
		b.sql(")")
	}
}

func (sqliteDialect) orderByAttribute(b *builder, path []string, desc bool) {
	b.sql("aril_key(attributes, ")
	b.arg(joinPath(path))
	b.sql(")", direction(desc, true))
}

// interval is what a condition allows, of the keys of its type: from low, to
// below high.
func interval(c query.Condition) (low, high []byte) {
	first, last := keyOf(c.Values[0]), keyOf(c.Values[len(c.Values)-1])
	low, high = []byte{first[0]}, []byte{first[0] + 1}
	// The key that comes next after k is k with a zero byte.
	switch c.Op {
	case query.Gt:
		low = append(first, 0)
	case query.Ge:
		low = first
	case query.Lt:
		high = first
	case query.Le:
		high = append(first, 0)
	case query.Between:
		low, high = first, append(slices.Clone(last), 0)
	}
	return low, high
}

// glob writes a pattern as GLOB has it, which knows upper from lower case.
func glob(pieces []query.Piece) string {
	var out strings.Builder
	for _, p := range pieces {
		switch p.Wild {
		case '%':
			out.WriteByte('*')
		case '_':
			out.WriteByte('?')
		default:
			for i := 0; i < len(p.Text); i++ {
				switch c := p.Text[i]; c {
				case '*', '?', '[':
					out.Write([]byte{'[', c, ']'})
				default:
					out.WriteByte(c)
				}
			}
		}
	}
	return out.String()
}

// sqliteList finds the rows of a page first and reads them then: what is only
// sorted or skipped is not read whole, and until the first row comes the
// context can end the search.
func sqliteList(domain, workflow string, q query.Query) (string, []any) {
	page, args := listStatement(sqliteDialect{}, "rowid AS place", domain, workflow, q)
	// CROSS JOIN goes over page first, in its order.
	return "WITH page AS MATERIALIZED (" + page + ") SELECT " + instanceColumns + " FROM page CROSS JOIN instances ON instances.rowid = page.place", args
}
