package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// A sqliteDatabase is a file. SQLite has one writer at a time, also over
// processes; readers do not wait for it.
type sqliteDatabase struct {
	writer  *sqlitePool // of one connection
	readers *sqlitePool // the writer, in memory
}

// openSQLite opens what stands after "sqlite:".
func openSQLite(ctx context.Context, path string, o Options) (_ *sqliteDatabase, err error) {
	if err := registerFunctions(); err != nil {
		return nil, err
	}
	path = strings.TrimPrefix(path, "//")
	if path == "" {
		return nil, errors.New("the URL sqlite:PATH has no path")
	}
	if strings.IndexByte(path, 0) >= 0 {
		return nil, errors.New("the path of sqlite:PATH has a zero byte in it")
	}
	db := &sqliteDatabase{}
	if path == ":memory:" {
		db.writer = newSQLitePool(":memory:?"+sqlitePragmas, 1, o.Wait)
		db.readers = db.writer
	} else {
		if err := ownFile(path); err != nil {
			return nil, err
		}
		dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + sqlitePragmas
		db.writer = newSQLitePool(dsn, 1, o.Wait)
		db.readers = newSQLitePool(dsn, o.Connections, o.Wait)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.close())
		}
	}()
	err = db.migrate(ctx)
	if sqliteCode(err) == sqlite3.SQLITE_NOTADB {
		err = errors.New("the file is no SQLite database")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return db, nil
}

// sqlitePragmas are for each connection. With FULL a commit is on the disk
// before it is acknowledged. The timeout is short, since nothing ends it early;
// sqlitePool.with goes on waiting.
const sqlitePragmas = "_pragma=busy_timeout(50)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&_dqs=0"

// ownFile makes the file, so that nobody else may read it; SQLite gives the
// files beside it the same mode.
func ownFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (db *sqliteDatabase) migrate(ctx context.Context) error {
	scripts, err := migrations("sqlite")
	if err != nil {
		return err
	}
	return db.writer.with(ctx, func(c *sqliteConn) error {
		err := c.query(ctx, func([]driver.Value) error { return nil }, "PRAGMA journal_mode = WAL")
		if err != nil {
			return err
		}
		return db.write(c, func() error {
			if err := c.script(ctx, "CREATE TABLE IF NOT EXISTS aril_schema (version INTEGER NOT NULL) STRICT"); err != nil {
				return err
			}
			version := 0
			err := c.query(ctx, func(row []driver.Value) error { version = int(row[0].(int64)); return nil }, "SELECT version FROM aril_schema")
			if err != nil {
				return err
			}
			todo, err := pending(scripts, version)
			if err != nil || len(todo) == 0 {
				return err
			}
			for _, script := range todo {
				if err := c.script(ctx, script); err != nil {
					return fmt.Errorf("migration: %w", err)
				}
			}
			if err := c.script(ctx, "DELETE FROM aril_schema"); err != nil {
				return err
			}
			_, err = c.exec(ctx, "INSERT INTO aril_schema (version) VALUES (?)", len(scripts))
			return err
		})
	})
}

// write makes what f does one transaction. It has the lock of the database
// from its beginning, so it can only wait there, and is not ended by a context
// after that.
func (db *sqliteDatabase) write(c *sqliteConn, f func() error) (err error) {
	ctx := context.Background()
	if _, err := c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			if _, e := c.exec(ctx, "ROLLBACK"); e != nil && sqliteCode(e) != sqlite3.SQLITE_ERROR { // SQLite may have done so itself
				err = errors.Join(err, e)
			}
		}
	}()
	if err := f(); err != nil {
		return err
	}
	_, err = c.exec(ctx, "COMMIT")
	return err
}

func (db *sqliteDatabase) ping(ctx context.Context) error {
	return db.readers.with(ctx, func(c *sqliteConn) error {
		return c.queryOne(ctx, func([]driver.Value) error { return nil }, "SELECT version FROM aril_schema")
	})
}

