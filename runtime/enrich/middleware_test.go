package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A wrapped is what stands before the middleware.
type wrapped struct {
	body, etag string
	status     int
	calls      atomic.Int64
	last       *http.Request
}

func (a *wrapped) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.calls.Add(1)
	a.last = r
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Own", "kept")
	w.Header().Set("Cache-Control", "public, max-age=60")
	w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	if a.etag != "" {
		w.Header().Set("ETag", a.etag)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write([]byte(a.body))
}

func counting(n *atomic.Int64) Mapping {
	return NativeMapping{Output: func(context.Context, *ScriptContext) (*ScriptResponse, error) {
		return &ScriptResponse{Data: fmt.Appendf(nil, `%d`, n.Add(1))}, nil
	}}
}

func get(t *testing.T, h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const dataPath = "/api/v1/core/workflows/w/instances/7/functions/data"

func TestTheReadEndpointsAreEnriched(t *testing.T) { // V-B29, V-B30, V-B32
	t.Parallel()
	ids := NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
		raw, err := json.Marshal(c.Instance.ID + c.RouteValues["instance"])
		return &ScriptResponse{Data: raw}, err
	}}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"ids": ids, "ok": gives(`1`)}})
	publish(t, e, scriptTask("core"), ext{key: "single", scope: 1, mapping: "ids"}.doc(), ext{key: "list", scope: 2, mapping: "ids"}.doc(), ext{key: "asked", kind: 2, scope: 1, mapping: "ok"}.doc(), ext{key: "other", kind: 2, scope: 1, mapping: "ok"}.doc())
	for _, c := range []struct{ name, path, body, want string }{
		{"data", dataPath, `{"data":{"z":1,"a":2}}`, `{"data":{"z":1,"a":2},"eTag":TAG,"extensions":{"asked":1,"other":1,"single":"77"}}`},
		{"data that has members already", dataPath, `{"eTag":"W/\"1\"","extensions":{"old":1},"data":1}`, `{"eTag":TAG,"extensions":{"asked":1,"other":1,"single":"77"},"data":1}`},
		{"one named", dataPath + "?extensions=asked", `{"data":1}`, `{"data":1,"eTag":TAG,"extensions":{"asked":1,"single":"77"}}`},
		{"two named with a comma", dataPath + "?extensions=asked,OTHER", `{"data":1}`, `{"data":1,"eTag":TAG,"extensions":{"asked":1,"other":1,"single":"77"}}`},
		{"two named the other way round", dataPath + "?extensions=other,asked,single", `{"data":1}`, `{"data":1,"eTag":TAG,"extensions":{"asked":1,"other":1,"single":"77"}}`},
		{"two named apart", dataPath + "?extensions=asked&extensions=other", `{"data":1}`, `{"data":1,"eTag":TAG,"extensions":{"asked":1,"other":1,"single":"77"}}`},
		{"an instance", "/api/v1/core/workflows/w/instances/7", `{"id":"id7","attributes":{"a":1}}`, `{"id":"id7","attributes":{"a":1},"eTag":TAG,"extensions":{"asked":1,"other":1,"single":"id77"}}`},
		{"a list", "/api/v1/core/workflows/w/instances?page=1", `{"links":{"self":"x"},"items":[{"id":"1","attributes":{}},{"id":"2"}]}`, `{"links":{"self":"x"},"items":[{"id":"1","attributes":{},"extensions":{"list":"1"}},{"id":"2","extensions":{"list":"2"}}]}`},
		{"an empty list", "/api/v1/core/workflows/w/instances", `[]`, `[]`},
		{"history", "/api/v1/core/workflows/w/instances/7/transitions", `[{"id":"t1","data":1}]`, `[{"id":"t1","data":1,"extensions":{"list":"t17"}}]`},
		{"extensions alone", "/api/v1/core/workflows/w/instances/7/functions/extensions", `{"data":1}`, `{"extensions":{"asked":1,"other":1,"single":"77"}}`},
		{"what is no read of instances", "/api/v1/core/workflows/w/instances/7/functions/state", `{"a":1}`, `{"a":1}`},
		{"what is elsewhere", "/health", `ok`, `ok`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := &wrapped{body: c.body}
			w := get(t, e.Middleware(MiddlewareConfig{})(a), c.path)
			require.Equal(t, http.StatusOK, w.Code)
			tag, err := json.Marshal(w.Header().Get("ETag"))
			require.NoError(t, err)
			require.Equal(t, strings.Replace(c.want, "TAG", string(tag), 1), w.Body.String())
			require.Equal(t, fmt.Sprint(w.Body.Len()), w.Header().Get("Content-Length"))
			if strings.Contains(c.want, "TAG") {
				require.Regexp(t, `^W/".{20}"$`, w.Header().Get("ETag"))
				require.Equal(t, "kept", w.Header().Get("X-Own"))
			}
			if c.name == "extensions alone" {
				require.Equal(t, dataPath, a.last.URL.Path)
				require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			}
		})
	}
}

