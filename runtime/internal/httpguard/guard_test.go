package httpguard

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A net is a made-up network: names have the addresses that it says, and every
// address leads to one server of the test's.
type network struct {
	names map[string][][]string // by name, what each lookup in turn gives; the last one stays
	to    string                // address of the server

	mu     sync.Mutex
	asked  map[string]int
	dialed []string
}

func (n *network) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := n.names[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, Server: "10.0.0.53:53", IsNotFound: true}
	}
	if n.asked == nil {
		n.asked = map[string]int{}
	}
	i := min(n.asked[host], len(answers)-1)
	n.asked[host]++
	var all []netip.Addr
	for _, a := range answers[i] {
		all = append(all, netip.MustParseAddr(a))
	}
	return all, nil
}

func (n *network) dial(ctx context.Context, to netip.AddrPort, _ permit) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, to.String())
	n.mu.Unlock()
	var d net.Dialer
	return d.DialContext(ctx, "tcp", n.to)
}

// small are limits that tests reach soon.
func small(hosts ...Host) Config {
	return Config{
		Hosts: hosts, RequestBytes: 1000, ResponseBytes: 10_000, HeaderBytes: 4000, Redirects: 5,
		Time: 20 * time.Second, Concurrent: 8, ConcurrentAll: 64,
	}
}

// onNetwork makes a guard whose world is n, with a server that handles what
// reaches it.
func onNetwork(t *testing.T, n *network, cfg Config, h http.HandlerFunc) *Guard {
	t.Helper()
	if h != nil {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		n.to = s.Listener.Addr().String()
	}
	g, err := New(cfg)
	require.NoError(t, err)
	g.lookup, g.dial = n.lookup, n.dial
	return g
}

func code(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Code()
	}
	return "not an Error"
}

func TestARequestAndItsResponseAreCarriedWhole(t *testing.T) {
	t.Parallel()
	n := &network{names: map[string][][]string{"api.example.com": {{"93.184.216.34"}}}}
	g := onNetwork(t, n, small(Host{Pattern: "http://api.example.com:8080"}), func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		k, _ := r.Body.Read(body)
		if r.Method != "POST" || r.Host != "api.example.com:8080" || r.RequestURI != "/a%2Fb?q=1" || string(body[:k]) != "in" ||
			r.Header.Get("X-Token") != "t" || r.Header.Get("User-Agent") != "aril" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header()["X-Two"] = []string{"1", "2"}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("out"))
	})
	resp, trace, err := g.Fetch(t.Context(), "k", Request{
		Method: "POST", URL: "HTTP://API.example.com:8080/a%2Fb?q=1#gone", Headers: map[string][]string{"x-token": {" t"}}, Body: []byte("in"),
	})
	require.NoError(t, err)
	require.Equal(t, 201, resp.Status)
	require.Equal(t, "out", string(resp.Body))
	require.Equal(t, []string{"1", "2"}, resp.Headers["x-two"])
	require.NotContains(t, resp.Headers, "connection")
	require.NotContains(t, resp.Headers, "content-length")
	require.Equal(t, []string{"93.184.216.34:8080"}, n.dialed)
	require.Positive(t, trace.Elapsed)
	trace.Elapsed = 0
	require.Equal(t, Trace{Method: "POST", Grant: "http://api.example.com:8080", Origin: "http://api.example.com:8080", Hops: 1, Status: 201, Sent: 2, Read: 3}, trace)
	require.Empty(t, g.gate.lanes, "nothing is kept of a caller who has gone")
}
