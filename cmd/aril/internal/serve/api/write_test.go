package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestAnInstanceIsStartedAndMoved(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		started := s.do(t, everyone, http.MethodPost, loans+"/start?sync=true&extensions=asked,nobody", `{"key":"loan/1","tags":["a"],"attributes":{"amount":10,"customer":{"name":"Ada"}}}`)
		require.Equal(t, http.StatusCreated, started.Code, started.Body)
		id := started.body["id"].(string)
		require.Regexp(t, `^[0-9a-f-]{36}$`, id)
		require.Equal(t, loans+"/"+id, started.Header().Get("Location"))
		require.Equal(t, "nobody", started.Header().Get(enrich.UnknownHeader))
		require.Equal(t, "loan/1", started.body["key"])
		require.Equal(t, "A", started.body["status"])
		require.Equal(t, "draft", started.at("extensions.asked.state"), "scope GetInstance, with what was stored")
		require.Equal(t, id, started.at("extensions.asked.id"))
		require.Equal(t, started.body["eTag"], started.Header().Get("ETag"))
		require.Equal(t, started.body["entityEtag"], started.Header().Get("X-Entity-Etag"))

		read := s.get(t, started.Header().Get("Location"))
		require.Equal(t, started.body["eTag"], read.body["eTag"], "the tag of a write is that of the read that follows")
		require.Equal(t, read.body, s.get(t, loans+"/loan%2F1").body, "by its key")

		moved := s.do(t, everyone, http.MethodPatch, loans+"/loan%2F1/transitions/submit?sync=true", `{"tags":["b","c"],"attributes":{"amount":20,"customer":{"tax":"9"}}}`)
		require.Equal(t, http.StatusOK, moved.Code, moved.Body)
		require.Equal(t, map[string]any{"amount": 20.0, "customer": map[string]any{"name": "Ada", "tax": "9"}}, moved.body["attributes"], "objects merge")
		require.Equal(t, "review", moved.at("extensions.listed.state"))

		done := s.do(t, everyone, http.MethodPatch, loans+"/"+id+"/transitions/approve", "")
		require.Equal(t, map[string]any{"id": id, "status": "C"}, done.body, "sync=false answers this alone, and the work is done")
		read = s.get(t, loans+"/"+id)
		require.Equal(t, "done", read.at("metadata.currentState"))
		require.Equal(t, []any{"b", "c"}, read.body["tags"])
		require.NotEmpty(t, read.at("metadata.completedAt"))
		s.problem(t, everyone, 409, "Instance:100018", http.MethodPatch, loans+"/"+id+"/transitions/approve", "")
	})
}

func TestAStartWithAKeyThatIsThereGivesTheInstanceThatHasIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		const clients = 8
		codes, ids := make([]int, clients), make([]string, clients)
		var wg sync.WaitGroup
		for i := range clients {
			wg.Go(func() {
				r := s.do(t, everyone, http.MethodPost, loans+"/start", fmt.Sprintf(`{"key":"same","attributes":{"amount":%d}}`, i))
				codes[i], ids[i] = r.Code, r.body["id"].(string)
			})
		}
		wg.Wait()
		created := 0
		for i := range clients {
			require.Equal(t, ids[0], ids[i])
			if codes[i] == http.StatusCreated {
				created++
			} else {
				require.Equal(t, http.StatusOK, codes[i])
			}
		}
		require.Equal(t, 1, created)
		require.Len(t, s.get(t, loans).items(), 1)
		require.Len(t, s.get(t, loans+"/same/transitions").items(), 1)
	})
}

func TestAFailureOfAnExtensionDoesNotFailAWrite(t *testing.T) { // V-B26
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{enrich: enrich.Config{OnFailure: "fail"}})
		_, err := s.enricher.Publish(t.Context(), extension("broken", 1, 1, "breaks", ""), extension("works", 1, 1, "sees", ""))
		require.NoError(t, err)
		started := s.do(t, everyone, http.MethodPost, loans+"/start?sync", `{"key":"k"}`)
		require.Equal(t, http.StatusCreated, started.Code, started.Body)
		require.NotContains(t, started.body["extensions"], "broken")
		require.Contains(t, s.log.String(), "extensions of a write failed")
		moved := s.do(t, everyone, http.MethodPatch, loans+"/k/transitions/submit?sync=true", `{"attributes":{"amount":2}}`)
		require.Equal(t, http.StatusOK, moved.Code, moved.Body)
		s.problem(t, everyone, 400, "Extension:600001", http.MethodGet, loans+"/k", "")
	})
}

