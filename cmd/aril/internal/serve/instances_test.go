package serve

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestTasksReadInstancesFromTheDatabase(t *testing.T) {
	t.Parallel()
	s, err := New(t.Context(), Config{Database: "sqlite::memory:", Definitions: definitions, Cache: compiled})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	for _, key := range []string{"a", "b"} {
		_, _, err := s.store.Start(t.Context(), store.Instance{
			Domain: "banking", Workflow: "loan", FlowVersion: "1.0.0", Key: key, State: "draft", Status: "A",
			Attributes: json.RawMessage(`{"amount":` + map[string]string{"a": "1", "b": "2"}[key] + `}`),
		}, store.Transition{Key: "start", To: "draft"})
		require.NoError(t, err)
	}
	source := instances{s}
	asJSON := func(v any, err error) string {
		t.Helper()
		require.NoError(t, err)
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		return string(raw)
	}
	one := enrich.InstanceQuery{Domain: "banking", Workflow: "loan", Instance: "a"}
	require.JSONEq(t, `{"amount":1}`, asJSON(source.InstanceData(t.Context(), one)))
	one.Extensions = []string{"extension-hello"}
	require.JSONEq(t, `{"data":{"amount":1},"extensions":{"hello":"a"}}`, asJSON(source.InstanceData(t.Context(), one)))
	one.Instance = "nope"
	_, err = source.InstanceData(t.Context(), one)
	require.EqualError(t, err, `there is no instance "nope" of banking/loan`)

	page := enrich.InstancesQuery{Domain: "banking", Workflow: "loan", Page: 1, PageSize: 10, Filter: map[string]any{"attributes.amount": map[string]any{"gt": 1}}}
	got := asJSON(source.Instances(t.Context(), page))
	require.Contains(t, got, `"key":"b"`)
	require.NotContains(t, got, `"key":"a"`)
	page.Filter, page.Sort = nil, "-key"
	got = asJSON(source.Instances(t.Context(), page))
	require.Regexp(t, `"key":"b".*"key":"a"`, got)
	page.Filter = map[string]any{"nope": map[string]any{"eq": 1}}
	_, err = source.Instances(t.Context(), page)
	require.Error(t, err)

	foreign := enrich.Caller{Attributes: map[string]any{"domains": []string{"cards"}}}
	_, err = source.InstanceData(t.Context(), enrich.InstanceQuery{Domain: "banking", Workflow: "loan", Instance: "a", Caller: foreign})
	require.ErrorIs(t, err, errForeign)
	_, err = source.Instances(t.Context(), enrich.InstancesQuery{Domain: "banking", Workflow: "loan", Page: 1, PageSize: 1, Caller: foreign})
	require.ErrorIs(t, err, errForeign)

	require.NoError(t, s.store.Close())
	_, err = source.InstanceData(t.Context(), enrich.InstanceQuery{Domain: "banking", Workflow: "loan", Instance: "a"})
	require.Equal(t, errUnread, err, "mappings do not hear what a database says of itself")
	_, err = source.Instances(t.Context(), enrich.InstancesQuery{Domain: "banking", Workflow: "loan", Page: 1, PageSize: 1})
	require.Equal(t, errUnread, err)
}
