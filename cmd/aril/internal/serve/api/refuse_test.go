package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/api"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

func TestWhatIsNotThereIsAProblemThatSaysSo(t *testing.T) { // D5
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k"}`)
		for _, c := range []struct{ method, path, code, says string }{
			{"GET", "/", "App:900004", "nothing at this path"},
			{"GET", root + "/", "App:900004", "nothing at this path"},
			{"GET", root + "/core/workflows/loans", "App:900004", "nothing at this path"},
			{"GET", loans + "/k/functions/credit-score", "Function:800001", `"credit-score"`},
			{"GET", root + "/core/functions/credit-score", "Function:800001", "Custom functions are not run"},
			{"GET", loans + "/k/functions/a%0Ab" + strings.Repeat("x", 300), "Function:800001", "a?b"},
			{"POST", loans + "/k/retry", "Instance:100027", "not retried"},
			{"GET", loans + "/nobody", "Instance:100017", "no such instance"},
			{"GET", loans + "/01a20374-ba70-719e-86ae-1a161f4b7015", "Instance:100017", "no such instance"},
			{"GET", loans + "/a%00b", "Instance:100017", "no such instance"},
			{"GET", loans + "/%FF", "Instance:100017", "no such instance"},
			{"GET", loans + "/" + strings.Repeat("x", 5000), "Instance:100017", "no such instance"},
			{"GET", root + "/core/workflows/nobody/instances", "Instance:100015", `no workflow "nobody"`},
			{"GET", root + "/nowhere/workflows/loans/instances", "Instance:100015", `domain "nowhere"`},
			{"GET", root + "/core/workflows/%00%FF/instances", "Instance:100015", "no workflow"},
			{"GET", loans + "?version=7", "Instance:100015", `no version "7"`},
			{"GET", loans + "/k?version=" + strings.Repeat("9", 5000), "Instance:100015", "no version"},
			{"POST", loans + "/start?version=2.0.0", "Instance:100015", "version"},
			{"GET", root + "/other/workflows/orders/instances/k", "Instance:100017", "no such instance"},
		} {
			r := s.problem(t, everyone, 404, c.code, c.method, c.path, "")
			require.Contains(t, r.body["detail"], c.says, c.path)
			require.Less(t, len(r.body["detail"].(string)), 400)
		}
	})
}

func TestAMethodThatAPathDoesNotHaveIsToldThoseItHas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		for _, c := range []struct{ method, path, allow string }{
			{"DELETE", loans, "GET, HEAD, OPTIONS"},
			{"GET", loans + "/k/transitions/submit", "PATCH, OPTIONS"},
			{"PUT", loans + "/start", "GET, HEAD, POST, OPTIONS"},
			{"GET", root + "/definitions/publish", "POST, OPTIONS"},
			{"BREW\x00", loans, "GET, HEAD, OPTIONS"},
			{"GET", loans + "/a%2Fb/transitions/c%2Fd", "PATCH, OPTIONS"},
		} {
			r := httptest.NewRequest("GET", c.path, nil)
			r.Method = c.method
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Equal(t, http.StatusMethodNotAllowed, w.Code)
			require.Equal(t, c.allow, w.Header().Get("Allow"))
			require.Contains(t, w.Body.String(), `"type":"https://errors.vnext.io/405/notsupported/App/900004"`)

			w = httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest("OPTIONS", c.path, nil))
			require.Equal(t, http.StatusNoContent, w.Code)
			require.Equal(t, c.allow, w.Header().Get("Allow"))
		}
	})
}

