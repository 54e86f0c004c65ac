package enrich

import "encoding/json"

// A ScriptContext is what a mapping's handlers are given. Guests read it as a
// map with the names of the tags. It is shared by everything that runs for one
// response: do not change it.
type ScriptContext struct {
	// Body is the instance's data for the input handler, and for the output
	// handler the *TaskResponse.
	Body any `json:"body"`

	Headers         map[string]string `json:"headers"` // of the request; names in lower case
	QueryParameters map[string]string `json:"queryParameters"`
	RouteValues     map[string]string `json:"routeValues"`
	Instance        ScriptInstance    `json:"instance"`
	Workflow        ScriptWorkflow    `json:"workflow"`
	Runtime         ScriptRuntime     `json:"runtime"`

	// TaskResponse has the responses of earlier groups and, for the output
	// handler, of this extension's own task, by the task's key in camelCase.
	TaskResponse map[string]*TaskResponse `json:"taskResponse"`

	// OutputResponse has what extensions of earlier groups made, by their
	// keys in camelCase.
	OutputResponse map[string]json.RawMessage `json:"outputResponse"`

	MetaData map[string]any `json:"metaData"`
}

// A ScriptInstance is the instance as handlers see it.
type ScriptInstance struct {
	ID          string   `json:"id"`
	Key         string   `json:"key,omitempty"`
	Domain      string   `json:"domain,omitempty"`
	Flow        string   `json:"flow,omitempty"`
	FlowVersion string   `json:"flowVersion,omitempty"`
	State       string   `json:"state,omitempty"`
	Status      string   `json:"status,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Data        any      `json:"data"`
}

// A ScriptWorkflow says in which workflow the instance is.
type ScriptWorkflow struct {
	Domain  string `json:"domain"`
	Key     string `json:"key"`
	Version string `json:"version,omitempty"`
}

// A ScriptRuntime says what runs the handlers.
type ScriptRuntime struct {
	Name    string `json:"name"`    // "aril"
	Version string `json:"version"` // of package runtime
	Compat  string `json:"compat"`  // "docs", "0.0.26" or "0.0.33"
}

// A ScriptTask is the task as an input handler sees it.
type ScriptTask struct {
	Key     string         `json:"key"`
	Domain  string         `json:"domain"`
	Version string         `json:"version"`
	Type    string         `json:"type"` // the number, as in the definition
	Config  map[string]any `json:"config"`
}

// A ScriptResponse is what a handler answers. The zero value says nothing.
type ScriptResponse struct {
	Key  string          `json:"key,omitempty"`
	Data json.RawMessage `json:"data,omitempty"` // nil for none

	// From an input handler: headers and route values for the task, and
	// members that replace those of the task's configuration.
	Headers     map[string]string          `json:"headers,omitempty"`
	RouteValues map[string]string          `json:"routeValues,omitempty"`
	Config      map[string]json.RawMessage `json:"config,omitempty"`

	Tags []string `json:"tags,omitempty"`
}

// A TaskResponse is what a task came to. A backend that answers with an error
// is a response too: mappings decide what it means.
type TaskResponse struct {
	Data                any               `json:"data"`
	StatusCode          int               `json:"statusCode,omitempty"`
	IsSuccess           bool              `json:"isSuccess"`
	ErrorMessage        string            `json:"errorMessage,omitempty"`
	Headers             map[string]string `json:"headers,omitempty"`
	Metadata            map[string]any    `json:"metadata,omitempty"`
	ExecutionDurationMS int64             `json:"executionDurationMs"`
	TaskType            string            `json:"taskType"`

	raw json.RawMessage // Data as it came, with its members in order
}
