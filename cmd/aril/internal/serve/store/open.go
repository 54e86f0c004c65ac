package store

import (
	"context"
	"fmt"
	"strings"
)

// Open opens a database and brings its tables up to date:
//
//	sqlite:PATH       a file, made if need be, readable by its owner alone
//	sqlite::memory:   gone with the Store
//	postgres://…      as libpq writes it; sslmode and the rest apply
//
// What a write acknowledges survives the end of this process and of the
// machine; with PostgreSQL as far as the server's fsync goes, and unless the URL
// has synchronous_commit=off.
//
// A database whose tables are of a newer release is refused. Several processes
// may open one at once.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	o = o.withDefaults()
	scheme, rest, ok := strings.Cut(url, ":")
	var db database
	var err error
	switch {
	case ok && scheme == "sqlite":
		db, err = openSQLite(ctx, rest, o)
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		db, err = openPostgres(ctx, url, o)
	default:
		// The rest of it may hold a password.
		return nil, fmt.Errorf("database: the URL begins with neither sqlite: nor postgres://")
	}
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return &Store{db: db, definitions: &definitions{db: db}, lists: make(chan struct{}, (o.Connections+1)/2), wait: o.Wait}, nil
}
