//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a load balancer does: it asks whether the service is ready, and sends it
// nothing more when it is not.
func TestAShutdownLosesNoResponse(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		srv := serve(t, setup{
			definitions: directory(t, workflow("orders", "name"), extension("name", output("context.instance.id"), nil), scriptTask()),
			database:    database, arguments: []string{"--shutdown-delay", "2s"},
		})
		var stop atomic.Bool
		var wg sync.WaitGroup
		var mu sync.Mutex
		begun := map[string]string{} // id by key
		for c := range 6 {
			wg.Go(func() {
				for n := 0; !stop.Load(); n++ {
					key := fmt.Sprintf("c%d-%d", c, n)
					a, err := srv.send(start("orders", key, nil))
					if err != nil || a.status != http.StatusCreated {
						t.Errorf("%s: %v %+v", key, err, a)
						return
					}
					mu.Lock()
					begun[key] = a.object(t)["id"].(string)
					mu.Unlock()
				}
			})
		}
		require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(begun) > 50 }, patience, 5*time.Millisecond)
		srv.signal(syscall.SIGTERM)
		require.Eventually(t, func() bool {
			return srv.status("http://"+srv.address+"/readyz") == http.StatusServiceUnavailable
		}, patience, 5*time.Millisecond, "it stays ready")
		stop.Store(true)
		wg.Wait()
		require.False(t, t.Failed())
		require.Zero(t, srv.awaitEnd(), "the exit code")
		srv.start()
		for key, id := range begun {
			require.Equal(t, id, srv.get(instances("orders") + "/" + key)["id"])
		}
		srv.quiet()
	})
}

// slowly are definitions of which a read takes a while.
func slowly() []document {
	script := "export default { outputHandler() { let n = 0; for (let i = 0; i < 60000; i++) { n += i; } return { data: n }; } };\n"
	return []document{workflow("orders", "slow"), extension("slow", script, nil), scriptTask()}
}

func TestWhatRunsAtAShutdownIsAnswered(t *testing.T) {
	t.Parallel()
	srv := serve(t, setup{definitions: directory(t, slowly()...)})
	id := srv.begin("orders", "", nil)
	const readers = 8
	answers := make(chan error, readers)
	for range readers {
		go func() {
			a, err := srv.send(call{method: http.MethodGet, path: instances("orders") + "/" + id})
			if err == nil && a.status != http.StatusOK && a.status != http.StatusServiceUnavailable { // it waited for too long
				err = fmt.Errorf("%d %s", a.status, a.body)
			}
			answers <- err
		}()
	}
	require.Eventually(t, func() bool { return srv.metric("aril_http_requests_in_flight") >= readers || len(answers) > 0 }, patience, time.Millisecond)
	srv.signal(syscall.SIGTERM)
	for range readers {
		require.NoError(t, <-answers)
	}
	require.Zero(t, srv.awaitEnd(), "the exit code")
	srv.quiet()
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	srv := serve(t, setup{definitions: directory(t, workflow("orders")), arguments: []string{"--shutdown-delay", "10m", "--shutdown-timeout", "10m"}})
	srv.signal(syscall.SIGTERM)
	require.Eventually(t, func() bool { return srv.status("http://"+srv.admin+"/readyz") == http.StatusServiceUnavailable }, patience, 5*time.Millisecond)
	srv.signal(syscall.SIGTERM)
	srv.awaitEnd()
}

func TestASlowClientDoesNotHoldUpAShutdown(t *testing.T) {
	t.Parallel()
	srv := serve(t, setup{definitions: directory(t, workflow("orders")), arguments: []string{"--shutdown-timeout", "1s"}})
	begin := fmt.Sprintf("POST %s/start HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{", instances("orders"), srv.address)
	go srv.dribble(t.Context(), begin, " ", 100*time.Millisecond)
	require.Eventually(t, func() bool { return srv.metric("aril_http_requests_in_flight") >= 1 }, patience, 10*time.Millisecond)
	srv.signal(syscall.SIGTERM)
	srv.awaitEnd()
}
