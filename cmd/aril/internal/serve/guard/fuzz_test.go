package guard

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever stands in a request: the answer is the handler's or a problem, and
// without a token that counts, or for another host, the handler never runs.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/a", "localhost", "", "Bearer x", "00-"+traceA+"-"+spanA+"-01")
	f.Add("\x00", "/\n\"", "[::1]:80", "null", "Bearer aril_", "")
	f.Add("POST", "//../%", "a:b:c", "http://[", "\xff", "ff-")
	_, digest := NewToken()
	set, err := parseTokens(jsonOf(TokenEntry{ID: "ci", SHA256: digest, Roles: []string{"read"}}))
	require.NoError(f, err)
	tokens := &Tokens{now: now}
	tokens.set.Store(set)
	ran := false
	inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { ran = true })
	closed, err := New(Config{Tokens: tokens, Routes: []string{"/a/{x}"}}, inside)
	require.NoError(f, err)
	open, err := New(Config{Routes: []string{"/a/{x}"}}, inside)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, method, path, host, origin, authorization, trace string) {
		for i, h := range []http.Handler{closed, open} {
			ran = false
			r := httptest.NewRequest("GET", "/", http.NoBody)
			r.Method, r.Host, r.URL = method, host, &url.URL{Path: path}
			r.Header = http.Header{"Origin": {origin}, "Authorization": {authorization}, "Traceparent": {trace}, "Sec-Fetch-Site": {origin}}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$", w.Header().Get("Traceparent"))
			if ran {
				require.True(t, i == 1 && localHost(host, nil), "it ran for %q at %q", authorization, host)
				continue
			}
			require.Equal(t, []int{401, 403}[i], w.Code)
			require.True(t, json.Valid(w.Body.Bytes()), w.Body)
		}
	})
}
