package flow

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func keys(ts []*Transition) []string {
	out := []string{}
	for _, t := range ts {
		out = append(out, t.Key)
	}
	return out
}

func TestAnInstanceStartsAndGoesThroughItsStates(t *testing.T) {
	t.Parallel()
	w := only(t, workflow("1.0.0", loans))
	step, err := w.Start(nil, nil)
	require.NoError(t, err)
	require.Equal(t, &Step{Transition: "apply", To: "draft", Status: store.Active}, step)

	step, err = w.Next("draft", "submit", nil, map[string]any{})
	require.NoError(t, err)
	require.Equal(t, &Step{Transition: "submit", From: "draft", To: "review", Status: store.Active}, step)

	step, err = w.Next("review", "note", nil, nil)
	require.NoError(t, err)
	require.Equal(t, &Step{Transition: "note", From: "review", To: "review", Status: store.Active}, step, "$self stays where it is")

	step, err = w.Next("review", "approve", []string{"officer"}, nil)
	require.NoError(t, err)
	require.Equal(t, &Step{Transition: "approve", From: "review", To: "paid", Status: store.Completed}, step)

	step, err = w.Next("draft", "withdraw", nil, nil)
	require.NoError(t, err)
	require.Equal(t, &Step{Transition: "withdraw", From: "draft", To: "closed", Status: store.Completed}, step, "cancel is for all states that are not final")
}

func TestWhatAStateDoesNotOfferIsAClearAnswer(t *testing.T) {
	t.Parallel()
	w := only(t, workflow("1.0.0", loans))
	for name, c := range map[string]struct {
		state, transition string
		roles             []string
		prefix, code      string
	}{
		"no such transition":                 {"draft", "dance", nil, "notfound", "Transition:100004"},
		"a transition of another state":      {"draft", "approve", []string{"officer"}, "conflict", "Transition:100020"},
		"a state that is gone":               {"limbo", "submit", nil, "conflict", "Transition:100005"},
		"an instance that is completed":      {"paid", "withdraw", nil, "conflict", "Instance:100018"},
		"a transition by timer":              {"review", "expire", nil, "notsupported", "App:900004"},
		"no role where some are allowed":     {"review", "approve", nil, "forbidden", "Transition:100010"},
		"another role":                       {"review", "approve", []string{"Officer", "clerk"}, "forbidden", "Transition:100010"},
		"an allowed role and a denied one":   {"review", "approve", []string{"officer", "trainee"}, "forbidden", "Transition:100010"},
		"a denied role where none is needed": {"draft", "withdraw", []string{"robot"}, "forbidden", "Transition:100010"},
		"the start transition":               {"draft", "apply", nil, "notfound", "Transition:100004"},
		"an empty key":                       {"draft", "", nil, "notfound", "Transition:100004"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := w.Next(c.state, c.transition, c.roles, nil)
			e := failed(t, err)
			require.Equal(t, []string{c.prefix, c.code}, []string{e.Prefix, e.Code}, e.Message)
		})
	}
}

func TestASharedTransitionIsForItsStatesAlone(t *testing.T) {
	t.Parallel()
	w := only(t, workflow("1.0.0", `{
	  "sharedTransitions": [{"key": "hold", "target": "b", "availableIn": ["a"]}],
	  "states": [
	    {"key": "a", "stateType": 1, "transitions": [{"key": "go", "target": "b"}]},
	    {"key": "b", "stateType": 2, "transitions": [{"key": "end", "target": "c"}]},
	    {"key": "c", "stateType": 3}
	  ]
	}`))
	require.Equal(t, []string{"go", "hold"}, keys(w.Available("a", nil)))
	require.Equal(t, []string{"end"}, keys(w.Available("b", nil)))
	_, err := w.Next("b", "hold", nil, nil)
	require.Equal(t, "Transition:100021", failed(t, err).Code)
	require.Equal(t, "start", w.StartTransition().Key, "a workflow without a start transition has one of its own")
}

