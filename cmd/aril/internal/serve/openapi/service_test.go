package openapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
)

// compiled keeps native code for all services of these tests: the engine of the
// scripts takes longer to compile than most tests to run.
var compiled string

func TestMain(m *testing.M) {
	var err error
	if compiled, err = os.MkdirTemp("", "aril-openapi"); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	if err := os.RemoveAll(compiled); err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

// quiet is a log that nobody reads.
func quiet(testing.TB) *log.Logger { return log.New(io.Discard, "", 0) }

// A service is the whole of it but the listeners, with callers of several
// kinds.
type service struct {
	http.Handler
	tokens map[string]string // by caller
}

// callers are who may do what in these tests.
var callers = []guard.TokenEntry{
	{ID: "all", Roles: []string{"read", "write", "publish", "clerk"}},
	{ID: "reader", Roles: []string{"read"}},
	{ID: "clerk", Roles: []string{"read", "write"}},
	{ID: "elsewhere", Roles: []string{"read", "write"}, Domains: []string{"nowhere"}},
}

func newService(t testing.TB, database string, docs ...document) *service {
	t.Helper()
	dir := t.TempDir()
	definitions := filepath.Join(dir, "definitions")
	require.NoError(t, os.Mkdir(definitions, 0o700))
	for _, d := range docs {
		name := d["flow"].(string) + "." + d["key"].(string) + ".json"
		require.NoError(t, os.WriteFile(filepath.Join(definitions, name), d.json(t), 0o600))
	}
	out := &service{tokens: map[string]string{}}
	var file []guard.TokenEntry
	for _, c := range callers {
		secret, digest := guard.NewToken()
		c.SHA256 = digest
		out.tokens[c.ID] = secret
		file = append(file, c)
	}
	text, err := json.Marshal(file)
	require.NoError(t, err)
	tokens := filepath.Join(dir, "tokens.json")
	require.NoError(t, os.WriteFile(tokens, text, 0o600))
	s, err := serve.New(t.Context(), serve.Config{Definitions: definitions, Database: database, Tokens: tokens, Cache: compiled, ServerTiming: true, Version: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	out.Handler = s.Handler()
	return out
}

// A document is one definition.
type document map[string]any

func (d document) json(t testing.TB) []byte {
	text, err := json.Marshal(d)
	require.NoError(t, err)
	return text
}

func definition(flow, key string, attributes map[string]any) document {
	return document{"key": key, "version": "1.0.0", "domain": "shop", "flow": flow, "flowVersion": "1.0.0", "tags": []string{"test"}, "attributes": attributes}
}

func reference(flow, key string) map[string]any {
	return map[string]any{"key": key, "domain": "shop", "version": "1.0.0", "flow": flow}
}

// extension is one whose value is that of an expression over context.
func extension(key, expression string, attributes map[string]any) document {
	script := "export default { outputHandler(context) { return { data: " + expression + " }; } };"
	all := map[string]any{
		"type": 3, "scope": 3,
		"task": map[string]any{
			"order": 1, "task": reference("sys-tasks", "script"),
			"mapping": map[string]any{"location": "./src/" + key + ".js", "code": base64.StdEncoding.EncodeToString([]byte(script)), "encoding": "B64"},
		},
	}
	for name, value := range attributes {
		all[name] = value
	}
	return definition("sys-extensions", key, all)
}

func transition(key, target string, more map[string]any) map[string]any {
	all := map[string]any{"key": key, "target": target, "triggerType": 0}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// order is a workflow without schemas: whatever the document calls valid, it
// takes. loan has schemas, a grant, and an extension that fails reads.
func definitions() []document {
	order := map[string]any{
		"type": "F",
		"extensions": []any{
			reference("sys-extensions", "extension-length"), reference("sys-extensions", "extension-rare"), reference("sys-extensions", "extension-broken"),
		},
		"startTransition": transition("start", "open", nil),
		"states": []any{
			map[string]any{"key": "open", "stateType": 1, "view": map[string]any{"extensions": []string{"extension-rare"}, "loadData": true, "view": reference("sys-views", "overview")}, "transitions": []any{
				transition("add", "open", map[string]any{"schema": reference("sys-schemas", "anything")}), transition("close", "closed", nil), transition("finish", "done", nil),
			}},
			map[string]any{"key": "closed", "stateType": 2, "transitions": []any{transition("reopen", "open", nil)}},
			map[string]any{"key": "done", "stateType": 3, "transitions": []any{}},
		},
	}
	loan := map[string]any{
		"type":            "F",
		"extensions":      []any{reference("sys-extensions", "extension-strict")},
		"schema":          reference("sys-schemas", "loan-data"),
		"startTransition": transition("apply", "review", nil),
		"states": []any{
			map[string]any{"key": "review", "stateType": 1, "transitions": []any{
				transition("approve", "done", map[string]any{"schema": reference("sys-schemas", "loan-approval"), "roles": []any{map[string]any{"role": "clerk", "grant": "allow"}}}),
			}},
			map[string]any{"key": "done", "stateType": 3, "transitions": []any{}},
		},
	}
	schema := func(key, text string) document {
		return definition("sys-schemas", key, map[string]any{"schema": json.RawMessage(text)})
	}
	return []document{
		definition("sys-tasks", "script", map[string]any{"type": "7", "config": map[string]any{}}),
		definition("sys-views", "overview", map[string]any{"type": 1, "content": "x"}),
		extension("extension-length", "{ length: JSON.stringify(context.instance.data).length }", nil),
		extension("extension-rare", `"here"`, map[string]any{"type": 4}),
		extension("extension-broken", `nobody.knows`, nil),
		extension("extension-strict", `context.instance.data.amount > 1000 ? nobody.knows : 1`, map[string]any{"onFailure": "fail"}),
		definition("sys-flows", "order", order),
		definition("sys-flows", "loan", loan),
		schema("anything", `{}`),
		schema("loan-data", `{"type": "object", "properties": {"amount": {"type": "number", "minimum": 0}, "secret": {"type": "string", "roles": [{"role": "clerk", "grant": "allow"}]}}}`),
		schema("loan-approval", `{"type": "object", "properties": {"reason": {"type": "string", "maxLength": 20}}, "required": ["reason"]}`),
	}
}