func TestRolesAndDomainsSayWhatACallerMayUse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k"}`)
		for _, role := range []string{"", "read", "write", "publish", "READ", "auditor"} {
			as := guard.Caller{ID: "c", Roles: split(role)}
			for _, route := range api.Routes() {
				path := strings.NewReplacer("{domain}", "core", "{workflow}", "loans", "{instance}", "k", "{transition}", "note").Replace(route.Path)
				r := s.do(t, as, route.Method, path, "")
				require.Equal(t, route.Role != role, r.Code == 403 && r.body["code"] == "Authorization:110001", "%s as %q: %d", route.Operation, role, r.Code)
			}
		}
		elsewhere := guard.Caller{ID: "c", Roles: everyone.Roles, Domains: []string{"other", ""}}
		for _, path := range []string{loans, loans + "/k", loans + "/nobody", loans + "/k/functions/state", root + "/nowhere/workflows/w/instances", root + "/%63ore/workflows/loans/instances", root + "/CORE/workflows/loans/instances"} {
			s.problem(t, elsewhere, 403, "Authorization:110001", "GET", path, "")
		}
		require.Equal(t, 200, s.do(t, elsewhere, "GET", root+"/other/workflows/orders/instances", "").Code)
		s.problem(t, elsewhere, 403, "Authorization:110001", "POST", root+"/definitions/publish", string(document("sys-tasks", "other", "t", "1.0.0", `{"type":"7","config":{}}`).JSON))
	})
}

func TestABodyThatIsNotWhatItShouldBeIsAProblem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{api: api.Config{BodyBytes: 10_000}})
		for body, member := range map[string]string{
			`[]`: "general", `null`: "general", `"x"`: "general", `{`: "general", `{} {}`: "general", "\xEF\xBB\xBF{}": "general", "{\"key\":\"\xff\"}": "general", " ": "general",
			`{"key":1}`: "key", `{"key":""}`: "key", `{"key":" a"}`: "key", `{"key":"a\nb"}`: "key", `{"key":"a\u202eb"}`: "key", `{"key":".."}`: "key", `{"key":"\u0000"}`: "general",
			`{"key":"01a20374-ba70-719e-86ae-1a161f4b7015"}`: "key", `{"key":"01A20374-BA70-719E-86AE-1A161F4B7015"}`: "key", `{"key":"` + strings.Repeat("k", 257) + `"}`: "key",
			`{"tags":"x"}`: "tags", `{"tags":[1]}`: "tags", `{"tags":[""]}`: "tags", `{"tags":["` + strings.Repeat("t", 101) + `"]}`: "tags", `{"tags":["a\u0007"]}`: "tags",
			`{"tags":[` + strings.Repeat(`"t",`, 32) + `"t"]}`: "tags", `{"attributes":[]}`: "attributes", `{"attributes":"{}"}`: "attributes", `{"attributes":1}`: "attributes",
			`{"attribute":{}}`: "attribute", `{"Key":"x"}`: "Key", `{"key":"a","key":"b"}`: "general", `{"attributes":{"a":1,"a":2}}`: "general",
			`{"attributes":{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}}`: "general", `{"attributes":{"a":1e999}}`: "general", `{"attributes":{"a":"\ud800"}}`: "general",
			`{"attributes":{"\u0000":1}}`: "general",
		} {
			for _, at := range []struct{ method, path string }{{"POST", loans + "/start"}, {"PATCH", loans + "/nobody/transitions/note"}} {
				r := s.do(t, everyone, at.method, at.path, body)
				require.Equal(t, 400, r.Code, "%s: %s", body, r.Body)
				require.Contains(t, r.body["errors"], member, body)
			}
		}
		require.Empty(t, s.get(t, loans).items(), "nothing was written")

		s.problem(t, everyone, 413, "App:900002", "POST", loans+"/start", `{"attributes":{"a":"`+strings.Repeat("x", 10_000)+`"}}`)
		for _, kind := range []string{"", "text/plain", "application/json; charset=latin1", "application/jsonx", "application/merge-patch+json", "multipart/form-data; boundary=x", "application/json, text/plain", "; charset"} {
			s.problem(t, everyone, 415, "App:900002", "POST", loans+"/start", `{}`, "Content-Type", kind)
		}
		for _, encoding := range []string{"gzip", "identity, gzip", "x"} {
			r := s.problem(t, everyone, 415, "App:900002", "POST", loans+"/start", `{}`, "Content-Encoding", encoding)
			require.Equal(t, "application/json", r.Header().Get("Accept"))
		}
		for _, query := range []string{"sync=maybe", "sync=1", "%zz"} {
			s.problem(t, everyone, 400, "App:900002", "POST", loans+"/start?"+query, `{}`)
		}
		require.Empty(t, s.get(t, loans).items())
		for i, kind := range []string{"application/json", "Application/JSON; Charset=UTF-8"} {
			require.Equal(t, 201, s.do(t, everyone, "POST", loans+"/start", `{"key":null,"tags":null,"attributes":null}`, "Content-Type", kind).Code)
			require.Len(t, s.get(t, loans).items(), i+1)
		}
	})
}

