package openapi_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/api"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/openapi"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

func TestTheDocumentIsValidAndItsExamplesAre(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()))

	c := newContract(t)
	n := 0
	check := func(where string, m *openapi3.MediaType) {
		examples := map[string]any{"": m.Example}
		for name, e := range m.Examples {
			examples[name] = e.Value.Value
		}
		for name, e := range examples {
			if e == nil {
				continue
			}
			text, err := json.Marshal(e)
			require.NoError(t, err)
			require.NoError(t, validJSON(c.schemas[m.Schema], text), "%s %s", where, name)
			n++
		}
	}
	for _, o := range c.operations {
		if o.RequestBody != nil {
			check(o.String(), o.RequestBody.Value.Content["application/json"])
		}
		for status, r := range o.Responses.Map() {
			for _, m := range r.Value.Content {
				check(o.String()+" "+status, m)
			}
		}
		for _, p := range o.Parameters {
			for name, e := range p.Value.Examples {
				require.NoError(t, c.validText(p.Value.Schema, e.Value.Value.(string)), "%v %s %s", o, p.Value.Name, name)
				n++
			}
		}
	}
	require.Greater(t, n, 15)
}

func TestTheDocumentHasTheRoutesThatTheServiceHasAndNoOthers(t *testing.T) {
	t.Parallel()
	documented, served := []string{}, []string{}
	for _, o := range newContract(t).operations {
		if strings.HasPrefix(o.path, "/api/v1/") {
			documented = append(documented, o.String()+" "+o.OperationID)
			require.Nil(t, o.Security, "%v: everything of the API needs a token", o)
		} else {
			require.Empty(t, *o.Security, "%v", o)
		}
	}
	for _, r := range api.Routes() {
		served = append(served, r.Method+" "+r.Path+" "+r.Operation)
	}
	slices.Sort(documented)
	slices.Sort(served)
	require.Equal(t, served, documented)
}

func TestEveryOperationTeaches(t *testing.T) {
	t.Parallel()
	roles := map[string]string{}
	for _, r := range api.Routes() {
		roles[r.Operation] = r.Role
	}
	for _, o := range newContract(t).operations {
		require.NotEmpty(t, o.Summary, "%v", o)
		if role := roles[o.OperationID]; role != "" {
			require.Contains(t, o.Description, "`"+role+"`", "%v: its role", o)
			for _, status := range []int{400, 401, 403, 503} {
				require.NotNil(t, o.Responses.Status(status), "%v: %d", o, status)
			}
		}
		for _, p := range o.Parameters {
			require.NotEmpty(t, p.Value.Description, "%v: %s", o, p.Value.Name)
		}
		if o.Responses.Status(200) != nil && o.Responses.Status(200).Ref == "" {
			media := o.Responses.Status(200).Value.Content["application/json"]
			require.True(t, media == nil || media.Example != nil || len(media.Examples) > 0 || o.path == "/openapi.json", "%v: no example", o)
		}
	}
}

// A member that the document does not have must be found, or the other tests
// prove little.
func TestObjectsOfResponsesAreClosed(t *testing.T) {
	t.Parallel()
	open := map[string]bool{} // business data, by the end of its place
	for _, name := range []string{"/attributes", "/data", "/extensions", "/errors", "/schema", "getDocument 200"} {
		open[name] = true
	}
	var walk func(where string, ref *openapi3.SchemaRef)
	walk = func(where string, ref *openapi3.SchemaRef) {
		s := ref.Value
		for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
			for _, x := range list {
				walk(where, x)
			}
		}
		if s.Items != nil {
			walk(where+"/items", s.Items)
		}
		if !s.Type.Includes("object") {
			return
		}
		closed := s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
		if !closed {
			known := false
			for end := range open {
				known = known || strings.HasSuffix(where, end)
			}
			require.True(t, known, "%s is not closed", where)
		}
		for name, p := range s.Properties {
			walk(where+"/"+name, p)
		}
	}
	for _, o := range newContract(t).operations {
		for status, r := range o.Responses.Map() {
			for _, m := range r.Value.Content {
				walk(o.OperationID+" "+status, m.Schema)
			}
		}
	}
}

func TestTheLimitsAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	c := newContract(t)
	schema := func(id, name string) *openapi3.Schema {
		i := slices.IndexFunc(c.operations, func(o *operation) bool { return o.OperationID == id })
		return c.operations[i].Parameters.GetByInAndName("query", name).Schema.Value
	}
	require.EqualValues(t, query.MaxPage, *schema("listInstances", "page").Max)
	require.EqualValues(t, query.MaxSize, *schema("listInstances", "pageSize").Max)
	require.EqualValues(t, query.DefaultSize, schema("listInstances", "pageSize").Default)
	require.EqualValues(t, query.MaxFilterBytes, *schema("listInstances", "filter").MaxLength)
	components := c.doc.Components.Schemas
	require.EqualValues(t, query.MaxConditions, *components["Filter"].Value.Properties["and"].Value.MaxItems)
	require.EqualValues(t, query.MaxTextBytes, *components["Text"].Value.MaxLength)
	require.EqualValues(t, query.MaxList, *components["Texts"].Value.MaxItems)
	require.EqualValues(t, query.MaxNameBytes, *components["AttributeName"].Value.MaxLength)
	columns := slices.Collect(maps.Keys(components["Filter"].Value.Properties))
	require.ElementsMatch(t, append(columns, "attributes.…"), append(query.Columns(), "and", "or", "not", "attributes"))
}

func TestFiltersAndSortsThatTheDocumentAllowsAreTaken(t *testing.T) {
	t.Parallel()
	c := newContract(t)
	g := newGenerator(seed(t))
	i := slices.IndexFunc(c.operations, func(o *operation) bool { return o.OperationID == "listInstances" })
	conditions := 0
	for range 3000 {
		for _, name := range []string{"filter", "sort"} {
			ref := c.operations[i].Parameters.GetByInAndName("query", name).Schema
			text := g.value(ref, 0).(string)
			require.NoError(t, c.validText(ref, text), "%s: the generator is wrong", text)
			q, err := query.Parse(url.Values{name: {text}})
			require.NoError(t, err, "%s=%s", name, text)
			conditions += len(q.Fields())
		}
	}
	require.Greater(t, conditions, 5000, "the filters are too simple to say much")
}

func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	ask := func(method, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/openapi.json", nil)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		w := httptest.NewRecorder()
		openapi.Handler().ServeHTTP(w, r)
		return w
	}
	c := newContract(t)
	got := ask(http.MethodGet, "")
	require.Equal(t, http.StatusOK, got.Code)
	require.True(t, bytes.Equal(openapi.Document(), got.Body.Bytes()))
	require.NoError(t, c.checkResponse(http.MethodGet, "/openapi.json", got.Result(), got.Body.Bytes()))

	tag := got.Header().Get("ETag")
	require.Equal(t, http.StatusNotModified, ask(http.MethodGet, tag).Code)
	require.Equal(t, http.StatusOK, ask(http.MethodGet, `"other"`).Code)

	head := ask(http.MethodHead, "")
	require.Empty(t, head.Body.Bytes())
	require.Equal(t, tag, head.Header().Get("ETag"))

	post := ask(http.MethodPost, "")
	require.Equal(t, http.StatusMethodNotAllowed, post.Code)
	require.NoError(t, c.checkResponse(http.MethodPost, "/openapi.json", post.Result(), post.Body.Bytes()))
}

func TestADocumentThatACallerChangesIsItsOwn(t *testing.T) {
	t.Parallel()
	mine := openapi.Document()
	clear(mine)
	require.True(t, json.Valid(openapi.Document()))
}
