package api

import (
	"net/http"
	"net/url"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
)

// A stateBody is the answer of functions/state. Its references begin below the
// prefix.
type stateBody struct {
	Data               dataReference    `json:"data"`
	View               viewReference    `json:"view"`
	State              string           `json:"state"`
	Status             store.Status     `json:"status"`
	ActiveCorrelations []struct{}       `json:"activeCorrelations"` // there are no sub-flows
	Transitions        []transitionBody `json:"transitions"`
	ETag               string           `json:"eTag"`
}

type dataReference struct {
	Href string `json:"href"`
}

type viewReference struct {
	HasView  bool `json:"hasView"`
	LoadData bool `json:"loadData"`
}

type transitionBody struct {
	Name   string          `json:"name"`
	Href   string          `json:"href"`
	Schema schemaReference `json:"schema"`
}

type schemaReference struct {
	HasSchema bool   `json:"hasSchema"`
	Href      string `json:"href,omitempty"`
}

// state answers GET …/functions/state: where the instance is, and what the
// caller can do.
func (s *service) state(w http.ResponseWriter, r *http.Request, c *call) error {
	in, f, err := s.resumed(r, c)
	if err != nil {
		return err
	}
	href, view, ok := s.Enricher.DataHref(c.domain, c.match.workflow, f.Version, in.State, in.ID)
	if !ok {
		return errNoInstance
	}
	tag := s.Enricher.Tag(c.request(r), described(in))
	w.Header().Set("ETag", tag)
	w.Header().Set("X-Entity-Etag", entityTag(in.ETag))
	w.Header().Set("Cache-Control", "private, no-cache")
	if knows(r.Header, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	b := stateBody{State: in.State, Status: in.Status, ActiveCorrelations: []struct{}{}, Transitions: []transitionBody{}, ETag: tag}
	b.Data.Href = href
	if state, ok := f.State(in.State); ok {
		b.View = viewReference{state.View != nil, state.View != nil && view.LoadData}
	}
	base := c.path() + "/" + url.PathEscape(in.ID)
	for _, t := range f.Available(in.State, c.caller.Roles) {
		out := transitionBody{Name: t.Key, Href: base + "/transitions/" + url.PathEscape(t.Key)}
		if t.Schema != nil {
			out.Schema = schemaReference{true, base + "/functions/schema?transitionKey=" + url.QueryEscape(t.Key)}
		}
		b.Transitions = append(b.Transitions, out)
	}
	return write(w, http.StatusOK, b)
}

// resumed finds the instance that the path names, and its machine.
func (s *service) resumed(r *http.Request, c *call) (*store.Instance, *flow.Workflow, error) {
	in, err := s.get(r, c)
	if err != nil {
		return nil, nil, err
	}
	f, err := c.catalogue.Resume(c.domain, c.match.workflow, in.FlowVersion)
	return in, f, err
}