func TestKeysAreWhatTheyAreWritten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		for key, escaped := range map[string]string{
			"a/b": "a%2Fb", "a%2Fb": "a%252Fb", "...": "...", "start": "start", "a b+c": "a%20b+c", "😀é": "%F0%9F%98%80%C3%A9", "e\u0301": "e%CC%81", "?x#y": "%3Fx%23y", "A": "A", "a": "a",
			`"'\;--`: "%22%27%5C%3B--", "%": "%25", "_": "_",
		} {
			id := s.do(t, everyone, "POST", loans+"/start", `{"key":`+quoted(key)+`}`)
			require.Equal(t, 201, id.Code, id.Body)
			got := s.get(t, loans+"/"+escaped)
			require.Equal(t, id.body["id"], got.body["id"], key)
			require.Equal(t, key, got.body["key"])
			require.Equal(t, id.body["id"], s.get(t, loans+"/"+strings.ToUpper(id.body["id"].(string))).body["id"], "ids have no case")
		}
	})
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func TestABodyThatBreaksOffIsAProblemOfTheClient(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		r := httptest.NewRequestWithContext(guard.WithCaller(t.Context(), everyone), "POST", loans+"/start", &broken{})
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Equal(t, 400, w.Code)
		require.Empty(t, s.get(t, loans).items())
	})
}

type broken struct{ begun bool }

func (b *broken) Read(p []byte) (int, error) {
	if b.begun {
		return 0, errors.New("unexpected EOF")
	}
	b.begun = true
	return copy(p, `{"key":"k"}`), nil
}

func TestAPanicIsAProblemWithATraceThatTheLogHasToo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{api: api.Config{
			Explain: func(*http.Request) bool { panic("secret detail") }, TraceID: func(r *http.Request) string { return r.Header.Get("Traceparent") },
		}})
		s.started(t, `{"key":"k"}`)
		const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		r := s.problem(t, everyone, 500, "App:900000", "GET", loans+"/k/functions/extensions?explain=true", "", "Traceparent", trace)
		require.Equal(t, trace, r.body["traceId"])
		require.NotContains(t, r.Body.String(), "secret detail")
		require.Contains(t, s.log.String(), "secret detail")
		require.Contains(t, s.log.String(), trace)
		require.Contains(t, s.log.String(), "refuse_test.go")
		require.Equal(t, 200, s.get(t, loans+"/k").Code)
	})
}

func TestADatabaseThatIsGoneAndAnEndThatHasComeAreProblems(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		st, err := store.Open(t.Context(), url, store.Options{})
		require.NoError(t, err)
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k"}`)
		ctx, cancel := context.WithTimeout(guard.WithCaller(t.Context(), everyone), -time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", loans+"/k", nil))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))

		require.NoError(t, st.Close())
		r := s.get(t, loans+"/k?extensions=asked")
		require.GreaterOrEqual(t, r.Code, 500)
		require.NotContains(t, r.Body.String(), "sql", "what broke is for the log alone")
		require.NotEmpty(t, s.log.String())
	})
}

func TestAServiceMayBeginWithoutDefinitions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{without: true})
		s.problem(t, everyone, 404, "Instance:100015", "GET", loans, "")
		require.Equal(t, 200, s.do(t, everyone, "POST", root+"/definitions/publish", many(definitions()...), "Content-Type", "application/json").Code)
		require.Equal(t, 200, s.get(t, loans).Code)
	})
}

func TestAConfigThatCannotBeIsRefusedWhole(t *testing.T) {
	t.Parallel()
	_, err := api.New(api.Config{Items: 101, BodyBytes: -1, Timeout: -1})
	for _, says := range []string{"Enricher", "at most 100 Items", "BodyBytes is below 0", "Timeout"} {
		require.ErrorContains(t, err, says)
	}
}
