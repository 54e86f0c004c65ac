package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/api"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
	"github.com/aril-wasm/aril/runtime/enrich"
)

const publishPath = root + "/definitions/publish"

func many(docs ...enrich.Document) string {
	var all []string
	for _, d := range docs {
		all = append(all, string(d.JSON))
	}
	return `{"documents":[` + strings.Join(all, ",") + `]}`
}

func TestDefinitionsArePublished(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{kept: true})
		s.started(t, `{"key":"k"}`)
		require.NotContains(t, s.get(t, loans+"/k").body["extensions"], "fresh")

		one := s.do(t, everyone, http.MethodPost, publishPath, string(extension("fresh", 1, 3, "sees", "").JSON))
		require.Equal(t, 200, one.Code, one.Body)
		require.Equal(t, map[string]any{"published": 1.0, "generation": float64(s.enricher.Generation()), "warnings": []any{}}, one.body)
		require.Contains(t, s.get(t, loans+"/k").body["extensions"], "fresh")

		two := s.do(t, everyone, http.MethodPost, publishPath, many(extension("more", 1, 3, "sees", ""), document("sys-flows", "core", "w", "1.0.0", `{"extensions":[{"key":"gone","domain":"core","version":"1","flow":"sys-extensions"}]}`)))
		require.Equal(t, 200, two.Code, two.Body)
		warnings := two.body["warnings"].([]any)
		require.Len(t, warnings, 1)
		require.Equal(t, "published/sys-flows/core/w-1.0.0.json", warnings[0].(map[string]any)["document"])
		require.Contains(t, warnings[0].(map[string]any)["message"], "is not loaded")

		kept, err := st.Definitions().Load(t.Context())
		require.NoError(t, err)
		require.Len(t, kept, len(definitions())+3, "what was acknowledged survives")
	})
}

func TestAPublishThatIsRefusedChangesNothing(t *testing.T) { // V-B39, V-B40
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{kept: true, api: api.Config{PublishBytes: 20_000}})
		s.started(t, `{"key":"k"}`)
		generation := s.enricher.Generation()
		good := extension("fresh", 1, 3, "sees", "")
		for _, c := range []struct{ body, member string }{
			{many(good, extension("wrong", 9, 3, "sees", "")), "Extension.Type"},
			{many(good, extension("wrong", 1, 3, "nobody", "")), "Extension.Task.Mapping"},
			{many(good, good), "Extension.Key"},
			{many(good, document("sys-flows", "core", "loans", "3.0.0", `{"states":[{"key":"a","stateType":1,"transitions":[{"key":"t","target":"nowhere"}]}]}`)), "Workflow.States[0].Transitions[0].Target"},
			{`{"flow":"sys-extensions"}`, ""}, {`{"flow":"sys-secrets","key":"a"}`, ""}, {`{"a":1}`, ""},
			{`[]`, "general"}, {`{}`, "general"}, {`1`, "general"}, {`{"documents":[]}`, "documents"}, {`{"documents":{}}`, "documents"}, {`{"documents":null}`, "documents"}, {`{"documents":[{}],"flow":"x"}`, "documents"},
			{`{"documents":[1]}`, ""}, {`{"flow":"sys-tasks","flow":"sys-flows"}`, "general"}, {``, "general"},
		} {
			r := s.do(t, everyone, http.MethodPost, publishPath, c.body)
			require.Equal(t, 400, r.Code, "%s: %s", c.body, r.Body)
			require.NotEmpty(t, r.body["errors"], c.body)
			if c.member != "" {
				require.Contains(t, r.body["errors"], c.member, c.body)
			}
		}
		s.problem(t, everyone, 413, "App:900002", http.MethodPost, publishPath, `{"a":"`+strings.Repeat("x", 20_000)+`"}`)
		s.problem(t, everyone, 415, "App:900002", http.MethodPost, publishPath, `{}`, "Content-Type", "application/zip")
		require.Equal(t, generation, s.enricher.Generation())
		require.NotContains(t, s.get(t, loans+"/k").body["extensions"], "fresh")
	})
}

// Readers see the definitions of one publish, never some of two.
func TestReadsDuringPublishesSeeOneSetOfDefinitions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k"}`)
		pair := func(n int) string {
			return many(extension("left", 1, 3, "sees", fmt.Sprintf(`,"responseKey":"left%d"`, n)), extension("right", 1, 3, "sees", fmt.Sprintf(`,"responseKey":"right%d"`, n)))
		}
		require.Equal(t, 200, s.do(t, everyone, http.MethodPost, publishPath, pair(0)).Code)
		var done atomic.Bool
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for !done.Load() {
					r := s.get(t, loans+"/k")
					left, right := "", ""
					for name := range r.body["extensions"].(map[string]any) {
						if n, ok := strings.CutPrefix(name, "left"); ok {
							left = n
						}
						if n, ok := strings.CutPrefix(name, "right"); ok {
							right = n
						}
					}
					if left == "" || left != right {
						t.Errorf("left %q and right %q", left, right)
						return
					}
				}
			})
		}
		for n := range 10 {
			require.Equal(t, 200, s.do(t, everyone, http.MethodPost, publishPath, pair(n+1)).Code)
		}
		done.Store(true)
		wg.Wait()
	})
}

func TestAPublishBehindAnotherProcessIsAConflict(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		var told []error
		first := newServer(t, storetest.Open(t, url), setting{kept: true, api: api.Config{Published: func(err error) { told = append(told, err) }}})
		second := newServer(t, storetest.Open(t, url), setting{kept: true, without: true})
		require.Equal(t, 200, second.do(t, everyone, http.MethodPost, publishPath, string(extension("fresh", 1, 3, "sees", "").JSON)).Code)
		r := first.problem(t, everyone, 409, "App:900001", http.MethodPost, publishPath, string(extension("late", 1, 3, "sees", "").JSON))
		require.Contains(t, r.body["detail"], "Another process published")
		require.Len(t, told, 1)
		require.ErrorIs(t, told[0], store.ErrChanged)
	})
}
