package conformance

import (
	"context"
	"sync"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// An Outcome is what came out of a step.
type Outcome struct {
	Value    any
	Err      error
	Answered bool          // of an event: it gave a value
	Inputs   []any         // of an operation: what reached it, at each next
	Took     time.Duration // with everything that runs inside

	last   any   // of the last next: the value as it was given to the extension
	failed error // and its error
	inner  []Difference
}

// Name says what the step does: "operation order.place", "call echo", "event
// tick".
func (s *Step) Name() string {
	switch {
	case s.method != nil:
		return "call " + *s.method
	case s.event != nil:
		return "event " + s.event.Type
	}
	return "operation " + s.operation.Name
}

// Expects reports whether the step says what must come out of it.
func (s *Step) Expects() bool { return s.expect.kind != expectNothing }

// Do does the step once, whatever its repeat and at_once say. It may be called
// from many goroutines at once.
func (s *Step) Do(ctx context.Context, session *Session) *Outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if s.cancelAfter > 0 {
		defer time.AfterFunc(s.cancelAfter, cancel).Stop()
	}
	o := &Outcome{}
	switch {
	case s.method != nil:
		began := time.Now()
		o.Value, o.Err = session.Call(ctx, *s.method, s.input)
		o.Took = time.Since(began)
	case s.event != nil:
		e := *s.event
		e.Data = s.input
		began := time.Now()
		o.Value, o.Answered, o.Err = session.Event(ctx, e)
		o.Took = time.Since(began)
	default:
		r := &run{step: s, session: session, cancel: cancel, outcome: o}
		call := aril.Wrap(session.pipeline, *s.operation, r.operate)
		began := time.Now()
		o.Value, o.Err = call(ctx, &s.input)
		o.Took = time.Since(began)
	}
	return o
}

// A run is an operation that an extension is around.
type run struct {
	step    *Step
	session *Session
	cancel  context.CancelFunc

	mu      sync.Mutex
	outcome *Outcome
}

// operate is the operation itself. Values travel by pointer, so that one that
// came through as it was can be told from its copy.
func (r *run) operate(ctx context.Context, in any) (value any, err error) {
	r.mu.Lock()
	i := len(r.outcome.Inputs)
	r.outcome.Inputs = append(r.outcome.Inputs, in)
	r.mu.Unlock()
	value, err = r.answer(ctx, i, in)
	r.mu.Lock()
	r.outcome.last, r.outcome.failed = value, err
	r.mu.Unlock()
	return value, err
}

func (r *run) answer(ctx context.Context, i int, in any) (any, error) {
	if len(r.step.next) == 0 {
		return &in, nil
	}
	e := &r.step.next[min(i, len(r.step.next)-1)]
	if e.cancel {
		r.cancel()
	}
	if err := wait(ctx, e.delay); err != nil {
		return nil, err
	}
	if e.operation == nil {
		if e.failure != nil {
			return nil, e.failure
		}
		return &e.value, nil
	}
	inner := e.operation.Do(ctx, r.session)
	r.mu.Lock()
	r.outcome.inner = append(r.outcome.inner, e.operation.check(inner, nil)...)
	r.mu.Unlock()
	return &inner.Value, inner.Err
}

// wait passes time, unless the caller gives up.
func wait(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
