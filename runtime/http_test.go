package runtime

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fetcher loads the guest that fetches what its operation's input says.
func fetcher(t *testing.T, rt *Runtime, cfg HTTPConfig, ext ExtensionConfig) func(context.Context, any) (any, error) {
	t.Helper()
	capability, err := HTTP(cfg)
	require.NoError(t, err)
	ext.Grants.Capabilities = append(ext.Grants.Capabilities, capability)
	g := load(t, rt, "fetch", ext)
	return Wrap(NewPipeline(g), Operation{Kind: "test", Name: "fetch"}, func(context.Context, any) (any, error) { return nil, errors.New("not reached") })
}

type m = map[string]any

func errorCodeOf(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return ""
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestAGuestFetchesFromAServer(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Method", r.Method)
		w.Header().Set("X-Sent", strings.Join(r.Header["X-Two"], ","))
		w.WriteHeader(http.StatusAccepted)
		buf := new(bytes.Buffer)
		_, _ = buf.ReadFrom(r.Body)
		_, _ = w.Write(append([]byte("got "), buf.Bytes()...))
	})
	var lines bytes.Buffer
	var seen []HTTPFetch
	rt := newRuntime(t, Config{Logger: slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	do := fetcher(t, rt, HTTPConfig{
		Hosts:   []HTTPHost{{Pattern: s.URL}},
		Observe: func(_ context.Context, f HTTPFetch) { seen = append(seen, f) },
	}, ExtensionConfig{Tenant: "acme"})
	for _, body := range []any{"text", []byte("text")} {
		got, err := do(t.Context(), m{
			"method": "PUT", "url": s.URL + "/x?secret=1", "body": body, "timeout_ms": 5000, "later": true,
			"headers": m{"X-Two": []any{"1", "2"}, "X-One": "1"},
		})
		require.NoError(t, err)
		answer := got.(m)
		require.Equal(t, int64(202), answer["status"])
		require.Equal(t, []byte("got text"), answer["body"])
		require.Equal(t, []any{"PUT"}, answer["headers"].(m)["x-method"])
		require.Equal(t, []any{"1,2"}, answer["headers"].(m)["x-sent"])
	}
	require.Len(t, seen, 2)
	require.Positive(t, seen[1].Elapsed)
	seen[1].Elapsed = 0
	require.Equal(t, HTTPFetch{
		Extension: "fetch", Tenant: "acme", Hook: "wrap", Method: "PUT", Host: s.URL, Origin: s.URL, Status: 202, Hops: 1, Sent: 4, Read: 8,
	}, seen[1])
	require.Contains(t, lines.String(), "level=DEBUG msg=fetch extension=fetch tenant=acme hook=wrap method=PUT origin="+s.URL+" status=202 hops=1 sent=4 read=8")
	require.NotContains(t, lines.String(), "secret", "a query is not for the log")
}

func TestAFetchThatFailsHasACodeAndSaysNothingOfTheHost(t *testing.T) {
	t.Parallel()
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	redirects := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	})
	closed := httptest.NewServer(nil)
	closed.Close()
	rt := newRuntime(t, Config{})
	cfg := HTTPConfig{
		Hosts:        []HTTPHost{{Pattern: slow.URL}, {Pattern: redirects.URL}, {Pattern: closed.URL}, {Pattern: "http://localhost:1"}},
		RequestBytes: 10,
	}
	do := fetcher(t, rt, cfg, ExtensionConfig{})
	for want, in := range map[string]any{
		"denied_host: http://169.254.169.254 is not granted":                                  m{"url": redirects.URL},
		"denied_host: http://10.0.0.1 is not granted":                                         m{"url": "http://10.0.0.1/"},
		"denied_address: the address of localhost is not one that extensions may reach":       m{"url": "http://localhost:1/"},
		"refused: no connection to 127.0.0.1":                                                 m{"url": closed.URL},
		"timeout: no response in time":                                                        m{"url": slow.URL, "timeout_ms": 500},
		"too_large: the request's body is too large":                                          m{"url": slow.URL, "body": "12345678901"},
		"invalid_request: the URL does not begin with https:// or http://":                    m{},
		"invalid_request: the body is neither bin nor text":                                   m{"url": slow.URL, "body": 7},
		"invalid_request: a header is neither text nor an array of text":                      m{"url": slow.URL, "headers": m{"a": []any{1}}},
		"invalid_request: the timeout is below 0":                                             m{"url": slow.URL, "timeout_ms": -1},
		"invalid_request: header Transfer-Encoding is set by the host alone":                  m{"url": slow.URL, "headers": m{"transfer-encoding": "chunked"}},
		"invalid_request: the value of header X has characters that are not allowed":          m{"url": slow.URL, "headers": m{"x": "1\r\nHost: evil"}},
		"invalid_request: the URL has a user or a password; send a header":                    m{"url": strings.Replace(slow.URL, "://", "://u:p@", 1)},
		"invalid_request: the method is none of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT": m{"url": slow.URL, "method": "CONNECT"},
	} {
		_, err := do(t.Context(), in)
		require.Error(t, err, want)
		require.Equal(t, want, errorCodeOf(err)+": "+err.Error())
	}
	_, err := do(t.Context(), m{"url": 7})
	require.Equal(t, "invalid_argument", errorCodeOf(err))
}

func TestAnOperationsEndIsAFetchsEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		limits Limits
		cancel bool
		want   error
	}{
		"the caller gives up":       {cancel: true, want: context.Canceled},
		"the wait time is used up":  {limits: Limits{WaitTime: 20 * time.Millisecond}, want: ErrDeadline},
		"the total time is used up": {limits: Limits{TotalTime: 20 * time.Millisecond}, want: ErrDeadline},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			began, ended := make(chan struct{}), make(chan struct{})
			s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				close(began)
				if tc.cancel {
					cancel()
				}
				<-r.Context().Done()
				close(ended)
			})
			do := fetcher(t, newRuntime(t, Config{}), HTTPConfig{Hosts: []HTTPHost{{Pattern: s.URL}}, Time: time.Minute}, ExtensionConfig{Limits: tc.limits})
			_, err := do(ctx, m{"url": s.URL})
			require.ErrorIs(t, err, tc.want)
			select {
			case <-began:
				<-ended // the connection was closed with it
			default: // on a busy machine the time is up before the request is there
			}
		})
	}
}

func TestEachActivationHasItsRequests(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	do := fetcher(t, newRuntime(t, Config{}), HTTPConfig{Hosts: []HTTPHost{{Pattern: s.URL}}, Requests: 1}, ExtensionConfig{Isolation: Pooled})
	for range 3 {
		_, err := do(t.Context(), m{"url": s.URL})
		require.NoError(t, err)
	}

	capability, err := HTTP(HTTPConfig{Hosts: []HTTPHost{{Pattern: s.URL}}, Requests: 2})
	require.NoError(t, err)
	rt := newRuntime(t, Config{})
	g := load(t, rt, "fetch_often", ExtensionConfig{Grants: Grants{Capabilities: []Capability{capability}}})
	_, err = Wrap(NewPipeline(g), text, func(context.Context, any) (any, error) { return nil, nil })(t.Context(), m{"url": s.URL})
	require.Equal(t, "limit", errorCodeOf(err))
}

func TestExtensionsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}, 3), make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			entered <- struct{}{}
			<-leave
		}
	})
	rt := newRuntime(t, Config{})
	cfg := HTTPConfig{Hosts: []HTTPHost{{Pattern: s.URL}}, Concurrent: 2, Time: time.Minute}
	capability, err := HTTP(cfg)
	require.NoError(t, err)
	extension := func(name string) func(context.Context, any) (any, error) {
		g := load(t, rt, "fetch", ExtensionConfig{Name: name, Grants: Grants{Capabilities: []Capability{capability}}})
		return Wrap(NewPipeline(g), text, func(context.Context, any) (any, error) { return nil, nil })
	}
	greedy, modest := extension("greedy"), extension("modest")
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { _, _ = greedy(t.Context(), m{"url": s.URL + "/wait"}) })
		<-entered
	}
	_, err = greedy(t.Context(), m{"url": s.URL, "timeout_ms": 20})
	require.Equal(t, "timeout", errorCodeOf(err), "greedy has its two")
	_, err = modest(t.Context(), m{"url": s.URL, "timeout_ms": 50_000})
	require.NoError(t, err)
	close(leave)
	running.Wait()
}

func TestEveryMistakeInAnHTTPConfigIsInOneError(t *testing.T) {
	t.Parallel()
	_, err := HTTP(HTTPConfig{
		Hosts:     []HTTPHost{{Pattern: "https://a.example/path"}, {Pattern: "*"}, {Pattern: "0.0.0.0"}},
		Redirects: -1, ResponseBytes: Unlimited,
	})
	for _, want := range []string{"aril_http_v1", "/path", `"*"`, "0.0.0.0", "Redirects", "ResponseBytes"} {
		require.ErrorContains(t, err, want)
	}
	_, err = HTTP(HTTPConfig{})
	require.ErrorContains(t, err, "no hosts are granted")
}

func TestWithoutTheGrantAModuleThatFetchesIsRefused(t *testing.T) {
	t.Parallel()
	_, err := newRuntime(t, Config{}).Load(t.Context(), guestFile(t, "fetch"), ExtensionConfig{Name: "fetch"})
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "aril_http_v1.fetch")
}

func TestTheFunctionForExtensionsInProcessIsTheSame(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Header.Get("X-Token"))) })
	var seen []HTTPFetch
	fetch, err := HTTPFunction("native", HTTPConfig{
		Hosts:   []HTTPHost{{Pattern: s.URL}},
		Observe: func(_ context.Context, f HTTPFetch) { seen = append(seen, f) },
	})
	require.NoError(t, err)
	got, err := fetch(t.Context(), m{"url": s.URL, "headers": m{"x-token": []any{"t"}}, "timeout_ms": int64(5000)})
	require.NoError(t, err)
	var values Values
	message, err := values.Append(nil, got)
	require.NoError(t, err)
	answer, err := values.Decode(message, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []byte("t"), answer.(m)["body"])
	require.Equal(t, int64(200), answer.(m)["status"])
	require.Equal(t, "native", seen[0].Extension)
	_, err = fetch(t.Context(), m{"url": "http://10.0.0.1/"})
	require.Equal(t, "denied_host", errorCodeOf(err))
	_, err = fetch(t.Context(), m{"url": 7})
	require.Equal(t, "invalid_argument", errorCodeOf(err))
	_, err = HTTPFunction("native", HTTPConfig{})
	require.ErrorContains(t, err, "no hosts are granted")
}
