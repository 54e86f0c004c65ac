package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

// seed is new each time, and printed where a test fails; ARIL_FUZZ_SEED runs
// one again.
func seed(t testing.TB) uint64 {
	n := rand.Uint64()
	if text := os.Getenv("ARIL_FUZZ_SEED"); text != "" {
		var err error
		n, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("ARIL_FUZZ_SEED=%d", n)
	return n
}

// No request makes the service fail, or answer what the document does not say.
// What the document calls invalid is refused; what it calls valid, of things
// that are there, is never a bad request. 600 requests, and 10,000 with
// ARIL_SERVE_LONG=1.
func TestWhateverIsSentTheDocumentHolds(t *testing.T) {
	t.Parallel()
	n := 600
	if os.Getenv("ARIL_SERVE_LONG") == "1" {
		n = 10_000
	}
	storetest.EachURL(t, func(t *testing.T, database string) {
		c := newContract(t)
		s := newService(t, database, definitions()...)
		f := &fuzzer{
			maker: maker{generator: newGenerator(seed(t)), contract: c, token: s.tokens["all"], known: map[string][]string{
				"domain": {"shop"}, "workflow": {"order"}, "transition": {"add", "close", "reopen", "finish"},
				"extensions": {"extension-length", "extension-rare", "extension-broken", "Extension-Rare"}, "version": {"1.0.0", "1", "latest"},
				"transitionKey": {"add"},
			}},
			wire: newWire(t, s), answers: map[string]int{},
		}
		for _, key := range []string{"extension-a", "extension-b"} {
			d := extension(key, "1", map[string]any{"type": 4})
			f.definitions = append(f.definitions, d.json(t), document{"documents": []any{d, definition("sys-views", key, map[string]any{})}}.json(t))
		}
		f.begin(t)
		before := f.witness(t)
		f.limits(t)
		for i := range n {
			f.one(t, i)
		}
		require.Equal(t, before, f.witness(t), "an instance that nothing was sent for")
		t.Log(f.answers)
		f.enough(t, n)
	})
}

// A fuzzer sends what a maker makes.
type fuzzer struct {
	maker
	wire    *wire
	answers map[string]int // by verdict and status
	unread  int            // requests that were no HTTP
}

const witnessPath = "/api/v1/shop/workflows/loan/instances/witness"

// begin makes the instances that requests are about, and one that none is.
func (f *fuzzer) begin(t *testing.T) {
	for _, key := range []string{"one", "two", "ünï 漢", "a+b&c"} {
		f.start(t, key)
	}
	f.post(t, "/api/v1/shop/workflows/loan/instances/start", `{"key":"witness","attributes":{"amount":7,"secret":"s"}}`)
}

func (f *fuzzer) start(t *testing.T, key string) {
	body, err := json.Marshal(map[string]any{"key": key, "attributes": map[string]any{"amount": len(key)}})
	require.NoError(t, err)
	got := f.post(t, "/api/v1/shop/workflows/order/instances/start?sync=true", string(body))
	f.known["instance"] = append(f.known["instance"], key, got["id"].(string))
}

func (f *fuzzer) post(t *testing.T, path, body string) map[string]any {
	target, query, _ := strings.Cut(path, "?")
	r := &request{method: http.MethodPost, path: target, query: query, body: []byte(body)}
	r.set("Authorization", "Bearer "+f.token)
	r.set("Content-Type", "application/json")
	got, answer, _ := f.wire.send(t, r)
	require.Equal(t, http.StatusCreated, got.StatusCode, "%s", answer)
	var out map[string]any
	require.NoError(t, json.Unmarshal(answer, &out))
	return out
}

// witness is an instance that no request names, without what depends on the
// definitions.
func (f *fuzzer) witness(t *testing.T) map[string]any {
	r := &request{method: http.MethodGet, path: witnessPath}
	r.set("Authorization", "Bearer "+f.token)
	got, body, _ := f.wire.send(t, r)
	require.Equal(t, http.StatusOK, got.StatusCode, "%s", body)
	var out map[string]any
	require.NoError(t, json.Unmarshal(body, &out))
	delete(out, "eTag")
	return out
}

// limits sends starts at each limit of their body, often enough to find all.
func (f *fuzzer) limits(t *testing.T) {
	i := slices.IndexFunc(f.contract.operations, func(o *operation) bool { return o.OperationID == "startInstance" })
	o := f.contract.operations[i]
	for range 100 {
		r := f.request(o)
		r.body = nil
		f.memberAtLimit(o, r)
		f.check(t, r)
	}
}

// one sends a request that the document calls valid, or one that up to three
// mutations spoiled.
func (f *fuzzer) one(t *testing.T, i int) {
	o := f.operation()
	r := f.request(o)
	if i%3 > 0 {
		for range 1 + f.IntN(3)*f.IntN(2) {
			m := pick(f.generator, mutations)
			r.note("%s", m.name)
			m.do(&f.maker, o, r)
		}
		r.existing = r.existing && o.OperationID != publish
	}
	if r.method == http.MethodPatch && bytes.Contains(r.body, []byte(`"key"`)) {
		r.existing = false // only the instance's own is valid there
	}
	got := f.check(t, r)
	if got == nil {
		return
	}
	if tag := got.Header.Get("ETag"); tag != "" && got.StatusCode == http.StatusOK && r.method == http.MethodGet && f.oneIn(4) {
		r.set("If-None-Match", tag)
		r.unset("Cache-Control")
		r.unset("Pragma")
		again := f.check(t, r)
		require.NotNil(t, again, "%v", r)
		require.Equal(t, http.StatusNotModified, again.StatusCode, "nothing happened since: %v", r)
	}
}

// operation takes those with a body more often, and those of the process itself
// less often.
func (f *fuzzer) operation() *operation {
	o := pick(f.generator, f.contract.operations)
	for o.Security != nil && !f.oneIn(4) || o.RequestBody == nil && f.oneIn(3) {
		o = pick(f.generator, f.contract.operations)
	}
	return o
}

// check sends a request and holds the response against the document. It gives
// nil for one that is no HTTP: the standard library refuses it.
func (f *fuzzer) check(t *testing.T, r *request) *http.Response {
	v, why := f.contract.judge(r)
	got, body, reached := f.wire.send(t, r)
	if !reached { // the standard library refused what is no HTTP
		f.unread++
		return nil
	}
	f.answers[fmt.Sprintf("%v %d", v, got.StatusCode)]++
	shown := func(text string) string {
		return fmt.Sprintf("%s: seed %d; the document: %v (%v)\n%v\n%d %v\n%.1000s", text, f.seed, v, why, r, got.StatusCode, got.Header, body)
	}
	require.NoError(t, f.contract.checkResponse(r.method, r.path, got, body), shown("not as documented"))
	if got.StatusCode >= 500 {
		require.Equal(t, http.StatusServiceUnavailable, got.StatusCode, shown("the service failed"))
	}
	o, _, _ := f.contract.match(r.method, r.path)
	switch {
	case v == absent && r.method == http.MethodOptions:
	case v == absent, v == invalid:
		require.True(t, got.StatusCode/100 == 4 || got.StatusCode == http.StatusServiceUnavailable, shown("not refused"))
	case !r.token && o.Security == nil:
		require.Contains(t, []int{401, 403, 404, 503}, got.StatusCode, shown("a token that is none"))
	case v == valid && r.existing:
		require.NotContains(t, []int{400, 401, 403, 404, 405, 413, 415}, got.StatusCode, shown("refused"))
	case v == valid:
		require.NotContains(t, []int{401, 403, 405, 413, 415}, got.StatusCode, shown("refused"))
	}
	if got.StatusCode == http.StatusCreated {
		f.kept(t, r, got.Header.Get("Location"))
	}
	f.learn(t, r, got)
	return got
}

// kept reads what was started: what was sent must come back.
func (f *fuzzer) kept(t *testing.T, sent *request, location string) {
	r := &request{method: http.MethodGet, path: location}
	r.set("Authorization", "Bearer "+f.token)
	got, body, _ := f.wire.send(t, r)
	require.Equal(t, http.StatusOK, got.StatusCode, "%s", body)
	attributes := func(text []byte) any {
		var o struct{ Attributes any }
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if len(text) > 0 {
			require.NoError(t, d.Decode(&o))
		}
		if o.Attributes == nil {
			return map[string]any{}
		}
		return exact(t, o.Attributes)
	}
	require.Equal(t, attributes(sent.body), attributes(body), "%v\n%s", sent, body)
}

// exact is a value whose numbers are equal where they are the same number.
func exact(t *testing.T, v any) any {
	switch v := v.(type) {
	case json.Number:
		n, err := query.ParseDecimal(v.String())
		require.NoError(t, err)
		return n
	case []any:
		for i := range v {
			v[i] = exact(t, v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = exact(t, v[name])
		}
	}
	return v
}

// learn keeps tags, and has instances in states that can go on.
func (f *fuzzer) learn(t *testing.T, r *request, got *http.Response) {
	for _, name := range []string{"ETag", "X-Entity-ETag"} {
		if tag := got.Header.Get(name); tag != "" && len(f.entities) < 200 {
			f.entities = append(f.entities, tag)
		}
	}
	if r.method == http.MethodPatch && got.StatusCode == http.StatusOK && f.oneIn(4) && len(f.known["instance"]) < 40 {
		f.start(t, fmt.Sprintf("more %d", len(f.known["instance"])))
	}
}

// enough looks whether the requests were of all kinds.
func (f *fuzzer) enough(t *testing.T, n int) {
	for _, want := range []string{"valid 200", "valid 201", "valid 304", "invalid 400", "invalid 404", "vague 200", "absent 404", "absent 405"} {
		require.NotZero(t, f.answers[want], want)
	}
	require.Less(t, f.unread, n/5, "requests that were no HTTP")
}
