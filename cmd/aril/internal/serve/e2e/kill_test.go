//go:build linux

package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A life is what the writers know of one instance: the transitions that were
// acknowledged, and one that was asked for when the process died.
type life struct {
	id, key string
	done    []string
	pending string
}

// state is where transitions lead.
func (l *life) state() string {
	switch l.done[len(l.done)-1] {
	case "close":
		return "closed"
	case "finish":
		return "done"
	}
	return "open"
}

// A ledger is what the writers were told.
type ledger struct {
	mu       sync.Mutex
	lives    map[string]*life // by id
	shared   map[string]string
	promised []string // keys whose start was asked for and not acknowledged

	publishing, published atomic.Int64
}

// sharedKeys is how many keys of a round all writers start.
const sharedKeys = 5

func TestWhatWasAcknowledgedSurvivesKill9(t *testing.T) {
	t.Parallel()
	rounds := 4
	if long {
		rounds = 50
	}
	onEach(t, func(t *testing.T, database string) {
		rnd := random(t)
		dir := directory(t, workflow("orders", "kept"), scriptTask())
		srv := serve(t, setup{definitions: dir, database: database})
		// What was published needs a task of the directory.
		a := srv.do(publish(extension("kept", output("'published'"), nil)))
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		known := &ledger{lives: map[string]*life{}, shared: map[string]string{}}
		acknowledged := 0
		for round := range rounds {
			touched := known.write(t, srv, round, rnd)
			srv.start()
			known.verify(t, srv, touched)
			acknowledged += len(touched)
		}
		everything := make([]*life, 0, len(known.lives))
		for _, l := range known.lives {
			everything = append(everything, l)
		}
		known.verify(t, srv, everything)
		known.compareWithList(t, srv)
		srv.quiet()
		srv.kill()
		consistent(t, database)
		t.Logf("%d kills, %d instances, %d publishes", rounds, len(known.lives), known.published.Load())
		require.Greater(t, acknowledged, rounds, "the writers hardly wrote")
		require.Positive(t, known.published.Load(), "nothing was published")
	})
}

// write lets writers write until the process is killed at a random moment, and
// gives the instances that they wrote to.
func (k *ledger) write(t *testing.T, srv *server, round int, rnd *rand.Rand) []*life {
	t.Helper()
	const writers = 6
	var first sync.Once
	begun := make(chan struct{})
	stop := make(chan struct{})
	var mine [writers][]*life
	var wg sync.WaitGroup
	for w := range writers {
		source := rand.New(rand.NewPCG(rnd.Uint64(), rnd.Uint64()))
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				name := fmt.Sprintf("r%d-w%d-%d", round, w, n)
				var ok bool
				if mine[w], ok = k.step(t, srv, mine[w], name, round, source); !ok {
					return
				}
				first.Do(func() { close(begun) })
			}
		})
	}
	wg.Go(func() {
		for {
			next := k.publishing.Add(1)
			a, err := srv.send(publish(machines(next)...))
			if err != nil {
				return
			}
			if a.status == http.StatusOK {
				k.published.Store(next)
			} else if a.status != http.StatusServiceUnavailable {
				t.Errorf("publish: %d %s", a.status, a.body)
				return
			}
		}
	})
	select {
	case <-begun:
		time.Sleep(time.Duration(20+rnd.IntN(300)) * time.Millisecond) // the moment is random; no result depends on it
	case <-time.After(patience):
		t.Error("nothing is acknowledged")
	}
	srv.alive()
	srv.kill()
	close(stop)
	wg.Wait()
	require.False(t, t.Failed())
	return slices.Concat(mine[:]...)
}

