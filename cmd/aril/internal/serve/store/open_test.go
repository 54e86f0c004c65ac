package store_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

func TestManyMayOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := store.Open(t.Context(), url, store.Options{Connections: 2})
				if err != nil {
					t.Error(err)
					return
				}
				if _, _, err := s.Start(t.Context(), order(""), store.Transition{}); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWhatWasKeptIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s, err := store.Open(t.Context(), url, store.Options{})
		require.NoError(t, err)
		in, _, err := s.Start(t.Context(), order("o-1"), store.Transition{})
		require.NoError(t, err)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "closing twice")
		_, err = s.Get(t.Context(), "shop", "order", "o-1")
		require.Error(t, err)
		s = storetest.Open(t, url)
		require.NoError(t, s.Ping(t.Context()))
		got, err := s.Get(t.Context(), "shop", "order", "o-1")
		require.NoError(t, err)
		require.Equal(t, in, got)
	})
}

func TestMemoryIsADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	a, b := storetest.Open(t, "sqlite::memory:"), storetest.Open(t, "sqlite::memory:")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, _, err := a.Start(t.Context(), order("o-1"), store.Transition{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, err := a.Get(t.Context(), "shop", "order", "o-1")
	require.NoError(t, err)
	_, err = b.Get(t.Context(), "shop", "order", "o-1")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestURLsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	for _, c := range []struct{ url, message string }{
		{"", "begins with neither"},
		{"mysql://root:geheim@localhost/x", "begins with neither"},
		{"geheim", "begins with neither"},
		{"sqlite:", "no path"},
		{"sqlite://", "no path"},
		{"sqlite:" + filepath.Join(dir, "missing", "aril.db"), "no such file"},
		{"sqlite:" + dir, "directory"},
		{"sqlite:" + text, "no SQLite database"},
		{"sqlite:a\x00b", "zero byte"},
		{"postgres://ann:geheim@127.0.0.1:x/db", "port"},
		{"postgres://ann:geheim@" + closed.Addr().String() + "/db", "refused"},
	} {
		began := time.Now()
		_, err := store.Open(t.Context(), c.url, store.Options{Wait: 200 * time.Millisecond})
		require.ErrorContains(t, err, c.message, c.url)
		require.NotContains(t, err.Error(), "geheim")
		require.Less(t, time.Since(began), 5*time.Second)
	}
}

func TestAFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	// Characters that mean something in the URIs of SQLite.
	path := filepath.Join(t.TempDir(), "a b?c#d%41&e.db")
	s := storetest.Open(t, "sqlite:"+path)
	_, _, err := s.Start(t.Context(), order(""), store.Transition{})
	require.NoError(t, err)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestTablesOfANewerReleaseAreRefused(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		s, err := store.Open(t.Context(), url, store.Options{})
		require.NoError(t, err)
		require.NoError(t, s.Close())
		execute(t, url, "UPDATE aril_schema SET version = 99")
		_, err = store.Open(t.Context(), url, store.Options{})
		require.ErrorContains(t, err, "version 99 and this release knows 1")
	})
}

func TestAServerWithoutASchemaIsRefused(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), strings.Replace(storetest.Postgres(t), "search_path=t_", "search_path=missing_", 1), store.Options{})
	require.ErrorContains(t, err, "CREATE SCHEMA")
}

func TestOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := store.Open(ctx, url, store.Options{})
		require.ErrorIs(t, err, context.Canceled)
	})
}

// execute runs a statement beside the store.
func execute(t testing.TB, url, statement string) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db := openRaw(t, path)
		_, err := db.Exec(statement)
		require.NoError(t, err)
		return
	}
	c, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, c.Close(t.Context()))
}
