package query_test

import (
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

// FuzzParse holds that a query is refused by a *query.Error, or is one that
// every database at hand takes, and with which they agree.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"status":{"eq":"A"},"attributes.n":{"ge":1,"lt":9007199254740993}}`, "-modifiedAt,key"},
		{`{"attributes":{"a":{"b":{"in":["x",1,true]}},"c":{"isnull":false}}}`, `{"field":"attributes.a","direction":"desc"}`},
		{`{"or":[{"key":{"like":"o%_\\%"}},{"not":{"tags":{"nin":["web"]}}}]}`, `{"fields":[{"field":"state"},{"field":"completedAt"}]}`},
		{`{"createdAt":{"between":["2026-01-31","2026-02-01T00:00:00Z"]}}`, ""},
		{`attributes=a.b=in:1,x`, "attributes.a"},
		{`key=startswith:[*`, "key"},
		{`{"attributes":{"a\\.b":{"endswith":"'"}}}`, `attributes.$1."`},
		{`{"and":[{},{"not":{}}]}`, "id"},
	} {
		f.Add(seed[0], seed[1], "1", "10")
	}
	databases := []*store.Store{storetest.Open(f, storetest.SQLite(f))}
	if os.Getenv("ARIL_TEST_POSTGRES") != "" {
		databases = append(databases, storetest.Open(f, storetest.Postgres(f)))
	}
	for i, attributes := range []string{`{}`, `{"a":{"b":"x"},"n":5,"c":null}`, `{"a":{"b":1,"b":true},"a.b":"'","n":1e5}`, `{"a":["x"],"$1":{"\"":-0.5}}`} {
		for _, s := range databases {
			_, _, err := s.Start(f.Context(), store.Instance{
				ID: "01890a5d-ac96-774b-bcce-b302099a805" + string(rune('0'+i)), ETag: "e", Domain: "shop", Workflow: "order", Key: "o" + string(rune('0'+i)), Status: store.Active,
				Tags: []string{"web"}, Attributes: []byte(attributes), CreatedAt: time0,
			}, store.Transition{})
			require.NoError(f, err)
		}
	}
	f.Fuzz(func(t *testing.T, filter, sort, page, size string) {
		q, err := query.Parse(url.Values{"filter": {filter}, "sort": {sort}, "page": {page}, "pageSize": {size}})
		if err != nil {
			var e *query.Error
			require.ErrorAs(t, err, &e)
			return
		}
		q.Fields()
		var first []store.Instance
		for i, s := range databases {
			items, _, err := s.List(t.Context(), "shop", "order", q)
			require.NoError(t, err, "%s %s", filter, sort)
			if i == 0 {
				first = items
			}
			require.Equal(t, first, items, "%s %s", filter, sort)
		}
	})
}
