package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// attempts is how often a transition is tried that others were stored before.
const attempts = 5

// start answers POST …/instances/start.
func (s *service) start(w http.ResponseWriter, r *http.Request, c *call) error {
	sync, err := syncOf(r)
	if err != nil {
		return err
	}
	b, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	f, err := c.workflow(r)
	if err != nil {
		return err
	}
	step, err := f.Start(c.caller.Roles, b.Attributes)
	if err != nil {
		return err
	}
	if err := f.Check(b.Attributes, c.caller.Roles); err != nil {
		return err
	}
	in := store.Instance{
		Domain: f.Domain, Workflow: f.Key, FlowVersion: f.Version, State: step.To, Status: step.Status,
		Tags: b.Tags, Attributes: b.Attributes, CreatedBy: c.caller.ID, ModifiedBy: c.caller.ID,
	}
	if b.Key != nil {
		in.Key = *b.Key
	}
	got, existed, err := s.Store.Start(r.Context(), in, store.Transition{Key: step.Transition, From: step.From, To: step.To, Attributes: b.Attributes, By: c.caller.ID})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !existed {
		status = http.StatusCreated
		w.Header().Set("Location", prefix+c.path()+"/"+url.PathEscape(got.ID))
	}
	return s.written(w, r, c, status, sync, &got)
}

// transition answers PATCH …/instances/{instance}/transitions/{transition}.
func (s *service) transition(w http.ResponseWriter, r *http.Request, c *call) error {
	sync, err := syncOf(r)
	if err != nil {
		return err
	}
	b, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	if _, err := c.workflow(r); err != nil {
		return err
	}
	var got store.Instance
	for range attempts {
		var old store.Instance
		if old, err = s.Store.Get(r.Context(), c.domain, c.match.workflow, c.instanceName); err != nil {
			return err
		}
		if err = ifMatch(r.Header, old.ETag); err != nil {
			return err
		}
		var next *store.Instance
		var step *flow.Step
		if next, step, err = c.advance(&old, b); err != nil {
			return err
		}
		got, err = s.Store.Apply(r.Context(), *next, old.ETag, store.Transition{Key: step.Transition, From: step.From, To: step.To, Attributes: b.Attributes, By: c.caller.ID})
		if !errors.Is(err, store.ErrChanged) {
			break
		}
	}
	if err != nil {
		return err
	}
	return s.written(w, r, c, http.StatusOK, sync, &got)
}

// advance is what a transition makes of an instance.
func (c *call) advance(old *store.Instance, b *body) (*store.Instance, *flow.Step, error) {
	if b.Key != nil && *b.Key != old.Key {
		return nil, nil, invalid("key", "An instance has the key that it was started with.")
	}
	f, err := c.catalogue.Resume(c.domain, c.match.workflow, old.FlowVersion)
	if err != nil {
		return nil, nil, err
	}
	step, err := f.Next(old.State, c.transitionName, c.caller.Roles, b.Attributes)
	if err != nil {
		return nil, nil, err
	}
	if old.Status != store.Active {
		return nil, nil, refuse("conflict", "Transition:100009", "The instance takes no transitions now; its status is %s.", old.Status)
	}
	next := *old
	if next.Attributes, err = flow.Merge(old.Attributes, b.Attributes); err != nil {
		return nil, nil, err
	}
	if err := f.Check(next.Attributes, c.caller.Roles); err != nil {
		return nil, nil, err
	}
	if b.Tags != nil {
		next.Tags = b.Tags
	}
	next.State, next.Status, next.ModifiedBy = step.To, step.Status, c.caller.ID
	return &next, step, nil
}

// ifMatch holds If-Match against the tag of what is stored. Weak tags match
// nothing: RFC 9110, 13.1.1.
func ifMatch(h http.Header, etag string) error {
	lines := h["If-Match"]
	if len(lines) == 0 {
		return nil
	}
	for _, line := range lines {
		for candidate := range strings.SplitSeq(line, ",") {
			if candidate = strings.TrimSpace(candidate); candidate == "*" || candidate == entityTag(etag) {
				return nil
			}
		}
	}
	return refuse("conflict", "Transition:100009", "The instance is no longer the one that If-Match names. If-Match takes the entityEtag of a read.").with(http.StatusPreconditionFailed)
}

// syncOf reads the parameter sync; without a value it is true.
func syncOf(r *http.Request) (bool, error) {
	values := r.URL.Query()
	if !values.Has("sync") {
		return false, nil
	}
	switch strings.ToLower(values.Get("sync")) {
	case "", "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, invalid("sync", "It is true or false.")
}

// A shortBody is the answer to a write with sync=false, a longBody that to one
// with sync=true.
type shortBody struct {
	ID     string       `json:"id"`
	Status store.Status `json:"status"`
}

type longBody struct {
	ID         string          `json:"id"`
	Key        string          `json:"key"`
	Status     store.Status    `json:"status"`
	Attributes json.RawMessage `json:"attributes"`
	ETag       string          `json:"eTag"`
	EntityETag string          `json:"entityEtag"`
	Extensions enrich.Object   `json:"extensions"`
}

// written answers a write that is stored: from here on nothing fails it.
func (s *service) written(w http.ResponseWriter, r *http.Request, c *call, status int, sync bool, in *store.Instance) error {
	req := c.request(r)
	tag := s.Enricher.Tag(req, described(in))
	w.Header().Set("ETag", tag)
	w.Header().Set("X-Entity-Etag", entityTag(in.ETag))
	w.Header().Set("Cache-Control", "no-store")
	if !sync {
		return write(w, status, shortBody{in.ID, in.Status})
	}
	long := longBody{ID: in.ID, Key: in.Key, Status: in.Status, ETag: tag, EntityETag: entityTag(in.ETag), Extensions: enrich.Object{}}
	visible, err := c.visible(in.FlowVersion, in.Attributes)
	if err != nil {
		s.Logger.Error("attributes of a write are not answered", "path", r.URL.Path, "trace", req.TraceID, "error", err)
		visible = json.RawMessage("{}")
	}
	long.Attributes = visible
	result, err := s.Enricher.Enrich(r.Context(), *req, described(in))
	if err != nil {
		s.Logger.Warn("extensions of a write failed", "path", r.URL.Path, "instance", in.ID, "trace", req.TraceID, "error", err)
	}
	if result != nil {
		long.Extensions = result.Extensions
		result.NameUnknown(w.Header())
	}
	return write(w, status, long)
}

// request is what the extensions of a write are asked for.
func (c *call) request(r *http.Request) *enrich.Request {
	values := r.URL.Query()
	return &enrich.Request{
		Domain: c.domain, Workflow: c.match.workflow, WorkflowVersion: values.Get("version"), Read: enrich.ReadInstance,
		Extensions: values["extensions"], Header: r.Header, Query: values,
		RouteValues: map[string]string{"domain": c.domain, "workflow": c.match.workflow, "instance": c.instanceName},
		Caller:      callerOf(c.caller), Path: c.about.Path, TraceID: c.about.TraceID,
	}
}
