package httpguard

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	publicAddr  = "93.184.216.34"
	otherPublic = "1.1.1.1"
)

func TestARedirectLeadsNowhereThatIsNotGranted(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"http://169.254.169.254/latest/meta-data/": "denied_host",
		"http://127.0.0.1/":                        "denied_host",
		"http://[::1]/":                            "denied_host",
		"//evil.example/":                          "denied_host",
		"http://api.example:8080/":                 "denied_host",
		"https://api.example/":                     "denied_host",
		"http://private.example/":                  "denied_address",
		"http://metadata.example/":                 "denied_address",
		"http://mapped.example/":                   "denied_address",
		"http://gone.example/":                     "unresolved",
		"http://api.example@evil.example/":         "bad_response",
		"http://u:p@api.example/":                  "bad_response",
		"http://2130706433/":                       "bad_response",
		"http://0x7f.1/":                           "bad_response",
		"http://[::ffff:127.0.0.1]/":               "bad_response",
		"file:///etc/passwd":                       "bad_response",
		"gopher://api.example/":                    "bad_response",
		`http:\\evil.example`:                      "bad_response",
		"http://api.example:0/":                    "bad_response",
		"/again":                                   "too_many_redirects",
		"http://b.example/again":                   "too_many_redirects",
	} {
		t.Run(location, func(t *testing.T) {
			t.Parallel()
			n := &network{names: map[string][][]string{
				"api.example": {{publicAddr}}, "b.example": {{otherPublic}},
				"private.example": {{"10.0.0.7", "::1"}}, "metadata.example": {{"169.254.169.254"}}, "mapped.example": {{"::ffff:127.0.0.1", "64:ff9b::7f00:1"}},
			}}
			g := onNetwork(t, n, small(Host{Pattern: "http://api.example"}, Host{Pattern: "http://*.example"}), func(w http.ResponseWriter, r *http.Request) {
				require.Contains(t, []string{"api.example", "b.example"}, r.Host)
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusFound)
			})
			if strings.Contains(location, "evil.example") { // the wildcard would cover it
				g.grants = g.grants[:1]
			}
			_, trace, err := g.Fetch(t.Context(), "k", Request{URL: "http://api.example/"})
			require.Error(t, err)
			require.Equal(t, want, code(err), err)
			for _, d := range n.dialed {
				require.Contains(t, []string{publicAddr + ":80", otherPublic + ":80"}, d)
			}
			if want == "too_many_redirects" {
				require.Equal(t, 6, trace.Hops)
			} else {
				require.Equal(t, 1, trace.Hops)
			}
		})
	}
}

func TestANameThatChangesItsAddressIsAskedOnceAHop(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"rebind.example": {{publicAddr}, {"127.0.0.1"}}}}
	g := onNetwork(t, n, small(Host{Pattern: "http://rebind.example"}), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	})
	_, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://rebind.example/again"})
	require.Equal(t, "denied_address", code(err))
	require.Equal(t, 2, n.asked["rebind.example"])
	require.Equal(t, []string{publicAddr + ":80"}, n.dialed, "the address that was checked is the one that is dialled")
}

func TestOnlyAllowedAddressesOfANameAreTried(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		addrs, dialed []string
		private       bool
	}{
		"mixed":           {addrs: []string{"127.0.0.1", publicAddr, "fe80::1"}, dialed: []string{publicAddr + ":80"}},
		"nat64 of public": {addrs: []string{"64:ff9b::101:101"}, dialed: []string{"[64:ff9b::101:101]:80"}},
		"mapped public":   {addrs: []string{"::ffff:1.1.1.1"}, dialed: []string{"1.1.1.1:80"}},
		"allowed private": {addrs: []string{"169.254.169.254", "10.0.0.1"}, dialed: []string{"10.0.0.1:80"}, private: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &network{names: map[string][][]string{"a.example": {tc.addrs}}}
			g := onNetwork(t, n, small(Host{Pattern: "http://a.example", AllowPrivate: tc.private}), func(http.ResponseWriter, *http.Request) {})
			_, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://a.example"})
			require.NoError(t, err)
			require.Equal(t, tc.dialed, n.dialed)
		})
	}
}

func TestTheSystemsDialerIsHeldToThePermitToo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	g, err := New(small(Host{Pattern: "http://" + l.Addr().String()}))
	require.NoError(t, err)
	target, err := parseTarget("http://" + l.Addr().String())
	require.NoError(t, err)
	p, ok := g.permit(target)
	require.True(t, ok)
	conn, err := dialTCP(t.Context(), l.Addr().(*net.TCPAddr).AddrPort(), p)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	_, err = dialTCP(t.Context(), l.Addr().(*net.TCPAddr).AddrPort(), permit{})
	require.ErrorIs(t, err, errNotAllowed)
}

