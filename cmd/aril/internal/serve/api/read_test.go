package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/api"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestReadsHaveTheSystemsShapes(t *testing.T) { // D4, V-B29, V-B30, V-B36
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		id := s.started(t, `{"key":"k","tags":["x"],"attributes":{"z":"<1>","amount":1.50}}`)
		one := s.get(t, loans+"/k")
		require.Equal(t, "application/json; charset=utf-8", one.Header().Get("Content-Type"))
		require.Equal(t, "private, no-cache", one.Header().Get("Cache-Control"))
		require.Contains(t, one.Body.String(), `"attributes":{"z":"<1>","amount":1.50}`, "as it was written")
		for name, want := range map[string]any{
			"id": id, "key": "k", "flow": "loans", "domain": "core", "flowVersion": "1.0.0", "tags": []any{"x"}, "metadata.currentState": "draft",
			"metadata.effectiveState": "draft", "metadata.status": "A", "metadata.createdBy": "everyone", "metadata.modifiedBy": "everyone", "eTag": one.Header().Get("ETag"),
		} {
			require.Equal(t, want, one.at(name), name)
		}
		require.NotContains(t, one.body["metadata"], "completedAt")
		require.Equal(t, "draft", one.at("extensions.listed.state"))
		_, err := time.Parse(time.RFC3339Nano, one.at("metadata.createdAt").(string))
		require.NoError(t, err)

		data := s.get(t, loans+"/k/functions/data?extensions=asked")
		require.Equal(t, []string{"data", "eTag", "entityEtag", "extensions"}, members(t, data.Body.Bytes()))
		require.Equal(t, one.body["attributes"], data.body["data"])
		require.Equal(t, id, data.at("extensions.asked.id"), "the id, not what the path says")
		require.Equal(t, "1.0.0", data.at("extensions.asked.version"))
		require.Equal(t, one.body["eTag"], data.body["eTag"])

		alone := s.get(t, loans+"/k/functions/extensions?extensions=asked")
		require.Equal(t, []string{"extensions"}, members(t, alone.Body.Bytes()))
		require.Equal(t, data.body["extensions"], alone.body["extensions"])

		history := s.get(t, loans+"/k/transitions")
		require.Len(t, history.items(), 1)
		for name, want := range map[string]any{"transition": "apply", "from": "", "to": "draft", "by": "everyone"} {
			require.Equal(t, want, history.items()[0][name])
		}
		require.Contains(t, history.items()[0], "extensions")
	})
}

// members are the names of an object in their order.
func members(t *testing.T, raw []byte) []string {
	var o enrich.Object
	require.NoError(t, json.Unmarshal(raw, &o))
	var names []string
	for _, m := range o {
		names = append(names, m.Name)
	}
	return names
}

func TestHEADAnswersTheHeadOfGET(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k"}`)
		for _, path := range []string{loans, loans + "/k", loans + "/k/functions/data", loans + "/k/transitions", loans + "/k/functions/extensions"} {
			full, head := s.get(t, path), s.do(t, everyone, http.MethodHead, path, "")
			require.Equal(t, full.Code, head.Code)
			require.Equal(t, full.Header(), head.Header(), path)
			require.Empty(t, head.Body.String())
		}
	})
}

