package store_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
)

// The oracle says plainly, in Go, what a query gives. It shares nothing with
// what the databases are told but the parser.
//
// A value is nil, a *big.Rat, a string, a bool, a time.Time, or a map or slice.

// list is the page that q asks for of all, and whether there is more.
func list(all []store.Instance, q query.Query) (ids []string, more bool) {
	var found []store.Instance
	for _, in := range all {
		if q.Filter == nil || holds(q.Filter, in) {
			found = append(found, in)
		}
	}
	orders := q.Sort
	if len(orders) == 0 {
		orders = []query.Order{{Field: query.Field{Column: query.CreatedAt}, Desc: true}}
	}
	slices.SortFunc(found, func(a, b store.Instance) int {
		for _, o := range orders {
			if c := byOrder(o, valueOf(a, o.Field), valueOf(b, o.Field)); c != 0 {
				return c
			}
		}
		c := strings.Compare(a.ID, b.ID)
		if orders[len(orders)-1].Desc {
			c = -c
		}
		return c
	})
	from := min((q.Page-1)*q.Size, len(found))
	to := min(from+q.Size, len(found))
	for _, in := range found[from:to] {
		ids = append(ids, in.ID)
	}
	return ids, to < len(found)
}

func byOrder(o query.Order, a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	c := cmp.Compare(rank(a), rank(b))
	if c == 0 {
		c, _ = compare(a, b)
	}
	if o.Desc {
		c = -c
	}
	return c
}

func rank(v any) int {
	switch v.(type) {
	case *big.Rat, time.Time:
		return 1
	case string:
		return 2
	case bool:
		return 3
	}
	return 4
}

// compare gives false for values of different types.
func compare(a, b any) (int, bool) {
	switch a := a.(type) {
	case *big.Rat:
		if b, ok := b.(*big.Rat); ok {
			return a.Cmp(b), true
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b), true
		}
	case bool:
		if b, ok := b.(bool); ok {
			switch {
			case a == b:
				return 0, true
			case b:
				return -1, true
			}
			return 1, true
		}
	}
	return 0, false
}

func holds(e query.Expr, in store.Instance) bool {
	switch e := e.(type) {
	case query.And:
		return !slices.ContainsFunc(e, func(x query.Expr) bool { return !holds(x, in) })
	case query.Or:
		return slices.ContainsFunc(e, func(x query.Expr) bool { return holds(x, in) })
	case query.Not:
		return !holds(e.Expr, in)
	}
	c := e.(query.Condition)
	if c.Field.Column != query.Tags {
		return one(c, valueOf(in, c.Field))
	}
	switch c.Op {
	case query.IsNull:
		return (len(in.Tags) == 0) == c.Values[0].Bool
	case query.Nin:
		c.Op = query.In
		return !slices.ContainsFunc(in.Tags, func(tag string) bool { return one(c, tag) })
	}
	return slices.ContainsFunc(in.Tags, func(tag string) bool { return one(c, tag) })
}

func one(c query.Condition, v any) bool {
	if c.Op == query.IsNull {
		return (v == nil) == c.Values[0].Bool
	}
	if v == nil {
		return false
	}
	first, ok := compare(v, wanted(c.Values[0]))
	switch c.Op {
	case query.In, query.Nin:
		in := slices.ContainsFunc(c.Values, func(w query.Value) bool {
			n, ok := compare(v, wanted(w))
			return ok && n == 0
		})
		return in == (c.Op == query.In)
	case query.Gt:
		return ok && first > 0
	case query.Ge:
		return ok && first >= 0
	case query.Lt:
		return ok && first < 0
	case query.Le:
		return ok && first <= 0
	case query.Between:
		last, _ := compare(v, wanted(c.Values[1]))
		return ok && first >= 0 && last <= 0
	}
	text, ok := v.(string)
	return ok && fits(c.Pattern(), text)
}

func wanted(v query.Value) any {
	switch v.Kind {
	case query.Number:
		r, _ := new(big.Rat).SetString(v.Number.String())
		return r
	case query.Bool:
		return v.Bool
	case query.Time:
		return v.Time
	}
	return v.Text
}

func valueOf(in store.Instance, f query.Field) any {
	full := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	switch f.Column {
	case query.ID:
		return in.ID
	case query.Key:
		return full(in.Key)
	case query.State:
		return in.State
	case query.Status:
		return string(in.Status)
	case query.FlowVersion:
		return in.FlowVersion
	case query.CreatedAt:
		return in.CreatedAt
	case query.ModifiedAt:
		return in.ModifiedAt
	case query.CompletedAt:
		if in.CompletedAt.IsZero() {
			return nil
		}
		return in.CompletedAt
	case query.CreatedBy:
		return full(in.CreatedBy)
	case query.ModifiedBy:
		return full(in.ModifiedBy)
	case query.ETag:
		return in.ETag
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(in.Attributes))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	for _, name := range f.Path {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	if n, ok := v.(json.Number); ok {
		v, _ = new(big.Rat).SetString(n.String())
	}
	return v
}

// fits is whether a pattern stands for all of a text.
func fits(pattern []query.Piece, text string) bool {
	if len(pattern) == 0 {
		return text == ""
	}
	switch p := pattern[0]; p.Wild {
	case '%':
		for i := 0; i <= len(text); i++ {
			if fits(pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	case '_':
		_, n := utf8.DecodeRuneInString(text)
		return n > 0 && fits(pattern[1:], text[n:])
	default:
		rest, ok := strings.CutPrefix(text, p.Text)
		return ok && fits(pattern[1:], rest)
	}
}