func TestWhatIsAvailableDependsOnStateAndRoles(t *testing.T) {
	t.Parallel()
	w := only(t, workflow("1.0.0", loans))
	require.Equal(t, []string{"submit", "note", "withdraw"}, keys(w.Available("draft", nil)))
	require.Equal(t, []string{"return", "note", "withdraw"}, keys(w.Available("review", nil)))
	require.Equal(t, []string{"approve", "return", "note", "withdraw"}, keys(w.Available("review", []string{"officer"})))
	require.Equal(t, []string{"submit", "note"}, keys(w.Available("draft", []string{"robot"})))
	require.Empty(t, w.Available("paid", []string{"officer"}))
	require.Empty(t, w.Available("limbo", []string{"officer"}))
	for _, none := range []string{"paid", "limbo"} {
		_, ok := w.Transition(none, "withdraw")
		require.False(t, ok, "cancel is not for final states")
	}
	for _, state := range []string{"draft", "review"} {
		for _, a := range w.Available(state, nil) {
			_, err := w.Next(state, a.Key, nil, nil)
			require.NoError(t, err, "what is offered can be done")
		}
	}
	s, ok := w.State("review")
	require.True(t, ok)
	require.JSONEq(t, `{"extensions": ["score"], "loadData": true}`, string(s.View))
}

func TestAWorkflowWithoutStatesHasNoInstances(t *testing.T) {
	t.Parallel()
	require.Empty(t, said(workflow("1.0.0", `{"extensions": [{"key": "x", "domain": "banking"}]}`)))
	w := only(t, workflow("1.0.0", `{}`))
	_, err := w.Start(nil, nil)
	e := failed(t, err)
	require.Equal(t, []string{"notsupported", "Instance:100003"}, []string{e.Prefix, e.Code})
	require.Nil(t, w.StartTransition())

	got := httptest.NewRecorder()
	e.Problem(&enrich.Request{Path: "/api/v1/banking/workflows/loans/instances/start"}).Write(got)
	require.Equal(t, 400, got.Code)
	require.Contains(t, got.Body.String(), `"errorCode":"notsupported.Instance:100003"`)
}

func TestANewInstanceGetsTheNewestVersionAndAnOldOneKeepsItsOwn(t *testing.T) {
	t.Parallel()
	var docs []enrich.Document
	for _, v := range []string{"1.2.0", "1.10.0", "1.10.1-beta.2", "2.0.0", "3.0.0-rc.1"} {
		docs = append(docs, workflow(v, loans))
	}
	c := parse(t, docs...)
	for asked, want := range map[string]string{"": "2.0.0", "latest": "2.0.0", "1": "1.10.0", "1.2": "1.2.0", "1.10": "1.10.0", "1.10.1-beta.2": "1.10.1-beta.2"} {
		w, err := c.Begin("banking", "loans", asked)
		require.NoError(t, err, asked)
		require.Equal(t, want, w.Version, asked)
	}
	for began, want := range map[string]string{
		"1.2.0": "1.2.0", "1.10.1-beta.2": "1.10.1-beta.2",
		"1.1.0": "1.10.0", "1.99.9-x.1": "1.10.0", "2.5.0": "2.0.0", // gone: the newest of the same major version
		"": "2.0.0",
	} {
		w, err := c.Resume("banking", "loans", began)
		require.NoError(t, err, began)
		require.Equal(t, want, w.Version, began)
	}
	_, err := c.Resume("banking", "loans", "4.0.0")
	require.Equal(t, []string{"conflict", "Instance:100002"}, []string{failed(t, err).Prefix, failed(t, err).Code})
	_, err = c.Resume("banking", "loans", "10.0.0")
	require.Equal(t, "Instance:100002", failed(t, err).Code, "1 is no beginning of 10")
	for _, gone := range []string{"7", "1.2.1", "nonsense"} {
		_, err = c.Begin("banking", "loans", gone)
		require.Equal(t, "Instance:100015", failed(t, err).Code)
	}
	_, err = c.Begin("banking", "cars", "")
	require.Equal(t, []string{"notfound", "Instance:100015"}, []string{failed(t, err).Prefix, failed(t, err).Code})
	_, err = c.Resume("retail", "loans", "1.2.0")
	require.Equal(t, "Instance:100015", failed(t, err).Code)
	require.Len(t, c.Versions("banking", "loans"), 5)
	require.Equal(t, "3.0.0-rc.1", c.Versions("banking", "loans")[0].Version)
}

