package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// A postgresDatabase is a schema on a server. Each write is one statement, and
// so a transaction of its own.
type postgresDatabase struct {
	pool *pgxpool.Pool
	wait time.Duration
}

// connectTimeout is for one connection, where neither the URL nor the
// environment says another.
const connectTimeout = 10 * time.Second

func openPostgres(ctx context.Context, text string, o Options) (_ *postgresDatabase, err error) {
	cfg, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, err // without the password
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the URL is none") // the error has the password in it
	}
	if !u.Query().Has("pool_max_conns") {
		cfg.MaxConns = int32(min(o.Connections, 1<<15)) //nolint:gosec // it fits
	}
	if !u.Query().Has("connect_timeout") && os.Getenv("PGCONNECT_TIMEOUT") == "" {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	// What the URL says of them wins. A statement ends with the context; this is
	// for those whose process is gone.
	setDefault(cfg.ConnConfig.RuntimeParams, "statement_timeout", "60000")
	setDefault(cfg.ConnConfig.RuntimeParams, "lock_timeout", strconv.FormatInt(o.Wait.Milliseconds(), 10))
	setDefault(cfg.ConnConfig.RuntimeParams, "application_name", "aril")
	if _, ok := cfg.ConnConfig.RuntimeParams["synchronous_commit"]; !ok {
		cfg.AfterConnect = durable
	}
	cfg.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		// Have the server stop as well, and do not wait long for it to say so.
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: time.Second}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	// A first connection may take its time.
	db := &postgresDatabase{pool: pool, wait: max(o.Wait, connectTimeout)}
	if err := db.migrate(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	db.wait = o.Wait
	return db, nil
}

// durable has the server acknowledge what is on its disk, where its settings
// say that it need not be. Stronger ones stay.
func durable(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
	return err
}

func setDefault(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}

func (db *postgresDatabase) migrate(ctx context.Context) error {
	scripts, err := migrations("postgres")
	if err != nil {
		return err
	}
	return db.with(ctx, write, func(ctx context.Context, c *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			var encoding string
			var schema *string
			if err := tx.QueryRow(ctx, "SELECT current_setting('server_encoding'), current_schema()").Scan(&encoding, &schema); err != nil {
				return err
			}
			if encoding != "UTF8" {
				return fmt.Errorf("its encoding is %s and must be UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", encoding)
			}
			if schema == nil {
				return errors.New("no schema of its search_path exists: CREATE SCHEMA it")
			}
			// One process at a time; a large table takes as long as it takes.
			for _, sql := range []string{"SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0", "SELECT pg_advisory_xact_lock(hashtextextended('aril ' || current_schema(), 0))"} {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
			version := 0
			var there bool
			if err := tx.QueryRow(ctx, "SELECT to_regclass('aril_schema') IS NOT NULL").Scan(&there); err != nil {
				return err
			}
			if there {
				if err := tx.QueryRow(ctx, "SELECT version FROM aril_schema").Scan(&version); err != nil {
					return err
				}
			} else if _, err := tx.Exec(ctx, "CREATE TABLE aril_schema (version integer NOT NULL)"); err != nil {
				return err
			}
			todo, err := pending(scripts, version)
			if err != nil || len(todo) == 0 {
				return err
			}
			for _, script := range todo {
				if _, err := tx.Conn().PgConn().Exec(ctx, script).ReadAll(); err != nil {
					return fmt.Errorf("migration: %w", err)
				}
			}
			if _, err := tx.Exec(ctx, "DELETE FROM aril_schema"); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, "INSERT INTO aril_schema (version) VALUES ($1)", len(scripts))
			return err
		})
	})
}

func (db *postgresDatabase) ping(ctx context.Context) error {
	return db.with(ctx, read, func(ctx context.Context, c *pgxpool.Conn) error { return c.Ping(ctx) })
}

func (db *postgresDatabase) connections() (used, idle, most int) {
	stat := db.pool.Stat()
	return int(stat.AcquiredConns()), int(stat.IdleConns()), int(stat.MaxConns())
}

func (db *postgresDatabase) close() error {
	db.pool.Close()
	return nil
}

