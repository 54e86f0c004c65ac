package scope

import "context"

// Resolve gives an executor's value in a scope, made by its factory if it is
// not there yet. However many ask at once, the factory runs once; it runs in
// the goroutine and with the context of one of them, and if that one is
// cancelled, another one takes over. A failure is kept too: it is the answer
// until [Reload], [Scope.Release] or an extension's second next.
//
// The value passes through the extensions that wrap resolutions, each time;
// what the scope keeps is the factory's. Errors: a [*ResolutionError], what an
// extension made of it, or the context's.
func Resolve[T any](ctx context.Context, s *Scope, e *Executor[T]) (T, error) {
	v, err := s.resolve(ctx, e.core(), false, false)
	return as[T](v), err
}

// ResolveAny is [Resolve] for an executor whose type is not known before.
func (s *Scope) ResolveAny(ctx context.Context, e AnyExecutor) (any, error) {
	return s.resolve(ctx, coreOf(e), false, false)
}

// Reload resolves an executor anew, whatever is there: its cleanups run, then
// its factory, then what depends on it reactively is resolved anew. The errors
// of those are joined with its own.
func Reload[T any](ctx context.Context, s *Scope, e *Executor[T]) (T, error) {
	v, err := s.reload(ctx, e.core(), false)
	return as[T](v), err
}

// A Lookup is what a scope has of an executor at one moment.
type Lookup[T any] struct {
	State State
	Value T     // when Resolved: what the factory made, past any extension
	Err   error // when Rejected
}

// An Accessor is an executor in a scope. It may be kept, and used from any
// goroutine; it stays valid when the value goes and comes again.
type Accessor[T any] struct {
	scope *Scope
	exec  *Executor[T]
}

// Access gives the executor's accessor. It resolves nothing.
func Access[T any](s *Scope, e *Executor[T]) *Accessor[T] { return &Accessor[T]{s, e} }

// Executor is the accessor's executor.
func (a *Accessor[T]) Executor() *Executor[T] { return a.exec }

// Lookup gives what is there now, without resolving.
func (a *Accessor[T]) Lookup() Lookup[T] {
	at := a.scope.Lookup(a.exec)
	return Lookup[T]{at.State, as[T](at.Value), at.Err}
}

// Get gives the value that is there, as the factory made it. Without one it is
// [ErrNotResolved], after a failure that failure.
func (a *Accessor[T]) Get() (T, error) {
	at := a.Lookup()
	switch at.State {
	case Resolved:
		return at.Value, nil
	case Rejected:
		return at.Value, at.Err
	}
	return at.Value, a.scope.notResolved(a.exec.core())
}

// Resolve is [Resolve].
func (a *Accessor[T]) Resolve(ctx context.Context) (T, error) {
	v, err := a.scope.resolve(ctx, a.exec.core(), false, true)
	return as[T](v), err
}

// Reload is [Reload].
func (a *Accessor[T]) Reload(ctx context.Context) (T, error) {
	v, err := a.scope.reload(ctx, a.exec.core(), true)
	return as[T](v), err
}

// Update is [Update].
func (a *Accessor[T]) Update(ctx context.Context, fn func(old T) (T, error)) error {
	return Update(ctx, a.scope, a.exec, fn)
}

// Set is [Set].
func (a *Accessor[T]) Set(ctx context.Context, value T) error {
	return Set(ctx, a.scope, a.exec, value)
}

// Release is [Scope.Release].
func (a *Accessor[T]) Release(ctx context.Context) error { return a.scope.Release(ctx, a.exec) }

// OnUpdate is [OnUpdate].
func (a *Accessor[T]) OnUpdate(fn func(ctx context.Context, value T)) (remove func()) {
	return OnUpdate(a.scope, a.exec, fn)
}

// Lookup gives what the scope has of an executor, without resolving. It works
// on a disposed scope too, where there is nothing.
func (s *Scope) Lookup(e AnyExecutor) Lookup[any] {
	if c, ok := s.cells.Load(coreOf(e)); ok {
		if at := c.(*cell).content.Load(); at != nil {
			return Lookup[any]{at.state, at.value, at.err}
		}
	}
	return Lookup[any]{}
}
