//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
)

// latency is the median and the longest time of a healthy client's reads and
// writes, in which it may have been turned away and have tried again.
func (s *server) latency(id string) (median, longest time.Duration) {
	s.t.Helper()
	var times []time.Duration
	for i := range 30 {
		begun := time.Now()
		c := call{method: http.MethodGet, path: instances("orders") + "/" + id}
		if i%3 == 0 {
			c = move("orders", id, "add", nil)
		}
		require.Eventually(s.t, func() bool {
			a := s.do(c)
			require.Contains(s.t, []int{http.StatusOK, http.StatusServiceUnavailable}, a.status, "%s", a.body)
			return a.status == http.StatusOK
		}, patience, time.Millisecond, "it is kept out")
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	return times[len(times)/2], times[len(times)-1]
}

func TestSlowClientsDoNotHoldUpAHealthyOne(t *testing.T) {
	t.Parallel()
	each := 40
	if long {
		each = 150
	}
	// Two places and two that may wait: a single slow client that held one
	// would be felt. Clients without a token would be shown the door at once.
	// One caller gets not all places in any case, so there are several.
	healthy, entry := token("healthy", []string{"read", "write"}, nil)
	entries := []guard.TokenEntry{entry}
	var slow []string
	for i := range 4 {
		secret, entry := token(fmt.Sprintf("slow-%d", i), []string{"read", "write"}, nil)
		slow, entries = append(slow, secret), append(entries, entry)
	}
	srv := serve(t, setup{
		tokens:      tokenFile(t, filepath.Join(t.TempDir(), "tokens.json"), entries...),
		definitions: directory(t, workflow("orders", "name"), workflow("large"), extension("name", output("context.instance.id"), nil), scriptTask()),
		arguments:   []string{"--concurrent", "2", "--queue", "2"},
	})
	srv.token = healthy
	headers := func(i int) string {
		return "Host: " + srv.address + "\r\nAuthorization: Bearer " + slow[i%len(slow)] + "\r\n"
	}
	id := srv.begin("orders", "", nil)
	for range 70 { // a page of them is more than what the system keeps for a connection
		srv.begin("large", "", map[string]any{"text": strings.Repeat("x", 100_000)})
	}
	before, _ := srv.latency(id)

	for i := range each {
		post := fmt.Sprintf("POST %s/start?sync=true HTTP/1.1\r\n%sContent-Type: application/json\r\n", instances("orders"), headers(i))
		go srv.dribble(t.Context(), "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", "X-Slow: x\r\n", 200*time.Millisecond)
		go srv.dribble(t.Context(), post+"Content-Length: 5000\r\n\r\n", " ", 200*time.Millisecond)
		go srv.dribble(t.Context(), post+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 200*time.Millisecond)
	}
	for i := range 8 { // more would fill what the service keeps for such clients
		c := srv.dial()
		require.NoError(t, c.SetReadBuffer(4096))
		_, err := fmt.Fprintf(c, "GET %s?pageSize=70 HTTP/1.1\r\n%s\r\n", instances("large"), headers(i)) // 7 MB
		require.NoError(t, err)
	}
	// The bounds are wide: what is looked for is a client that waits for one of
	// the server's timeouts: 10 s for a body, 30 s for an answer.
	during, longest := srv.latency(id)
	t.Logf("median before %v, during %v, the longest %v", before, during, longest)
	require.Less(t, during, 20*before+500*time.Millisecond)
	require.Less(t, longest, 20*before+8*time.Second)
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
				go func() {
					for err := error(nil); err == nil && t.Context().Err() == nil; time.Sleep(time.Second) {
						_, err = c.Write([]byte("x"))
					}
				}()
			}
			require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Minute)))
			_, err = io.Copy(io.Discard, c)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is held for ever")
		})
	}
}