func (db *sqliteDatabase) connections() (used, idle, most int) {
	for _, p := range []*sqlitePool{db.writer, db.readers} {
		most += cap(p.free)
		idle += len(p.free)
		if db.readers == db.writer {
			break
		}
	}
	return most - idle, idle, most
}

func (db *sqliteDatabase) close() error {
	if db.readers == nil || db.readers == db.writer {
		return db.writer.close()
	}
	// The writer last: the last connection takes the log into the database.
	return errors.Join(db.readers.close(), db.writer.close())
}

func (db *sqliteDatabase) start(ctx context.Context, in Instance, t Transition) (got Instance, existed bool, err error) {
	err = db.writer.with(ctx, func(c *sqliteConn) error {
		return db.write(c, func() error {
			n, err := c.exec(context.Background(), `INSERT INTO instances (`+instanceColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				in.ID, in.Domain, in.Workflow, in.FlowVersion, orNil(in.Key), in.State, string(in.Status), tagsText(in.Tags), string(in.Attributes), in.ETag,
				in.CreatedAt.UnixMicro(), in.ModifiedAt.UnixMicro(), microOrNil(in.CompletedAt), orNil(in.CreatedBy), orNil(in.ModifiedBy))
			if err != nil {
				return err
			}
			in.Tags = orEmpty(in.Tags)
			if got, existed = in, n == 0; existed {
				if in.Key == "" {
					return ErrKeyTaken
				}
				got, err = sqliteInstance(c, `key = ?3`, in.Domain, in.Workflow, in.Key)
				if errors.Is(err, ErrNotFound) {
					return ErrKeyTaken
				}
				return err
			}
			return sqliteTransition(c, t)
		})
	})
	if err != nil {
		return Instance{}, false, err
	}
	return got, existed, nil
}

func (db *sqliteDatabase) apply(ctx context.Context, next Instance, ifETag string, t Transition) (got Instance, err error) {
	err = db.writer.with(ctx, func(c *sqliteConn) error {
		return db.write(c, func() error {
			n, err := c.exec(context.Background(), `UPDATE instances SET flow_version = ?, key = ?, state = ?, status = ?, tags = ?, attributes = ?, etag = ?, modified_at = ?, completed_at = ?, modified_by = ?
				WHERE id = ? AND domain = ? AND workflow = ? AND etag = ?`,
				next.FlowVersion, orNil(next.Key), next.State, string(next.Status), tagsText(next.Tags), string(next.Attributes), next.ETag,
				next.ModifiedAt.UnixMicro(), microOrNil(next.CompletedAt), orNil(next.ModifiedBy), next.ID, next.Domain, next.Workflow, ifETag)
			if sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT {
				return ErrKeyTaken
			}
			if err != nil {
				return err
			}
			got, err = sqliteInstance(c, `id = ?3`, next.Domain, next.Workflow, next.ID)
			if err == nil && n == 0 {
				err = ErrChanged
			}
			if err != nil {
				return err
			}
			return sqliteTransition(c, t)
		})
	})
	if err != nil {
		return Instance{}, err
	}
	return got, nil
}