func TestAKnownTagIsAnsweredWithoutRunningExtensions(t *testing.T) { // V-B35, V-B37, V-B38
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var runs atomic.Int64
		s := newServer(t, st, setting{enrich: enrich.Config{Natives: map[string]enrich.Mapping{"sees": counting(&runs)}}})
		s.started(t, `{"key":"k"}`)
		for _, path := range []string{loans + "/k", loans + "/k/functions/data"} {
			first := s.get(t, path)
			before := runs.Load()
			known := s.get(t, path+"?extensions=asked", "If-None-Match", first.Header().Get("ETag"))
			require.Equal(t, http.StatusNotModified, known.Code)
			require.Empty(t, known.Body.String())
			require.Equal(t, first.Header().Get("ETag"), known.Header().Get("ETag"))
			require.Equal(t, first.Header().Get("X-Entity-Etag"), known.Header().Get("X-Entity-Etag"))
			require.Equal(t, before, runs.Load())
			require.Equal(t, 200, s.get(t, path, "If-None-Match", first.Header().Get("ETag"), "Cache-Control", "no-cache").Code)
			require.Equal(t, 200, s.get(t, path, "If-None-Match", first.Header().Get("X-Entity-Etag")).Code, "the entity's tag is not the representation's")
		}
		state := s.get(t, loans+"/k/functions/state")
		require.Equal(t, state.body["eTag"], state.Header().Get("ETag"))
		require.Equal(t, http.StatusNotModified, s.get(t, loans+"/k/functions/state", "If-None-Match", state.Header().Get("ETag")).Code)
		s.do(t, everyone, http.MethodPatch, loans+"/k/transitions/note", "")
		require.Equal(t, 200, s.get(t, loans+"/k/functions/state", "If-None-Match", state.Header().Get("ETag")).Code)
		require.Equal(t, 200, s.get(t, loans+"/k", "If-None-Match", state.Header().Get("ETag")).Code)
	})
}

func counting(n *atomic.Int64) enrich.Mapping {
	return enrich.NativeMapping{Output: func(context.Context, *enrich.ScriptContext) (*enrich.ScriptResponse, error) {
		return &enrich.ScriptResponse{Data: fmt.Appendf(nil, "%d", n.Add(1))}, nil
	}}
}

func TestBodiesAreKeptAsLongAsTheWorkflowSays(t *testing.T) { // V-B37
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		var runs atomic.Int64
		s := newServer(t, st, setting{enrich: enrich.Config{Natives: map[string]enrich.Mapping{"sees": counting(&runs)}}})
		s.started(t, `{"key":"k","attributes":{"n":0}}`)
		s.get(t, loans+"/k")
		elsewhere(t, st, `{"n":1}`) // as another process would
		require.Equal(t, 0.0, s.get(t, loans+"/k").at("attributes.n"), "it is kept for a minute")
		require.NotEqual(t, s.get(t, loans+"/k").at("extensions.listed"), s.get(t, loans+"/k").at("extensions.listed"), "what extensions make is not")
		require.Equal(t, 1.0, s.get(t, loans+"/k?extensions=asked").at("attributes.n"), "a read with demand is fresh")
		require.Equal(t, 1.0, s.get(t, loans+"/k", "Cache-Control", "no-cache").at("attributes.n"))
		require.Equal(t, 1.0, s.get(t, loans+"/k").at("attributes.n"), "and what it read is kept")

		s.do(t, everyone, http.MethodPatch, loans+"/k/transitions/note", `{"attributes":{"n":2}}`)
		require.Equal(t, 2.0, s.get(t, loans+"/k").at("attributes.n"), "a write is seen at once")
		require.Equal(t, 2.0, s.get(t, loans).items()[0]["attributes"].(map[string]any)["n"])
		s.do(t, everyone, http.MethodPost, loans+"/start", `{"key":"l"}`)
		require.Len(t, s.get(t, loans).items(), 2)

		_, err := s.enricher.Publish(t.Context(), loanFlow("1.0.0", `,"config":{"functionCache":{"ttlSeconds":0}}`))
		require.NoError(t, err)
		s.get(t, loans+"/k")
		elsewhere(t, st, `{"n":3}`)
		require.Equal(t, 3.0, s.get(t, loans+"/k").at("attributes.n"))
	})
}

// elsewhere writes attributes past the API.
func elsewhere(t *testing.T, st *store.Store, attributes string) {
	in, err := st.Get(t.Context(), "core", "loans", "k")
	require.NoError(t, err)
	in.Attributes = json.RawMessage(attributes)
	_, err = st.Apply(t.Context(), in, in.ETag, store.Transition{Key: "note", From: in.State, To: in.State, Attributes: in.Attributes, By: "another"})
	require.NoError(t, err)
}