// raw serves each connection with f, which sees the request's head read.
func raw(t *testing.T, f func(w io.Writer, gone <-chan struct{})) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				r := bufio.NewReader(conn)
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				gone := make(chan struct{})
				go func() {
					_, _ = io.Copy(io.Discard, r)
					close(gone)
				}()
				f(conn, gone)
			}()
		}
	}()
	return &network{names: map[string][][]string{"a.example": {{publicAddr}}}, to: l.Addr().String()}
}

// forever writes text until the other side is gone.
func forever(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

func gzipped(t *testing.T, b []byte) string {
	t.Helper()
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	require.NoError(t, err)
	_, err = z.Write(b)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return buf.String()
}

func TestAServerThatMisbehavesIsLetGo(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\n"
	bomb := gzipped(t, make([]byte, 10<<20))
	require.Less(t, len(bomb), 12_000)
	emptyMember := gzipped(t, nil)
	for name, tc := range map[string]struct {
		serve func(w io.Writer, gone <-chan struct{})
		time  time.Duration
		want  string
	}{
		"it says nothing":        {time: 50 * time.Millisecond, want: "timeout", serve: func(_ io.Writer, gone <-chan struct{}) { <-gone }},
		"its headers do not end": {time: 50 * time.Millisecond, want: "timeout", serve: func(w io.Writer, gone <-chan struct{}) { _, _ = io.WriteString(w, head+"A: b\r\n"); <-gone }},
		"its body does not end": {time: 50 * time.Millisecond, want: "timeout", serve: func(w io.Writer, gone <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Content-Length: 9\r\n\r\nx")
			<-gone
		}},
		"an endless body": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"\r\n")
			forever(w, "xxxxxxxxxxxxxxxx")
		}},
		"an endless chunked body": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Transfer-Encoding: chunked\r\n\r\n")
			forever(w, "10\r\nxxxxxxxxxxxxxxxx\r\n")
		}},
		"a body that is one longer": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Content-Length: 10001\r\n\r\n"+strings.Repeat("x", 10_001))
		}},
		"a gzip bomb": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Content-Encoding: gzip\r\n\r\n"+bomb)
		}},
		"gzip that unpacks to nothing, for ever": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Content-Encoding: gzip\r\n\r\n")
			forever(w, emptyMember)
		}},
		"gzip that is none": {want: "bad_response", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Content-Encoding: gzip\r\n\r\n"+strings.Repeat("x", 100))
		}},
		"endless headers": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head)
			forever(w, "A: bbbbbbbbbbbbbbbbbbbbb\r\n")
		}},
		"one endless header": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"A: ")
			forever(w, "bbbbbbbbbbbbbbbbbbbbbbb")
		}},
		"many headers": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+strings.Repeat("a:b\r\n", 300)+"\r\n")
		}},
		"endless interim responses": {want: "too_large", serve: func(w io.Writer, _ <-chan struct{}) { forever(w, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") }},
		"endless trailers": {want: "bad_response", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n0\r\n")
			forever(w, "A: bbbbbbbbbbbbbbbbbbbbb\r\n")
		}},
		"a body that is cut":     {want: "refused", serve: func(w io.Writer, _ <-chan struct{}) { _, _ = io.WriteString(w, head+"Content-Length: 9\r\n\r\nx") }},
		"it hangs up":            {want: "refused", serve: func(io.Writer, <-chan struct{}) {}},
		"it does not speak HTTP": {want: "bad_response", serve: func(w io.Writer, _ <-chan struct{}) { _, _ = io.WriteString(w, "SSH-2.0-OpenSSH_9.9\r\n\r\n") }},
		"it names two lengths": {want: "bad_response", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx")
		}},
		"it switches protocols": {want: "bad_response", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello")
		}},
		"it redirects without a URL": {want: "", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
		}},
		"a body of exactly the limit": {want: "", serve: func(w io.Writer, _ <-chan struct{}) {
			_, _ = io.WriteString(w, head+"Content-Length: 10000\r\n\r\n"+strings.Repeat("x", 10_000))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{}, 1)
			n := raw(t, func(w io.Writer, closed <-chan struct{}) {
				tc.serve(w, closed)
				gone <- struct{}{}
			})
			g := onNetwork(t, n, small(Host{Pattern: "http://a.example"}), nil)
			resp, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://a.example/", Timeout: tc.time})
			if tc.want == "" {
				require.NoError(t, err)
				require.NotNil(t, resp)
			} else {
				require.Error(t, err)
				require.Equal(t, tc.want, code(err), "%v, %v", err, detail(err))
			}
			<-gone // the connection does not outlive the fetch
		})
	}
}

func detail(err error) error {
	if e, ok := err.(*Error); ok {
		return e.Detail()
	}
	return nil
}