// step writes once. It is false when the process is gone.
func (k *ledger) step(t *testing.T, srv *server, mine []*life, name string, round int, rnd *rand.Rand) ([]*life, bool) {
	attributes := func(n int) map[string]any { return map[string]any{"n": n, "text": "ö" + name} }
	switch what := rnd.IntN(10); {
	case what < 3 || len(mine) == 0: // a start, with and without a key
		key := ""
		if rnd.IntN(2) == 0 {
			key = name
		}
		a, err := srv.send(start("orders", key, attributes(1)))
		if err != nil {
			if key != "" {
				k.mu.Lock()
				defer k.mu.Unlock()
				k.promised = append(k.promised, key)
			}
			return mine, false
		}
		if a.status == http.StatusServiceUnavailable {
			return mine, true
		}
		if a.status != http.StatusCreated {
			t.Errorf("start: %d %s", a.status, a.body)
			return mine, false
		}
		l := &life{id: a.object(t)["id"].(string), key: key, done: []string{"start"}}
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.lives[l.id] != nil {
			t.Errorf("the id %s was given twice", l.id)
		}
		k.lives[l.id] = l
		return append(mine, l), true
	case what == 3: // a start that others do too
		key := fmt.Sprintf("shared-%d-%d", round, rnd.IntN(sharedKeys))
		a, err := srv.send(start("orders", key, attributes(1)))
		if err != nil {
			return mine, false
		}
		if a.status == http.StatusServiceUnavailable {
			return mine, true
		}
		if a.status != http.StatusCreated && a.status != http.StatusOK {
			t.Errorf("start of a shared key: %d %s", a.status, a.body)
			return mine, false
		}
		id := a.object(t)["id"].(string)
		k.mu.Lock()
		defer k.mu.Unlock()
		if before, ok := k.shared[key]; ok && before != id {
			t.Errorf("the key %s names %s and %s", key, before, id)
		}
		k.shared[key] = id
		return mine, true
	}
	l := mine[rnd.IntN(len(mine))]
	var transition string
	switch l.state() {
	case "open":
		transition = []string{"add", "add", "add", "close"}[rnd.IntN(4)]
	case "closed":
		transition = "reopen"
	}
	l.pending = transition
	a, err := srv.send(move("orders", l.id, transition, attributes(len(l.done)+1)))
	if err != nil {
		return mine, false
	}
	l.pending = ""
	switch a.status {
	case http.StatusOK:
		l.done = append(l.done, transition)
	case http.StatusServiceUnavailable:
	default:
		t.Errorf("%s from %s: %d %s", transition, l.state(), a.status, a.body)
		return mine, false
	}
	return mine, true
}

// verify reads instances and holds them against what is known; what was
// pending is settled by it.
func (k *ledger) verify(t *testing.T, srv *server, lives []*life) {
	t.Helper()
	queue := make(chan *life)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for l := range queue {
				l.compare(t, srv)
			}
		})
	}
	for _, l := range lives {
		queue <- l
	}
	close(queue)
	wg.Wait()
	require.False(t, t.Failed())

	for key, id := range k.shared {
		require.Equal(t, id, srv.begin("orders", key, nil), "the instance of %s", key)
	}
	for _, key := range k.promised {
		id := srv.begin("orders", key, map[string]any{"n": 1})
		require.Equal(t, id, srv.begin("orders", key, nil), "the instance of %s", key)
	}
	k.promised = nil

	// One generation of what was published is served, and none that is older
	// than what was acknowledged.
	require.Equal(t, "published", srv.get(instances("orders") + "/" + srv.begin("orders", "seen", nil))["extensions"].(map[string]any)["kept"])
	if k.published.Load() == 0 {
		return
	}
	left, right := srv.generation("left"), srv.generation("right")
	require.Equal(t, left, right, "definitions of two publishes are mixed")
	require.GreaterOrEqual(t, left, k.published.Load(), "an acknowledged publish is lost")
	require.LessOrEqual(t, left, k.publishing.Load())
}

// machines are two workflows that must be seen together: an instance begins in
// a state that is named for n.
func machines(n int64) []document {
	var docs []document
	for _, key := range []string{"left", "right"} {
		docs = append(docs, definition("sys-flows", key, map[string]any{
			"type":            "F",
			"startTransition": map[string]any{"key": "start", "target": fmt.Sprintf("g%d", n), "triggerType": 0},
			"states":          []any{map[string]any{"key": fmt.Sprintf("g%d", n), "stateType": 1, "transitions": []any{}}},
		}))
	}
	return docs
}

// generation is the n of the workflow that is served.
func (s *server) generation(workflow string) (n int64) {
	s.t.Helper()
	got := s.get(instances(workflow) + "/" + s.begin(workflow, "", nil))
	_, err := fmt.Sscanf(got["metadata"].(map[string]any)["currentState"].(string), "g%d", &n)
	require.NoError(s.t, err)
	return n
}

