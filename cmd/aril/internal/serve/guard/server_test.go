package guard

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func TestASlowHeaderEnds(t *testing.T) {
	t.Parallel()
	c := dial(t, started(t, ServerConfig{HeaderTimeout: 100 * time.Millisecond}, text("ok")))
	stop := time.Now().Add(10 * time.Second)
	c.send(t, "GET / HTTP/1.1\r\nHost: x\r\n")
	for time.Now().Before(stop) {
		if _, err := io.WriteString(c, "X-A: b\r\n"); err != nil {
			return // the server had enough, whatever came meanwhile
		}
		time.Sleep(20 * time.Millisecond)
	}
	require.Fail(t, "a header may take as long as it likes")
}

func TestALargeHeaderGets431(t *testing.T) {
	t.Parallel()
	address := started(t, ServerConfig{HeaderBytes: 8 << 10}, text("ok"))
	for name, header := range map[string]string{
		"one line": "X-A: " + strings.Repeat("x", 64<<10) + "\r\n",
		"many":     strings.Repeat("X-A: b\r\n", 8<<10),
		"the path": "",
	} {
		path := "/"
		if name == "the path" {
			path += strings.Repeat("x", 64<<10)
		}
		c := dial(t, address)
		_, _ = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n"+header+"\r\n") // the server may stop reading
		resp, err := http.ReadResponse(c.r, nil)
		require.NoError(t, err, name)
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode, name)
	}
}

// A refusal must not have to wait for a body that trickles.
func TestABodyThatNobodyReadsEnds(t *testing.T) {
	t.Parallel()
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	c := dial(t, started(t, ServerConfig{HeaderTimeout: 100 * time.Millisecond, BodyTimeout: 100 * time.Millisecond}, refuse))
	c.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
	resp, _ := c.response(t)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	c.closed(t)
}

func TestAnIdleConnectionEnds(t *testing.T) {
	t.Parallel()
	c := dial(t, started(t, ServerConfig{IdleTimeout: 50 * time.Millisecond}, text("ok")))
	c.send(t, get)
	c.response(t)
	c.closed(t)
}

func TestAtTheLimitTheLongestIdleConnectionMakesRoom(t *testing.T) {
	t.Parallel()
	s, address := startedServer(t, ServerConfig{Connections: 3}, text("ok"))
	var idle []*rawClient
	for i := range 3 {
		c := dial(t, address)
		if i != 1 { // the second never sends anything
			c.send(t, get)
			c.response(t)
		}
		idle = append(idle, c)
		s.idle(t, i+1)
	}
	for range 2 {
		c := dial(t, address)
		c.send(t, get)
		resp, _ := c.response(t)
		require.Equal(t, 200, resp.StatusCode)
		s.idle(t, 3)
	}
	idle[0].closed(t)
	idle[1].closed(t)
	idle[2].send(t, get)
	resp, _ := idle[2].response(t)
	require.Equal(t, 200, resp.StatusCode, "no more were closed than had to be")
}

// Until a whole header is there a connection makes room as well: trickling
// headers keep nobody out, however long they may take.
func TestHalfAHeaderKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s, address := startedServer(t, ServerConfig{Connections: 2, HeaderTimeout: time.Minute}, text("ok"))
	fresh, used := dial(t, address), dial(t, address)
	fresh.send(t, get[:20])
	used.send(t, get+get[:20])
	used.response(t)
	s.idle(t, 2)
	for range 2 {
		c := dial(t, address)
		c.send(t, get)
		resp, _ := c.response(t)
		require.Equal(t, 200, resp.StatusCode)
		s.idle(t, 2)
	}
	fresh.closed(t)
	used.closed(t)
}

func TestABusyConnectionIsNeverClosedForAnother(t *testing.T) {
	t.Parallel()
	in, hold := make(chan bool), make(chan bool)
	address := started(t, ServerConfig{Connections: 1}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in <- true
		<-hold
		fmt.Fprint(w, "ok")
	}))
	busy := dial(t, address)
	busy.send(t, get)
	<-in
	next := dial(t, address)
	next.send(t, get)
	select {
	case <-in:
		require.Fail(t, "two at once")
	case <-time.After(50 * time.Millisecond):
	}
	hold <- true
	_, body := busy.response(t)
	require.Equal(t, "ok", body)
	<-in // the busy one was idle then, and made room
	hold <- true
	_, body = next.response(t)
	require.Equal(t, "ok", body)
}

func TestAConnectionClosedTwiceMakesRoomOnce(t *testing.T) {
	t.Parallel()
	c := newConnections(2)
	c.open = 2
	ours, theirs := net.Pipe()
	defer theirs.Close()
	conn := &limitedConn{Conn: ours, leave: c.leave}
	require.NoError(t, conn.Close())
	require.NoError(t, conn.Close())
	require.Equal(t, 1, c.open)
}

func TestAServerCloses(t *testing.T) {
	t.Parallel()
	for range 20 { // with an Accept that waits for room, started's clean-up must end
		t.Run("", func(t *testing.T) {
			address := started(t, ServerConfig{Connections: 1}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
			dial(t, address).send(t, get)
			dial(t, address).send(t, get)
		})
	}
}

// RFC 9112, 6.1: a request with both lengths may be two for somebody in front.
func TestASmuggledRequestIsNotRun(t *testing.T) {
	t.Parallel()
	var paths sync.Map
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths.Store(r.URL.Path, true)
		_, _ = io.Copy(io.Discard, r.Body)
	})
	_, admits := admitted(AdmissionConfig{}, h)
	for _, h := range []http.Handler{h, admits} {
		c := dial(t, started(t, ServerConfig{}, h))
		c.send(t, "POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n")
		c.response(t)
		c.closed(t)
	}
	_, first := paths.Load("/first")
	_, second := paths.Load("/second")
	require.Equal(t, [2]bool{true, false}, [2]bool{first, second})
}

// What is no request must not hang or break anything.
func TestNonsenseIsAnsweredOrClosed(t *testing.T) {
	t.Parallel()
	h, err := New(Config{}, text("ok"))
	require.NoError(t, err)
	address := started(t, ServerConfig{HeaderTimeout: time.Second, BodyTimeout: time.Second}, h)
	for _, s := range []string{
		"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nX A: b\r\n\r\n", "GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET http://other/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x00\xff GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n",
	} {
		c := dial(t, address)
		c.send(t, s)
		resp, err := http.ReadResponse(c.r, nil)
		if err == nil {
			require.Less(t, resp.StatusCode, 506, s)
			require.NotEqual(t, 500, resp.StatusCode, s)
		}
		c.Close()
	}
	c := dial(t, address)
	c.send(t, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	resp, body := c.response(t)
	require.Equal(t, []any{200, "ok"}, []any{resp.StatusCode, body})
}
