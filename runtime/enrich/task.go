package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An InstanceSource answers tasks that read instances. ctx ends with the
// extension's time.
type InstanceSource interface {
	// InstanceData gives the data of one instance.
	InstanceData(ctx context.Context, q InstanceQuery) (any, error)

	// Instances gives one page of a workflow's instances.
	Instances(ctx context.Context, q InstancesQuery) (any, error)
}

// An InstanceQuery names an instance by its id or key. Extensions are those to
// enrich its data with.
type InstanceQuery struct {
	Domain, Workflow, Instance string
	Extensions                 []string
	Caller                     Caller
}

// An InstancesQuery asks for a page, 1 to 1,000, of 1 to 100 instances. Filter
// and Sort are values of JSON, never text made of parts.
type InstancesQuery struct {
	Domain, Workflow string
	Page, PageSize   int
	Filter, Sort     any
	Caller           Caller
}

// A taskRun is one run of a task for one extension.
type taskRun struct {
	enricher  *Enricher
	request   *Request
	extension *Extension
	task      *Task
	context   *ScriptContext
	input     *ScriptResponse // of the input handler; never nil
	config    map[string]any  // the task's, with what the input handler replaced
}

// find looks the value of a template up.
func (r *taskRun) find(ctx context.Context) lookup {
	return func(path string) (any, error) {
		root, rest, _ := strings.Cut(path, ".")
		switch root {
		case "instance":
			i := &r.context.Instance
			name, inner, _ := strings.Cut(rest, ".")
			if name == "data" {
				return at(i.Data, inner), nil
			}
			return map[string]any{"id": i.ID, "key": i.Key, "domain": i.Domain, "flow": i.Flow, "flowVersion": i.FlowVersion, "state": i.State, "status": i.Status}[name], nil
		case "body":
			body := r.context.Body
			if r.input.Data != nil {
				var err error
				if body, err = decodeJSON(r.input.Data); err != nil {
					return nil, err
				}
			}
			return at(body, rest), nil
		case "headers":
			return r.context.Headers[strings.ToLower(rest)], nil
		case "query":
			return r.context.QueryParameters[rest], nil
		case "routeValues":
			if v, ok := r.input.RouteValues[rest]; ok {
				return v, nil
			}
			return r.context.RouteValues[rest], nil
		case "caller":
			return map[string]any{"id": r.request.Caller.ID}[rest], nil
		case "secrets":
			store, key, _ := strings.Cut(rest, ".")
			v, err := r.enricher.config.secret(ctx, SecretRequest{Extension: r.extension.Key, Store: store, Key: key})
			if err != nil { // its text is the vault's, and a response may show it
				r.enricher.config.Logger.Warn("no secret", "extension", r.extension.Key, "store", store, "key", key, "error", err)
				return nil, errNoSecret
			}
			return v, nil
		}
		return nil, errors.New("no such value")
	}
}

// run runs the task. What it could not even begin is an error; what the other
// side answered is a response, whatever it was.
func (r *taskRun) run(ctx context.Context) (*TaskResponse, error) {
	r.config = r.task.config
	if len(r.input.Config) > 0 {
		r.config = maps.Clone(r.config)
		if r.config == nil {
			r.config = map[string]any{}
		}
		for name, raw := range r.input.Config {
			v, err := decodeJSON(raw)
			if err != nil {
				return nil, err
			}
			r.config[name] = v
		}
	}
	start := time.Now()
	resp, err := r.dispatch(ctx)
	if err != nil {
		return nil, err
	}
	resp.TaskType = strconv.Itoa(int(r.task.Kind))
	resp.ExecutionDurationMS = time.Since(start).Milliseconds()
	return resp, nil
}

func (r *taskRun) dispatch(ctx context.Context) (*TaskResponse, error) {
	switch r.task.Kind {
	case TaskHTTP:
		return r.http(ctx)
	case TaskScript:
		return newResponse(r.input.Data)
	case TaskGetInstanceData:
		return r.instanceData(ctx)
	case TaskGetInstances:
		return r.instances(ctx)
	case TaskStateStore:
		return r.stateStore(ctx)
	}
	return nil, fmt.Errorf("%s: task type %d (%v) is not supported", codeUnsupportedTask, int(r.task.Kind), r.task.Kind)
}

// newResponse is a success with a value of JSON; nil is none.
func newResponse(raw json.RawMessage) (*TaskResponse, error) {
	resp := &TaskResponse{IsSuccess: true, raw: raw}
	if raw == nil {
		return resp, nil
	}
	var err error
	resp.Data, err = decodeJSON(raw)
	return resp, err
}

// failedResponse is a task that came to nothing.
func failedResponse(message string, metadata map[string]any) *TaskResponse {
	return &TaskResponse{ErrorMessage: message, Metadata: metadata}
}