func (db *postgresDatabase) start(ctx context.Context, in Instance, t Transition) (got Instance, existed bool, err error) {
	n := 0
	err = db.with(ctx, write, func(ctx context.Context, c *pgxpool.Conn) error {
		return c.QueryRow(ctx, `WITH started AS (
				INSERT INTO instances (`+instanceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING RETURNING id
			), step AS (
				INSERT INTO transitions (id, instance, key, from_state, to_state, attributes, at, by) SELECT $16, id, $17, $18, $19, $20, $21, $22 FROM started
			) SELECT count(*) FROM started`,
			in.ID, in.Domain, in.Workflow, in.FlowVersion, orNil(in.Key), in.State, string(in.Status), orEmpty(in.Tags), string(in.Attributes), in.ETag,
			in.CreatedAt, in.ModifiedAt, timeOrNil(in.CompletedAt), orNil(in.CreatedBy), orNil(in.ModifiedBy),
			t.ID, t.Key, t.From, t.To, jsonOrNil(t.Attributes), t.At, t.By).Scan(&n)
	})
	switch {
	case err != nil:
		return Instance{}, false, err
	case n == 1:
		in.Tags = orEmpty(in.Tags)
		return in, false, nil
	case in.Key == "":
		return Instance{}, false, ErrKeyTaken
	}
	got, err = db.byKey(ctx, in.Domain, in.Workflow, in.Key)
	if errors.Is(err, ErrNotFound) {
		err = ErrKeyTaken
	}
	return got, err == nil, err
}

func (db *postgresDatabase) apply(ctx context.Context, next Instance, ifETag string, t Transition) (got Instance, err error) {
	err = db.with(ctx, write, func(ctx context.Context, c *pgxpool.Conn) error {
		rows, _ := c.Query(ctx, `WITH changed AS (
				UPDATE instances SET flow_version = $1, key = $2, state = $3, status = $4, tags = $5, attributes = $6, etag = $7, modified_at = $8, completed_at = $9, modified_by = $10
				WHERE id = $11 AND domain = $12 AND workflow = $13 AND etag = $14 RETURNING `+instanceColumns+`
			), step AS (
				INSERT INTO transitions (id, instance, key, from_state, to_state, attributes, at, by) SELECT $15, id, $16, $17, $18, $19, $20, $21 FROM changed
			) SELECT `+instanceColumns+` FROM changed`,
			next.FlowVersion, orNil(next.Key), next.State, string(next.Status), orEmpty(next.Tags), string(next.Attributes), next.ETag,
			next.ModifiedAt, timeOrNil(next.CompletedAt), orNil(next.ModifiedBy), next.ID, next.Domain, next.Workflow, ifETag,
			t.ID, t.Key, t.From, t.To, jsonOrNil(t.Attributes), t.At, t.By)
		got, err = pgx.CollectExactlyOneRow(rows, scanPostgres)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		// Nothing has it with that ETag.
		if _, err := db.byID(ctx, next.Domain, next.Workflow, next.ID); err != nil {
			return Instance{}, err
		}
		return Instance{}, ErrChanged
	}
	return got, err
}

func (db *postgresDatabase) byID(ctx context.Context, domain, workflow, id string) (Instance, error) {
	return db.one(ctx, `id`, domain, workflow, id)
}

func (db *postgresDatabase) byKey(ctx context.Context, domain, workflow, key string) (Instance, error) {
	return db.one(ctx, `key`, domain, workflow, key)
}

func (db *postgresDatabase) one(ctx context.Context, column, domain, workflow, value string) (in Instance, err error) {
	err = db.with(ctx, read, func(ctx context.Context, c *pgxpool.Conn) error {
		rows, _ := c.Query(ctx, `SELECT `+instanceColumns+` FROM instances WHERE domain = $1 AND workflow = $2 AND `+column+` = $3`, domain, workflow, value)
		in, err = pgx.CollectExactlyOneRow(rows, scanPostgres)
		return err
	})
	return in, err
}

func (db *postgresDatabase) list(ctx context.Context, domain, workflow string, q query.Query) (items []Instance, err error) {
	sql, args := listStatement(postgresDialect{}, instanceColumns, domain, workflow, q)
	err = db.with(ctx, read, func(ctx context.Context, c *pgxpool.Conn) error {
		items, err = collect(ctx, c, q.Size, scanPostgres, func(in Instance) int { return len(in.Attributes) }, sql, args...)
		return err
	})
	return items, err
}

func (db *postgresDatabase) history(ctx context.Context, instance string, offset, limit int) (ts []Transition, err error) {
	err = db.with(ctx, read, func(ctx context.Context, c *pgxpool.Conn) error {
		scan := func(row pgx.CollectableRow) (t Transition, err error) {
			var attributes []byte
			err = row.Scan(&t.ID, &t.Instance, &t.Key, &t.From, &t.To, &attributes, &t.At, &t.By)
			t.Attributes, t.At = attributes, t.At.UTC()
			return t, err
		}
		ts, err = collect(ctx, c, limit-1, scan, func(t Transition) int { return len(t.Attributes) }, historyStatement, instance, limit, offset)
		return err
	})
	return ts, err
}

// collect reads the rows of a page, and one more.
func collect[T any](ctx context.Context, c *pgxpool.Conn, rows int, scan pgx.RowToFunc[T], size func(T) int, sql string, args ...any) ([]T, error) {
	// Ended early, the server does not send the rest.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	page := pageBytes{rows: rows}
	found, _ := c.Query(ctx, sql, args...) // what fails comes with the first row
	tooLarge := false
	all, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (T, error) {
		v, err := scan(row)
		if err == nil {
			if err = page.add(size(v)); err != nil {
				tooLarge = true
				cancel()
			}
		}
		return v, err
	})
	if tooLarge {
		return nil, ErrTooLarge
	}
	return all, err
}

// scanPostgres reads a row of instanceColumns.
func scanPostgres(row pgx.CollectableRow) (in Instance, err error) {
	var key, createdBy, modifiedBy *string
	var completed *time.Time
	var attributes []byte
	err = row.Scan(&in.ID, &in.Domain, &in.Workflow, &in.FlowVersion, &key, &in.State, (*string)(&in.Status), &in.Tags, &attributes, &in.ETag,
		&in.CreatedAt, &in.ModifiedAt, &completed, &createdBy, &modifiedBy)
	if err != nil {
		return Instance{}, err
	}
	in.Key, in.CreatedBy, in.ModifiedBy = deref(key), deref(createdBy), deref(modifiedBy)
	in.Attributes = json.RawMessage(attributes)
	in.CreatedAt, in.ModifiedAt, in.CompletedAt = in.CreatedAt.UTC(), in.ModifiedAt.UTC(), deref(completed)
	if completed != nil {
		in.CompletedAt = completed.UTC()
	}
	return in, nil
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func orEmpty(tags []string) []string {
	if tags == nil {
		return []string{}
	}
	return tags
}

func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func jsonOrNil(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}