// A kept body or a known tag must not answer somebody who may see less.
func TestWhatIsKeptDoesNotCrossCallers(t *testing.T) { // V-B34, V-B36, V-B37
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k","attributes":{"iban":"TR1"}}`)
		as := func(roles, domains string) guard.Caller {
			return guard.Caller{ID: "same", Roles: split(roles), Domains: split(domains)}
		}
		auditor := as("read auditor", "")
		for _, path := range []string{loans + "/k", loans + "/k/functions/data", loans, loans + "/k/transitions"} {
			seen := s.do(t, auditor, http.MethodGet, path, "")
			require.Contains(t, seen.Body.String(), "TR1", path)
			for _, less := range []guard.Caller{as("read", ""), as("read clerk", ""), as(`read auditor"`, ""), as("read", "core"), {ID: "other", Roles: split("read")}} {
				r := s.do(t, less, http.MethodGet, path, "", "If-None-Match", seen.Header().Get("ETag"))
				require.Equal(t, 200, r.Code, path)
				require.NotContains(t, withoutExtensions(r.body), "TR1", path)
			}
			s.problem(t, as("read auditor", "other"), 403, "Authorization:110001", http.MethodGet, path, "", "If-None-Match", seen.Header().Get("ETag"))
			s.problem(t, as("auditor", ""), 403, "Authorization:110001", http.MethodGet, path, "", "If-None-Match", "*")
			require.Contains(t, s.do(t, auditor, http.MethodGet, path, "").Body.String(), "TR1")
		}
	})
}

func split(s string) []string { return strings.Fields(s) }

// withoutExtensions is a body without what extensions made, which see all.
func withoutExtensions(v any) string {
	var strip func(v any) any
	strip = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for name, value := range v {
				if name != "extensions" {
					out[name] = strip(value)
				}
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i := range v {
				out[i] = strip(v[i])
			}
			return out
		}
		return v
	}
	raw, _ := json.Marshal(strip(v))
	return string(raw)
}

func TestAttributesAreLimitedByRoleEverywhere(t *testing.T) { // V-B34
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		clerk := guard.Caller{ID: "clerk", Roles: []string{"read", "write"}}
		const secret = `{"amount":5,"iban":"SECRET1","risk":{"score":"SECRET3"},"customer":{"name":"Ada","tax":"SECRET2"}}`
		answers := []*reply{
			s.do(t, clerk, http.MethodPost, loans+"/start?sync=true", `{"key":"k","attributes":`+secret+`}`),
			s.do(t, clerk, http.MethodPost, loans+"/start?sync=true", `{"key":"k"}`),
			s.do(t, clerk, http.MethodPatch, loans+"/k/transitions/note?sync=true", `{"attributes":{"iban":"SECRET1"}}`),
		}
		for _, path := range []string{"/k", "/k/functions/data", "", "/k/transitions", "/k/functions/state", "?filter=" + url.QueryEscape(`{"attributes.amount":{"eq":5}}`)} {
			answers = append(answers, s.do(t, clerk, http.MethodGet, loans+path, ""))
		}
		for i, a := range answers {
			require.Less(t, a.Code, 300, a.Body)
			require.NotContains(t, withoutExtensions(a.body), "SECRET", i)
		}
		require.Equal(t, map[string]any{"amount": 5.0, "customer": map[string]any{"name": "Ada"}}, answers[0].body["attributes"])
		require.Contains(t, fmt.Sprint(answers[3].at("extensions.listed")), "SECRET1", "extensions run on all of it")
		require.Contains(t, s.get(t, loans+"/k").Body.String(), "SECRET2")

		// Another version's schema does not open what the instance's own hides.
		_, err := s.enricher.Publish(t.Context(),
			document("sys-flows", "core", "loans", "2.0.0", `{"states":[{"key":"draft","stateType":1,"transitions":[{"key":"end","target":"done"}]},{"key":"done","stateType":3}]}`))
		require.NoError(t, err)
		for _, version := range []string{"", "?version=2.0.0", "?version=1", "?version=latest"} {
			r := s.do(t, clerk, http.MethodGet, loans+"/k"+version, "")
			require.Equal(t, 200, r.Code)
			require.NotContains(t, withoutExtensions(r.body), "SECRET")
		}
	})
}

