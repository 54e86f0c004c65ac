// Package query reads the filter, sort and page of a list request into a
// syntax tree, within bounds, so that what a client sends is never text of a
// statement.
//
// # Filters
//
// A filter is a JSON object. Its members must all hold:
//
//	{"status": {"eq": "A"}, "attributes.amount": {"ge": 100, "lt": 500}}
//	{"attributes": {"customer": {"city": {"in": ["Ankara", "Izmir"]}}}}
//	{"or": [{"key": {"startswith": "order-"}}, {"not": {"tags": {"eq": "test"}}}]}
//
// A field is a column (see [Columns]) or a path into the attributes, whose
// member names are separated by dots; a dot in a name is written \. and a
// backslash \\. A path leads through objects, not into arrays.
//
// The older form is filter=attributes=PATH=OPERATOR:VALUE, with commas between
// the values of in, nin and between. Filters that are given several times must
// all hold. Since that form has no types, 5 there is the number or the text,
// true the boolean or the text, and "5" in quotes the text alone; for gt, ge,
// lt, le and between what can be a number is one.
//
// # What holds
//
//	eq ne in nin              text, number, boolean
//	gt ge lt le between       text, number, time; between has both ends in it
//	like startswith endswith  text
//	isnull                    true or false
//
// A condition compares within one JSON type and does not convert: {"gt": 5}
// holds for numbers above 5 and for nothing else. Numbers compare exactly,
// whatever their size and form (1, 1.0 and 10e-1 are equal); texts by their
// bytes in UTF-8, so letters in upper case before those in lower case, also in
// like, startswith and endswith.
//
// What is missing, null or an empty column holds for {"isnull": true} alone.
// ne and nin hold for everything else that is there, of whatever type, also
// for objects and arrays. not turns a condition round: {"not": {"x": {"eq": 1}}}
// holds for a missing x, {"x": {"ne": 1}} does not.
//
// In a pattern of like % stands for any text and _ for one character; \% and
// \_ and \\ stand for themselves. A pattern without % and _ is looked for
// anywhere in the text.
//
// A condition on tags holds where it does for one of them; ne and nin hold
// where no tag is equal; isnull holds for none.
//
// Times are RFC 3339 or a date, which begins at midnight UTC. They are kept in
// microseconds: finer digits are cut off.
//
// # Sorting
//
// sort, or orderBy, is {"field": …, "direction": "asc"|"desc"}, or {"fields":
// […]} of those, or field and -field, separated by commas. Without one the
// newest comes first. Numbers come before texts, those before false and true,
// and objects and arrays after them; what is missing or null is last in both
// directions. The id decides between equals.
package query

import (
	"net/url"
	"time"
)

// Bounds of what Parse takes. Past them it gives an error, never less than was
// asked for.
const (
	MaxFilterBytes = 16 << 10 // of all filters together, and of a sort
	MaxDepth       = 16       // of and, or, not and nested attributes
	MaxConditions  = 50
	MaxPath        = 16   // names in a path
	MaxNameBytes   = 100  // of one name in a path
	MaxTextBytes   = 1000 // of one value
	MaxList        = 100  // values of in and nin
	MaxOrders      = 5
	MaxWildcards   = 20 // of a like, % and _ together

	MaxPage     = 1000
	MaxSize     = 100
	DefaultSize = 10
)

// A Query says which instances of a workflow are asked for.
type Query struct {
	Filter     Expr    // nil for all
	Sort       []Order // empty: CreatedAt, the newest first
	Page, Size int     // Page from 1
}

// An Expr is an And, an Or, a Not or a Condition.
type Expr interface{ expr() }

type (
	// And holds where all of it does; an empty one everywhere.
	And []Expr
	// Or holds where some of it does; an empty one nowhere.
	Or []Expr
	// Not holds where its Expr does not.
	Not struct{ Expr Expr }
	// A Condition compares a field with values.
	Condition struct {
		Field  Field
		Op     Op
		Values []Value // one; two for Between; any number for In and Nin
	}
)

func (And) expr()       {}
func (Or) expr()        {}
func (Not) expr()       {}
func (Condition) expr() {}

// A Field is a column or a place in the attributes.
type Field struct {
	Column Column
	Path   []string // for Attributes alone, and never empty there
}

// An Order is one field to sort by.
type Order struct {
	Field Field
	Desc  bool
}

// An Op is an operator as clients write it.
type Op string

// The operators. Parse gives In and Nin with one value for eq and ne too.
const (
	Eq         Op = "eq"
	Ne         Op = "ne"
	Gt         Op = "gt"
	Ge         Op = "ge"
	Lt         Op = "lt"
	Le         Op = "le"
	Between    Op = "between"
	Like       Op = "like"
	StartsWith Op = "startswith"
	EndsWith   Op = "endswith"
	In         Op = "in"
	Nin        Op = "nin"
	IsNull     Op = "isnull"
)

// A Kind is the type of a value.
type Kind int

// The kinds of values.
const (
	Text Kind = iota
	Number
	Bool
	Time // of a column that holds times
)

// A Value is what a condition compares with.
type Value struct {
	Kind   Kind
	Text   string
	Number Decimal
	Bool   bool
	Time   time.Time // UTC, whole microseconds
}

// Parse reads filter, page, pageSize, sort and orderBy of a request's query.
// Its errors are *Error.
func Parse(v url.Values) (Query, error) {
	q := Query{}
	var err error
	if err = unsupported(v); err != nil {
		return Query{}, err
	}
	if q.Filter, err = parseFilters(v["filter"]); err != nil {
		return Query{}, err
	}
	if q.Sort, err = parseSort(v); err != nil {
		return Query{}, err
	}
	if q.Page, err = parseNumber(v, "page", 1, MaxPage); err != nil {
		return Query{}, err
	}
	if q.Size, err = parseNumber(v, "pageSize", DefaultSize, MaxSize); err != nil {
		return Query{}, err
	}
	return q, nil
}

// Fields are the fields that filter and sort refer to, each as its path:
// ["key"], ["attributes", "customer", "city"]. One may come several times.
func (q Query) Fields() [][]string {
	var all [][]string
	add := func(f Field) {
		all = append(all, append([]string{string(f.Column)}, f.Path...))
	}
	var walk func(e Expr)
	walk = func(e Expr) {
		switch e := e.(type) {
		case And:
			for _, x := range e {
				walk(x)
			}
		case Or:
			for _, x := range e {
				walk(x)
			}
		case Not:
			walk(e.Expr)
		case Condition:
			add(e.Field)
		}
	}
	walk(q.Filter)
	for _, o := range q.Sort {
		add(o.Field)
	}
	return all
}