func TestUnknownKeysAreNamedInAHeader(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Natives: map[string]Mapping{"ok": gives(`1`)}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "ok"}.doc())
	h := e.Middleware(MiddlewareConfig{})(&wrapped{body: `{"data":1}`})
	require.Equal(t, "Nobody, else?where", get(t, h, dataPath+"?extensions=Nobody,x&extensions=else%0Awhere%20").Header().Get(UnknownHeader))
	require.Empty(t, get(t, h, dataPath+"?extensions=X").Header().Get(UnknownHeader))
	many := get(t, h, dataPath+"?extensions="+strings.Repeat("k", 300)+strings.Repeat(",aaaaaaaaaa,", 2000)).Header().Get(UnknownHeader)
	require.Less(t, len(many), 1200)
	w := get(t, h, "/api/v1/core/workflows/w/instances/7/functions/extensions?explain=true&extensions=nobody")
	require.JSONEq(t, `{"key":"nobody","outcome":"skipped","cause":"not loaded","message":"Extension 'nobody' not found in response","detail":"Extension definition not loaded","durationMicros":0}`, string(mustObject(t, w.Body.Bytes()).lastOf(t, "explain")))
}

func TestTheHostSaysWhoGetsExplanations(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Fetch: answers(200, `1`), Secrets: func(context.Context, SecretRequest) (string, error) {
		return "", errors.New("vault: token 123 is denied")
	}})
	publish(t, e, taskDoc("core", "t", "6", `{"url":"https://a.example/","headers":{"x":"{{secrets.a.b}}"}}`), ext{key: "x", task: "t"}.doc())
	h := e.Middleware(MiddlewareConfig{Explain: func(r *http.Request) bool { return r.Header.Get("X-Admin") != "" }})(&wrapped{body: `{"data":1}`})
	const path = "/api/v1/core/workflows/w/instances/7/functions/extensions?explain=true"
	require.Equal(t, `{"extensions":{}}`, get(t, h, path).Body.String())
	shown := get(t, h, path, "X-Admin", "1").Body.String()
	require.Contains(t, shown, "there is no such secret for this extension")
	require.NotContains(t, shown, "token 123")
}

func mustObject(t *testing.T, b []byte) Object {
	o, err := parseObject(b)
	require.NoError(t, err)
	return o
}

func (o Object) lastOf(t *testing.T, name string) json.RawMessage {
	list, err := parseArray(o.Get(name))
	require.NoError(t, err)
	return list[len(list)-1]
}

