package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// A listBody is a page before it is enriched.
type listBody struct {
	Links links `json:"links"`
	Items any   `json:"items"`
}

// links lead to pages, without the prefix; "" where there is none.
type links struct {
	Self  string `json:"self"`
	First string `json:"first"`
	Next  string `json:"next"`
	Prev  string `json:"prev"`
}

// linksOf keeps the parameters of a request beside its page.
func linksOf(path string, values url.Values, q query.Query, more bool) links {
	to := func(page int) string {
		next := url.Values{}
		for name, v := range values {
			next[name] = v
		}
		next.Set("page", strconv.Itoa(page))
		next.Set("pageSize", strconv.Itoa(q.Size))
		return path + "?" + next.Encode()
	}
	l := links{Self: to(q.Page), First: to(1)}
	if more && q.Page < query.MaxPage {
		l.Next = to(q.Page + 1)
	}
	if q.Page > 1 {
		l.Prev = to(q.Page - 1)
	}
	return l
}

// path is where the instances of a workflow are, without the prefix.
func (c *call) path() string {
	return "/" + url.PathEscape(c.domain) + "/workflows/" + url.PathEscape(c.match.workflow) + "/instances"
}

// list answers GET …/instances.
func (s *service) list(w http.ResponseWriter, r *http.Request, c *call) error {
	if _, err := c.workflow(r); err != nil {
		return err
	}
	values := r.URL.Query()
	q, err := query.Parse(values)
	if err != nil {
		return err
	}
	if err := s.sized(q); err != nil {
		return err
	}
	if q.Filter, err = c.readable(q); err != nil {
		return err
	}
	found, more, err := s.Store.List(r.Context(), c.domain, c.match.workflow, q)
	if err != nil {
		return err
	}
	items := make([]instanceBody, len(found))
	for i := range found {
		items[i] = bodyOf(&found[i])
	}
	return writeFiltered(w, r, nil, listBody{linksOf(c.path(), values, q, more), items})
}

func (s *service) sized(q query.Query) error {
	if q.Size > s.Items {
		return queryFault("pageSize is %d; the most is %d", q.Size, s.Items)
	}
	return nil
}

// readable refuses filters and sorts on what the caller may not see in every
// version of the workflow: which instances are found, and in which order, would
// tell their values. The filter that it gives keeps out, where attributes count,
// instances that no version can go on with, of which nothing is to be seen.
func (c *call) readable(q query.Query) (query.Expr, error) {
	versions := c.catalogue.Versions(c.domain, c.match.workflow)
	some := false
	for _, field := range q.Fields() {
		if field[0] != string(query.Attributes) {
			continue
		}
		some = true
		for _, w := range versions {
			if !w.MayUse(field[1:], c.caller.Roles) {
				return nil, refuse("forbidden", "Authorization:110001", "The caller may not filter or sort by this attribute: it may not see all of it.")
			}
		}
	}
	if !some {
		return q.Filter, nil
	}
	var known query.Or
	for _, w := range versions {
		major, _, _ := strings.Cut(w.Version, ".")
		known = append(known, query.Condition{Field: query.Field{Column: query.FlowVersion}, Op: query.StartsWith, Values: []query.Value{{Kind: query.Text, Text: major + "."}}})
	}
	if q.Filter == nil {
		return known, nil
	}
	return query.And{q.Filter, known}, nil
}

// A stepBody is one transition of a history before it is enriched.
type stepBody struct {
	ID         string `json:"id"`
	Transition string `json:"transition"`
	From       string `json:"from"`
	To         string `json:"to"`
	Attributes any    `json:"attributes"`
	At         string `json:"at"`
	By         string `json:"by"`
}

// history answers GET …/instances/{instance}/transitions, the first one first.
func (s *service) history(w http.ResponseWriter, r *http.Request, c *call) error {
	values := r.URL.Query()
	for _, name := range []string{"filter", "sort", "orderBy"} {
		if values.Has(name) {
			return invalid(name, "A history is neither filtered nor sorted.")
		}
	}
	q, err := query.Parse(url.Values{"page": values["page"], "pageSize": values["pageSize"]})
	if err != nil {
		return err
	}
	if err := s.sized(q); err != nil {
		return err
	}
	in, err := s.get(r, c)
	if err != nil {
		return err
	}
	steps, more, err := s.Store.History(r.Context(), in.ID, q.Page, q.Size)
	if err != nil {
		return err
	}
	items := make([]stepBody, len(steps))
	for i, t := range steps {
		if len(t.Attributes) == 0 {
			t.Attributes = []byte("{}")
		}
		items[i] = stepBody{t.ID, t.Key, t.From, t.To, t.Attributes, timeText(t.At), t.By}
	}
	return writeFiltered(w, r, in, listBody{linksOf(c.path()+"/"+url.PathEscape(c.instanceName)+"/transitions", values, q, more), items})
}
