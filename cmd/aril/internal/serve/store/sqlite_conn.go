package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxStatements is how many prepared statements a connection keeps. Lists make
// new ones for each form of filter.
const maxStatements = 64

// A sqliteConn is one connection, used by one goroutine at a time. It is below
// database/sql, which costs a point read as much as SQLite does.
type sqliteConn struct {
	conn       driver.Conn
	statements map[string]*sqliteStmt
	clock      uint64 // of the uses of statements
}

type sqliteStmt struct {
	stmt preparedStmt
	used uint64
	row  []driver.Value // for the values of each row in turn
}

// A preparedStmt is what the driver's statements are.
type preparedStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func dialSQLite(ctx context.Context, dsn string) (*sqliteConn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &sqliteConn{conn: conn, statements: map[string]*sqliteStmt{}}, nil
}

func (c *sqliteConn) close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.stmt.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

// prepare gives a statement that is kept; the one that was not used for the
// longest time goes for a new one.
func (c *sqliteConn) prepare(sql string) (*sqliteStmt, error) {
	c.clock++
	if s, ok := c.statements[sql]; ok {
		s.used = c.clock
		return s, nil
	}
	if len(c.statements) >= maxStatements {
		oldest := ""
		for sql, s := range c.statements {
			if oldest == "" || s.used < c.statements[oldest].used {
				oldest = sql
			}
		}
		old := c.statements[oldest]
		delete(c.statements, oldest)
		if err := old.stmt.Close(); err != nil {
			return nil, err
		}
	}
	stmt, err := c.conn.Prepare(sql)
	if err != nil {
		return nil, err
	}
	s := &sqliteStmt{stmt: stmt.(preparedStmt), used: c.clock}
	c.statements[sql] = s
	return s, nil
}

// exec runs a statement and gives how many rows it changed.
func (c *sqliteConn) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	r, err := s.stmt.ExecContext(ctx, sqliteArgs(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// script runs several statements.
func (c *sqliteConn) script(ctx context.Context, sql string) error {
	_, err := c.conn.(driver.ExecerContext).ExecContext(ctx, sql, nil)
	return err
}

// query calls row with each row. It must not keep the slice. What SQLite does
// before it gives the first row ends with ctx, what it does after does not.
func (c *sqliteConn) query(ctx context.Context, row func([]driver.Value) error, sql string, args ...any) (err error) {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	rows, err := s.stmt.QueryContext(ctx, sqliteArgs(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if s.row == nil {
		s.row = make([]driver.Value, len(rows.Columns()))
	}
	for {
		switch err := rows.Next(s.row); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := row(s.row); err != nil {
			return err
		}
	}
}

// errNoRow is for a query of one row that gave none.
var errNoRow = errors.New("no row")

func (c *sqliteConn) queryOne(ctx context.Context, row func([]driver.Value) error, sql string, args ...any) error {
	found := false
	err := c.query(ctx, func(v []driver.Value) error { found = true; return row(v) }, sql, args...)
	if err == nil && !found {
		return errNoRow
	}
	return err
}

func sqliteArgs(args []any) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		if n, ok := a.(int); ok {
			a = int64(n)
		}
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return named
}

// sqliteCode is the primary result code of an error; 0 for other errors.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func sqliteLocked(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// sqliteShort is whether the disk is full, or the process has no memory or file
// descriptor left.
func sqliteShort(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_FULL || code == sqlite3.SQLITE_NOMEM || code == sqlite3.SQLITE_CANTOPEN
}
