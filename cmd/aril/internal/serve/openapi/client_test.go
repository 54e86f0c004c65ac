package openapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A recorder is a transport that holds every response against the document,
// and remembers which it has seen.
type recorder struct {
	contract *contract
	mu       sync.Mutex
	seen     map[string][]int // statuses by operation
	faults   []string
}

// RoundTrip sends a request on.
func (x *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	if err := got.Body.Close(); err != nil {
		return nil, err
	}
	got.Body = io.NopCloser(bytes.NewReader(body))
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.contract.checkResponse(r.Method, r.URL.EscapedPath(), got, body); err != nil {
		x.faults = append(x.faults, r.Method+" "+r.URL.String()+": "+err.Error())
	}
	if o, _, _ := x.contract.match(r.Method, r.URL.EscapedPath()); o != nil && !slices.Contains(x.seen[o.String()], got.StatusCode) {
		x.seen[o.String()] = append(x.seen[o.String()], got.StatusCode)
	}
	return got, nil
}

// A client sends requests to a service through a recorder.
type client struct {
	*recorder
	service *service
	http    http.Client
	url     string
}

func newClient(t testing.TB, c *contract, s *service) *client {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	x := &recorder{contract: c, seen: map[string][]int{}}
	return &client{recorder: x, service: s, http: http.Client{Transport: x}, url: server.URL}
}

// An answer is a response, read.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any // nil where there is none
}

// code is that of a problem.
func (a *answer) code() any { return a.json["code"] }

// send asks as a caller, "" for nobody. A body that is a string is sent as it
// is, anything else as JSON. header is name, value, name, value.
func (c *client) send(t testing.TB, caller, method, target string, body any, header ...string) *answer {
	t.Helper()
	var text string
	switch body := body.(type) {
	case nil:
	case string:
		text = body
	default:
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		text = string(raw)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+target, strings.NewReader(text))
	require.NoError(t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if caller != "" {
		r.Header.Set("Authorization", "Bearer "+c.service.tokens[caller])
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got, err := c.http.Do(r)
	require.NoError(t, err)
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	a := &answer{status: got.StatusCode, header: got.Header, text: string(raw)}
	if strings.Contains(got.Header.Get("Content-Type"), "json") && len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &a.json), "%s", raw)
	}
	return a
}

// escapeQuery escapes what a test writes plainly.
func escapeQuery(query string) string {
	return strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D", " ", "%20", "[", "%5B", "]", "%5D", ">", "%3E").Replace(query)
}

func statusOf(t testing.TB, text string) int {
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}
