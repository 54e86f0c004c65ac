//go:build linux

package e2e

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// onEach runs a test on each database at hand: an SQLite file, and a schema of
// PostgreSQL, of its own.
func onEach(t *testing.T, f func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, "sqlite:"+filepath.Join(t.TempDir(), "aril.db"))
	})
	if at := os.Getenv("ARIL_TEST_POSTGRES"); at != "" {
		t.Run("postgres", func(t *testing.T) {
			t.Parallel()
			f(t, schema(t, at))
		})
	}
}

// schema makes a schema in a PostgreSQL database, and gives a URL with which
// nothing else is seen. It goes at the end of the test.
func schema(t *testing.T, at string) string {
	t.Helper()
	db, err := sql.Open("pgx", at)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	name := "e2e_" + strings.ToLower(rand.Text())
	_, err = db.ExecContext(t.Context(), `CREATE SCHEMA "`+name+`"`)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), `DROP SCHEMA "`+name+`" CASCADE`)
		require.NoError(t, err)
	})
	u, err := url.Parse(at)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// open opens a database beside the server.
func open(t *testing.T, database string) *sql.DB {
	t.Helper()
	driver, name := "pgx", database
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, name = "sqlite", file
	}
	db, err := sql.Open(driver, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// count is the answer to a query for one number.
func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&n), query)
	return n
}
