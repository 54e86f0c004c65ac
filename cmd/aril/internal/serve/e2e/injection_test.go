//go:build linux

package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// injections are texts that mean something to a database, a shell, a log or a
// terminal.
var injections = []string{
	`'`, `"`, `\`, `''`, `' OR '1'='1`, `" OR ""="`, `') OR ('1'='1`, `1; DROP TABLE instances; --`, `'; DROP TABLE instances CASCADE; --`,
	`' UNION SELECT name, sql, 1, 1 FROM sqlite_master --`, `' UNION SELECT table_name FROM information_schema.tables --`,
	`'||(SELECT group_concat(sql) FROM sqlite_master)||'`, `'||pg_sleep(30)||'`, `$1`, `$$`, `$a$`, `?`, `?1`, `:name`, `@name`, `%s`, `%d%n`,
	`/* */`, `--`, `#`, `x'00'`, `E'\\'`, `U&"\0041"`, `{"eq":"x"}`, `$.a`, `$[0]`, `a"]["b`, `a'.'b`, `a]`, `..`, `*`, `$.**`, `{a,b}`,
	`%`, `_`, `\%`, `[a-z]`, `(a+)+$`, `${jndi:ldap://127.0.0.1/a}`, `$(id)`, "`id`", `<script>alert(1)</script>`, `{{secrets.a.b}}`, `{{instance.data}}`,
	`é`, `日本`, `🙈`, `ﬁ`, `İ`, strings.Repeat("'", 200), "a\u2028b", "\u202eabc",
}

func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		srv := serve(t, setup{definitions: directory(t, workflow("orders")), database: database})
		known := srv.begin("orders", "known", map[string]any{"n": 1})
		count := 1
		for _, text := range injections {
			count += srv.storeAndFind(t, text)
			srv.everywhere(t, text)
		}
		got := srv.get(instances("orders") + "/known")
		require.Equal(t, known, got["id"])
		require.Equal(t, map[string]any{"n": 1.0}, got["attributes"])
		require.Equal(t, count, srv.countAll(), "instances were made or lost")
		srv.quiet()
	})
}

// storeAndFind writes a text wherever one is kept, and finds what it wrote by
// it and nothing else. It gives how many instances it made.
func (s *server) storeAndFind(t *testing.T, text string) int {
	t.Helper()
	attributes := map[string]any{"text": text, text: "name", "deep": map[string]any{text: []any{text}}}
	c := start("orders", "", attributes)
	c.body.(map[string]any)["tags"] = []string{"tag"}
	a := s.do(c)
	require.Equal(t, http.StatusCreated, a.status, "%q: %s", text, a.body)
	id := a.object(t)["id"].(string)
	made := 1
	require.Equal(t, attributes, s.get(instances("orders") + "/" + id)["attributes"])
	a = s.do(move("orders", id, "add", map[string]any{text: text}))
	require.Equal(t, http.StatusOK, a.status, "%q: %s", text, a.body)
	attributes[text] = text
	require.Equal(t, attributes, s.get(instances("orders") + "/" + id)["attributes"])

	// As a key and as a tag; some are refused.
	keyed := start("orders", text, nil)
	keyed.body.(map[string]any)["tags"] = []string{text}
	if a = s.do(keyed); a.status == http.StatusCreated {
		made++
		got := s.get(instances("orders") + "/" + url.PathEscape(text))
		require.Equal(t, text, got["key"])
		require.Equal(t, []any{text}, got["tags"])
		require.Equal(t, []string{got["id"].(string)}, s.find(t, map[string]any{"key": map[string]any{"eq": text}}))
		require.Equal(t, http.StatusOK, s.do(keyed).status, "the same key again")
	} else {
		require.Equal(t, http.StatusBadRequest, a.status, "%q: %s", text, a.body)
		a.problem(t, text)
	}

	// As a value of conditions.
	for _, condition := range []map[string]any{{"eq": text}, {"in": []any{text}}, {"between": []any{text, text}}, {"startswith": text}, {"endswith": text}} {
		got := s.find(t, map[string]any{"attributes": map[string]any{"text": condition}})
		require.Contains(t, got, id, "%q %v", text, condition)
		if condition["eq"] != nil || condition["in"] != nil {
			require.Len(t, got, 1, "%q %v", text, condition)
		}
	}
	return made
}

