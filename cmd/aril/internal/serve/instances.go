package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// instances answers tasks that read instances from the database. Like all that
// extensions see, it is not limited by the caller's roles; what they make of it
// is the definitions' business. A caller's domains bound it nevertheless.
type instances struct{ s *Service }

var (
	errForeign = errors.New("the caller may not read this domain")
	errUnread  = errors.New("the instances could not be read")
)

func mayRead(c enrich.Caller, domain string) bool {
	domains, _ := c.Attributes["domains"].([]string)
	return len(domains) == 0 || slices.Contains(domains, domain)
}

// InstanceData gives the attributes of one instance, with what q.Extensions
// make of them beside it where there are any.
func (i instances) InstanceData(ctx context.Context, q enrich.InstanceQuery) (any, error) {
	if !mayRead(q.Caller, q.Domain) {
		return nil, errForeign
	}
	in, err := i.s.store.Get(ctx, q.Domain, q.Workflow, q.Instance)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no instance %q of %s/%s", q.Instance, q.Domain, q.Workflow)
	}
	if err != nil {
		return nil, i.unread(ctx, err)
	}
	if len(q.Extensions) == 0 {
		return in.Attributes, nil
	}
	got, err := i.s.enricher.Enrich(ctx, enrich.Request{
		Domain: q.Domain, Workflow: q.Workflow, WorkflowVersion: in.FlowVersion, Extensions: q.Extensions, Caller: q.Caller,
	}, enrich.Instance{
		ID: in.ID, Key: in.Key, Domain: in.Domain, Flow: in.Workflow, FlowVersion: in.FlowVersion,
		State: in.State, Status: string(in.Status), Tags: in.Tags, ETag: in.ETag, Data: in.Attributes,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"data": in.Attributes, "extensions": got.Extensions}, nil
}

// Instances gives one page, each with its attributes.
func (i instances) Instances(ctx context.Context, q enrich.InstancesQuery) (any, error) {
	if !mayRead(q.Caller, q.Domain) {
		return nil, errForeign
	}
	values := url.Values{"page": {strconv.Itoa(q.Page)}, "pageSize": {strconv.Itoa(q.PageSize)}}
	for name, v := range map[string]any{"filter": q.Filter, "sort": q.Sort} {
		switch v := v.(type) {
		case nil:
		case string:
			values.Set(name, v)
		default:
			raw, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			values.Set(name, string(raw))
		}
	}
	parsed, err := query.Parse(values)
	if err != nil {
		return nil, err
	}
	found, _, err := i.s.store.List(ctx, q.Domain, q.Workflow, parsed)
	if err != nil {
		return nil, i.unread(ctx, err)
	}
	items := make([]item, len(found))
	for n, in := range found {
		items[n] = item{in.ID, in.Key, in.State, in.Status, in.ETag, in.Tags, in.Attributes}
	}
	return map[string]any{"items": items}, nil
}

// unread is what mappings hear of a failure; what a database says of itself is
// for the log.
func (i instances) unread(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	i.s.config.Logger.Error("a task's instances", "error", err)
	return errUnread
}

// An item is an instance of a page as tasks see it.
type item struct {
	ID         string          `json:"id"`
	Key        string          `json:"key"`
	State      string          `json:"state"`
	Status     store.Status    `json:"status"`
	ETag       string          `json:"eTag"`
	Tags       []string        `json:"tags"`
	Attributes json.RawMessage `json:"attributes"`
}
