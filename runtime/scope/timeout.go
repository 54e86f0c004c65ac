package scope

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// A TimeoutError says that an execution did not end in time.
type TimeoutError struct {
	Name  string // of the flow, "fn" of a step
	After time.Duration

	// LeftBehind says that it did not mind its context, and still runs.
	LeftBehind bool
}

// Error says after how long.
func (e *TimeoutError) Error() string {
	s := fmt.Sprintf("execution of %q: timeout after %v", e.Name, e.After)
	if e.LeftBehind {
		s += ", and it still runs"
	}
	return s
}

// Unwrap makes it a context.DeadlineExceeded.
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

// Code is what extensions in the sandbox see.
func (e *TimeoutError) Code() string { return "timeout" }

// timeoutGrace is how long something may take to notice its timeout.
const timeoutGrace = 50 * time.Millisecond

// recovered runs fn, whose panic is an error.
func recovered(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
	}()
	return fn()
}

func (s *Scope) logPanic(name string, err error) {
	if p, ok := err.(*PanicError); ok {
		s.logger.Error("execution panicked", "scope", s.name, "execution", name, "panic", p.Error(), "stack", string(p.Stack))
	}
}

// timed runs fn for at most d, and a grace. What does not mind its context is
// left behind.
func timed(ctx context.Context, name string, d time.Duration, s *Scope, fn func(context.Context) (any, error)) (any, error) {
	if d <= 0 {
		return fn(ctx)
	}
	late := &TimeoutError{Name: name, After: d}
	ctx, cancel := context.WithTimeoutCause(ctx, d, late)
	type outcome struct {
		v   any
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		defer cancel()
		o := outcome{err: errGoexit}
		defer func() { done <- o }()
		o.err = recovered(func() (err error) { o.v, err = fn(ctx); return err })
	}()
	select {
	case o := <-done:
		if context.Cause(ctx) == error(late) && errors.Is(o.err, context.DeadlineExceeded) {
			return nil, late // it minded its context
		}
		return o.v, o.err
	case <-ctx.Done():
	}
	if context.Cause(ctx) != error(late) { // it ended, or its caller gave up, who waits for it
		o := <-done
		return o.v, o.err
	}
	grace := time.NewTimer(timeoutGrace)
	defer grace.Stop()
	select {
	case <-done:
		return nil, late
	case <-grace.C:
		left := *late
		left.LeftBehind = true
		s.logger.Warn("execution goes on past its timeout", "scope", s.name, "execution", name, "timeout", d)
		return nil, &left
	}
}
