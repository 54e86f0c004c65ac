package httpguard

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARedirectTurnsTheMethodAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status           int
		method, want     string
		keepsBodyAndType bool
	}{
		{301, "POST", "GET", false}, {302, "POST", "GET", false}, {303, "POST", "GET", false}, {303, "PUT", "GET", false}, {303, "HEAD", "HEAD", false},
		{301, "PUT", "PUT", true}, {302, "DELETE", "DELETE", true}, {307, "POST", "POST", true}, {308, "PATCH", "PATCH", true},
	} {
		n := &network{names: map[string][][]string{"a.example": {{publicAddr}}}}
		var got string
		g := onNetwork(t, n, small(Host{Pattern: "http://a.example"}), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				w.Header().Set("Location", "next?ü=a b")
				w.WriteHeader(tc.status)
				return
			}
			body, _ := io.ReadAll(r.Body)
			got = strings.Join([]string{r.Method, r.RequestURI, string(body), r.Header.Get("Content-Type"), r.Header.Get("X-Token"), r.Referer(), r.Header.Get("Cookie")}, " ")
		})
		r := Request{Method: tc.method, URL: "http://a.example/", Headers: map[string][]string{"x-token": {"t"}}}
		if tc.method != "HEAD" {
			r.Body, r.Headers["content-type"] = []byte("body"), []string{"text/plain"}
		}
		_, _, err := g.Fetch(t.Context(), "k", r)
		require.NoError(t, err)
		body, kind := "", ""
		if tc.keepsBodyAndType {
			body, kind = "body", "text/plain"
		}
		require.Equal(t, strings.Join([]string{tc.want, "/next?%C3%BC=a%20b", body, kind, "t", "", ""}, " "), got, "%d %s", tc.status, tc.method)
	}
}

func TestAnotherOriginGetsNoSecrets(t *testing.T) {
	t.Parallel()
	for to, survives := range map[string]bool{
		"http://a.example/next":      true,
		"http://a.example:80/next":   true,
		"http://b.example/next":      false,
		"http://a.example:8080/next": false,
		"http://x.a.example/next":    false,
	} {
		n := &network{names: map[string][][]string{"a.example": {{publicAddr}}, "b.example": {{publicAddr}}, "x.a.example": {{publicAddr}}}}
		var got http.Header
		hosts := []Host{{Pattern: "http://a.example"}, {Pattern: "http://a.example:8080"}, {Pattern: "http://b.example"}, {Pattern: "http://x.a.example"}}
		g := onNetwork(t, n, small(hosts...), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/next" {
				w.Header().Set("Set-Cookie", "session=1")
				http.Redirect(w, r, to, http.StatusTemporaryRedirect)
				return
			}
			got = r.Header
		})
		_, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://a.example/", Headers: map[string][]string{
			"authorization": {"Bearer 1"}, "cookie": {"a=b"}, "x-api-key": {"1"}, "accept": {"text/plain"},
		}})
		require.NoError(t, err)
		require.Equal(t, "text/plain", got.Get("Accept"))
		require.NotContains(t, got.Get("Cookie"), "session", "there is no jar")
		for _, name := range []string{"Authorization", "Cookie", "X-Api-Key"} {
			require.Equal(t, survives, got.Get(name) != "", "%s at %s", name, to)
		}
	}
}

func TestARedirectIsTheResponseWhereNoneIsFollowed(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"a.example": {{publicAddr}}}}
	cfg := small(Host{Pattern: "http://a.example"})
	cfg.NoRedirects = true
	g := onNetwork(t, n, cfg, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/next", http.StatusFound) })
	resp, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://a.example/"})
	require.NoError(t, err)
	require.Equal(t, 302, resp.Status)
	require.Equal(t, []string{"/next"}, resp.Headers["location"])
}

// The certificate of httptest is for example.com, its names below it, and
// 127.0.0.1.
func TestAServerProvesWhoItIs(t *testing.T) {
	t.Parallel()
	down := atomic.Bool{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Redirect(w, r, "http://www.example.com/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, r.Proto)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(s.Certificate())

	names := map[string][][]string{"www.example.com": {{publicAddr}}, "www.example.org": {{publicAddr}}}
	cfg := small(Host{Pattern: "www.example.com"}, Host{Pattern: "www.example.org"}, Host{Pattern: "http://www.example.com"})
	untrusting := onNetwork(t, &network{names: names, to: s.Listener.Addr().String()}, cfg, nil)
	cfg.RootCAs = trusted
	g := onNetwork(t, &network{names: names, to: s.Listener.Addr().String()}, cfg, nil)
	unencrypted := onNetwork(t, &network{names: names, to: plain.Listener.Addr().String()}, cfg, nil)

	resp, _, err := g.Fetch(t.Context(), "k", Request{URL: "https://www.example.com/"})
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1", string(resp.Body))
	_, _, err = g.Fetch(t.Context(), "k", Request{URL: "https://www.example.org/"})
	require.Equal(t, "tls", code(err), "another name")
	_, _, err = untrusting.Fetch(t.Context(), "k", Request{URL: "https://www.example.com/"})
	require.Equal(t, "tls", code(err), "nobody trusts it")
	_, _, err = unencrypted.Fetch(t.Context(), "k", Request{URL: "https://www.example.com/"})
	require.Equal(t, "tls", code(err), "plain HTTP")
	down.Store(true)
	_, _, err = g.Fetch(t.Context(), "k", Request{URL: "https://www.example.com/"})
	require.Equal(t, "denied_host", code(err), "from https to http, granted or not")
}

func TestCompressedResponsesAreUnpacked(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"a.example": {{publicAddr}}}}
	g := onNetwork(t, n, small(Host{Pattern: "http://a.example"}), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte("unpacked"))
		_ = z.Close()
	})
	resp, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://a.example/"})
	require.NoError(t, err)
	require.Equal(t, "unpacked", string(resp.Body))
	require.NotContains(t, resp.Headers, "content-encoding")
}