// A filter or a sort by what a caller may not see would tell it by which
// instances are found, how many, and in which order.
func TestWhatACallerMayNotSeeIsNoFilterAndNoSort(t *testing.T) { // V-B34
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		s.started(t, `{"key":"k","attributes":{"iban":"TR1","risk":{"score":5},"customer":{"name":"Ada","tax":"9"}}}`)
		clerk := guard.Caller{ID: "clerk", Roles: []string{"read"}}
		hidden := []string{
			`filter={"attributes.iban":{"startswith":"T"}}`, `filter={"attributes":{"iban":{"eq":"TR1"}}}`, `filter={"attributes.iban":{"isnull":false}}`,
			`filter={"or":[{"key":{"eq":"x"}},{"not":{"attributes.iban":{"eq":"TR1"}}}]}`, `filter={"and":[{"attributes":{"customer":{"tax":{"eq":"9"}}}}]}`,
			`filter={"attributes.risk.score":{"gt":1}}`, `filter={"attributes.risk":{"isnull":false}}`, `filter={"attributes.customer":{"isnull":true}}`, `filter={"attributes.risk.unheard":{"eq":1}}`,
			`filter=attributes=iban=eq:TR1`, `filter=attributes=key=eq:x&filter=attributes=iban=eq:TR1`, `sort={"field":"attributes.iban","direction":"asc"}`,
			`sort={"fields":[{"field":"key"},{"field":"attributes.customer.tax"}]}`, `orderBy={"field":"attributes.risk.score","direction":"desc"}`, `sort=-attributes.iban`,
		}
		for _, q := range hidden {
			values, err := url.ParseQuery(strings.ReplaceAll(q, "=", "%3D"))
			require.NoError(t, err)
			values = url.Values{}
			for part := range strings.SplitSeq(q, "&") {
				name, value, _ := strings.Cut(part, "=")
				values.Add(name, value)
			}
			r := s.problem(t, clerk, 403, "Authorization:110001", http.MethodGet, loans+"?"+values.Encode(), "")
			require.Empty(t, r.Header().Get("ETag"))
			require.Equal(t, 200, s.get(t, loans+"?"+values.Encode()).Code, "an auditor may: %s", q)
		}
		for _, q := range []string{`{"attributes.customer.name":{"eq":"Ada"}}`, `{"attributes.unheard":{"isnull":true}}`} {
			require.Len(t, s.do(t, clerk, http.MethodGet, loans+"?filter="+url.QueryEscape(q), "").items(), 1)
		}
	})
}

// Of an instance that no loaded version can go on with nobody knows what may be
// seen.
func TestNothingIsSeenOfAnInstanceWhoseWorkflowIsGone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		_, _, err := st.Start(t.Context(), store.Instance{Domain: "core", Workflow: "loans", FlowVersion: "9.0.0", Key: "old", State: "draft", Status: store.Active, Attributes: []byte(`{"iban":"TR1"}`)}, store.Transition{Key: "apply", To: "draft"})
		require.NoError(t, err)
		list := s.get(t, loans)
		require.Equal(t, 200, list.Code)
		require.Equal(t, map[string]any{}, list.items()[0]["attributes"])
		for _, path := range []string{"/old", "/old/functions/data", "/old/functions/state", "/old/transitions", "/old/functions/extensions"} {
			s.problem(t, everyone, 409, "Instance:100002", http.MethodGet, loans+path, "")
		}
		s.problem(t, everyone, 409, "Instance:100002", http.MethodPatch, loans+"/old/transitions/note", "")
		require.Empty(t, s.get(t, loans+"?filter="+url.QueryEscape(`{"attributes.iban":{"eq":"TR1"}}`)).items())
		require.Empty(t, s.get(t, loans+"?sort="+url.QueryEscape(`{"field":"attributes.iban"}`)).items())
		require.Len(t, s.get(t, loans+"?filter="+url.QueryEscape(`{"key":{"eq":"old"}}`)).items(), 1)
	})
}

