//go:build linux

package e2e

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOverloadIsShedAndPassesAtOnce(t *testing.T) {
	t.Parallel()
	clients, lasting := 120, time.Second
	if long {
		clients, lasting = 400, 10*time.Second
	}
	// A read takes a while, so that places are held.
	spin := "export default { outputHandler() { let n = 0; for (let i = 0; i < 10000; i++) { n += i; } return { data: n }; } };\n"
	srv := serve(t, setup{
		definitions: directory(t, workflow("orders", "spin"), extension("spin", spin, nil), scriptTask()),
		arguments:   []string{"--concurrent", "2", "--queue", "4"},
	})
	id := srv.begin("orders", "", map[string]any{"n": 1})
	path := instances("orders") + "/" + id
	require.Contains(t, srv.get(path)["extensions"], "spin")

	var admitted, enriched, shed atomic.Int64
	var wg sync.WaitGroup
	until := time.Now().Add(lasting)
	for range clients {
		wg.Go(func() {
			for time.Now().Before(until) {
				a, err := srv.send(call{method: http.MethodGet, path: path, header: map[string]string{"Cache-Control": "no-cache"}})
				switch {
				case err != nil:
					t.Errorf("no answer: %v", err)
					return
				case a.status == http.StatusOK:
					if _, ok := a.object(t)["extensions"].(map[string]any)["spin"]; ok {
						enriched.Add(1)
					}
					admitted.Add(1)
				case a.status == http.StatusServiceUnavailable:
					shed.Add(1)
					time.Sleep(20 * time.Millisecond) // the processors are the server's too
					seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
					if err != nil || seconds < 1 {
						t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
						return
					}
					if got := a.object(t); got["prefix"] != "transient" || a.header.Get("Content-Type") != "application/problem+json" {
						t.Errorf("no problem details: %v %s", a.header, a.body)
						return
					}
				default:
					t.Errorf("%d %s", a.status, a.body)
					return
				}
			}
		})
	}
	most := 0
	for time.Now().Before(until) {
		most = max(most, srv.residentKiB())
		require.Equal(t, http.StatusOK, srv.status("http://"+srv.admin+"/healthz"), "health during overload")
		time.Sleep(20 * time.Millisecond)
	}
	wg.Wait()
	require.False(t, t.Failed())
	t.Logf("%d admitted, %d of them enriched, %d shed, at most %d MiB", admitted.Load(), enriched.Load(), shed.Load(), most>>10)
	require.Positive(t, admitted.Load())
	// A mapping that is not given the processor for long counts as one that
	// loops; on a machine with other work that may happen now and then.
	require.Greater(t, 10*enriched.Load(), 8*admitted.Load(), "admitted reads come without their extensions")
	require.Positive(t, shed.Load(), "nothing was shed: no overload")
	require.Less(t, most, 1<<20, "KiB of memory")
	for range 10 {
		srv.get(path) // each one is admitted
	}
	srv.quiet()
}

func TestAFloodOfConnectionsPassesAtOnce(t *testing.T) {
	t.Parallel()
	flood := 600
	if long {
		flood = 3000
	}
	srv := serve(t, setup{definitions: directory(t, workflow("orders")), arguments: []string{"--connections", "40"}})
	id := srv.begin("orders", "", nil)
	files := srv.openFiles()
	var all []net.Conn
	for range flood {
		c, err := net.DialTimeout("tcp", srv.address, time.Second)
		if err != nil {
			break // the backlog is full, as it should be at some time
		}
		all = append(all, c)
	}
	require.Equal(t, http.StatusOK, srv.status("http://"+srv.admin+"/healthz"), "health during the flood")
	require.Less(t, srv.openFiles(), files+100, "open descriptors")
	// Who only holds a connection makes room for who asks something: else
	// there would be 14 timeouts to wait for.
	srv.client = newClient(t)
	srv.get(instances("orders") + "/" + id)
	if long { // who has begun to ask has a few seconds for it
		for _, c := range all {
			_, _ = c.Write([]byte("G")) // it may have been closed
		}
		srv.client = newClient(t)
		srv.get(instances("orders") + "/" + id)
	}
	for _, c := range all {
		_ = c.Close()
	}
	srv.get(instances("orders") + "/" + id)
	srv.quiet()
}
