package openapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

const (
	orders = "/api/v1/shop/workflows/order/instances"
	loans  = "/api/v1/shop/workflows/loan/instances"
)

// unprovoked are documented answers that no request alone brings about; other
// tests of the service do.
var unprovoked = []int{http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable}

func TestEveryResponseIsAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, database string) {
		c := newContract(t)
		x := newClient(t, c, newService(t, database, definitions()...))
		other := newClient(t, c, newService(t, database, definitions()...))
		x.ordinary(t)
		x.refused(t)
		x.everywhere(t)
		x.odd(t)
		behind := other.send(t, "all", "POST", "/api/v1/definitions/publish", extension("extension-new", "2", nil))
		require.Equal(t, http.StatusConflict, behind.status, "it does not know what was published through x: %s", behind.text)
		x.seen["POST /api/v1/definitions/publish"] = append(x.seen["POST /api/v1/definitions/publish"], behind.status)
		require.Empty(t, other.faults)
		require.Empty(t, x.faults, strings.Join(x.faults, "\n"))
		for _, o := range c.operations {
			for status := range o.Responses.Map() {
				n := statusOf(t, status)
				if !slices.Contains(unprovoked, n) {
					require.Contains(t, x.seen[o.String()], n, "%v: a documented answer that was never given", o)
				}
			}
		}
	})
}

// ordinary is what a client does that does everything right.
func (x *client) ordinary(t *testing.T) {
	made := x.send(t, "clerk", "POST", orders+"/start?sync=true&extensions=extension-rare,nobody", map[string]any{
		"key": "first", "tags": []string{"a", "ü"}, "attributes": map[string]any{"n": 1, "nested": map[string]any{"list": []int{1, 2}}},
	})
	require.Equal(t, http.StatusCreated, made.status, made.text)
	require.Equal(t, "here", made.json["extensions"].(map[string]any)["rare"])
	require.Equal(t, "nobody", made.header.Get("Aril-Unknown-Extensions"))
	require.Equal(t, http.StatusOK, x.send(t, "clerk", "GET", made.header.Get("Location"), nil).status)

	again := x.send(t, "clerk", "POST", orders+"/start", map[string]any{"key": "first"})
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, made.json["id"], again.json["id"])
	require.Equal(t, http.StatusCreated, x.send(t, "clerk", "POST", orders+"/start", nil).status)

	for _, path := range []string{"/first", "/first/functions/data", "/first/functions/state"} {
		read := x.send(t, "reader", "GET", orders+path, nil)
		require.Equal(t, http.StatusOK, read.status, path)
		require.Equal(t, read.header.Get("ETag"), read.json["eTag"], path)
		known := x.send(t, "reader", "GET", orders+path, nil, "If-None-Match", read.header.Get("ETag"))
		require.Equal(t, http.StatusNotModified, known.status, path)
		require.Equal(t, http.StatusOK, x.send(t, "reader", "HEAD", orders+path, nil).status, path)
	}
	fresh := x.send(t, "reader", "GET", orders+"/first", nil, "Cache-Control", "no-cache", "If-None-Match", "*")
	require.Equal(t, http.StatusOK, fresh.status)

	explained := x.send(t, "all", "GET", orders+"/first/functions/extensions?explain=true&extensions=nobody", nil)
	require.Contains(t, explained.text, `"not loaded"`)
	require.Contains(t, explained.text, `"failed"`)
	require.NotContains(t, x.send(t, "reader", "GET", orders+"/first/functions/extensions?explain=true", nil).json, "explain", "that is for those who publish")

	for _, transition := range []string{"add", "close?sync=true", "reopen?sync=false", "finish?sync=true"} {
		moved := x.send(t, "clerk", "PATCH", orders+"/first/transitions/"+transition, map[string]any{"attributes": map[string]any{"at": transition}})
		require.Equal(t, http.StatusOK, moved.status, moved.text)
	}
	require.Len(t, x.send(t, "reader", "GET", orders+"/first/transitions", nil).json["items"], 5)
	last := x.send(t, "reader", "GET", orders+"/first/transitions?page=2&pageSize=2", nil)
	links := last.json["links"].(map[string]any)
	require.NotEmpty(t, links["next"])
	require.Equal(t, http.StatusOK, x.send(t, "reader", "GET", "/api/v1"+links["next"].(string), nil).status)

	require.Len(t, x.send(t, "reader", "GET", orders, nil).json["items"], 2)
	for query, n := range map[string]int{
		`?filter={"key":{"eq":"first"}}&extensions=extension-rare`:    1,
		`?filter={"attributes":{"nested":{"list":{"isnull":false}}}}`: 1,
		`?filter=attributes=n=ge:2`:                                   0,
		`?sort=-createdAt,attributes.n&pageSize=1`:                    1,
		`?orderBy={"fields":[{"field":"key","direction":"asc"}]}`:     2,
		`?page=1000`: 0,
	} {
		page := x.send(t, "reader", "GET", orders+escapeQuery(query), nil)
		require.Equal(t, http.StatusOK, page.status, "%s %s", query, page.text)
		require.Len(t, page.json["items"], n, query)
	}

	require.Equal(t, http.StatusCreated, x.send(t, "clerk", "POST", loans+"/start", map[string]any{"key": "l", "attributes": map[string]any{"amount": 5, "secret": "s"}}).status)
	require.NotContains(t, x.send(t, "reader", "GET", loans+"/l", nil).text, "secret")
	state := x.send(t, "all", "GET", loans+"/l/functions/state", nil)
	href := state.json["transitions"].([]any)[0].(map[string]any)["schema"].(map[string]any)["href"].(string)
	require.Equal(t, http.StatusOK, x.send(t, "all", "GET", "/api/v1"+href, nil).status)

	published := x.send(t, "all", "POST", "/api/v1/definitions/publish", extension("extension-new", "1", map[string]any{"type": 1}))
	require.Equal(t, http.StatusOK, published.status, published.text)
	flow := definition("sys-flows", "more", map[string]any{"extensions": []any{reference("sys-extensions", "extension-none")}})
	published = x.send(t, "all", "POST", "/api/v1/definitions/publish", map[string]any{"documents": []any{flow}})
	require.Equal(t, http.StatusOK, published.status, published.text)
	require.NotEmpty(t, published.json["warnings"])

	for _, path := range []string{"/openapi.json", "/healthz", "/readyz"} {
		require.Equal(t, http.StatusOK, x.send(t, "", "GET", path, nil).status, path)
	}
	for _, path := range []string{"/openapi.json", "/docs"} {
		tag := x.send(t, "", "GET", path, nil).header.Get("ETag")
		require.Equal(t, http.StatusNotModified, x.send(t, "", "GET", path, nil, "If-None-Match", tag).status, path)
	}
}

