package enrich

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A countingStore counts what is kept.
type countingStore struct {
	Store
	saves int
}

func (s *countingStore) Save(ctx context.Context, docs []Document) error {
	s.saves++
	return s.Store.Save(ctx, docs)
}

func TestWhatWasPublishedAndADirectoryMayReferToEachOtherAtAStart(t *testing.T) {
	t.Parallel()
	dir, kept := t.TempDir(), t.TempDir()
	write := func(d Document) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(d.Name)), d.JSON, 0o600))
	}
	write(scriptTask("core"))
	open := func() (*Enricher, *countingStore) {
		store, err := NewDirectoryStore(kept)
		require.NoError(t, err)
		counting := &countingStore{Store: store}
		return newEnricher(t, Config{Store: counting, Dir: dir, Natives: map[string]Mapping{"one": gives(`1`)}}), counting
	}
	e, store := open()
	publish(t, e, ext{key: "one", mapping: "one"}.doc(), taskDoc("core", "published", "7", ""))
	require.Equal(t, 1, store.saves)
	// A file that refers to what was published.
	write(ext{key: "two", mapping: "one", task: "published"}.doc())
	_, err := e.LoadDir(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, 1, store.saves, "a directory changes nothing of what was published")

	again, store := open()
	require.JSONEq(t, `{"one":1,"two":1}`, extensions(t, again, Request{Domain: "core"}, map[string]any{}))
	require.Zero(t, store.saves, "a start changes nothing either: another process may have published more since")
}

func TestAWrongFileOfTheDirectoryFailsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), []byte(`{"flow":"sys-tasks"}`), 0o600))
	_, err := New(t.Context(), Config{Dir: dir})
	var refused *PublishError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "x.json", refused.Issues[0].File)
	_, err = New(t.Context(), Config{Dir: filepath.Join(dir, "nope")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestADirectoryWinsOverWhatWasPublishedAtAStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := NewDirectoryStore(t.TempDir())
	require.NoError(t, err)
	cfg := Config{Store: store, Natives: map[string]Mapping{"one": gives(`1`), "two": gives(`2`)}}
	publish(t, newEnricher(t, cfg), scriptTask("core"), ext{key: "x", mapping: "one"}.doc())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), ext{key: "x", mapping: "two"}.doc().JSON, 0o600))
	cfg.Dir = dir
	require.JSONEq(t, `{"x":2}`, extensions(t, newEnricher(t, cfg), Request{Domain: "core"}, map[string]any{}))
	// Twice within the directory is an error nevertheless.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "y.json"), ext{key: "x", mapping: "two"}.doc().JSON, 0o600))
	_, err = New(t.Context(), cfg)
	require.ErrorContains(t, err, "is defined in x.json too")
}
