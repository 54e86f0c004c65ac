package openapi_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A wire sends requests as they are to a handler behind a real server, one
// after the other.
type wire struct {
	address string
	reached atomic.Int64 // requests that came through to the handler
	conn    net.Conn
	reader  *bufio.Reader
}

func newWire(t testing.TB, h http.Handler) *wire {
	w := &wire{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.reached.Add(1)
		h.ServeHTTP(rw, r)
	}))
	server.Config.ErrorLog = quiet(t)
	server.Start()
	t.Cleanup(func() {
		w.hangUp()
		server.Close()
	})
	w.address = server.Listener.Addr().String()
	return w
}

func (w *wire) hangUp() {
	if w.conn != nil {
		_ = w.conn.Close() // a broken one says so too
	}
	w.conn = nil
}

// send gives the response, and whether the handler made it: what is not HTTP
// is answered by the server of the standard library, if at all.
func (w *wire) send(t testing.TB, r *request) (got *http.Response, body []byte, reached bool) {
	t.Helper()
	before := w.reached.Load()
	got, body, err := w.exchange(r)
	if err != nil && w.reached.Load() == before { // the connection was at its end
		w.hangUp()
		got, body, err = w.exchange(r)
	}
	if err != nil && w.reached.Load() == before {
		w.hangUp() // a server that refuses a request does not read its body to the end
		return nil, nil, false
	}
	require.NoError(t, err, "%v", r)
	if got.Close {
		w.hangUp()
	}
	return got, body, w.reached.Load() > before
}

func (w *wire) exchange(r *request) (*http.Response, []byte, error) {
	if w.conn == nil {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			return nil, nil, err
		}
		w.conn, w.reader = conn, bufio.NewReader(conn)
	}
	if err := w.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, nil, err
	}
	conn := w.conn
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(r.wire(w.address))
		written <- err
	}()
	got, err := http.ReadResponse(w.reader, &http.Request{Method: r.method})
	var body []byte
	if err == nil {
		body, err = io.ReadAll(got.Body)
	}
	if err == nil && got.Close || err != nil {
		_ = conn.Close() // ends a write that nobody reads
		w.conn = nil
	}
	return got, body, errors.Join(err, closed(<-written, err == nil))
}

// closed forgives a write that the server did not wait for, where it answered.
func closed(err error, answered bool) error {
	if answered {
		return nil
	}
	return err
}