func TestAKnownTagIsAnsweredWithoutRunningExtensions(t *testing.T) { // V-B35, V-B36, V-B37, V-B38
	t.Parallel()
	var runs atomic.Int64
	e := newEnricher(t, Config{Natives: map[string]Mapping{"m": counting(&runs)}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m"}.doc())
	a := &wrapped{body: `{"data":1}`, etag: `"01KK"`}
	h := e.Middleware(MiddlewareConfig{})(a)
	first := get(t, h, dataPath)
	tag := first.Header().Get("ETag")
	require.NotEqual(t, a.etag, tag)

	again := get(t, h, dataPath+"?extensions=x", "If-None-Match", `"other", `+tag)
	require.Equal(t, http.StatusNotModified, again.Code)
	require.Empty(t, again.Body.String())
	require.Empty(t, again.Header().Get("Content-Type"))
	require.Equal(t, tag, again.Header().Get("ETag"))
	require.EqualValues(t, 1, runs.Load())
	require.Equal(t, "private, no-cache", again.Header().Get("Cache-Control"))
	require.Equal(t, "private, no-cache", first.Header().Get("Cache-Control"))
	require.Empty(t, a.last.Header.Get("If-None-Match"), "it is the middleware's, not the handler's")
	require.Equal(t, http.StatusNotModified, get(t, h, dataPath, "If-None-Match", "*").Code)

	require.Equal(t, http.StatusOK, get(t, h, dataPath, "If-None-Match", tag, "Cache-Control", "max-age=0, no-cache").Code)
	require.Equal(t, http.StatusOK, get(t, h, dataPath, "If-None-Match", tag, "Authorization", "Bearer somebody else").Code)
	a.etag = `"01KL"`
	require.Equal(t, http.StatusOK, get(t, h, dataPath, "If-None-Match", tag).Code)
	a.etag = `"01KK"`
	require.Equal(t, http.StatusNotModified, get(t, h, dataPath, "If-None-Match", tag).Code)
	publish(t, e, scriptTask("core"))
	require.Equal(t, http.StatusNotModified, get(t, h, dataPath, "If-None-Match", tag).Code, "the same definitions")
	publish(t, e, scriptTask("other"))
	require.Equal(t, http.StatusOK, get(t, h, dataPath, "If-None-Match", tag).Code, "other definitions")

	page := e.Middleware(MiddlewareConfig{})(&wrapped{body: `[]`, etag: `"1"`})
	require.Empty(t, get(t, page, "/api/v1/core/workflows/w/instances").Header().Get("ETag"), "it is that of the page without extensions")

	untagged := e.Middleware(MiddlewareConfig{})(&wrapped{body: `{"data":1}`})
	require.NotEqual(t, get(t, untagged, dataPath).Header().Get("ETag"), get(t, e.Middleware(MiddlewareConfig{})(&wrapped{body: `{"data":2}`}), dataPath).Header().Get("ETag"))
}

func TestBodiesAreKeptForReadsWithoutDemand(t *testing.T) { // V-B37
	t.Parallel()
	var runs atomic.Int64
	e := newEnricher(t, Config{Natives: map[string]Mapping{"m": counting(&runs)}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m"}.doc())
	a := &wrapped{body: `{"data":1}`}
	h := e.Middleware(MiddlewareConfig{BodyTTL: time.Hour})(a)
	for i, c := range []struct {
		path    string
		headers []string
		calls   int64
	}{
		{dataPath, nil, 1}, {dataPath, nil, 1}, {dataPath + "?extensions=x", nil, 2}, {dataPath, []string{"Authorization", "a"}, 3}, {dataPath, []string{"Authorization", "a"}, 3},
		{dataPath, []string{"Cache-Control", "no-cache"}, 4}, {dataPath, nil, 4}, {dataPath + "?x=1", nil, 5},
	} {
		w := get(t, h, c.path, c.headers...)
		require.Equal(t, c.calls, a.calls.Load(), i)
		require.Contains(t, w.Body.String(), fmt.Sprintf(`"extensions":{"x":%d}`, i+1), "what extensions make is never kept")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPatch, "/api/v1/core/workflows/w/instances/7/transitions/pay", nil))
	require.Equal(t, a.body, w.Body.String())
	get(t, h, dataPath)
	require.EqualValues(t, 7, a.calls.Load(), "a write makes the kept ones go")

	small := e.Middleware(MiddlewareConfig{BodyTTL: time.Hour, CacheBytes: 1})(a)
	get(t, small, dataPath)
	get(t, small, dataPath)
	require.EqualValues(t, 9, a.calls.Load())
}

// An answer that was on its way while a write happened is not kept.
func TestABodyFromBeforeAWriteIsNotKept(t *testing.T) {
	t.Parallel()
	c := newBodyCache(1000)
	mark := c.mark()
	c.forget("core/w")
	c.put("k", "core/w", mark, &response{}, time.Now().Add(time.Hour))
	require.Nil(t, c.get("k"))
}

func TestProblemsHaveTheSystemsShape(t *testing.T) { // V-B24, D5
	t.Parallel()
	e := newEnricher(t, Config{Compat: Compat0033, Natives: map[string]Mapping{"m": fails(errBroken)}})
	publish(t, e, scriptTask("core"), ext{key: "extension-b", mapping: "m"}.doc())
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	w := get(t, e.Middleware(MiddlewareConfig{})(&wrapped{body: `{"data":1}`}), dataPath, "Traceparent", trace)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	require.Empty(t, w.Header().Get("ETag"))
	require.JSONEq(t, `{"type":"https://errors.vnext.io/400/validation/Extension/600001","title":"Bad Request","status":400,"detail":"Extension 'extension-b' execution failed: output handler: backend is down",
		"instance":"`+dataPath+`","errors":{},"errorCode":"validation.Extension:600001","prefix":"validation","code":"Extension:600001","traceId":"`+trace+`","target":"extension-b"}`, w.Body.String())
}

func TestWhatTheWrappedHandlerRefusesPassesThrough(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	w := get(t, e.Middleware(MiddlewareConfig{})(&wrapped{body: `{"title":"Not Found"}`, status: 404}), dataPath)
	require.Equal(t, 404, w.Code)
	require.Equal(t, `{"title":"Not Found"}`, w.Body.String())
}

func TestWhatCannotBeEnrichedIsAProblemOfTheBackend(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	h := func(body string) http.Handler {
		return e.Middleware(MiddlewareConfig{BodyBytes: 200, Items: 2})(&wrapped{body: body})
	}
	for _, c := range []struct{ path, body, says string }{
		{dataPath, `<html>`, "not JSON"}, {dataPath, `[1]`, "not JSON"}, {dataPath, `{"data":1,"data":2}`, "there twice"}, {dataPath, `{"a":"` + strings.Repeat("x", 200) + `"}`, "too large"},
		{"/api/v1/core/workflows/w/instances", `[{},{},{}]`, "a page of 3"}, {"/api/v1/core/workflows/w/instances", `{"rows":[]}`, "not JSON in the shape"}, {"/api/v1/core/workflows/w/instances", `[1]`, "not JSON"},
	} {
		w := get(t, h(c.body), c.path)
		require.Equal(t, http.StatusBadGateway, w.Code, c.body)
		require.Contains(t, w.Body.String(), c.says)
	}
}

func TestPathsAreTakenApartAfterDecoding(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]route{
		"/api/v1/core/workflows/w/instances/a%2Fb": {routeInstance, "core", "w", "a/b"}, "/api/v1/core/workflows/w/instances/": {}, "/api/v1/core/workflows/w": {routeOther, "core", "w", ""},
		"/api/v1/core/workflows/w/instances/7/functions/data/more": {routeOther, "core", "w", "7"}, "/api/v1core/workflows/w/instances": {}, "/api/v1/core/other/w/instances": {},
	} {
		got, _ := parseRoute("/api/v1", path)
		require.Equal(t, want, got, path)
	}
}

func TestDataIsLimitedByTheCallerInTheResponseAlone(t *testing.T) { // V-B34
	t.Parallel()
	sees := NativeMapping{Output: func(_ context.Context, c *ScriptContext) (*ScriptResponse, error) {
		raw, err := json.Marshal(c.Instance.Data)
		return &ScriptResponse{Data: raw}, err
	}}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"m": sees}})
	publish(t, e, scriptTask("core"), ext{key: "x", mapping: "m"}.doc())
	h := e.Middleware(MiddlewareConfig{
		Caller: func(r *http.Request) Caller { return Caller{ID: r.Header.Get("X-User")} },
		FilterData: func(_ context.Context, r *Request, _ *Instance, data json.RawMessage) (json.RawMessage, error) {
			if r.Caller.ID == "admin" {
				return data, nil
			}
			return json.RawMessage(`{"public":1}`), nil
		},
	})(&wrapped{body: `{"data":{"public":1,"iban":"TR1"}}`})
	require.Contains(t, get(t, h, dataPath).Body.String(), `{"data":{"public":1},`)
	require.Contains(t, get(t, h, dataPath).Body.String(), `"extensions":{"x":{"iban":"TR1","public":1}}`)
	require.Contains(t, get(t, h, dataPath, "X-User", "admin").Body.String(), `{"data":{"public":1,"iban":"TR1"},`)
}

func TestAViewNamesTheExtensionsOfItsData(t *testing.T) { // V-B33
	t.Parallel()
	e := newEnricher(t, Config{})
	publish(t, e, Document{Name: "w", JSON: read(t, "testdata/seed/Workflows/transfers.json")})
	href, view, ok := e.DataHref("banking", "transfers", "", "confirm", "a b/c")
	require.True(t, ok)
	require.True(t, view.LoadData)
	require.Equal(t, "/banking/workflows/transfers/instances/a%20b%2Fc/functions/data?extensions=extension-customer-profile", href)
	href, view, ok = e.DataHref("banking", "transfers", "1", "other", "7")
	require.True(t, ok)
	require.False(t, view.LoadData)
	require.Equal(t, "/banking/workflows/transfers/instances/7/functions/data", href)
	_, _, ok = e.DataHref("banking", "nobody", "", "confirm", "7")
	require.False(t, ok)
}
