package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

// BenchmarkReads is what the API itself costs: two mappings in Go, SQLite.
func BenchmarkReads(b *testing.B) {
	s := newServer(b, storetest.Open(b, "sqlite:"+b.TempDir()+"/aril.db"), setting{})
	for i := range 100 {
		s.started(b, fmt.Sprintf(`{"key":"k%d","tags":["a","b"],"attributes":{"amount":%d,"customer":{"name":"Ada","city":"Ankara"},"lines":[{"n":1},{"n":2}]}}`, i, i))
	}
	tag := s.get(b, loans+"/k1").Header().Get("ETag")
	for _, c := range []struct{ name, path, header, value string }{
		{"kept body", loans + "/k1", "", ""},
		{"from the database", loans + "/k1", "Cache-Control", "no-cache"},
		{"304", loans + "/k1", "If-None-Match", tag},
		{"state", loans + "/k1/functions/state", "", ""},
		{"page of 100", loans + "?pageSize=100", "", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequestWithContext(guard.WithCaller(b.Context(), everyone), http.MethodGet, c.path, nil)
			if c.header != "" {
				r.Header.Set(c.header, c.value)
			}
			for b.Loop() {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				require.Less(b, w.Code, 400)
			}
		})
	}
}
