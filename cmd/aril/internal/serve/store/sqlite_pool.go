package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

var errClosed = errors.New("the store is closed")

// A sqlitePool hands connections out.
type sqlitePool struct {
	dsn  string
	wait time.Duration
	free chan *sqliteConn // as many as there may be; nil is one to be opened

	closing   chan struct{}
	closeOnce sync.Once
}

func newSQLitePool(dsn string, n int, wait time.Duration) *sqlitePool {
	p := &sqlitePool{dsn: dsn, wait: wait, free: make(chan *sqliteConn, n), closing: make(chan struct{})}
	for range n {
		p.free <- nil
	}
	return p
}

// pause is between two attempts, beside what SQLite itself waits.
const pause = 2 * time.Millisecond

// with calls use with a connection. While another process holds a lock that
// use needs, use begins anew.
func (p *sqlitePool) with(ctx context.Context, use func(*sqliteConn) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer func() { p.free <- c }()
	deadline := time.Now().Add(p.wait)
	for {
		if c == nil {
			c, err = dialSQLite(ctx, p.dsn)
		}
		if err == nil {
			err = use(c)
		}
		switch {
		case err == nil:
			return nil
		case sqliteShort(err), sqliteLocked(err) && time.Now().After(deadline):
			return fmt.Errorf("%w: %w", ErrBusy, err)
		case !sqliteLocked(err):
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		case <-time.After(pause):
			err = nil
		}
	}
}

// take waits for a connection.
func (p *sqlitePool) take(ctx context.Context) (*sqliteConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-p.closing:
		return nil, errClosed
	default:
	}
	select {
	case c := <-p.free:
		return c, nil
	default:
	}
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case c := <-p.free:
		return c, nil
	case <-p.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	case <-timer.C:
		return nil, ErrBusy
	}
}

// close waits for the connections that are in use, as long as a call may wait
// for one.
func (p *sqlitePool) close() error {
	var errs []error
	p.closeOnce.Do(func() {
		close(p.closing)
		timer := time.NewTimer(p.wait)
		defer timer.Stop()
		for range cap(p.free) {
			select {
			case c := <-p.free:
				if c != nil {
					errs = append(errs, c.close())
				}
			case <-timer.C:
				errs = append(errs, errors.New("a connection is still in use"))
				return
			}
		}
	})
	return errors.Join(errs...)
}