func TestAWorkflowSaysHowLongAResponseIsKept(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Minute, only(t, workflow("1.0.0", `{}`)).BodyTTL)
	require.Equal(t, 5*time.Second, only(t, workflow("1.0.0", `{"config": {"functionCache": {"ttlSeconds": 5}}}`)).BodyTTL)
	require.Zero(t, only(t, workflow("1.0.0", `{"config": {"functionCache": {"ttlSeconds": 0}}}`)).BodyTTL)
	require.Equal(t, 1500*time.Millisecond, only(t, enrich.Document{JSON: []byte(
		`{"key": "loans", "version": "1.0.0", "domain": "banking", "flow": "sys-flows", "config": {"functionCache": {"ttlSeconds": 1.5}}, "attributes": {}}`)}).BodyTTL)
	require.Equal(t, []string{"Workflows/loans-1.0.0.json:3: Workflow.Config.FunctionCache.TtlSeconds: is no number of seconds from 0 to 86400"},
		said(workflow("1.0.0", `{"config": {"functionCache": {"ttlSeconds": -1}}}`)))
}

func TestDataAreAnObjectWithinBounds(t *testing.T) {
	t.Parallel()
	w := only(t, workflow("1.0.0", loans))
	deep := func(n int) json.RawMessage {
		b := []byte("1")
		for range n {
			b = append(append([]byte(`{"a":`), b...), '}')
		}
		return b
	}
	for _, good := range []any{
		nil, json.RawMessage(nil), json.RawMessage(" null "), json.RawMessage(`{}`), []byte(`{"a":[1,2.50,-3e-10]}`),
		map[string]any{"n": json.Number("12345678901234567890.000000000001")}, deep(64), json.RawMessage(`{"a":1e512}`),
	} {
		_, err := w.Start(nil, good)
		require.NoError(t, err, "%s", good)
	}
	for member, bad := range map[string]any{
		"general":          json.RawMessage(`[1]`),
		"a":                json.RawMessage(`{"a":1,"a":2}`),
		"b.c":              json.RawMessage(`{"b":{"c":1,"\u0063":2}}`),
		"n":                json.RawMessage(`{"n":1e999999999}`),
		"list[1]":          json.RawMessage(`{"list":[1,-2E+513]}`),
		"x.y[0].z":         map[string]any{"x": map[string]any{"y": []any{map[string]any{"z": json.Number("1e99999999999999999999")}}}},
		"a.a.a.a.a.a.a.a…": deep(65),
	} {
		_, err := w.Start(nil, bad)
		e := failed(t, err)
		require.Equal(t, []string{"validation", "App:900002"}, []string{e.Prefix, e.Code})
		require.Contains(t, e.Members, member)
	}
	for _, bad := range []string{`{`, `{"a":}`, `{"a":1}x`, `{"a":01}`, "{\"a\":\"\x01\"}", `{,}`, `{"a":1,}`, `"text"`, `1`, `true`} {
		_, err := w.Start(nil, json.RawMessage(bad))
		require.Equal(t, "App:900002", failed(t, err).Code, bad)
	}
	_, err := w.Start(nil, map[string]any{"f": func() {}})
	require.Equal(t, "App:900002", failed(t, err).Code)
}