// refused is what a client does that does one thing wrong.
func (x *client) refused(t *testing.T) {
	big := `{"attributes":{"a":"` + strings.Repeat("a", 17<<20) + `"}}`
	for _, c := range []struct {
		caller, method, target string
		body                   any
		status                 int
		code                   string // "" where it says no more than the status
		header                 []string
	}{
		{"clerk", "POST", orders + "/start", `{`, 400, "App:900002", nil},
		{"clerk", "POST", orders + "/start", `{"key":"a","key":"b"}`, 400, "App:900002", nil},
		{"clerk", "POST", orders + "/start", `{"x":1}`, 400, "App:900002", nil},
		{"clerk", "POST", orders + "/start?sync=maybe", `{}`, 400, "App:900002", nil},
		{"clerk", "POST", orders + "/start", `{}`, 415, "App:900002", []string{"Content-Type", "text/plain"}},
		{"clerk", "POST", orders + "/start", `{}`, 415, "App:900002", []string{"Content-Encoding", "gzip"}},
		{"clerk", "POST", orders + "/start", big, 413, "App:900002", nil},
		{"reader", "POST", orders + "/start", `{}`, 403, "Authorization:110001", nil},
		{"clerk", "POST", "/api/v1/shop/workflows/none/instances/start", `{}`, 404, "Instance:100015", nil},
		{"clerk", "POST", orders + "/start?version=9", `{}`, 404, "Instance:100015", nil},
		{"clerk", "POST", "/api/v1/shop/workflows/more/instances/start", `{}`, 400, "Instance:100003", nil},
		{"clerk", "POST", loans + "/start", `{"attributes":{"amount":-1}}`, 400, "", nil},

		{"clerk", "PATCH", orders + "/none/transitions/add", `{}`, 404, "Instance:100017", nil},
		{"clerk", "PATCH", loans + "/l/transitions/none", `{}`, 404, "Transition:100004", nil},
		{"clerk", "PATCH", orders + "/first/transitions/add", `{}`, 409, "", nil},
		{"clerk", "PATCH", orders + "/first/transitions/add", `{}`, 412, "Transition:100009", []string{"If-Match", `"01JDH6WCZ3Q0V8R0M1F4J2T7AB"`}},
		{"clerk", "PATCH", orders + "/first/transitions/add", `[]`, 400, "App:900002", nil},
		{"clerk", "PATCH", orders + "/first/transitions/add", `{}`, 415, "App:900002", []string{"Content-Type", "application/xml"}},
		{"clerk", "PATCH", orders + "/first/transitions/add", big, 413, "App:900002", nil},
		{"clerk", "PATCH", loans + "/l/transitions/approve", `{"attributes":{"reason":"r"}}`, 403, "", nil},
		{"all", "PATCH", loans + "/l/transitions/approve", `{"attributes":{}}`, 400, "Transition:100006", nil},

		{"reader", "GET", orders + "/none", nil, 404, "Instance:100017", nil},
		{"reader", "GET", orders + "/none/transitions", nil, 404, "Instance:100017", nil},
		{"reader", "GET", orders + "/none/functions/data", nil, 404, "Instance:100017", nil},
		{"reader", "GET", orders + "/none/functions/state", nil, 404, "Instance:100017", nil},
		{"reader", "GET", orders + "/none/functions/schema", nil, 404, "Instance:100017", nil},
		{"reader", "GET", orders + "/none/functions/extensions", nil, 404, "Instance:100017", nil},
		{"reader", "GET", "/api/v1/shop/workflows/none/instances", nil, 404, "Instance:100015", nil},
		{"reader", "GET", orders + "?page=0", nil, 400, "App:900002", nil},
		{"reader", "GET", orders + "?pageSize=101", nil, 400, "App:900002", nil},
		{"reader", "GET", orders + "?filter=x", nil, 400, "App:900002", nil},
		{"reader", "GET", orders + "?sort=none", nil, 400, "App:900002", nil},
		{"reader", "GET", orders + "/first/transitions?page=1001", nil, 400, "App:900002", nil},
		{"reader", "GET", loans + escapeQuery(`?filter={"attributes.secret":{"eq":"s"}}`), nil, 403, "Authorization:110001", nil},

		{"all", "POST", "/api/v1/definitions/publish", `{}`, 400, "App:900002", nil},
		{"all", "POST", "/api/v1/definitions/publish", definition("sys-tasks", "t", map[string]any{}), 400, "App:900002", nil},
		{"all", "POST", "/api/v1/definitions/publish", `{}`, 415, "App:900002", []string{"Content-Type", "text/plain"}},
		{"all", "POST", "/api/v1/definitions/publish", big, 413, "App:900002", nil},
		{"clerk", "POST", "/api/v1/definitions/publish", `{}`, 403, "Authorization:110001", nil},
	} {
		got := x.send(t, c.caller, c.method, c.target, c.body, c.header...)
		require.Equal(t, c.status, got.status, "%s %s %.60v: %.500s", c.method, c.target, c.body, got.text)
		if c.code != "" {
			require.Equal(t, c.code, got.code(), "%s %s %.60v: %s", c.method, c.target, c.body, got.text)
		}
	}
	strict := x.send(t, "all", "POST", loans+"/start?sync=true", map[string]any{"key": "rich", "attributes": map[string]any{"amount": 5000}})
	require.Equal(t, http.StatusCreated, strict.status, "an extension cannot fail a write")
	failed := x.send(t, "all", "GET", loans+"/rich", nil)
	require.Equal(t, 400, failed.status)
	require.Equal(t, "extension-strict", failed.json["target"])
}

