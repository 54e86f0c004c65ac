package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/api"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A server is the API over one store, with its callers said in a header.
type server struct {
	http.Handler
	enricher *enrich.Enricher
	store    *store.Store
	log      *logged
}

// A setting is what differs between servers.
type setting struct {
	api     api.Config
	enrich  enrich.Config
	without bool // no definitions but those of the store
	kept    bool // published definitions are kept in the store
}

var everyone = guard.Caller{ID: "everyone", Roles: []string{"read", "write", "publish", "auditor"}}

func newServer(t testing.TB, st *store.Store, with setting) *server {
	t.Helper()
	log := &logged{}
	with.enrich.Attach = func(docs []enrich.Document) (any, []enrich.Issue) { return flow.Parse(docs) }
	if with.enrich.Natives == nil {
		with.enrich.Natives = natives
	}
	if with.kept {
		with.enrich.Store = st.Definitions()
	}
	e, err := enrich.New(t.Context(), with.enrich)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close(context.Background())) })
	if !with.without {
		_, err = e.Publish(t.Context(), definitions()...)
		require.NoError(t, err)
	}
	with.api.Enricher, with.api.Store, with.api.Logger = e, st, slog.New(slog.NewJSONHandler(log, nil))
	h, err := api.New(with.api)
	require.NoError(t, err)
	return &server{h, e, st, log}
}

type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A reply is an answer, with its JSON.
type reply struct {
	*httptest.ResponseRecorder
	body map[string]any
}