func sqliteTransition(c *sqliteConn, t Transition) error {
	var attributes any
	if t.Attributes != nil {
		attributes = string(t.Attributes)
	}
	_, err := c.exec(context.Background(), `INSERT INTO transitions (id, instance, key, from_state, to_state, attributes, at, by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.Instance, t.Key, t.From, t.To, attributes, t.At.UnixMicro(), t.By)
	if sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT {
		return ErrKeyTaken
	}
	return err
}

func (db *sqliteDatabase) byID(ctx context.Context, domain, workflow, id string) (Instance, error) {
	return db.one(ctx, `id = ?3`, domain, workflow, id)
}

func (db *sqliteDatabase) byKey(ctx context.Context, domain, workflow, key string) (Instance, error) {
	return db.one(ctx, `key = ?3`, domain, workflow, key)
}

func (db *sqliteDatabase) one(ctx context.Context, condition, domain, workflow, value string) (in Instance, err error) {
	err = db.readers.with(ctx, func(c *sqliteConn) error {
		in, err = sqliteInstance(c, condition, domain, workflow, value)
		return err
	})
	return in, err
}

// sqliteInstance reads one instance, which takes too short a time for a
// context to end it.
func sqliteInstance(c *sqliteConn, condition, domain, workflow, value string) (in Instance, err error) {
	err = c.queryOne(context.Background(), func(row []driver.Value) (err error) {
		in, err = scanSQLite(row)
		return err
	}, `SELECT `+instanceColumns+` FROM instances WHERE domain = ?1 AND workflow = ?2 AND `+condition, domain, workflow, value)
	if errors.Is(err, errNoRow) {
		err = ErrNotFound
	}
	return in, err
}

func (db *sqliteDatabase) list(ctx context.Context, domain, workflow string, q query.Query) (items []Instance, err error) {
	sql, args := sqliteList(domain, workflow, q)
	err = db.readers.with(ctx, func(c *sqliteConn) error {
		items = make([]Instance, 0, q.Size+1)
		page := pageBytes{rows: q.Size}
		return c.query(ctx, func(row []driver.Value) error {
			if err := page.add(len(str(row[8]))); err != nil {
				return err
			}
			in, err := scanSQLite(row)
			items = append(items, in)
			return err
		}, sql, args...)
	})
	return items, err
}

func (db *sqliteDatabase) history(ctx context.Context, instance string, offset, limit int) (ts []Transition, err error) {
	err = db.readers.with(ctx, func(c *sqliteConn) error {
		ts = []Transition{}
		page := pageBytes{rows: limit - 1}
		return c.query(ctx, func(row []driver.Value) error {
			t := Transition{
				ID: str(row[0]), Instance: str(row[1]), Key: str(row[2]), From: str(row[3]), To: str(row[4]),
				At: micro(row[6]), By: str(row[7]),
			}
			if row[5] != nil {
				t.Attributes = json.RawMessage(str(row[5]))
			}
			ts = append(ts, t)
			return page.add(len(t.Attributes))
		}, historyStatement, instance, limit, offset)
	})
	return ts, err
}

// scanSQLite reads a row of instanceColumns.
func scanSQLite(row []driver.Value) (Instance, error) {
	in := Instance{
		ID: str(row[0]), Domain: str(row[1]), Workflow: str(row[2]), FlowVersion: str(row[3]), Key: str(row[4]), State: str(row[5]),
		Status: Status(str(row[6])), Tags: []string{}, Attributes: json.RawMessage(str(row[8])), ETag: str(row[9]),
		CreatedAt: micro(row[10]), ModifiedAt: micro(row[11]), CompletedAt: micro(row[12]), CreatedBy: str(row[13]), ModifiedBy: str(row[14]),
	}
	switch tags := str(row[7]); {
	case tags == "[]":
	case len(tags) > 4 && strings.IndexByte(tags, '\\') < 0 && strings.Count(tags, `"`) == 2*strings.Count(tags, `","`)+2:
		// Plain texts, as most are; json.Unmarshal takes as long as the read.
		in.Tags = strings.Split(tags[2:len(tags)-2], `","`)
	default:
		if err := json.Unmarshal([]byte(tags), &in.Tags); err != nil {
			return in, fmt.Errorf("instance %s: tags: %w", in.ID, err)
		}
	}
	return in, nil
}

func str(v driver.Value) string {
	s, _ := v.(string)
	return s
}

// micro is the time of a column; zero for NULL.
func micro(v driver.Value) time.Time {
	n, ok := v.(int64)
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func microOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func tagsText(tags []string) string {
	if len(tags) == 0 {
		return "[]"
	}
	b, err := json.Marshal(tags)
	if err != nil {
		panic(err) // texts always marshal
	}
	return string(b)
}
