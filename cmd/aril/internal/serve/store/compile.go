package store

import (
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// A dialect writes what SQLite and PostgreSQL say differently. What a client
// sent is an argument always: names of attributes, patterns and values.
type dialect interface {
	// column writes a condition on a column with one value.
	column(b *builder, column string, c query.Condition)
	tags(b *builder, c query.Condition)
	attribute(b *builder, c query.Condition)
	orderByAttribute(b *builder, path []string, desc bool)
	placeholder(n int) string // of the nth argument, from 1
}

// A builder puts a statement together.
type builder struct {
	dialect
	strings.Builder
	args []any
}

func (b *builder) sql(parts ...string) {
	for _, s := range parts {
		b.WriteString(s)
	}
}

// arg writes a placeholder.
func (b *builder) arg(v any) {
	n, isNumber := v.(numeric)
	if isNumber {
		v = string(n)
	}
	b.args = append(b.args, v)
	b.WriteString(b.placeholder(len(b.args)))
	if isNumber {
		b.WriteString("::text::numeric")
	}
}

// column names in the tables, and whether they may be NULL.
var columnNames = map[query.Column]struct {
	name string
	null bool
}{
	query.ID:          {"id", false},
	query.Key:         {"key", true},
	query.State:       {"state", false},
	query.Status:      {"status", false},
	query.FlowVersion: {"flow_version", false},
	query.Tags:        {"tags", false},
	query.CreatedAt:   {"created_at", false},
	query.ModifiedAt:  {"modified_at", false},
	query.CompletedAt: {"completed_at", true},
	query.CreatedBy:   {"created_by", true},
	query.ModifiedBy:  {"modified_by", true},
	query.ETag:        {"etag", false},
}

// where writes an expression that is true where e holds, and false or NULL
// elsewhere.
func (b *builder) where(e query.Expr) {
	switch e := e.(type) {
	case query.And:
		b.all(e, " AND ", "TRUE")
	case query.Or:
		b.all(e, " OR ", "FALSE")
	case query.Not:
		// NULL and false are one below it: without NOT itself, no expression
		// becomes true by a NULL in it.
		b.sql("((")
		b.where(e.Expr)
		b.sql(") IS NOT TRUE)")
	case query.Condition:
		b.sql("(")
		switch e.Field.Column {
		case query.Attributes:
			b.attribute(b, e)
		case query.Tags:
			b.tags(b, e)
		default:
			b.column(b, columnNames[e.Field.Column].name, e)
		}
		b.sql(")")
	}
}

func (b *builder) all(es []query.Expr, word, none string) {
	if len(es) == 0 {
		b.sql(none)
		return
	}
	b.sql("(")
	for i, e := range es {
		if i > 0 {
			b.sql(word)
		}
		b.where(e)
	}
	b.sql(")")
}

// comparisons are the operators that are one of SQL's.
var comparisons = map[query.Op]string{query.Gt: " > ", query.Ge: " >= ", query.Lt: " < ", query.Le: " <= "}

// compare writes a condition on an expression whose values are of the type of
// the arguments.
func (b *builder) compare(expression string, op query.Op, args []any) {
	b.sql(expression)
	switch op {
	case query.IsNull:
		if args[0] == true {
			b.sql(" IS NULL")
		} else {
			b.sql(" IS NOT NULL")
		}
	case query.Between:
		b.sql(" BETWEEN ")
		b.arg(args[0])
		b.sql(" AND ")
		b.arg(args[1])
	case query.In, query.Nin:
		if op == query.Nin {
			b.sql(" NOT")
		}
		b.sql(" IN (")
		for i, a := range args {
			if i > 0 {
				b.sql(", ")
			}
			b.arg(a)
		}
		b.sql(")")
	default:
		b.sql(comparisons[op])
		b.arg(args[0])
	}
}

// orderBy writes the order of a list, the id last.
func (b *builder) orderBy(orders []query.Order) {
	if len(orders) == 0 {
		orders = []query.Order{{Field: query.Field{Column: query.CreatedAt}, Desc: true}}
	}
	b.sql(" ORDER BY ")
	for _, o := range orders {
		if o.Field.Column == query.Attributes {
			b.orderByAttribute(b, o.Field.Path, o.Desc)
		} else {
			c := columnNames[o.Field.Column]
			b.sql(c.name, direction(o.Desc, c.null))
		}
		b.sql(", ")
	}
	// The direction of the last one lets an index be read backwards.
	b.sql("id", direction(orders[len(orders)-1].Desc, false))
}

// direction says nothing about NULL where there is none: an index would be of
// no use.
func direction(desc, null bool) string {
	d := ""
	if desc {
		d = " DESC"
	}
	if null {
		d += " NULLS LAST"
	}
	return d
}

// texts are the arguments of a condition on texts.
func texts(values []query.Value) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v.Text
		if v.Kind == query.Bool {
			args[i] = v.Bool
		}
	}
	return args
}

const instanceColumns = `id, domain, workflow, flow_version, key, state, status, tags, attributes, etag, created_at, modified_at, completed_at, created_by, modified_by`

// listStatement asks for columns of the instances of a page, and of one more.
func listStatement(d dialect, columns, domain, workflow string, q query.Query) (string, []any) {
	b := &builder{dialect: d}
	b.sql("SELECT ", columns, " FROM instances WHERE domain = ")
	b.arg(domain)
	b.sql(" AND workflow = ")
	b.arg(workflow)
	if q.Filter != nil {
		b.sql(" AND ")
		b.where(q.Filter)
	}
	b.orderBy(q.Sort)
	b.sql(" LIMIT ")
	b.arg(q.Size + 1)
	b.sql(" OFFSET ")
	b.arg((q.Page - 1) * q.Size)
	return b.String(), b.args
}

// historyStatement has an instance, a limit and an offset as its arguments.
const historyStatement = `SELECT id, instance, key, from_state, to_state, attributes, at, by FROM transitions WHERE instance = $1 ORDER BY seq LIMIT $2 OFFSET $3`
