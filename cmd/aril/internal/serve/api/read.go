package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// wellFormed looks at the parts of a request that many routes share.
func (c *call) wellFormed(r *http.Request) error {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return invalid("general", "The query string cannot be read: %s.", clean(err.Error()))
	}
	if c.instanceName != "" && keyFault(c.instanceName) != "" && !isUUID(c.instanceName) {
		return errNoInstance
	}
	return nil
}

// workflow is the version that the parameter version asks for, the latest
// where it does not.
func (c *call) workflow(r *http.Request) (*flow.Workflow, error) {
	version := r.URL.Query().Get("version")
	if w, ok := c.catalogue.Workflow(c.domain, c.match.workflow, version); ok {
		return w, nil
	}
	if version == "" {
		return nil, refuse("notfound", flow.CodeNoWorkflow, "There is no workflow %q in the domain %q.", clean(c.match.workflow), clean(c.domain))
	}
	return nil, refuse("notfound", flow.CodeNoWorkflow, "There is no version %q of a workflow %q in the domain %q.", clean(version), clean(c.match.workflow), clean(c.domain))
}

// get finds the instance that the path names.
func (s *service) get(r *http.Request, c *call) (*store.Instance, error) {
	if _, err := c.workflow(r); err != nil {
		return nil, err
	}
	in, err := s.Store.Get(r.Context(), c.domain, c.match.workflow, c.instanceName)
	if err != nil {
		return nil, err
	}
	if _, err := c.catalogue.Resume(c.domain, c.match.workflow, in.FlowVersion); err != nil {
		return nil, err
	}
	return &in, nil
}

// instance answers GET …/instances/{instance}.
func (s *service) instance(w http.ResponseWriter, r *http.Request, c *call) error {
	in, err := s.get(r, c)
	if err != nil {
		return err
	}
	w.Header().Set("X-Entity-Etag", entityTag(in.ETag))
	return writeFiltered(w, r, in, bodyOf(in))
}

// A dataBody is the answer of functions/data before it is enriched.
type dataBody struct {
	Data       json.RawMessage `json:"data"`
	ETag       string          `json:"eTag"`
	EntityETag string          `json:"entityEtag"`
}

// data answers GET …/functions/data, and makes what functions/extensions works
// on.
func (s *service) data(w http.ResponseWriter, r *http.Request, c *call) error {
	in, err := s.get(r, c)
	if err != nil {
		return err
	}
	w.Header().Set("X-Entity-Etag", entityTag(in.ETag))
	return writeFiltered(w, r, in, dataBody{in.Attributes, weakTag(in.ETag), entityTag(in.ETag)})
}

// visible is enrich.MiddlewareConfig.FilterData.
func (s *service) visible(ctx context.Context, _ *enrich.Request, i *enrich.Instance, data json.RawMessage) (json.RawMessage, error) {
	return callOf(ctx).visible(i.FlowVersion, data)
}

// visible is what the caller may see of attributes, by the schema of the version
// that the instance goes on with. Nobody knows what may be seen of one that none
// can go on with: nothing is.
func (c *call) visible(flowVersion string, data json.RawMessage) (json.RawMessage, error) {
	w, err := c.catalogue.Resume(c.domain, c.match.workflow, flowVersion)
	if err != nil {
		return json.RawMessage("{}"), nil
	}
	return w.Visible(data, c.caller.Roles)
}

// bodyTTL is how long bodies of a workflow may be kept.
func bodyTTL(e *enrich.Enricher) func(r *enrich.Request) time.Duration {
	return func(r *enrich.Request) time.Duration {
		w, ok := catalogueOf(e).Workflow(r.Domain, r.Workflow, r.WorkflowVersion)
		if !ok {
			return 0
		}
		return w.BodyTTL
	}
}