func TestHeadersOfTheConnectionAreNotShown(t *testing.T) {
	t.Parallel()
	got := answerHeaders(http.Header{
		"Connection": {"close, x-hop"}, "X-Hop": {"1"}, "Keep-Alive": {"1"}, "Content-Length": {"1"}, "Proxy-Authenticate": {"1"},
		"X-Kept": {"1", "\xff"}, "Set-Cookie": {"a=b"},
	})
	require.Equal(t, map[string][]string{"x-kept": {"1", "\ufffd"}, "set-cookie": {"a=b"}}, got)
}

func TestFetchesPastTheBoundsWait(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	entered, leave := make(chan struct{}, 100), make(chan struct{})
	n := &network{names: map[string][][]string{"a.example": {{publicAddr}}}}
	cfg := small(Host{Pattern: "http://a.example"})
	cfg.Concurrent, cfg.ConcurrentAll = 2, 3
	g := onNetwork(t, n, cfg, func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), running.Add(1)))
		entered <- struct{}{}
		<-leave
		running.Add(-1)
	})
	var all sync.WaitGroup
	fetch := func(key string, n int) {
		for range n {
			all.Go(func() {
				_, _, err := g.Fetch(t.Context(), key, Request{URL: "http://a.example/"})
				require.NoError(t, err)
			})
		}
	}
	fetch("a", 6)
	<-entered
	<-entered
	fetch("b", 3)
	<-entered // b has the third place, though a asked first
	require.Equal(t, int64(3), running.Load())

	_, _, err := g.Fetch(t.Context(), "c", Request{URL: "http://a.example/", Timeout: 20 * time.Millisecond})
	require.Equal(t, "timeout", code(err), "nobody else may")
	_, _, err = g.Fetch(t.Context(), "a", Request{URL: "http://a.example/", Timeout: 20 * time.Millisecond})
	require.Equal(t, "timeout", code(err))
	close(leave)
	all.Wait()
	require.Equal(t, int64(3), most.Load())
	require.Empty(t, g.gate.lanes)
	require.Empty(t, g.gate.all)
}

func TestAFetchTriesTheNextAddress(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"a.example": {{"2606:4700::1111", publicAddr, otherPublic}}}}
	g := onNetwork(t, n, small(Host{Pattern: "http://a.example"}), func(http.ResponseWriter, *http.Request) {})
	real := g.dial
	g.dial = func(ctx context.Context, to netip.AddrPort, p permit) (conn net.Conn, err error) {
		conn, err = real(ctx, to, p)
		if to.Addr().Is6() && err == nil {
			_ = conn.Close()
			return nil, syscall.EHOSTUNREACH
		}
		return conn, err
	}
	_, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://a.example/"})
	require.NoError(t, err)
	require.Equal(t, []string{"[2606:4700::1111]:80", publicAddr + ":80"}, n.dialed)
}

func TestTheEnvironmentNamesNoProxy(t *testing.T) { // not parallel: it sets the environment
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	n := &network{names: map[string][][]string{"a.example": {{publicAddr}}}}
	var asked string
	g := onNetwork(t, n, small(Host{Pattern: "http://a.example"}), func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI })
	_, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://a.example/x"})
	require.NoError(t, err)
	require.Equal(t, "/x", asked, "a proxy is asked for the whole URL")
}

func BenchmarkFetch(b *testing.B) {
	body := bytes.Repeat([]byte("x"), 1000)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	for _, s := range []*httptest.Server{httptest.NewServer(h), httptest.NewTLSServer(h)} {
		defer s.Close()
		cfg := small(Host{Pattern: s.URL})
		if s.Certificate() != nil {
			cfg.RootCAs = x509.NewCertPool()
			cfg.RootCAs.AddCert(s.Certificate())
		}
		g, err := New(cfg)
		require.NoError(b, err)
		scheme, _, _ := strings.Cut(s.URL, ":")
		b.Run(scheme, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := g.Fetch(b.Context(), "k", Request{URL: s.URL}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