func TestIfMatchHoldsATransitionAgainstWhatTheClientSaw(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k","attributes":{"amount":1}}`)
		seen := s.get(t, loans+"/k")
		entity := seen.Header().Get("X-Entity-Etag")
		require.Equal(t, entity, seen.body["entityEtag"])
		const note = loans + "/k/transitions/note"
		for _, stale := range []string{`"01ARZ3NDEKTSV4RRFFQ69G5FAV"`, seen.Header().Get("ETag"), "W/" + entity, `x`, `"`} {
			s.problem(t, everyone, 412, "Transition:100009", http.MethodPatch, note, "", "If-Match", stale)
		}
		require.Equal(t, entity, s.get(t, loans+"/k").Header().Get("X-Entity-Etag"), "nothing was written")
		moved := s.do(t, everyone, http.MethodPatch, note, "", "If-Match", `"other", `+entity)
		require.Equal(t, http.StatusOK, moved.Code)
		s.problem(t, everyone, 412, "Transition:100009", http.MethodPatch, note, "", "If-Match", entity)
		require.Equal(t, http.StatusOK, s.do(t, everyone, http.MethodPatch, note, "", "If-Match", moved.Header().Get("X-Entity-Etag")).Code)
		require.Equal(t, http.StatusOK, s.do(t, everyone, http.MethodPatch, note, "", "If-Match", "*").Code)
		s.problem(t, everyone, 404, "Instance:100017", http.MethodPatch, loans+"/nobody/transitions/note", "", "If-Match", "*")
	})
}

func TestOfTransitionsAtOnceOneWins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		const clients = 8
		race := func(path string, headers ...string) (codes map[int]int) {
			codes = map[int]int{}
			all := make([]int, clients)
			var wg sync.WaitGroup
			for i := range clients {
				wg.Go(func() {
					all[i] = s.do(t, everyone, http.MethodPatch, path, fmt.Sprintf(`{"attributes":{"amount":1,"n%d":1}}`, i), headers...).Code
				})
			}
			wg.Wait()
			for _, c := range all {
				codes[c]++
			}
			return codes
		}
		s.started(t, `{"key":"k"}`)
		require.Equal(t, map[int]int{200: 1, 409: clients - 1}, race(loans+"/k/transitions/submit"), "it is valid once")

		s.started(t, `{"key":"m"}`)
		entity := s.get(t, loans+"/m").Header().Get("X-Entity-Etag")
		require.Equal(t, map[int]int{200: 1, 412: clients - 1}, race(loans+"/m/transitions/note", "If-Match", entity))

		s.started(t, `{"key":"n"}`)
		codes := race(loans + "/n/transitions/note")
		require.Equal(t, clients, codes[200]+codes[409], codes)
		require.GreaterOrEqual(t, codes[200], 5, "it stays valid: nobody loses more often than others win")
		kept := 0
		for name := range s.get(t, loans+"/n").body["attributes"].(map[string]any) {
			if strings.HasPrefix(name, "n") {
				kept++
			}
		}
		require.Equal(t, codes[200], kept, "what was acknowledged is there, and nothing else")
		require.Len(t, s.get(t, loans+"/n/transitions?pageSize=100").items(), codes[200]+1)
	})
}

func TestATransitionThatIsNotToBeIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k"}`)
		clerk := guard.Caller{ID: "clerk", Roles: []string{"read", "write"}}
		for _, c := range []struct {
			transition, body string
			status           int
			code             string
		}{
			{"nobody", "", 404, "Transition:100004"},
			{"approve", "", 409, "Transition:100020"},
			{"override", "", 403, "Transition:100010"},
			{"submit", `{"attributes":{}}`, 400, "Transition:100006"},
			{"submit", `{"attributes":{"amount":"much"}}`, 400, "Transition:100006"},
			{"note", `{"attributes":{"amount":1000001}}`, 400, "Transition:100006"},
			{"note", `{"key":"other"}`, 400, "App:900002"},
			{"a%2Fb%00", "", 404, "Transition:100004"},
		} {
			s.problem(t, clerk, c.status, c.code, http.MethodPatch, loans+"/k/transitions/"+c.transition, c.body)
		}
		submit := s.problem(t, clerk, 400, "Transition:100006", http.MethodPatch, loans+"/k/transitions/submit", "")
		require.Contains(t, submit.body["errors"], "amount")
		require.Len(t, s.get(t, loans+"/k/transitions").items(), 1, "nothing was written")
		require.Equal(t, http.StatusOK, s.do(t, everyone, http.MethodPatch, loans+"/k/transitions/override", "").Code)
	})
}

func TestAttributesAreBoundedHoweverManyTransitionsAddToThem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k"}`)
		part := strings.Repeat("x", 600<<10)
		require.Equal(t, 200, s.do(t, everyone, http.MethodPatch, loans+"/k/transitions/note", `{"attributes":{"a":"`+part+`"}}`).Code)
		s.problem(t, everyone, 400, "App:900002", http.MethodPatch, loans+"/k/transitions/note", `{"attributes":{"b":"`+part+`"}}`)
	})
}

func TestWhatAStartBringsIsHeldAgainstTheSchema(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		r := s.problem(t, everyone, 400, "Transition:100006", http.MethodPost, loans+"/start", `{"key":"k","attributes":{"amount":1000001}}`)
		require.Contains(t, r.body["errors"], "amount")
		require.Empty(t, s.get(t, loans).items())
	})
}

func TestAnInstanceThatIsBusyTakesNoTransition(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		_, _, err := st.Start(t.Context(), store.Instance{Domain: "core", Workflow: "loans", FlowVersion: "1.0.0", Key: "k", State: "draft", Status: store.Busy, Attributes: []byte(`{}`)}, store.Transition{Key: "apply", To: "draft"})
		require.NoError(t, err)
		s.problem(t, everyone, 409, "Transition:100009", http.MethodPatch, loans+"/k/transitions/note", "")
	})
}