// everywhere does to every operation what can be wrong with any.
func (x *client) everywhere(t *testing.T) {
	there := strings.NewReplacer("{domain}", "shop", "{workflow}", "order", "{instance}", "first", "{transition}", "add")
	elsewhere := strings.NewReplacer("{domain}", "other", "{workflow}", "order", "{instance}", "first", "{transition}", "add")
	for _, o := range x.contract.operations {
		path := there.Replace(o.path)
		if o.Security != nil {
			continue
		}
		for _, token := range []string{"", "Bearer", "Bearer x", "Basic YTpi", "Bearer aril_" + strings.Repeat("a", 43)} {
			require.Equal(t, 401, x.send(t, "", o.method, path, nil, "Authorization", token).status, "%v %q", o, token)
		}
		require.Equal(t, 403, x.send(t, "elsewhere", o.method, path, nil).status, "%v", o)
		require.Equal(t, 403, x.send(t, "elsewhere", o.method, elsewhere.Replace(o.path), nil).status, "%v: whether it is there or not", o)
		require.Equal(t, 400, x.send(t, "all", o.method, path+"?%zz", nil).status, "%v", o)
		require.Equal(t, 413, x.send(t, "all", o.method, path, strings.Repeat(" ", 17<<20)).status, "%v", o)
		require.Equal(t, 405, x.send(t, "all", "DELETE", path, nil).status, "%v", o)
		require.Equal(t, 204, x.send(t, "all", "OPTIONS", path, nil).status, "%v", o)
	}
}

// odd are paths that lead nowhere.
func (x *client) odd(t *testing.T) {
	for _, path := range []string{
		"/", "/api", "/api/v1", "/api/v1/", "/api/v2/shop", orders + "/", orders + "/first/", orders + "/first/functions", orders + "/first/functions/none", orders + "/first/retry",
		"/api/v1/shop/functions/none", "/api/v1/definitions", orders + "/a%2fb", orders + "/%00", orders + "/" + strings.Repeat("a", 5000), "/api/v1//workflows/order/instances", "/openapi.json/x", "/healthz/",
	} {
		for _, method := range []string{"GET", "POST", "HEAD"} {
			got := x.send(t, "all", method, path, nil)
			require.GreaterOrEqual(t, got.status, 400, "%s %.100s", method, path)
			require.Less(t, got.status, 500, "%s %.100s", method, path)
		}
	}
}
