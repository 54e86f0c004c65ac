// Package storetest runs tests on every database at hand: SQLite always, and
// PostgreSQL where ARIL_TEST_POSTGRES is its URL (.ci/postgres sets it).
package storetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
)

// Each runs f as a subtest for each database, with an empty store.
func Each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	EachURL(t, func(t *testing.T, url string) { f(t, Open(t, url)) })
}

// EachURL runs f as a subtest for each database, with the URL of an empty one
// of its own: a file, or a schema that goes with the test.
func EachURL(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// Open opens a store that is closed with the test.
func Open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), url, store.Options{Connections: 8})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// SQLite is the URL of a file that goes with the test.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "aril.db")
}

// Postgres is the URL of a schema that goes with the test, which it skips where
// there is no server.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("ARIL_TEST_POSTGRES")
	if server == "" {
		t.Skip("ARIL_TEST_POSTGRES is not set; .ci/postgres COMMAND sets it")
	}
	schema := "t_" + strings.ToLower(rand.Text())
	run(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { run(t, server, "DROP SCHEMA "+schema+" CASCADE") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	v := u.Query()
	v.Set("search_path", schema)
	u.RawQuery = v.Encode()
	return u.String()
}

func run(t testing.TB, server, sql string) {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, server)
	require.NoError(t, err)
	_, err = c.Exec(ctx, sql)
	require.NoError(t, err)
	require.NoError(t, c.Close(ctx))
}
