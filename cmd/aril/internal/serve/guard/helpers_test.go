package guard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aril-wasm/aril/runtime/enrich"
	"github.com/stretchr/testify/require"
)

// serve answers one request in memory.
func serve(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// problemOf holds a response against the shape of problem details.
func problemOf(t *testing.T, w *httptest.ResponseRecorder) enrich.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	return decodeProblem(t, w.Code, w.Body)
}

func decodeProblem(t *testing.T, status int, body io.Reader) enrich.Problem {
	t.Helper()
	var p enrich.Problem
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&p))
	require.Equal(t, status, p.Status)
	require.NotNil(t, p.Errors)
	return p
}

// started runs a Server on a port of its own and gives its address.
func started(t *testing.T, cfg ServerConfig, h http.Handler) string {
	t.Helper()
	_, address := startedServer(t, cfg, h)
	return address
}

// idle waits until so many connections wait for a request.
func (s *Server) idle(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.connections.mu.Lock()
		defer s.connections.mu.Unlock()
		return s.connections.idle.Len() == n
	}, 20*time.Second, time.Millisecond)
}

func startedServer(t *testing.T, cfg ServerConfig, h http.Handler) (*Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := NewServer(cfg, h)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return s, l.Addr().String()
}

// A rawClient speaks bytes.
type rawClient struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, address string) *rawClient {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(64<<10)) // what is not read stays with the server
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return &rawClient{c, bufio.NewReader(c)}
}

func (c *rawClient) send(t *testing.T, s string) {
	t.Helper()
	_, err := io.WriteString(c, s)
	require.NoError(t, err)
}

// response reads one, and its body.
func (c *rawClient) response(t *testing.T) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(b)
}

// closed waits until the server has closed the connection.
func (c *rawClient) closed(t *testing.T) {
	t.Helper()
	_, err := io.Copy(io.Discard, c.r)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "still open")
}

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, s) })
}

func tokenFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens.json")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// ignoreReset takes the end of a connection, however it came, for an end.
func ignoreReset(err error) error {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// exposition is what a reader of metrics gets.
func exposition(t *testing.T, m *Metrics) string {
	t.Helper()
	w := serve(m.Handler(), "GET", "/metrics", "")
	require.Equal(t, 200, w.Code)
	return w.Body.String()
}

// counted is the value of one series, 0 where there is none.
func counted(t *testing.T, m *Metrics, series string) float64 {
	t.Helper()
	for line := range strings.Lines(exposition(t, m)) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			require.NoError(t, err)
			return v
		}
	}
	return 0
}

var now = time.Now

func jsonOf(v any) io.Reader {
	b, _ := json.Marshal(v)
	return bytes.NewReader(b)
}
