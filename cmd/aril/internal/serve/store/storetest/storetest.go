// Package storetest runs tests on every database at hand: SQLite always, and
// PostgreSQL where ARIL_TEST_POSTGRES is its URL (.ci/postgres sets it).
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
)

// EachURL runs f as a subtest for each database, with the URL of an empty one
// of its own.
func EachURL(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, "sqlite:"+filepath.Join(t.TempDir(), "aril.db")) })
}

// Each runs f as a subtest for each database, with an empty store.
func Each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	EachURL(t, func(t *testing.T, url string) { f(t, Open(t, url, store.Options{})) })
}

// Open opens a store that is closed with the test.
func Open(t testing.TB, url string, o store.Options) *store.Store {
	s, err := store.Open(context.Background(), url, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