// textOf expands a member of the configuration.
func (r *taskRun) textOf(ctx context.Context, name, def string) (string, error) {
	s := text(r.config, name)
	if s == "" {
		return def, nil
	}
	return expandText(s, r.find(ctx), asIs)
}

// maxReadDepth is how deep tasks that read instances may lead to each other.
const maxReadDepth = 3

type readDepth struct{}

func deeper(ctx context.Context) (context.Context, error) {
	depth, _ := ctx.Value(readDepth{}).(int)
	if depth >= maxReadDepth {
		return nil, fmt.Errorf("tasks that read instances lead to each other more than %d deep", maxReadDepth)
	}
	return context.WithValue(ctx, readDepth{}, depth+1), nil
}

var errNoInstances = errors.New("the host has no Config.Instances, which tasks that read instances need")

func (r *taskRun) instanceData(ctx context.Context) (*TaskResponse, error) {
	q := InstanceQuery{Extensions: texts(r.config["extensions"]), Caller: r.request.Caller}
	for _, f := range []struct {
		to        *string
		name, def string
	}{{&q.Domain, "domain", r.request.Domain}, {&q.Workflow, "flow", r.request.Workflow}, {&q.Instance, "instanceId", ""}} {
		var err error
		if *f.to, err = r.textOf(ctx, f.name, f.def); err != nil {
			return nil, err
		}
	}
	if q.Instance == "" {
		var err error
		if q.Instance, err = r.textOf(ctx, "key", r.context.Instance.ID); err != nil {
			return nil, err
		}
	}
	return r.read(ctx, func(ctx context.Context, s InstanceSource) (any, error) { return s.InstanceData(ctx, q) })
}

func (r *taskRun) instances(ctx context.Context) (*TaskResponse, error) {
	q := InstancesQuery{Page: int(number(r.config["page"], 1)), PageSize: int(number(r.config["pageSize"], 10)), Caller: r.request.Caller}
	if q.Page < 1 || q.Page > 1000 || q.PageSize < 1 || q.PageSize > 100 {
		return nil, fmt.Errorf("page %d of %d instances: want page 1 to 1000 of 1 to 100", q.Page, q.PageSize)
	}
	var err error
	if q.Domain, err = r.textOf(ctx, "domain", r.request.Domain); err != nil {
		return nil, err
	}
	if q.Workflow, err = r.textOf(ctx, "flow", r.request.Workflow); err != nil {
		return nil, err
	}
	if q.Filter, err = expandValue(r.config["filter"], r.find(ctx)); err != nil {
		return nil, err
	}
	if q.Sort, err = expandValue(r.config["sort"], r.find(ctx)); err != nil {
		return nil, err
	}
	return r.read(ctx, func(ctx context.Context, s InstanceSource) (any, error) { return s.Instances(ctx, q) })
}

func (r *taskRun) read(ctx context.Context, read func(context.Context, InstanceSource) (any, error)) (*TaskResponse, error) {
	if r.enricher.config.Instances == nil {
		return nil, errNoInstances
	}
	inner, err := deeper(ctx)
	if err != nil {
		return nil, err
	}
	v, err := read(inner, r.enricher.config.Instances)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return failedResponse(err.Error(), nil), nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return newResponse(raw)
}

// stateStore gets, sets or deletes one value.
func (r *taskRun) stateStore(ctx context.Context) (*TaskResponse, error) {
	store, err := r.textOf(ctx, "store", "default")
	if err != nil {
		return nil, err
	}
	key, err := r.textOf(ctx, "key", "")
	if err != nil {
		return nil, err
	}
	s, err := r.enricher.config.State.Open(r.task.Domain, "enrich/"+store)
	if err != nil {
		return nil, err
	}
	switch operation := text(r.config, "operation"); operation {
	case "", "get":
		raw, found, err := s.Get(ctx, key)
		if err != nil {
			return failedResponse(err.Error(), nil), nil
		}
		if !found {
			return newResponse(nil)
		}
		return newResponse(slices.Clone(raw))
	case "set":
		v := r.config["value"]
		if v, err = expandValue(v, r.find(ctx)); err != nil {
			return nil, err
		}
		raw, err := json.Marshal(v)
		if r.config["value"] == nil && r.input.Data != nil {
			raw, err = r.input.Data, nil
		}
		if err != nil {
			return nil, err
		}
		if err := s.Put(ctx, key, raw); err != nil {
			return failedResponse(err.Error(), nil), nil
		}
		return newResponse(raw)
	case "delete":
		if _, err := s.Delete(ctx, key); err != nil {
			return failedResponse(err.Error(), nil), nil
		}
		return newResponse(nil)
	default:
		return nil, fmt.Errorf("operation %q: want get, set or delete", operation)
	}
}