func TestAPublicErrorSaysNothingOfTheNetwork(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"a.example": {{publicAddr}}, "private.example": {{"10.1.2.3"}}}, to: "127.0.0.1:1"}
	g := onNetwork(t, n, small(Host{Pattern: "http://*.example"}), nil)
	for host, want := range map[string]string{
		"a.example":       "no connection to a.example",
		"private.example": "the address of private.example is not one that extensions may reach",
		"gone.example":    "the name gone.example cannot be resolved",
	} {
		_, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://" + host})
		require.EqualError(t, err, want)
		var failed *Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, want, failed.PublicMessage())
		_, wraps := err.(interface{ Unwrap() error })
		require.False(t, wraps, "a cause would be shown to guests")
	}
	_, _, err := g.Fetch(t.Context(), "k", Request{URL: "http://gone.example"})
	require.ErrorContains(t, detail(err), "10.0.0.53", "the host's own log has it all")
}

func TestARequestCannotBeMadeIntoTwo(t *testing.T) {
	t.Parallel()
	n := &network{}
	g := onNetwork(t, n, small(Host{Pattern: "http://a.example"}), nil)
	ask := func(r Request) string {
		r.URL = "http://a.example/"
		_, _, err := g.Fetch(t.Context(), "k", r)
		require.Error(t, err)
		return code(err)
	}
	for _, name := range []string{"", " a", "a ", "a:b", "a\r\nb", "a\x00", "ä", "a b", "(a)", strings.Repeat("a", 257)} {
		require.Equal(t, "invalid_request", ask(Request{Headers: map[string][]string{name: {"x"}}}), "%q", name)
	}
	for _, value := range []string{"\r\nHost: evil", "a\nb", "a\rb", "\x00", "\x7f", "a\vb"} {
		require.Equal(t, "invalid_request", ask(Request{Headers: map[string][]string{"x": {"fine", value}}}), "%q", value)
	}
	for _, name := range []string{
		"Host", "host", "Content-Length", "TRANSFER-ENCODING", "connection", "Keep-Alive", "te", "Trailer", "Upgrade", "Expect", "Accept-Encoding",
		"Proxy-Authorization", "proxy-connection", "HTTP2-Settings",
	} {
		require.Equal(t, "invalid_request", ask(Request{Headers: map[string][]string{name: {"x"}}}), name)
		require.Equal(t, "invalid_request", ask(Request{Headers: map[string][]string{name: {}}}), name)
	}
	for _, method := range []string{"CONNECT", "TRACE", "get", "GET /", "GET\r\n", "PRI"} {
		require.Equal(t, "invalid_request", ask(Request{Method: method}), method)
	}
	many := map[string][]string{}
	for i := range 65 {
		many[fmt.Sprint("x", i)] = []string{""}
	}
	require.Equal(t, "too_large", ask(Request{Headers: many}))
	require.Equal(t, "too_large", ask(Request{Headers: map[string][]string{"x": make([]string, 65)}}))
	require.Equal(t, "too_large", ask(Request{Headers: map[string][]string{"x": {strings.Repeat("a", 4000)}}}))
	require.Equal(t, "too_large", ask(Request{Body: make([]byte, 1001)}))
	require.Equal(t, "invalid_request", ask(Request{Timeout: -1}))
	require.Empty(t, n.asked, "nobody was asked anything")
}

func TestTheCallersContextEndsAFetch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	n := raw(t, func(_ io.Writer, gone <-chan struct{}) {
		cancel()
		<-gone
	})
	g := onNetwork(t, n, small(Host{Pattern: "http://a.example"}), nil)
	_, _, err := g.Fetch(ctx, "k", Request{URL: "http://a.example/"})
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = g.Fetch(ctx, "k", Request{URL: "http://a.example/"})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, g.gate.lanes)
}

func TestAServerThatDoesNotShakeHandsIsLetGo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	n := &network{names: map[string][][]string{"a.example": {{publicAddr}}}, to: l.Addr().String()}
	g := onNetwork(t, n, small(Host{Pattern: "a.example"}), nil)
	_, _, err = g.Fetch(t.Context(), "k", Request{URL: "https://a.example/", Timeout: 50 * time.Millisecond})
	require.Equal(t, "timeout", code(err))
	conn, err := l.Accept()
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, conn) // ends when the other side has closed
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestAWaiterThatGivesUpLeavesItsPlace(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	g := newGate(2, 1)
	require.True(t, g.enter(t.Context(), "a"))
	for range 10 {
		require.False(t, g.enter(over, "a"), "there is one place in all")
		require.False(t, g.enter(over, "b"))
	}
	require.Len(t, g.lanes["a"].slots, 1)
	require.Len(t, g.lanes, 1)
	g.leave("a")
	require.Empty(t, g.lanes)
	require.Empty(t, g.all)
}
