package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

func testSQLite(t testing.TB) *sqliteDatabase {
	db, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "aril.db"), Options{}.withDefaults())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.close()) })
	return db
}

func TestWhatSQLiteAcknowledgesIsOnTheDisk(t *testing.T) {
	t.Parallel()
	db := testSQLite(t)
	for _, pool := range []*sqlitePool{db.writer, db.readers} {
		require.NoError(t, pool.with(t.Context(), func(c *sqliteConn) error {
			for pragma, want := range map[string]any{"journal_mode": "wal", "synchronous": int64(2), "foreign_keys": int64(1), "trusted_schema": int64(0)} {
				err := c.queryOne(t.Context(), func(row []driver.Value) error {
					require.Equal(t, want, row[0], pragma)
					return nil
				}, "PRAGMA "+pragma)
				require.NoError(t, err)
			}
			return nil
		}))
	}
}

func TestListsUseIndexes(t *testing.T) {
	t.Parallel()
	db := testSQLite(t)
	for text, index := range map[string]string{
		"":                             "instances_created",
		"sort=createdAt":               "instances_created",
		"sort=-modifiedAt":             "instances_modified",
		`filter={"status":{"eq":"A"}}`: "instances_status",
		`filter={"state":{"eq":"open"}}&sort=-createdAt`:                          "instances_state",
		`filter={"modifiedAt":{"gt":"2026-01-31"}}&sort=modifiedAt`:               "instances_modified",
		`filter={"key":{"eq":"o-1"}}`:                                             "sqlite_autoindex_instances_2",
		`filter={"attributes.x":{"eq":1},"createdAt":{"lt":"2026-01-31"}}`:        "instances_created",
		`filter={"and":[{"status":{"eq":"A"}},{"tags":{"eq":"web"}}]}&pageSize=5`: "instances_status",
	} {
		v, err := url.ParseQuery(text)
		require.NoError(t, err)
		q, err := query.Parse(v)
		require.NoError(t, err)
		sql, args := sqliteList("shop", "order", q)
		var plan []string
		require.NoError(t, db.readers.with(t.Context(), func(c *sqliteConn) error {
			return c.query(t.Context(), func(row []driver.Value) error { plan = append(plan, row[3].(string)); return nil }, "EXPLAIN QUERY PLAN "+sql, args...)
		}))
		all := strings.Join(plan, "; ")
		require.Contains(t, all, "INDEX "+index+" ", text)
		if index != "sqlite_autoindex_instances_2" {
			require.NotContains(t, all, "TEMP B-TREE", text)
		}
	}
}

func TestAConnectionKeepsSomeStatements(t *testing.T) {
	t.Parallel()
	db := testSQLite(t)
	require.NoError(t, db.writer.with(t.Context(), func(c *sqliteConn) error {
		for i := range 3 * maxStatements {
			for _, n := range []int{0, i} {
				require.NoError(t, c.queryOne(t.Context(), func(row []driver.Value) error {
					require.EqualValues(t, n, row[0])
					return nil
				}, fmt.Sprintf("SELECT %d", n)))
			}
		}
		require.Len(t, c.statements, maxStatements)
		require.Contains(t, c.statements, "SELECT 0", "the one that is used most went")
		return nil
	}))
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	db := testSQLite(t)
	for range 2 {
		err := db.writer.with(t.Context(), func(c *sqliteConn) error {
			return db.write(c, func() error {
				if _, err := c.exec(t.Context(), "UPDATE definitions_generation SET generation = 'half'"); err != nil {
					return err
				}
				_, err := c.exec(t.Context(), "INSERT INTO transitions (id, instance, key, from_state, to_state, at, by) VALUES ('1', 'nowhere', '', '', '', 0, '')")
				return err
			})
		})
		require.ErrorContains(t, err, "FOREIGN KEY")
	}
	_, generation, err := db.loadDefinitions(t.Context())
	require.NoError(t, err)
	require.Empty(t, generation)
}

func FuzzLookUp(f *testing.F) {
	for _, s := range []string{`{"a":1}`, ` { "b" : [ { "a" : "}" } ] , "a" : { "a" : null } } `, `{"\u0061":"\"","a":-1.5e+3}`, `{"a"`, `{"a":}`, `{"a":1,,"a":2}`, `[`, `{"a":"\`, `{]`, ``} {
		f.Add([]byte(s), "a")
	}
	f.Fuzz(func(t *testing.T, raw []byte, name string) {
		value := at(raw, joinPath([]string{name}))
		if len(value) > 0 {
			keyOfJSON(value)
			textOfJSON(value)
		}
		var o map[string]json.RawMessage
		if strings.ContainsRune(name, 0) || json.Unmarshal(raw, &o) != nil || checkJSON(raw) != nil {
			return
		}
		want, ok := o[name]
		require.Equal(t, ok, len(value) > 0)
		require.Equal(t, string(want), string(value))
	})
}

func TestTagsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for _, tags := range [][]string{{}, {""}, {"", ""}, {"a"}, {"a", "b"}, {"a,b", "[]"}, {`"`}, {`,`}, {`","`}, {`a","b`, "c"}, {`\`}, {"<&>\u2028"}, {"ä", "😀"}, {"[", "]"}, {"  "}, {"a", "", "b"}} {
		row := make([]driver.Value, 15)
		row[7] = tagsText(tags)
		in, err := scanSQLite(row)
		require.NoError(t, err)
		require.Equal(t, tags, in.Tags)
	}
}