// at follows members: "metadata.status".
func (r *reply) at(path string) any {
	var v any = r.body
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// items are those of a page.
func (r *reply) items() []map[string]any {
	var out []map[string]any
	list, _ := r.body["items"].([]any)
	for _, item := range list {
		out = append(out, item.(map[string]any))
	}
	return out
}

// do asks as a caller. What is no JSON, and a problem without its members,
// fails the test.
func (s *server) do(t testing.TB, as guard.Caller, method, path, body string, headers ...string) *reply {
	t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(guard.WithCaller(t.Context(), as), method, path, in)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := &reply{ResponseRecorder: httptest.NewRecorder()}
	s.ServeHTTP(out, r)
	if out.Body.Len() > 0 {
		require.NoError(t, json.Unmarshal(out.Body.Bytes(), &out.body), "%s %s: %s", method, path, out.Body)
	}
	if out.Code >= 400 && method != http.MethodHead {
		require.Equal(t, "application/problem+json", out.Header().Get("Content-Type"), "%s %s", method, path)
		for _, name := range []string{"type", "title", "status", "detail", "instance", "errors", "errorCode", "prefix", "code"} {
			require.Contains(t, out.body, name, "%s %s: %s", method, path, out.Body)
		}
		require.EqualValues(t, out.Code, out.body["status"])
	}
	return out
}

func (s *server) get(t testing.TB, path string, headers ...string) *reply {
	t.Helper()
	return s.do(t, everyone, http.MethodGet, path, "", headers...)
}

// started starts an instance of loans and gives its id.
func (s *server) started(t testing.TB, body string) string {
	t.Helper()
	r := s.do(t, everyone, http.MethodPost, loans+"/start?sync=true", body)
	require.Equal(t, http.StatusCreated, r.Code, r.Body)
	return r.body["id"].(string)
}

// problem asks and wants a refusal.
func (s *server) problem(t testing.TB, as guard.Caller, status int, code, method, path, body string, headers ...string) *reply {
	t.Helper()
	r := s.do(t, as, method, path, body, headers...)
	require.Equal(t, status, r.Code, "%s %s: %s", method, path, r.Body)
	require.Equal(t, code, r.body["code"], "%s %s: %s", method, path, r.Body)
	return r
}

const (
	root  = "/api/v1"
	loans = root + "/core/workflows/loans/instances"
)

// natives are the mappings of the definitions below.
var natives = map[string]enrich.Mapping{
	"sees": enrich.NativeMapping{Output: func(_ context.Context, c *enrich.ScriptContext) (*enrich.ScriptResponse, error) {
		raw, err := json.Marshal(map[string]any{"id": c.Instance.ID, "state": c.Instance.State, "data": c.Instance.Data, "version": c.Instance.FlowVersion})
		return &enrich.ScriptResponse{Data: raw}, err
	}},
	"hangs": enrich.NativeMapping{Output: func(ctx context.Context, c *enrich.ScriptContext) (*enrich.ScriptResponse, error) {
		if m, _ := c.Instance.Data.(map[string]any); m["hang"] == nil {
			return &enrich.ScriptResponse{Data: json.RawMessage(`1`)}, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}},
	"breaks": enrich.NativeMapping{Output: func(context.Context, *enrich.ScriptContext) (*enrich.ScriptResponse, error) {
		return nil, fmt.Errorf("the backend is down")
	}},
}

// document is one definition.
func document(flow, domain, key, version, attributes string) enrich.Document {
	return enrich.Document{Name: flow + "/" + domain + "/" + key + "-" + version + ".json", JSON: fmt.Appendf(nil,
		`{"key":%q,"version":%q,"domain":%q,"flow":%q,"flowVersion":"1.0.0","tags":["test"],"attributes":%s}`, key, version, domain, flow, attributes)}
}

func extension(key string, kind, scope int, mapping, more string) enrich.Document {
	return document("sys-extensions", "core", key, "1.0.0", fmt.Sprintf(
		`{"type":%d,"scope":%d,"task":{"order":1,"task":{"key":"script","domain":"core","version":"latest","flow":"sys-tasks"},"mapping":{"location":"native:%s"}}%s}`, kind, scope, mapping, more))
}

// loanFlow is the workflow loans in a version. Its member iban is for auditors,
// and so is all below risk.
func loanFlow(version, config string) enrich.Document {
	return document("sys-flows", "core", "loans", version, `{"type":"F"`+config+`,
		"schema":{"key":"loan","domain":"core","version":"1.0.0","flow":"sys-schemas"},
		"extensions":[{"key":"listed","domain":"core","version":"1","flow":"sys-extensions"},{"key":"asked","domain":"core","version":"1","flow":"sys-extensions"}],
		"startTransition":{"key":"apply","target":"draft"},
		"states":[
			{"key":"draft","stateType":1,"view":{"loadData":true,"extensions":["asked"]},"transitions":[
				{"key":"submit","target":"review","schema":{"key":"submission","domain":"core","version":"1.0.0","flow":"sys-schemas"}},
				{"key":"note","target":"$self"},
				{"key":"override","target":"done","roles":[{"role":"auditor","grant":"allow"}]}]},
			{"key":"review","stateType":2,"transitions":[{"key":"approve","target":"done"},{"key":"return","target":"draft"}]},
			{"key":"done","stateType":3}]}`)
}

// definitions are what the tests run with.
func definitions() []enrich.Document {
	return []enrich.Document{
		document("sys-tasks", "core", "script", "1.0.0", `{"type":"7","config":{}}`),
		document("sys-schemas", "core", "loan", "1.0.0", `{"schema":{"type":"object","properties":{
			"amount":{"type":"number","maximum":1000000},
			"iban":{"type":"string","roles":[{"role":"auditor","grant":"allow"}]},
			"risk":{"type":"object","roles":[{"role":"auditor","grant":"allow"}],"properties":{"score":{}}},
			"customer":{"type":"object","properties":{"name":{"type":"string"},"tax":{"type":"string","roles":[{"role":"auditor","grant":"allow"}]}}}}}}`),
		document("sys-schemas", "core", "submission", "1.0.0", `{"schema":{"type":"object","required":["amount"],"properties":{"amount":{"type":"number","minimum":1}}}}`),
		extension("listed", 3, 3, "sees", ""),
		extension("asked", 4, 1, "sees", ""),
		loanFlow("1.0.0", ""),
		document("sys-flows", "other", "orders", "1.0.0", `{"states":[{"key":"open","stateType":1,"transitions":[{"key":"close","target":"closed"}]},{"key":"closed","stateType":3}]}`),
	}
}
