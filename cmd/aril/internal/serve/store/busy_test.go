package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

func openRaw(t testing.TB, path string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// lock takes what a write of an instance needs, as another process would, until
// the function it gives is called.
func lock(t *testing.T, url string) (unlock func()) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db := openRaw(t, path)
		_, err := db.Exec("BEGIN IMMEDIATE")
		require.NoError(t, err)
		return func() {
			_, err := db.Exec("ROLLBACK")
			require.NoError(t, err)
		}
	}
	c, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), "BEGIN; LOCK TABLE instances IN SHARE ROW EXCLUSIVE MODE")
	require.NoError(t, err)
	return func() { require.NoError(t, c.Close(context.Background())) }
}

func TestALockedDatabaseIsBusy(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s, err := store.Open(t.Context(), url, store.Options{Wait: 200 * time.Millisecond})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		in, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
		require.NoError(t, err)

		unlock := lock(t, url)
		began := time.Now()
		_, _, err = s.Start(t.Context(), order("o-2"), store.Transition{})
		require.ErrorIs(t, err, store.ErrBusy)
		_, err = s.Apply(t.Context(), in, in.ETag, store.Transition{})
		require.ErrorIs(t, err, store.ErrBusy)
		require.Less(t, time.Since(began), 5*time.Second)

		short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, _, err = s.Start(short, order("o-2"), store.Transition{})
		require.ErrorIs(t, err, context.DeadlineExceeded)

		// Readers do not wait for writers.
		got, err := s.Get(t.Context(), "shop", "order", "o-1")
		require.NoError(t, err)
		require.Equal(t, in, got)
		_, _, err = s.List(t.Context(), "shop", "order", query.Query{})
		require.NoError(t, err)

		unlock()
		_, existed, err := s.Start(t.Context(), order("o-2"), store.Transition{})
		require.NoError(t, err)
		require.False(t, existed, "something was written while the store said that it was busy")
	})
}

func TestAWriteWaitsForALockThatGoes(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s := storetest.Open(t, url)
		unlock := lock(t, url)
		done := make(chan error)
		go func() {
			_, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
			done <- err
		}()
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(150 * time.Millisecond):
		}
		unlock()
		require.NoError(t, <-done)
	})
}

// heavy is a filter that is much work for each instance.
func heavy() query.Query {
	var or query.Or
	for i := range 50 {
		or = append(or, query.Condition{
			Field:  query.Field{Column: query.Attributes, Path: []string{fmt.Sprint("x", i)}},
			Op:     query.Like,
			Values: []query.Value{{Text: "%a%b%c%d%"}},
		})
	}
	return query.Query{Filter: or, Page: 1, Size: 100}
}

// fill makes instances faster than Start.
func fill(t testing.TB, url string, n int) {
	attributes := `'{"text":"` + strings.Repeat("lorem ipsum ", 200) + `"}'`
	columns := "(id, domain, workflow, flow_version, state, status, tags, attributes, etag, created_at, modified_at)"
	statement := fmt.Sprintf(`INSERT INTO instances %s WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT i, 'shop', 'order', '', '', 'A', '[]', %s, '', i, i FROM n`, columns, n, attributes)
	if !strings.HasPrefix(url, "sqlite:") {
		statement = fmt.Sprintf(`INSERT INTO instances %s SELECT i::text, 'shop', 'order', '', '', 'A', '{}', %s, '', now(), now() FROM generate_series(1, %d) AS i`, columns, attributes, n)
	}
	execute(t, url, statement)
}

func TestAListEndsWithItsContext(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s := storetest.Open(t, url)
		fill(t, url, 1000)
		// The newest is found at once, and no other.
		first := order("")
		first.Attributes = []byte(`{"x0":"abcd"}`)
		_, _, err := s.Start(t.Context(), first, store.Transition{})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, _, err = s.List(ctx, "shop", "order", heavy())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		took := time.Since(began)
		require.Less(t, took, 2*time.Second)
		items, _, err := s.List(t.Context(), "shop", "order", query.Query{})
		require.NoError(t, err)
		require.Len(t, items, 10)

		began = time.Now()
		items, _, err = s.List(t.Context(), "shop", "order", heavy())
		require.NoError(t, err)
		require.Len(t, items, 1)
		require.Greater(t, time.Since(began), 20*time.Millisecond, "the filter is too light for this test")
	})
}

func TestConnectionsThatAreOutAreBusy(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s, err := store.Open(t.Context(), url, store.Options{Connections: 1, Wait: 50 * time.Millisecond})
		require.NoError(t, err)
		fill(t, url, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			for ctx.Err() == nil {
				_, _, err := s.List(ctx, "shop", "order", heavy())
				if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, store.ErrBusy) {
					t.Error(err)
				}
			}
		})
		require.Eventually(t, func() bool {
			_, err := s.Get(t.Context(), "shop", "order", "o-1")
			if err == nil || !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrBusy) {
				t.Error(err)
			}
			return errors.Is(err, store.ErrBusy)
		}, 10*time.Second, time.Millisecond)
		cancel()
		wg.Wait()
		_, err = s.Get(t.Context(), "shop", "order", "o-1")
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.Close())
	})
}

func TestSlowListsLeaveConnectionsForTheRest(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s, err := store.Open(t.Context(), url, store.Options{Connections: 2, Wait: 10 * time.Second})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		fill(t, url, 1000)
		_, err = s.Get(t.Context(), "shop", "order", "o-1") // a connection is open
		require.ErrorIs(t, err, store.ErrNotFound)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					if _, _, err := s.List(ctx, "shop", "order", heavy()); err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
			})
		}
		// A list alone takes as long as all of these together.
		began := time.Now()
		_, _, err = s.List(t.Context(), "shop", "order", heavy())
		require.NoError(t, err)
		list := time.Since(began)
		began = time.Now()
		for range 5 {
			_, err := s.Get(t.Context(), "shop", "order", "o-1")
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		gets := time.Since(began)
		cancel()
		wg.Wait()
		require.Less(t, gets, list)
	})
}

func TestCallsWhoseContextIsOverDoNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		t.Parallel()
		in, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err = s.Start(ctx, order("o-2"), store.Transition{})
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.Apply(ctx, in, in.ETag, store.Transition{})
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.Get(ctx, "shop", "order", "o-1")
		require.ErrorIs(t, err, context.Canceled)
		_, _, err = s.List(ctx, "shop", "order", query.Query{})
		require.ErrorIs(t, err, context.Canceled)
		_, _, err = s.History(ctx, in.ID, 1, 10)
		require.ErrorIs(t, err, context.Canceled)
		_, err = s.Definitions().Load(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, s.Ping(ctx), context.Canceled)

		got, err := s.Get(t.Context(), "shop", "order", "o-1")
		require.NoError(t, err)
		require.Equal(t, in, got)
		_, err = s.Get(t.Context(), "shop", "order", "o-2")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestAReadOutlivesAConnectionThatTheServerCuts(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	name := "cut" + url[strings.LastIndex(url, "_"):]
	s := storetest.Open(t, url+"&application_name="+name)
	_, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
	require.NoError(t, err)
	c, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	for range 5 {
		var cut int
		err := c.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1`, name).Scan(&cut)
		require.NoError(t, err)
		require.Positive(t, cut)
		_, err = s.Get(t.Context(), "shop", "order", "o-1")
		require.NoError(t, err)
	}
	require.NoError(t, c.Close(t.Context()))
}