// compare reads one instance. Its attribute n is the number of its
// transitions.
func (l *life) compare(t *testing.T, srv *server) {
	a, err := srv.send(call{method: http.MethodGet, path: instances("orders") + "/" + l.id})
	if err != nil || a.status != http.StatusOK {
		t.Errorf("the acknowledged instance %+v: %v %+v", *l, err, a)
		return
	}
	got := a.object(t)
	history, err := srv.history("orders", l.id)
	if err != nil {
		t.Errorf("the history of %+v: %v", *l, err)
		return
	}
	if l.pending != "" && len(history) == len(l.done)+1 {
		l.done = append(l.done, l.pending)
	}
	l.pending = ""
	if !slices.Equal(l.done, history) {
		t.Errorf("the history of %s: acknowledged %v, found %v", l.id, l.done, history)
	}
	metadata, _ := got["metadata"].(map[string]any)
	attributes, _ := got["attributes"].(map[string]any)
	if metadata["currentState"] != l.state() || attributes["n"] != float64(len(l.done)) || got["id"] != l.id || l.key != "" && got["key"] != l.key {
		t.Errorf("%+v: found %s", *l, a.body)
	}
}

// history gives the keys of an instance's transitions, oldest first.
func (s *server) history(workflow, id string) ([]string, error) {
	var keys []string
	for path := instances(workflow) + "/" + id + "/transitions?pageSize=100"; path != ""; {
		a, err := s.send(call{method: http.MethodGet, path: path})
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK {
			return nil, fmt.Errorf("%d %s", a.status, a.body)
		}
		got := a.object(s.t)
		items, _ := got["items"].([]any)
		for _, item := range items {
			key, _ := item.(map[string]any)["transition"].(string)
			keys = append(keys, key)
		}
		links, _ := got["links"].(map[string]any)
		path = nextPage(links["next"])
	}
	return keys, nil
}

// compareWithList reads the whole list: every acknowledged instance is in it
// once, no key names two, and none of those that nobody was told of is without
// its history.
func (k *ledger) compareWithList(t *testing.T, srv *server) {
	t.Helper()
	seen, keys := map[string]bool{}, map[string]string{}
	for path := instances("orders") + "?pageSize=100&sort=createdAt"; path != ""; {
		got := srv.get(path)
		for _, item := range got["items"].([]any) {
			i := item.(map[string]any)
			id := i["id"].(string)
			require.False(t, seen[id], "%s is listed twice", id)
			seen[id] = true
			if key, _ := i["key"].(string); key != "" {
				require.Empty(t, keys[key], "the key %s names two instances", key)
				keys[key] = id
			}
			if k.lives[id] == nil {
				history, err := srv.history("orders", id)
				require.NoError(t, err)
				require.NotEmpty(t, history, "%s has no history", id)
				require.Equal(t, "start", history[0])
			}
		}
		path = nextPage(got["links"].(map[string]any)["next"])
	}
	for id := range k.lives {
		require.True(t, seen[id], "%s is not in the list", id)
	}
}

// consistent looks at the tables themselves.
func consistent(t *testing.T, database string) {
	t.Helper()
	db := open(t, database)
	for what, query := range map[string]string{
		"instances without a history":                               `SELECT count(*) FROM instances i WHERE NOT EXISTS (SELECT 1 FROM transitions t WHERE t.instance = i.id)`,
		"transitions of no instance":                                `SELECT count(*) FROM transitions t WHERE NOT EXISTS (SELECT 1 FROM instances i WHERE t.instance = i.id)`,
		"instances whose state is not of their last":                `SELECT count(*) FROM instances i WHERE i.state <> (SELECT t.to_state FROM transitions t WHERE t.instance = i.id ORDER BY t.seq DESC LIMIT 1)`,
		"transitions from another state than the one before led to": `SELECT count(*) FROM transitions t WHERE t.from_state <> coalesce((SELECT b.to_state FROM transitions b WHERE b.instance = t.instance AND b.seq < t.seq ORDER BY b.seq DESC LIMIT 1), t.from_state)`,
		"keys of two instances":                                     `SELECT count(*) FROM (SELECT key FROM instances WHERE key IS NOT NULL GROUP BY domain, workflow, key HAVING count(*) > 1) d`,
	} {
		require.Zero(t, count(t, db, query), what)
	}
	require.Positive(t, count(t, db, `SELECT count(*) FROM instances`))
	if _, ok := strings.CutPrefix(database, "sqlite:"); ok {
		var verdict string
		require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
		require.Equal(t, "ok", verdict)
	}
}
