//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNoTransitionIsLost(t *testing.T) {
	t.Parallel()
	each := 15
	if long {
		each = 150
	}
	onEach(t, func(t *testing.T, database string) {
		srv := serve(t, setup{definitions: directory(t, workflow("orders")), database: database})
		id := srv.begin("orders", "", map[string]any{})
		const writers = 6
		var done [writers]int
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					a, err := srv.send(move("orders", id, "add", map[string]any{fmt.Sprintf("w%d", w): n + 1}))
					switch {
					case err == nil && a.status == http.StatusOK:
						done[w]++
						if got := a.object(t)["attributes"].(map[string]any)[fmt.Sprintf("w%d", w)]; got != float64(n+1) {
							t.Errorf("writer %d wrote %d and was answered %v", w, n+1, got)
						}
					case err == nil && (a.status == http.StatusConflict || a.status == http.StatusServiceUnavailable):
					default:
						t.Errorf("%v %+v", err, a)
						return
					}
				}
			})
		}
		wg.Wait()
		require.False(t, t.Failed())
		history := mustHistory(t, srv, id)
		total := 1
		for w, n := range done {
			total += n
			require.Positive(t, n, "writer %d never came through", w)
		}
		require.Len(t, history, total, "transitions that were acknowledged, and the start")
		require.Len(t, srv.get(instances("orders") + "/" + id)["attributes"], writers)
		srv.quiet()
	})
}

func TestOfWritersWithOneTagOneWins(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		srv := serve(t, setup{definitions: directory(t, workflow("orders")), database: database})
		id := srv.begin("orders", "", nil)
		for range 10 {
			tag, _ := srv.get(instances("orders") + "/" + id)["entityEtag"].(string)
			var won, lost atomic.Int64
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					c := move("orders", id, "add", nil)
					c.header = map[string]string{"If-Match": tag}
					a, err := srv.send(c)
					switch {
					case err == nil && a.status == http.StatusOK:
						won.Add(1)
					case err == nil && (a.status == http.StatusPreconditionFailed || a.status == http.StatusConflict):
						lost.Add(1)
					case err == nil && a.status == http.StatusServiceUnavailable:
					default:
						t.Errorf("%v %+v", err, a)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, 1, won.Load())
			require.Positive(t, lost.Load())
		}
		require.Len(t, mustHistory(t, srv, id), 11)
	})
}

// Two processes serve one database.
func TestTwoProcessesLoseNothingOfEachOther(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		dir := directory(t, workflow("orders"))
		one := serve(t, setup{definitions: dir, database: database})
		two := serve(t, setup{definitions: dir, database: database})
		var mu sync.Mutex
		ids := map[string]string{}
		var wg sync.WaitGroup
		for i, srv := range []*server{one, two, one, two} {
			wg.Go(func() {
				for n := range 20 {
					key := "k" + strconv.Itoa(n)
					a, err := srv.send(start("orders", key, nil))
					if err == nil && a.status == http.StatusServiceUnavailable {
						continue
					}
					if err != nil || a.status != http.StatusOK && a.status != http.StatusCreated {
						t.Errorf("%d: %v %+v", i, err, a)
						return
					}
					id := a.object(t)["id"].(string)
					mu.Lock()
					if ids[key] != "" && ids[key] != id {
						t.Errorf("%s names %s and %s", key, ids[key], id)
					}
					ids[key] = id
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.False(t, t.Failed())
		for key, id := range ids {
			require.Equal(t, id, one.get(instances("orders") + "/" + key)["id"])
			require.Equal(t, id, two.get(instances("orders") + "/" + key)["id"])
		}

		// What either acknowledges is there for good, or is not acknowledged.
		acknowledged := map[string]bool{}
		for n := range 6 {
			key := "published-" + strconv.Itoa(n)
			a := []*server{one, two}[n%2].do(publish(workflow(key)))
			require.Contains(t, []int{http.StatusOK, http.StatusConflict, http.StatusServiceUnavailable}, a.status, "%s", a.body)
			acknowledged[key] = a.status == http.StatusOK
		}
		require.True(t, acknowledged["published-0"])
		one.kill()
		two.kill()
		one.start()
		for key, ok := range acknowledged {
			a := one.do(start(key, "", nil))
			require.Equal(t, ok, a.status == http.StatusCreated, "%s, acknowledged %v: %s", key, ok, a.body)
		}
	})
}

func TestALockedDatabaseIsNoFailureOfTheService(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		srv := serve(t, setup{definitions: directory(t, workflow("orders")), database: database, arguments: []string{"--timeout", "1s"}})
		id := srv.begin("orders", "", nil)
		db := open(t, database)
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		lock := "BEGIN; LOCK TABLE instances, transitions IN SHARE ROW EXCLUSIVE MODE"
		if strings.HasPrefix(database, "sqlite:") {
			lock = "BEGIN IMMEDIATE"
		}
		_, err = conn.ExecContext(t.Context(), lock)
		require.NoError(t, err)
		for range 2 {
			a := srv.do(start("orders", "", nil))
			require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
			require.NotEmpty(t, a.header.Get("Retry-After"))
			require.Equal(t, "transient", a.problem(t, "a write")["prefix"])
		}
		srv.get(instances("orders") + "/" + id) // reads go on
		_, err = conn.ExecContext(t.Context(), "ROLLBACK")
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		require.Eventually(t, func() bool { return srv.do(start("orders", "", nil)).status == http.StatusCreated }, patience, 50*time.Millisecond)
		srv.quiet()
	})
}

// PostgreSQL may end connections: it restarts, or fails over.
func TestConnectionsThatTheDatabaseEndsAreMadeAgain(t *testing.T) {
	at := os.Getenv("ARIL_TEST_POSTGRES")
	if at == "" {
		t.Skip("needs PostgreSQL: ARIL_TEST_POSTGRES=postgres://…")
	}
	t.Parallel()
	database := schema(t, at)
	u, err := url.Parse(database)
	require.NoError(t, err)
	q := u.Query()
	name := q.Get("search_path")
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	srv := serve(t, setup{definitions: directory(t, workflow("orders")), database: u.String()})
	id := srv.begin("orders", "", nil)
	db := open(t, database)
	for range 5 {
		_, err := db.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, name)
		require.NoError(t, err)
		for range 20 {
			a := srv.do(call{method: http.MethodGet, path: instances("orders") + "/" + id})
			require.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, a.status, "%s", a.body)
			a = srv.do(start("orders", "", nil))
			require.Contains(t, []int{http.StatusCreated, http.StatusServiceUnavailable}, a.status, "%s", a.body)
		}
		require.Eventually(t, func() bool { return srv.do(start("orders", "", nil)).status == http.StatusCreated }, patience, 20*time.Millisecond)
	}
	srv.quiet()
}
