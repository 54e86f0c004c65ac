package query_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// show writes an expression so that its structure can be read.
func show(e query.Expr) string {
	list := func(name string, es []query.Expr) string {
		var parts []string
		for _, x := range es {
			parts = append(parts, show(x))
		}
		return name + "(" + strings.Join(parts, " ") + ")"
	}
	switch e := e.(type) {
	case nil:
		return ""
	case query.And:
		return list("and", e)
	case query.Or:
		return list("or", e)
	case query.Not:
		return "not(" + show(e.Expr) + ")"
	}
	c := e.(query.Condition)
	var values []string
	for _, v := range c.Values {
		values = append(values, showValue(v))
	}
	return fmt.Sprintf("%s %s %s", c.Field, c.Op, strings.Join(values, ","))
}

func showValue(v query.Value) string {
	switch v.Kind {
	case query.Number:
		return v.Number.String()
	case query.Bool:
		return fmt.Sprint(v.Bool)
	case query.Time:
		return v.Time.Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%q", v.Text)
}

var time0 = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func TestFiltersAreRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want string }{
		{`{}`, "and()"},
		{` {"status":{"eq":"A"}} `, `status in "A"`},
		{`{"currentState":{"ne":"x"}}`, `state nin "x"`},
		{`{"attributes.amount":{"gt":1e2,"le":0.50}}`, `and(attributes.amount gt 0.1e3 attributes.amount le 0.5e0)`},
		{`{"attributes":{"a":{"b":{"eq":true},"c.d":{"isnull":false}}}}`, `and(attributes.a.b in true attributes.a.c.d isnull false)`},
		{`{"attributes.a":{"b":{"c":{"eq":1}}}}`, `attributes.a.b.c in 0.1e1`},
		{`{"attributes.or":{"eq":1},"attributes":{"eq":{"eq":1}}}`, `and(attributes.or in 0.1e1 attributes.eq in 0.1e1)`},
		{`{"status":{"eq":"A"},"status":{"ne":"B"}}`, `and(status in "A" status nin "B")`},
		{`{"or":[{"key":{"like":"a%"}},{"not":{"tags":{"in":["x","y"]}}}]}`, `or(key like "a%" not(tags in "x","y"))`},
		{`{"and":[{"key":{"EQ":"a"}}],"state":{"eq":"s"}}`, `and(and(key in "a") state in "s")`},
		{`{"createdAt":{"between":["2026-01-31","2026-01-31T15:00:00.1234567+03:00"]}}`, `createdAt between 2026-01-31T00:00:00Z,2026-01-31T12:00:00.123456Z`},
		{`attributes=amount=gt:5`, `attributes.amount gt 0.5e1`},
		{`attributes=amount=gt:5x`, `attributes.amount gt "5x"`},
		{`attributes=amount=gt:"5"`, `attributes.amount gt "5"`},
		{`attributes=a.b=eq:5`, `attributes.a.b in 0.5e1,"5"`},
		{`attributes=a=eq:"5"`, `attributes.a in "5"`},
		{`attributes=a=eq:`, `attributes.a in ""`},
		{`attributes=a=ne:true`, `attributes.a nin true,"true"`},
		{`attributes=a=in:1,x,"true"`, `attributes.a in 0.1e1,"1","x","true"`},
		{`attributes=a=between:1,2`, `attributes.a between 0.1e1,0.2e1`},
		{`attributes=a=between:1,b`, `attributes.a between "1","b"`},
		{`attributes=a=like:5%`, `attributes.a like "5%"`},
		{`attributes=a=isnull:true`, `attributes.a isnull true`},
		{`attributes=a=eq:b=c:d`, `attributes.a in "b=c:d"`},
		{`key=eq:5`, `key in "5"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q, err := query.Parse(url.Values{"filter": {c.name}})
			require.NoError(t, err)
			require.Equal(t, c.want, show(q.Filter))
		})
	}
}

func TestFiltersThatComeSeveralTimesMustAllHold(t *testing.T) {
	t.Parallel()
	q, err := query.Parse(url.Values{"filter": {`{"key":{"eq":"a"}}`, "", "attributes=x=lt:5"}})
	require.NoError(t, err)
	require.Equal(t, `and(key in "a" attributes.x lt 0.5e1)`, show(q.Filter))
}

func TestADotInANameIsWrittenWithABackslash(t *testing.T) {
	t.Parallel()
	q, err := query.Parse(url.Values{"filter": {`{"attributes.a\\.b.c\\\\d.e\\f":{"eq":1}}`}})
	require.NoError(t, err)
	require.Equal(t, [][]string{{"attributes", "a.b", `c\d`, `e\f`}}, q.Fields())
}

func deep(n int, open, inner, shut string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
}

func many(n int) string {
	return `{"or":[` + strings.TrimSuffix(strings.Repeat(`{"key":{"eq":"a"}},`, n), ",") + `]}`
}

func TestFiltersAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", query.MaxTextBytes+1)
	for _, c := range []struct{ name, filter, code, message string }{
		{"that are no JSON", `{"a"`, query.InvalidFilter, "not JSON"},
		{"that have something behind them", `{} {}`, query.InvalidFilter, "after the JSON"},
		{"that are a list", `[]`, query.InvalidFilter, "an object"},
		{"that are a text", `"a"`, query.InvalidFilter, "an object"},
		{"that are neither form", `amount > 5`, query.InvalidFilter, "neither"},
		{"of an unknown column", `{"colour":{"eq":1}}`, query.InvalidColumn, `"colour"`},
		{"of an unknown column in the older form", `colour=eq:1`, query.InvalidColumn, `"colour"`},
		{"of another column's way of writing", `{"createdat":{"isnull":true}}`, query.InvalidColumn, "createdat"},
		{"of an unknown operator", `{"key":{"matches":"a"}}`, query.UnsupportedOperator, "matches"},
		{"of an unknown operator of an attribute", `{"attributes":{"a":{"b":1}}}`, query.UnsupportedOperator, `"b"`},
		{"of an operator that is not for times", `{"createdAt":{"like":"2026%"}}`, query.UnsupportedOperator, "like"},
		{"that compare without an operator", `{"key":"a"}`, query.InvalidFilter, "OPERATOR"},
		{"that compare attributes as a whole", `{"attributes":{"eq":1}}`, query.InvalidFilter, "missing"},
		{"with an empty name", `{"attributes.a..b":{"eq":1}}`, query.InvalidColumn, "empty"},
		{"with an empty path", `{"attributes.":{"eq":1}}`, query.InvalidColumn, "empty"},
		{"with an empty name inside", `{"attributes":{"":{"eq":1}}}`, query.InvalidFilter, "empty"},
		{"with null", `{"key":{"eq":null}}`, query.InvalidFilter, "isnull"},
		{"with null in a list", `{"key":{"in":["a",null]}}`, query.InvalidFilter, "isnull"},
		{"with a list for one value", `{"key":{"eq":["a"]}}`, query.InvalidFilter, "no value"},
		{"with one value for a list", `{"key":{"in":"a"}}`, query.InvalidFilter, "a list"},
		{"with an empty list", `{"key":{"in":[]}}`, query.InvalidFilter, "empty"},
		{"with three ends", `{"attributes.a":{"between":[1,2,3]}}`, query.InvalidFilter, "two values"},
		{"with ends of two types", `{"attributes.a":{"between":[1,"2"]}}`, query.InvalidFilter, "one type"},
		{"with a number for a column", `{"key":{"eq":5}}`, query.InvalidFilter, "wants a text"},
		{"with a number for a pattern", `{"attributes.a":{"like":5}}`, query.InvalidFilter, "a number"},
		{"with an order of booleans", `{"attributes.a":{"gt":true}}`, query.InvalidFilter, "true and false"},
		{"with a text for isnull", `{"key":{"isnull":"true"}}`, query.InvalidFilter, "true or false"},
		{"with a text for isnull in the older form", `attributes=a=isnull:yes`, query.InvalidFilter, "true or false"},
		{"with a time that is none", `{"createdAt":{"gt":"yesterday"}}`, query.InvalidFilter, "yesterday"},
		{"with and that is no list", `{"and":{}}`, query.InvalidFilter, "list"},
		{"with an empty or", `{"or":[]}`, query.InvalidFilter, "empty"},
		{"with not of a list", `{"not":[]}`, query.InvalidFilter, "an object"},
		{"with groupBy", `{"groupBy":{"field":"status"}}`, query.InvalidFilter, "not grouped"},
		{"with U+0000 in a text", `{"key":{"eq":"a\u0000"}}`, query.InvalidFilter, "U+0000"},
		{"with U+0000 in a name", `{"attributes":{"a\u0000":{"eq":1}}}`, query.InvalidFilter, "U+0000"},
		{"with U+0000 in the older form", "attributes=a=eq:\x00", query.InvalidFilter, "U+0000"},
		{"that are not UTF-8", "{\"key\":{\"eq\":\"\xff\"}}", query.InvalidFilter, "UTF-8"},
		{"that are too long", `{"key":{"eq":"` + strings.Repeat("x", query.MaxFilterBytes) + `"}}`, query.InvalidFilter, "bytes"},
		{"with a text that is too long", `{"key":{"eq":"` + long + `"}}`, query.InvalidFilter, "bytes"},
		{"with a pattern of many wildcards", `{"key":{"like":"` + strings.Repeat("%a", query.MaxWildcards+1) + `"}}`, query.InvalidFilter, "%"},
		{"with a pattern of many single characters", `{"key":{"like":"` + strings.Repeat("_", query.MaxWildcards+1) + `"}}`, query.InvalidFilter, "_"},
		{"with a name that is too long", `{"attributes.` + strings.Repeat("n", query.MaxNameBytes+1) + `":{"eq":1}}`, query.InvalidColumn, "bytes"},
		{"with a path that is too long", `{"attributes` + strings.Repeat(".n", query.MaxPath+1) + `":{"eq":1}}`, query.InvalidColumn, "names"},
		{"with a list that is too long", `{"key":{"in":[` + strings.TrimSuffix(strings.Repeat(`"a",`, query.MaxList+1), ",") + `]}}`, query.InvalidFilter, "values"},
		{"with too many conditions", many(query.MaxConditions), query.InvalidFilter, "conditions"},
		{"that are too deep", deep(query.MaxDepth, `{"not":`, `{"key":{"eq":"a"}}`, `}`), query.InvalidFilter, "levels"},
		{"that are too deep in and", deep(query.MaxDepth, `{"and":[`, `{}`, `]}`), query.InvalidFilter, "levels"},
		{"that are too deep in attributes", `{"attributes":` + deep(query.MaxDepth, `{"a":`, `{"eq":1}`, `}`) + `}`, query.InvalidFilter, "levels"},
		{"with a number of a million zeros", `{"attributes.a":{"eq":1e1000000}}`, query.InvalidFilter, "number"},
		{"with a number of many digits", `{"attributes.a":{"eq":` + strings.Repeat("9", 1001) + `}}`, query.InvalidFilter, "number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := query.Parse(url.Values{"filter": {c.filter}})
			var e *query.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.code, e.Code, e.Message)
			require.Contains(t, e.Message, c.message)
			require.Less(t, len(e.Message), 300)
			if c.code == query.UnsupportedOperator {
				require.Contains(t, e.Supported, "eq")
			}
		})
	}
}

func TestBoundsThemselvesAreAllowed(t *testing.T) {
	t.Parallel()
	for name, filter := range map[string]string{
		"text":       `{"key":{"eq":"` + strings.Repeat("x", query.MaxTextBytes) + `"}}`,
		"wildcards":  `{"key":{"like":"` + strings.Repeat("%a", query.MaxWildcards) + `"}}`,
		"name":       `{"attributes.` + strings.Repeat("n", query.MaxNameBytes) + `":{"eq":1}}`,
		"path":       `{"attributes` + strings.Repeat(".n", query.MaxPath) + `":{"eq":1}}`,
		"list":       `{"key":{"in":[` + strings.TrimSuffix(strings.Repeat(`"a",`, query.MaxList), ",") + `]}}`,
		"conditions": many(query.MaxConditions / 2),
		"levels":     deep(query.MaxDepth-2, `{"not":`, `{"key":{"eq":"a"}}`, `}`),
		"number":     `{"attributes.a":{"eq":` + strings.Repeat("9", 400) + `}}`,
	} {
		_, err := query.Parse(url.Values{"filter": {filter}})
		require.NoError(t, err, name)
	}
}

func TestUnknownColumnsAreToldTheKnownOnes(t *testing.T) {
	t.Parallel()
	_, err := query.Parse(url.Values{"filter": {`{"x":{"eq":1}}`}})
	var e *query.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, []string{"id", "key", "state", "currentState", "status", "flowVersion", "tags", "createdAt", "modifiedAt", "completedAt", "createdBy", "modifiedBy", "etag", "attributes.…"}, e.Supported)
}

func TestSortsAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                     "[]",
		"key":                                  "[{key false}]",
		"-currentState, key":                   "[{state true} {key false}]",
		"-attributes.a.b":                      "[{attributes.a.b true}]",
		`{"field":"key"}`:                      "[{key false}]",
		` {"field":"key","direction":"DESC"} `: "[{key true}]",
		`{"fields":[{"field":"status","direction":"desc"},{"field":"attributes.x"}]}`: "[{status true} {attributes.x false}]",
	} {
		for _, name := range []string{"sort", "orderBy"} {
			q, err := query.Parse(url.Values{name: {text}})
			require.NoError(t, err, text)
			require.Equal(t, want, fmt.Sprint(q.Sort), text)
		}
	}
}

func TestSortsAreRefused(t *testing.T) {
	t.Parallel()
	for _, v := range []url.Values{
		{"sort": {"colour"}},
		{"sort": {"tags"}},
		{"sort": {"attributes"}},
		{"sort": {"key,"}},
		{"sort": {"--key"}},
		{"sort": {"key;drop table instances"}},
		{"sort": {"key\x00"}},
		{"sort": {"\xff"}},
		{"sort": {`{"field":"key","direction":"up"}`}},
		{"sort": {`{"field":"key","fields":[{"field":"key"}]}`}},
		{"sort": {`{"fields":[]}`}},
		{"sort": {`{"field":5}`}},
		{"sort": {`{"field":"key"}{}`}},
		{"sort": {`{"field":"key","nulls":"first"}`}},
		{"sort": {`["key"]`}},
		{"sort": {"key,state,status,id,etag,createdBy"}},
		{"sort": {"key", "state", "status", "id", "etag", "createdBy"}},
		{"sort": {strings.Repeat("key,", query.MaxFilterBytes)}},
		{"sort": {"key"}, "orderBy": {"key"}},
	} {
		_, err := query.Parse(v)
		var e *query.Error
		require.ErrorAs(t, err, &e, "%v", v)
		require.Equal(t, query.InvalidSort, e.Code)
	}
}

func TestPagesAreRead(t *testing.T) {
	t.Parallel()
	q, err := query.Parse(url.Values{})
	require.NoError(t, err)
	require.Equal(t, query.Query{Page: 1, Size: 10}, q)
	q, err = query.Parse(url.Values{"page": {"1000"}, "pageSize": {"100"}})
	require.NoError(t, err)
	require.Equal(t, query.Query{Page: 1000, Size: 100}, q)
	for _, v := range []url.Values{
		{"page": {"0"}}, {"page": {"1001"}}, {"page": {"-1"}}, {"page": {"1.5"}}, {"page": {"1e2"}}, {"page": {"x"}}, {"page": {"1", "2"}},
		{"page": {"99999999999999999999"}}, {"pageSize": {"0"}}, {"pageSize": {"101"}}, {"pageSize": {" 5"}},
	} {
		_, err := query.Parse(v)
		var e *query.Error
		require.ErrorAs(t, err, &e, "%v", v)
		require.Equal(t, query.InvalidPage, e.Code)
	}
}

func TestGroupsAreRefusedAndNotForgotten(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"groupBy", "aggregations"} {
		_, err := query.Parse(url.Values{name: {"status"}})
		require.ErrorContains(t, err, name+": lists are not grouped")
		var e *query.Error
		require.True(t, errors.As(err, &e))
	}
}

func TestFieldsAreAllThatAQueryRefersTo(t *testing.T) {
	t.Parallel()
	q, err := query.Parse(url.Values{"filter": {`{"or":[{"not":{"attributes.customer.iban":{"eq":"x"}}},{"and":[{"currentState":{"eq":"s"}}]}]}`}, "sort": {"-attributes.rank"}})
	require.NoError(t, err)
	require.Equal(t, [][]string{{"attributes", "customer", "iban"}, {"state"}, {"attributes", "rank"}}, q.Fields())
}

func TestPatternsAreTakenApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op      query.Op
		pattern string
		want    string
	}{
		{query.Like, "abc", "% abc %"},
		{query.Like, `a\%b`, "% a%b %"},
		{query.Like, "a%", "a %"},
		{query.Like, "%%%a__", "% a _ _"},
		{query.Like, `\\%`, `\ %`},
		{query.Like, `a\`, `% a\ %`},
		{query.Like, `a\b%`, `a\b %`},
		{query.Like, "", "% %"},
		{query.StartsWith, "a%_", "a%_ %"},
		{query.EndsWith, `\%`, `% \%`},
	} {
		var got []string
		for _, p := range (query.Condition{Op: c.op, Values: []query.Value{{Text: c.pattern}}}).Pattern() {
			if p.Wild != 0 {
				p.Text = string(p.Wild)
			}
			got = append(got, p.Text)
		}
		require.Equal(t, c.want, strings.Join(got, " "), "%s %s", c.op, c.pattern)
	}
}
