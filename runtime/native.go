package runtime

import (
	"context"
	"fmt"
	"sync"
)

// innerRuns records what became of the operation inside a native extension,
// which may call next from several goroutines.
type innerRuns struct {
	mu       sync.Mutex
	inner    Inner
	running  int
	panicked bool // a panic came out of next, so it is not the extension's
}

func (r *innerRuns) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inner.Calls++
	r.running++
}

func (r *innerRuns) outcome(value any, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inner.Value, r.inner.Err = value, err
}

func (r *innerRuns) end(panicked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	r.panicked = r.panicked || panicked
}

func (r *innerRuns) snapshot() Inner {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.inner
	in.Running = r.running > 0
	return in
}

// callNative calls the Wrap of a native extension and turns its own panic into
// a CallError. A panic that came through next is not its own, and goes on.
func callNative(ctx context.Context, l *layer, inv *Invocation, next Next, inner *innerRuns, op *Operation) (v any, err error) {
	finished := false
	defer func() {
		if finished {
			return
		}
		inner.mu.Lock()
		passing := inner.panicked
		inner.mu.Unlock()
		if passing {
			return
		}
		if r := recover(); r != nil {
			v, err = nil, &CallError{Extension: l.ext.Name(), Operation: op.Name, Hook: "wrap", Err: ErrPanic,
				Detail: fmt.Sprint(r), Inner: inner.snapshot()}
		}
	}()
	v, err = l.native.Wrap(ctx, inv, next)
	finished = true
	return v, err
}
