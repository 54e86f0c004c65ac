package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/openapi"
)

// A contract is the document in a form that requests and responses are held
// against. It is stricter than the document's own words in one thing: a
// response header that the document does not name is a fault.
type contract struct {
	doc        *openapi3.T
	operations []*operation
	schemas    map[*openapi3.SchemaRef]*jsonschema.Schema
	problem    *jsonschema.Schema
}

// An operation is one method of one path.
type operation struct {
	method, path string
	segments     []string // of path; "{name}" for a parameter
	*openapi3.Operation
}

func (o *operation) String() string { return o.method + " " + o.path }

const documentURL = "aril:///openapi.json"

func newContract(t testing.TB) *contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	require.NoError(t, err)
	c := &contract{doc: doc, schemas: map[*openapi3.SchemaRef]*jsonschema.Schema{}}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			o := &operation{method: method, path: path, segments: strings.Split(path, "/"), Operation: item.GetOperation(method)}
			o.Parameters = append(slices.Clone(item.Parameters), o.Parameters...)
			c.operations = append(c.operations, o)
		}
	}
	require.NotEmpty(t, c.operations)

	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi.Document()))
	require.NoError(t, err)
	require.NoError(t, compiler.AddResource(documentURL, whole))
	compile := func(ref *openapi3.SchemaRef) {
		if ref == nil || c.schemas[ref] != nil {
			return
		}
		text, err := json.Marshal(ref)
		require.NoError(t, err)
		text = bytes.ReplaceAll(text, []byte(`"$ref":"#/`), []byte(`"$ref":"`+documentURL+`#/`))
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		name := fmt.Sprintf("aril:///inline/%d.json", len(c.schemas))
		require.NoError(t, compiler.AddResource(name, value))
		c.schemas[ref], err = compiler.Compile(name)
		require.NoError(t, err, "%s", text)
	}
	for _, o := range c.operations {
		for _, p := range o.Parameters {
			compile(p.Value.Schema)
			compile(p.Value.Schema.Value.ContentSchema)
		}
		if o.RequestBody != nil {
			for _, m := range o.RequestBody.Value.Content {
				compile(m.Schema)
			}
		}
		for _, r := range o.Responses.Map() {
			for _, h := range r.Value.Headers {
				compile(h.Value.Schema)
			}
			for _, m := range r.Value.Content {
				compile(m.Schema)
			}
		}
	}
	problem := &openapi3.SchemaRef{Ref: "#/components/schemas/Problem"}
	compile(problem)
	c.problem = c.schemas[problem]
	return c
}

// match finds the operation of a request. known says that the path is in the
// document, with whatever methods.
func (c *contract) match(method, escapedPath string) (o *operation, values map[string]string, known bool) {
	parts := strings.Split(escapedPath, "/")
	if method == http.MethodHead {
		method = http.MethodGet
	}
	best := -1 // the fixed segments of what was found: they go before parameters
	for _, candidate := range c.operations {
		found, fixed, ok := candidate.matchPath(parts)
		if !ok {
			continue
		}
		known = true
		if candidate.method == method && fixed > best {
			o, values, best = candidate, found, fixed
		}
	}
	return o, values, known
}

func (o *operation) matchPath(parts []string) (values map[string]string, fixed int, ok bool) {
	if len(parts) != len(o.segments) {
		return nil, 0, false
	}
	values = map[string]string{}
	for i, s := range o.segments {
		if !strings.HasPrefix(s, "{") {
			if part, err := url.PathUnescape(parts[i]); err != nil || part != s {
				return nil, 0, false
			}
			fixed++
			continue
		}
		value, err := url.PathUnescape(parts[i])
		if err != nil || value == "" {
			return nil, 0, false
		}
		values[strings.Trim(s, "{}")] = value
	}
	return values, fixed, true
}

// methods are those of a path, as Allow lists them.
func (c *contract) methods(escapedPath string) []string {
	set := map[string]bool{}
	for _, o := range c.operations {
		if _, _, ok := o.matchPath(strings.Split(escapedPath, "/")); ok {
			set[o.method] = true
			if o.method == http.MethodGet {
				set[http.MethodHead] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
