package scope

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A Change tells that an executor is about to get a value.
type Change struct {
	Event    string // "resolve" or "update"
	Executor AnyExecutor
	Value    any
	Scope    *Scope
}

// OnChange has fn called before a value is stored: by a first resolution, by
// one anew, by an update; not for a value that a preset gave. fn may answer
// with a preset of that executor: its value is stored instead. An error makes
// the resolution or update fail, with the code [CodeCallback]. Callbacks run
// in the order of their registration, in the goroutine that resolves; changes
// of different executors may come at once.
//
// remove takes the callback away.
func (s *Scope) OnChange(fn func(ctx context.Context, c Change) (*Preset, error)) (remove func()) {
	return s.onChange.add(fn)
}

// OnRelease has fn called when a value has gone, after its cleanups.
func (s *Scope) OnRelease(fn func(ctx context.Context, e AnyExecutor)) (remove func()) {
	return s.onRelease.add(fn)
}

// OnError has fn called when an executor cannot be resolved, and when a wrap
// of an extension makes an error of its own: once for each error value. e is
// nil if the error is no executor's. The error goes its way whatever fn does.
// The executor's state is Rejected by then.
func (s *Scope) OnError(fn func(ctx context.Context, err error, e AnyExecutor, s *Scope)) (remove func()) {
	return s.onError.add(fn)
}

// OnExecutorError is OnError for one executor. It runs before those of the
// scope, also when the error is that of something it depends on.
func (s *Scope) OnExecutorError(e AnyExecutor, fn func(ctx context.Context, err error, e AnyExecutor, s *Scope)) (remove func()) {
	return s.own(coreOf(e)).onError.add(fn)
}

// OnExecutorChange is OnChange for one executor. It runs before those of the
// scope.
func (s *Scope) OnExecutorChange(e AnyExecutor, fn func(ctx context.Context, c Change) (*Preset, error)) (remove func()) {
	return s.own(coreOf(e)).onChange.add(fn)
}

// OnExecutorRelease is OnRelease for one executor.
func (s *Scope) OnExecutorRelease(e AnyExecutor, fn func(ctx context.Context, e AnyExecutor)) (remove func()) {
	return s.own(coreOf(e)).onRelease.add(fn)
}

// OnUpdate has fn called after each change of a value by an update, its own or
// that of something it depends on reactively.
func (s *Scope) OnUpdate(fn func(ctx context.Context, e AnyExecutor, value any)) (remove func()) {
	return s.onUpdate.add(fn)
}

// OnUpdate has fn called after each change of an executor's value by an update,
// its own or that of something it depends on reactively.
func OnUpdate[T any](s *Scope, e *Executor[T], fn func(ctx context.Context, value T)) (remove func()) {
	return s.own(e.core()).onUpdate.add(func(ctx context.Context, v any) { fn(ctx, as[T](v)) })
}

// Every has fn called each time d has passed, until remove is called or the
// scope is disposed, from a goroutine of its own. A call that takes longer
// than d delays the next one: none are made up for. A call under way goes on
// when remove is called; its context ends with the scope. Less than a
// millisecond counts as one. On a disposed scope fn is never called.
func (s *Scope) Every(d time.Duration, fn func(ctx context.Context)) (remove func()) {
	stop := make(chan struct{})
	d = max(d, time.Millisecond)
	s.background.start(func() {
		ticker := time.NewTicker(d)
		defer ticker.Stop()
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-stop:
				return
			case <-ticker.C:
			}
			select {
			case <-stop:
				return
			default:
				s.guard(nil, func() { fn(s.ctx) })
			}
		}
	})
	return sync.OnceFunc(func() { close(stop) })
}

// perExecutor is what listens to one executor. It outlives the value.
type perExecutor struct {
	onChange  listeners[func(context.Context, Change) (*Preset, error)]
	onUpdate  listeners[func(context.Context, any)]
	onRelease listeners[func(context.Context, AnyExecutor)]
	onError   listeners[func(context.Context, error, AnyExecutor, *Scope)]
}

func (s *Scope) own(e *executor) *perExecutor {
	if p, ok := s.listening.Load(e); ok {
		return p.(*perExecutor)
	}
	p, _ := s.listening.LoadOrStore(e, &perExecutor{})
	return p.(*perExecutor)
}

// changed asks the OnChange callbacks, and gives the value to store.
func (s *Scope) changed(f *flight, event string, e *executor, v any) (any, error) {
	v, ok := e.check(v)
	if !ok {
		return nil, s.resolutionError(f, CodePreset, CategoryUser, StagePost, typeError(e, v))
	}
	for _, fn := range s.changeListeners(e) {
		p, err := callChange(f, *fn, Change{event, e.self, v, s})
		if err != nil {
			return nil, s.resolutionError(f, CodeCallback, CategorySystem, StagePost, err)
		}
		if p == nil {
			continue
		}
		if p.target != e || p.source != nil {
			return nil, s.resolutionError(f, CodePreset, CategoryUser, StagePost, fmt.Errorf("OnChange answered with a preset that is no value of %q", ExecutorName(e)))
		}
		if v, ok = e.check(p.value); !ok {
			return nil, s.resolutionError(f, CodePreset, CategoryUser, StagePost, typeError(e, p.value))
		}
	}
	return v, nil
}

