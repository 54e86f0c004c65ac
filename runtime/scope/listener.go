package scope

import (
	"context"

	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
)

// A Listener is an extension that hears of scopes by events, as guests do: a
// loaded [*aril.Guest], or an extension of package native, which is a guest in
// this process. abi/ABI.md#event lists the events, which stand for all hooks of
// this package: of those, a Listener's own are not looked for. It wraps if it
// is an [aril.Wrapper] or a guest.
type Listener interface {
	aril.Extension

	// Event tells of an event, waits, and gives the answer, if there is one.
	Event(ctx context.Context, e aril.Event) (answer any, answered bool, err error)

	// HearsEvents reports whether there is a hook for events. Without one, Event
	// is not called.
	HearsEvents() bool

	// Powers say how it may answer, and what it may do to its scopes.
	Powers() aril.Powers
}

var _ Listener = (*aril.Guest)(nil)

// Attached gives the scope with that ID if the Listener is attached to it, and
// else nil: in the Attach event already, and in the Detach event still.
func Attached(l Listener, id uint64) *Scope {
	if a := attachments.find(l, id); a != nil {
		return a.scope
	}
	return nil
}

// listener fills in the registration of a Listener.
func (r *registration) listener(l Listener) {
	_, isGuest := l.(*aril.Guest)
	if _, wraps := l.(aril.Wrapper); wraps || isGuest {
		r.layers = []aril.Extension{l}
	}
	r.dispose = func(ctx context.Context) error { return r.detachListener(ctx, l) }
	r.detach = r.dispose
	if !l.HearsEvents() {
		return
	}
	r.onError = func(ctx context.Context, err error, e AnyExecutor, _ *Scope) {
		data, name := failure{err: err}, ""
		if e != nil {
			data.executor, name = e.ID(), e.Name()
		}
		if a := r.attachment.Load(); a != nil && a.speaker() == r {
			a.tell(ctx, names.EventError, name, data)
		}
	}
	r.initPod = func(ctx context.Context, pod *Scope, c *Context) error {
		return r.beginPod(ctx, l, pod, c)
	}
	r.disposePod = func(ctx context.Context, pod *Scope, c *Context) error {
		return r.podEvent(ctx, l, names.EventDisposePod, pod, podData{context: c})
	}
	r.onPodError = func(ctx context.Context, err error, pod *Scope, c *Context) {
		if err := r.podEvent(ctx, l, names.EventPodError, pod, podData{context: c, err: err}); err != nil {
			pod.notTaken(l, names.EventPodError, err)
		}
	}
}

// attach is the seeds' init(scope). The same Listener again wraps twice, and
// hears once.
func (r *registration) attach(ctx context.Context, l Listener) error {
	a, first := attachments.join(l, r)
	r.attachment.Store(a)
	if !first {
		return nil
	}
	_, _, err := a.event(ctx, names.EventAttach, r.scope.name, nothingMore{})
	if err != nil {
		attachments.drop(a)
	}
	return err
}

func (r *registration) tellStart(ctx context.Context) error {
	a := r.attachment.Load()
	if a == nil || a.started.Swap(true) {
		return nil
	}
	_, _, err := a.event(ctx, names.EventStart, r.scope.name, nothingMore{})
	if ctx.Err() != nil {
		return nil // the scope ended first
	}
	return err
}

// detachListener is the seeds' dispose(scope).
func (r *registration) detachListener(ctx context.Context, l Listener) error {
	a := r.attachment.Load()
	if a == nil || !attachments.leave(a, r) {
		return nil
	}
	a.unsubscribe()
	_, _, err := a.event(ctx, names.EventDetach, r.scope.name, nothingMore{})
	attachments.drop(a)
	return err
}

// beginPod tells of an execution that is about to begin, which an answer of an
// error ends: as a wrap that does not call next.
func (r *registration) beginPod(ctx context.Context, l Listener, pod *Scope, c *Context) error {
	err := r.podEvent(ctx, l, names.EventInitPod, pod, podData{context: c})
	if err != nil && !isBroken(err) && !l.Powers().Has(aril.Skip) {
		return denied(l, names.EventInitPod, aril.Skip)
	}
	return err
}

// podEvent tells of an execution. A Listener that is in the scope twice is
// told once.
func (r *registration) podEvent(ctx context.Context, l Listener, typ string, pod *Scope, data podData) error {
	if a := r.attachment.Load(); a != nil && a.speaker() != r {
		return nil
	}
	_, _, err := l.Event(ctx, aril.Event{Type: typ, Scope: pod.id, Name: data.context.name, Data: data, Store: &pod.store})
	return err
}

// notTaken reports an event that failed where nobody waits for an answer.
func (s *Scope) notTaken(l Listener, typ string, err error) {
	s.logger.Warn("extension did not take an event", "scope", s.name, "extension", l.Name(), "event", typ, "error", err)
}
