package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What with does again where a connection turns out to be dead: the server may
// have done what it was told, so only what changes nothing.
const (
	read  = true
	write = false
)

// attempts are made where the server rolled a transaction back for the sake of
// another.
const attempts = 4

// with calls use with a connection, and gives its error as callers want it.
func (db *postgresDatabase) with(ctx context.Context, again bool, use func(context.Context, *pgxpool.Conn) error) error {
	for try := 1; ; try++ {
		c, err := db.acquire(ctx)
		if err != nil {
			return err
		}
		err = use(ctx, c)
		dead := c.Conn().IsClosed()
		c.Release()
		if err == nil || errors.Is(err, ErrChanged) || errors.Is(err, ErrTooLarge) {
			return err
		}
		if ctx.Err() == nil && try < attempts && (rolledBack(err) || dead && (again || pgconn.SafeToRetry(err))) {
			continue
		}
		return postgresError(ctx, err, dead)
	}
}

func (db *postgresDatabase) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, db.wait)
	defer cancel()
	c, err := db.pool.Acquire(waiting)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && !busyCode(refused.Code) {
		return nil, err // a wrong password, no such database
	}
	return nil, fmt.Errorf("%w: %v", ErrBusy, err)
}

// rolledBack is whether the server undid a transaction that may go well when
// it is done again: serialization_failure, deadlock_detected.
func rolledBack(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// busyCode is whether an SQLSTATE says that the server cannot for now: it is
// short of something, shuts down, starts, follows another server, has a lock
// in the way or was told to stop a statement.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func busyCode(code string) bool {
	switch code[:min(len(code), 2)] {
	case "08", "40", "53", "57":
		return true
	}
	return code == "55P03" || code == "25006"
}

// postgresError tells a client's mistakes and a busy server from failures.
func postgresError(ctx context.Context, err error, dead bool) error {
	var e *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case !errors.As(err, &e):
		if dead {
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return err
	case e.Code == "23505": // unique_violation
		return ErrKeyTaken
	case busyCode(e.Code):
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case e.Code[:2] == "22" || e.Code[:2] == "54": // data, program limits
		return fmt.Errorf("%w: %s", ErrInvalid, e.Message)
	}
	return err
}
