package enrich

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	aril "github.com/aril-wasm/aril/runtime"
)

// A Request says what is being read, by whom, and which extensions it names.
type Request struct {
	Domain          string
	Workflow        string
	WorkflowVersion string // as in a Reference; "" is the latest
	Read            Read

	// Extensions are the keys that the request names; each may be a list with
	// commas, as both ?extensions=a,b and ?extensions=a&extensions=b mean.
	// Keys compare without case. At most 256 count.
	Extensions []string

	Header      http.Header
	Query       url.Values
	RouteValues map[string]string
	Caller      Caller

	Fresh   bool   // do not answer from a cache
	Explain bool   // say of every extension that did not run why
	Path    string // for problem details
	TraceID string // for problem details and audit
}

// A Caller is on whose behalf something is read. The host says who it is.
type Caller struct {
	ID string

	// Rights stands for what the caller may see: any text that is another when
	// that is, such as the list of its roles. With ID it keeps tags and cached
	// responses of different callers apart.
	Rights string

	Attributes map[string]any // for the host's own hooks
}

// key tells callers apart that may see different things.
func (c Caller) key() string { return itoa(len(c.ID)) + " " + c.ID + c.Rights }

// An Instance is what is enriched. Any other Go value is taken for its Data.
type Instance struct {
	ID, Key           string
	Domain            string // "" for the request's
	Flow, FlowVersion string
	State, Status     string
	Tags              []string
	ETag              string
	Data              any
}

// contextOf makes the script context of one instance.
func (c *Config) contextOf(r *Request, i *Instance) (*ScriptContext, error) {
	data, err := generic(i.Data)
	if err != nil {
		return nil, err
	}
	s := &ScriptContext{
		Body: data, Headers: make(map[string]string, len(r.Header)), QueryParameters: make(map[string]string, len(r.Query)), RouteValues: r.RouteValues,
		Instance: ScriptInstance{
			ID: i.ID, Key: i.Key, Domain: orElse(i.Domain, r.Domain), Flow: orElse(i.Flow, r.Workflow), FlowVersion: i.FlowVersion,
			State: i.State, Status: i.Status, Tags: i.Tags, Data: data,
		},
		Workflow:     ScriptWorkflow{Domain: r.Domain, Key: r.Workflow, Version: orElse(i.FlowVersion, r.WorkflowVersion)},
		Runtime:      ScriptRuntime{Name: "aril", Version: aril.Version, Compat: c.Compat.String()},
		TaskResponse: map[string]*TaskResponse{}, OutputResponse: map[string]json.RawMessage{}, MetaData: map[string]any{},
	}
	for name, values := range r.Header {
		s.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	for name, values := range r.Query {
		s.QueryParameters[name] = strings.Join(values, ",")
	}
	if s.RouteValues == nil {
		s.RouteValues = map[string]string{}
	}
	return s, nil
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// instanceOf takes an Instance, or makes one of any other value.
func instanceOf(v any) *Instance {
	switch v := v.(type) {
	case *Instance:
		return v
	case Instance:
		return &v
	}
	return &Instance{Data: v}
}

// A Result is what extensions added to one instance.
type Result struct {
	Extensions Object   // one member for each that made something
	Unknown    []string // keys of the request that name nothing that is loaded
	Runs       []Run    // what ran; with Request.Explain also what did not, and why
}

// Value reads the member of one extension into v. It reports whether there is one.
func (r *Result) Value(name string, v any) (bool, error) {
	raw := r.Extensions.Get(name)
	if raw == nil {
		return false, nil
	}
	return true, json.Unmarshal(raw, v)
}