func (s *Scope) changeListeners(e *executor) []*func(context.Context, Change) (*Preset, error) {
	global := s.onChange.all()
	if p, ok := s.listening.Load(e); ok {
		if own := p.(*perExecutor).onChange.all(); len(own) > 0 {
			return slices.Concat(own, global)
		}
	}
	return global
}

func callChange(ctx context.Context, fn func(context.Context, Change) (*Preset, error), c Change) (p *Preset, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
	}()
	return fn(ctx, c)
}

func typeError(e *executor, v any) error {
	return fmt.Errorf("%w: %T, not %v", ErrType, v, e.typ)
}

func (s *Scope) tellUpdated(ctx context.Context, e *executor, v any) {
	if p, ok := s.listening.Load(e); ok {
		for _, fn := range p.(*perExecutor).onUpdate.all() {
			s.guard(e.self, func() { (*fn)(ctx, v) })
		}
	}
	for _, fn := range s.onUpdate.all() {
		s.guard(e.self, func() { (*fn)(ctx, e.self, v) })
	}
}

func (s *Scope) tellReleased(ctx context.Context, e *executor) {
	if p, ok := s.listening.Load(e); ok {
		for _, fn := range p.(*perExecutor).onRelease.all() {
			s.guard(e.self, func() { (*fn)(ctx, e.self) })
		}
	}
	for _, fn := range s.onRelease.all() {
		s.guard(e.self, func() { (*fn)(ctx, e.self) })
	}
}

// failed tells of an executor's failure. told says that the error itself has
// been told already, as that of a dependency.
func (s *Scope) failed(ctx context.Context, e *executor, err error, told bool) {
	if p, ok := s.listening.Load(e); ok {
		for _, fn := range p.(*perExecutor).onError.all() {
			s.guard(e.self, func() { (*fn)(ctx, err, e.self, s) })
		}
	}
	if told && !s.compat.ErrorsPerExecutor || isTold(err) && executorOf(err) == e {
		return
	}
	s.tellError(ctx, err, e.self)
}

// wrapFailed tells of an error that came out of the extensions around a cell,
// unless it is the one that went in, or the caller's giving up.
func (s *Scope) wrapFailed(ctx context.Context, c *cell, err error) {
	if s.compat.QuietWraps || ctx.Err() != nil {
		return
	}
	if at := c.content.Load(); at != nil && same(at.err, err) || isTold(err) {
		return
	}
	s.tellError(ctx, err, c.exec.self)
}

// isTold knows errors that were told where they were made, or are nobody's
// failure.
func isTold(err error) bool {
	switch e := err.(type) {
	case *DependencyError:
		return e.Circle != nil
	case *ResolutionError:
		return e.Err == ErrReentrant
	}
	return errors.Is(err, ErrClosed)
}

// tellError tells the scope's callbacks, then the extensions in the order in
// which they were added.
func (s *Scope) tellError(ctx context.Context, err error, e AnyExecutor) {
	for _, fn := range s.onError.all() {
		s.guard(nil, func() { (*fn)(ctx, err, e, s) })
	}
	for _, r := range s.extensions.Load().all {
		if r.onError != nil {
			s.guard(nil, func() { r.onError(ctx, err, e, s) })
		}
	}
}

// executorOf gives the executor that an error of a resolution is about.
func executorOf(err error) *executor {
	var e *ResolutionError
	if errors.As(err, &e) {
		return e.Executor.core()
	}
	return nil
}

// guard runs a callback whose panic is nobody's business but the log's.
func (s *Scope) guard(e AnyExecutor, fn func()) {
	defer func() {
		if r := recover(); r != nil {
			s.logger.Error("callback panicked", "scope", s.name, "executor", ExecutorName(e), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	fn()
}

// same compares errors by identity.
func same(a, b error) bool {
	return a != nil && b != nil && reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.TypeOf(a).Comparable() && a == b
}

// listeners is a list of callbacks that is read without a lock.
type listeners[F any] struct {
	mu   sync.Mutex
	list []*F // replaced, never changed
}

func (l *listeners[F]) add(fn F) (remove func()) {
	at := &fn
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(slices.Clip(l.list), at)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if i := slices.Index(l.list, at); i >= 0 {
			l.list = slices.Delete(slices.Clone(l.list), i, i+1)
		}
	}
}

func (l *listeners[F]) all() []*F {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list
}