// find lists by a filter.
func (s *server) find(t *testing.T, filter map[string]any) []string {
	t.Helper()
	raw, err := json.Marshal(filter)
	require.NoError(t, err)
	a := s.do(call{method: http.MethodGet, path: instances("orders") + "?pageSize=100&filter=" + url.QueryEscape(string(raw))})
	require.Equal(t, http.StatusOK, a.status, "%s: %s", raw, a.body)
	var ids []string
	for _, item := range a.object(t)["items"].([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return ids
}

// everywhere sends a text in every place that takes one. What it gets is the
// client's fault or nothing.
func (s *server) everywhere(t *testing.T, text string) {
	t.Helper()
	e, q := url.PathEscape(text), url.QueryEscape(text)
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	asJSON := url.QueryEscape(string(quoted))
	list := instances("orders")
	for _, c := range []call{
		{method: http.MethodGet, path: "/api/v1/" + e + "/workflows/orders/instances"},
		{method: http.MethodGet, path: "/api/v1/" + domain + "/workflows/" + e + "/instances"},
		{method: http.MethodGet, path: list + "/" + e},
		{method: http.MethodGet, path: list + "/" + e + "/transitions"},
		{method: http.MethodGet, path: list + "/known/functions/" + e},
		{method: http.MethodGet, path: list + "/known?version=" + q},
		{method: http.MethodGet, path: list + "/known?extensions=" + q},
		{method: http.MethodGet, path: list + "?filter=" + q},
		{method: http.MethodGet, path: list + "?filter=" + q + "=eq:1"},
		{method: http.MethodGet, path: list + "?filter=attributes=" + q + "=eq:" + q},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{`+string(quoted)+`:{"eq":1}}`)},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{"attributes":{`+string(quoted)+`:{"eq":`+string(quoted)+`}}}`)},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{"attributes":{`+string(quoted)+`:{`+string(quoted)+`:{"isnull":true}}}}`)},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{"key":{`+string(quoted)+`:1}}`)},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{"key":{"like":`+string(quoted)+`}}`)},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{"createdAt":{"gt":`+string(quoted)+`}}`)},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{"id":{"eq":`+string(quoted)+`}}`)},
		{method: http.MethodGet, path: list + "?filter=" + url.QueryEscape(`{"tags":{"eq":`+string(quoted)+`}}`)},
		{method: http.MethodGet, path: list + "?sort=" + q},
		{method: http.MethodGet, path: list + "?orderBy=-" + q},
		{method: http.MethodGet, path: list + "?sort=" + url.QueryEscape(`{"field":`+string(quoted)+`,"direction":"asc"}`)},
		{method: http.MethodGet, path: list + "?sort=" + url.QueryEscape(`{"field":"key","direction":`+string(quoted)+`}`)},
		{method: http.MethodGet, path: list + "?sort=" + asJSON},
		{method: http.MethodGet, path: list + "?page=" + q + "&pageSize=" + q},
		{method: http.MethodGet, path: list + "?groupBy=" + q},
		move("orders", e, "add", nil),
		move("orders", "known", e, nil),
		{method: http.MethodGet, path: list + "/known", header: map[string]string{"If-None-Match": header(text)}},
		{method: http.MethodGet, path: list + "/known", header: map[string]string{"User_reference": header(text), "Accept": header(text), "Traceparent": header(text)}},
		{method: http.MethodPost, path: list + "/start?version=" + q, body: map[string]any{"attributes": map[string]any{}}},
		{method: http.MethodPatch, path: list + "/known/transitions/nothing", header: map[string]string{"If-Match": header(text)}, body: map[string]any{}},
		publish(definition("sys-flows", text, nil)),
		publish(document{"flow": text, "domain": text, "key": text, "version": text}),
	} {
		if c.method == http.MethodPost && strings.Contains(c.path, "/start?version=") {
			c.body = []byte(`{"key":1}`) // refused in any case: nothing is to be made
		}
		a := s.do(c)
		require.Less(t, a.status, 500, "%s %s: %s", c.method, c.path, a.body)
		if a.status >= 400 {
			a.problem(t, c.path)
		}
		for name := range a.header {
			require.NotContains(t, []string{"X-Injected", "Set-Cookie"}, name)
		}
	}
}

// header makes a text one that a client may send as a header.
func header(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// countAll counts the instances by reading all pages.
func (s *server) countAll() (n int) {
	s.t.Helper()
	for path := instances("orders") + "?pageSize=100"; path != ""; {
		got := s.get(path)
		n += len(got["items"].([]any))
		path = nextPage(got["links"].(map[string]any)["next"])
	}
	return n
}