func TestTheStateSaysWhatTheCallerCanDo(t *testing.T) { // V-B33
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		id := s.started(t, `{"key":"a/b"}`)
		clerk := guard.Caller{ID: "clerk", Roles: []string{"read", "write"}}
		const base = "/core/workflows/loans/instances/"
		state := s.do(t, clerk, http.MethodGet, loans+"/a%2Fb/functions/state", "")
		require.JSONEq(t, fmt.Sprintf(`{"data":{"href":"%[1]s/functions/data?extensions=asked"},"view":{"hasView":true,"loadData":true},"state":"draft","status":"A","activeCorrelations":[],
			"transitions":[{"name":"submit","href":"%[1]s/transitions/submit","schema":{"hasSchema":true,"href":"%[1]s/functions/schema?transitionKey=submit"}},
				{"name":"note","href":"%[1]s/transitions/note","schema":{"hasSchema":false}}],"eTag":%[2]q}`, base+id, state.Header().Get("ETag")), state.Body.String())
		require.Len(t, s.get(t, loans+"/a%2Fb/functions/state").body["transitions"], 3, "an auditor may override")

		data := s.get(t, root+state.at("data.href").(string))
		require.Equal(t, id, data.at("extensions.asked.id"))
		schema := s.get(t, root+base+id+"/functions/schema?transitionKey=submit")
		require.Equal(t, "submission", schema.body["key"])
		require.Equal(t, []any{"amount"}, schema.at("schema.required"))
		s.problem(t, clerk, 404, "Transition:100004", http.MethodGet, loans+"/a%2Fb/functions/schema?transitionKey=note", "")
		s.problem(t, clerk, 404, "Transition:100004", http.MethodGet, loans+"/a%2Fb/functions/schema", "")

		s.do(t, everyone, http.MethodPatch, loans+"/a%2Fb/transitions/override", "")
		over := s.get(t, loans+"/a%2Fb/functions/state")
		require.Equal(t, "C", over.body["status"])
		require.Equal(t, []any{}, over.body["transitions"])
		require.Equal(t, base+id+"/functions/data", over.at("data.href"))
	})
}

func TestAPageLinksToTheOthersAndKeepsTheParameters(t *testing.T) { // D4
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		for i := range 5 {
			s.started(t, fmt.Sprintf(`{"key":"k%d","attributes":{"amount":%d}}`, i, i))
		}
		s.started(t, `{"key":"x"}`)
		values := url.Values{"filter": {`{"key":{"startswith":"k"}}`}, "sort": {`{"field":"attributes.amount","direction":"desc"}`}, "extensions": {"asked", "listed"}, "pageSize": {"2"}, "own": {"a&b"}}
		next := "/core/workflows/loans/instances?" + values.Encode()
		var keys []any
		var pages []*reply
		for next != "" {
			page := s.get(t, root+next)
			require.Equal(t, 200, page.Code, page.Body)
			for _, item := range page.items() {
				keys = append(keys, item["key"])
				require.Contains(t, item["extensions"], "listed", "scope GetAllInstances")
				require.NotContains(t, item["extensions"], "asked")
			}
			pages = append(pages, page)
			next = page.at("links.next").(string)
		}
		require.Equal(t, []any{"k4", "k3", "k2", "k1", "k0"}, keys)
		require.Len(t, pages, 3)
		require.Equal(t, "", pages[0].at("links.prev"))
		require.Equal(t, pages[0].at("links.self"), pages[0].at("links.first"))
		require.Equal(t, pages[0].at("links.self"), pages[1].at("links.prev"))
		require.Equal(t, pages[1].at("links.self"), pages[0].at("links.next"))
		require.Equal(t, pages[0].Body.String(), s.get(t, root+pages[1].at("links.prev").(string)).Body.String())
		self, err := url.Parse(pages[1].at("links.self").(string))
		require.NoError(t, err)
		values.Set("page", "2")
		require.Equal(t, values, self.Query())

		history := s.get(t, loans+"/k1/transitions?pageSize=1")
		require.Equal(t, "", history.at("links.next"))
		s.do(t, everyone, http.MethodPatch, loans+"/k1/transitions/note", "")
		history = s.get(t, loans+"/k1/transitions?pageSize=1&extensions=asked")
		second := s.get(t, root+history.at("links.next").(string))
		require.Equal(t, "note", second.items()[0]["transition"])
		require.Equal(t, "", second.at("links.next"))
	})
}

