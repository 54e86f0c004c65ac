//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// latency is the median time of a healthy client's reads and writes.
func (s *server) latency(id string) time.Duration {
	s.t.Helper()
	var times []time.Duration
	for i := range 30 {
		begun := time.Now()
		if i%3 == 0 {
			a := s.do(move("orders", id, "add", nil))
			require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
		} else {
			s.get(instances("orders") + "/" + id)
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

func TestSlowClientsDoNotHoldUpAHealthyOne(t *testing.T) {
	t.Parallel()
	each := 40
	if long {
		each = 150
	}
	// Two places and two that may wait: a single slow client that held one
	// would be felt. Clients without a token would be shown the door at once.
	healthy, a := token("healthy", []string{"read", "write"}, nil)
	slow, b := token("slow", []string{"read", "write"}, nil)
	srv := serve(t, setup{
		tokens:      tokenFile(t, filepath.Join(t.TempDir(), "tokens.json"), a, b),
		definitions: directory(t, workflow("orders", "name"), extension("name", output("context.instance.id"), nil), scriptTask()),
		arguments:   []string{"--concurrent", "2", "--queue", "2"},
	})
	srv.token = healthy
	headers := "Host: " + srv.address + "\r\nAuthorization: Bearer " + slow + "\r\n"
	id := srv.begin("orders", "", map[string]any{"text": strings.Repeat("x", 100_000)})
	for i := range 20 {
		srv.begin("orders", fmt.Sprintf("large-%d", i), map[string]any{"text": strings.Repeat("x", 100_000)})
	}
	before := srv.latency(id)

	for range each {
		go dribble(t, srv.dial(), "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "+strings.Repeat("x", 4000), 200*time.Millisecond)
	}
	for range each {
		c := srv.dial()
		_, err := fmt.Fprintf(c, "POST %s/start?sync=true HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n", instances("orders"), headers)
		require.NoError(t, err)
		go dribble(t, c, " ", 200*time.Millisecond)
	}
	for range each {
		c := srv.dial()
		_, err := fmt.Fprintf(c, "POST %s/start?sync=true HTTP/1.1\r\n%sContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", instances("orders"), headers)
		require.NoError(t, err)
		go dribble(t, c, "1\r\n \r\n", 200*time.Millisecond)
	}
	deaf := make([]net.Conn, each)
	for i := range deaf {
		c := srv.dial()
		require.NoError(t, c.SetReadBuffer(4096))
		_, err := io.WriteString(c, strings.Repeat(fmt.Sprintf("GET %s?pageSize=20 HTTP/1.1\r\n%s\r\n", instances("orders"), headers), 4))
		require.NoError(t, err)
		deaf[i] = c
	}

	// The bound is wide: what is looked for is a client that waits for a
	// timeout of the server.
	during := srv.latency(id)
	t.Logf("median before %v, during %v", before, during)
	require.Less(t, during, 20*before+500*time.Millisecond)
	require.Less(t, srv.residentKiB(), 1<<20, "KiB of memory")
	srv.quiet()
}

func TestAClientThatNeverFinishesARequestIsCutOff(t *testing.T) {
	if !long {
		t.Skip("waits for the server's timeouts: ARIL_SERVE_LONG=1")
	}
	t.Parallel()
	srv := serve(t, setup{definitions: directory(t, workflow("orders"))})
	for what, sent := range map[string]string{
		"a header":      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: x",
		"a body":        "POST " + instances("orders") + "/start HTTP/1.1\r\nHost: " + srv.address + "\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
		"nothing":       "",
		"after a first": "GET /healthz HTTP/1.1\r\nHost: " + srv.address + "\r\n\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c := srv.dial()
			_, err := io.WriteString(c, sent)
			require.NoError(t, err)
			if what != "nothing" && what != "after a first" {
				go dribble(t, c, "x", time.Second)
			}
			require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Minute)))
			_, err = io.Copy(io.Discard, c)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is held for ever")
		})
	}
}