func TestAWrongPageFilterOrSortIsAProblem(t *testing.T) { // D5
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{api: api.Config{Items: 50}})
		s.started(t, `{"key":"k"}`)
		for q, member := range map[string]string{
			"page=0": "page", "page=1001": "page", "page=x": "page", "pageSize=101": "page", "pageSize=51": "page", "pageSize=-1": "page", "page=1&page=2": "page",
			"filter=%7B": "filter", "filter=%7B%22key%22:%7B%22is%22:1%7D%7D": "filter", "filter=%7B%22password%22:%7B%22eq%22:1%7D%7D": "filter", "filter=%00": "filter", "filter=%FF": "filter",
			"filter=%7B%22key%22:%7B%22eq%22:%22%5Cu0000%22%7D%7D": "", "sort=%7B": "sort", "sort=password": "sort", "%zz=1": "general", "a;b": "general",
		} {
			r := s.do(t, everyone, http.MethodGet, loans+"?"+q, "")
			if member == "" {
				require.Less(t, r.Code, 500, q)
				continue
			}
			require.Equal(t, 400, r.Code, "%s: %s", q, r.Body)
			require.Contains(t, r.body["errors"], member, q)
		}
		s.problem(t, everyone, 400, "App:900002", http.MethodGet, loans+"/k/transitions?filter=%7B%7D", "")
		s.problem(t, everyone, 400, "App:900002", http.MethodGet, loans+"/k/transitions?pageSize=0", "")
	})
}

func TestAPageIsAnsweredWholeAndInTimeOrNotAtAll(t *testing.T) { // V-B27
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{api: api.Config{Timeout: 300 * time.Millisecond}})
		_, err := s.enricher.Publish(t.Context(), extension("slow", 1, 2, "hangs", ""))
		require.NoError(t, err)
		s.started(t, `{"key":"a"}`)
		require.Equal(t, 200, s.get(t, loans).Code)
		s.started(t, `{"key":"b","attributes":{"hang":1}}`)
		begun := time.Now()
		r := s.problem(t, everyone, 503, "App:900000", http.MethodGet, loans, "")
		require.Equal(t, "1", r.Header().Get("Retry-After"))
		require.Less(t, time.Since(begun), 5*time.Second)
		require.Equal(t, 200, s.get(t, loans+"/b").Code, "nobody else is held up")
		require.Equal(t, 200, s.get(t, loans+"?filter="+url.QueryEscape(`{"key":{"eq":"a"}}`)).Code)

		_, err = s.enricher.Publish(t.Context(), extension("slow", 1, 2, "hangs", `,"timeoutSeconds":0.02`))
		require.NoError(t, err)
		page := s.get(t, loans)
		require.Equal(t, 200, page.Code, "an extension with a time of its own costs its member alone")
		for _, item := range page.items() {
			if item["key"] == "a" {
				require.Contains(t, item["extensions"], "slow")
			} else {
				require.NotContains(t, item["extensions"], "slow")
			}
		}
	})
}

func TestATransitionIsNotLostWhereItsExtensionsAreNotInTime(t *testing.T) { // V-B26
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{api: api.Config{Timeout: 300 * time.Millisecond}})
		_, err := s.enricher.Publish(t.Context(), extension("slow", 1, 1, "hangs", ""))
		require.NoError(t, err)
		r := s.do(t, everyone, http.MethodPost, loans+"/start?sync=true", `{"key":"a","attributes":{"hang":1}}`)
		require.Equal(t, http.StatusCreated, r.Code, r.Body)
		require.NotContains(t, r.body["extensions"], "slow")
		require.Equal(t, "a", r.body["key"])
	})
}

func TestAPageIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, setting{})
		for range 17 {
			_, _, err := st.Start(t.Context(), store.Instance{Domain: "core", Workflow: "loans", FlowVersion: "1.0.0", State: "draft", Status: store.Active, Attributes: []byte(`{"a":"` + strings.Repeat("x", 1<<20-8) + `"}`)}, store.Transition{Key: "apply", To: "draft"})
			require.NoError(t, err)
		}
		r := s.problem(t, everyone, 400, "App:900002", http.MethodGet, loans+"?pageSize=100", "")
		require.Contains(t, r.body["errors"], "pageSize")
		require.Len(t, s.get(t, loans+"?pageSize=1").items(), 1)
	})
}
