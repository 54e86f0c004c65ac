package scope

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	aril "github.com/aril-wasm/aril/runtime"
)

// An extension of a scope is any [aril.Extension]: a loaded guest, or a native
// value with some of the hooks below. Its hooks may be called from many
// goroutines at once. They get a context and should honour it, and use the
// scope with it: a wrap that resolves what it is wrapping with a context of
// its own making cannot be found out, and never ends. A panic in one is an
// error of that hook.
//
// The hook for everything that can be wrapped is [aril.Wrapper].

// A ResolveWrapper stands around the resolutions and updates of a scope, and
// nothing else. An extension that is an [aril.Wrapper] too has its Wrap
// outside of it.
type ResolveWrapper interface {
	WrapResolve(ctx context.Context, op *ResolveOperation, next aril.Next) (any, error)
}

// An Initer is told that it has been added to a scope, before the scope is
// used. This is the place to subscribe to changes. An error takes the
// extension out again. Who adds the extension waits: what takes time belongs
// into Start.
type Initer interface {
	Init(ctx context.Context, s *Scope) error
}

// A Starter does in a goroutine of its own what is too slow for Init. The
// scope is used meanwhile; [Scope.Ready] waits. An error takes the extension
// out again. ctx ends when the scope is disposed or the extension is taken
// out.
type Starter interface {
	Start(ctx context.Context, s *Scope) error
}

// An ErrorHandler hears what [Scope.OnError] callbacks hear, after them.
type ErrorHandler interface {
	OnError(ctx context.Context, err error, e AnyExecutor, s *Scope)
}

// A Disposer is told that the scope is being disposed, while values can still
// be read and resolved.
type Disposer interface {
	Dispose(ctx context.Context, s *Scope) error
}

// A Detacher is told that it has been taken out of a scope that goes on, by
// the function that UseExtension returned or because its start failed.
type Detacher interface {
	Detach(ctx context.Context, s *Scope) error
}

// A Caller has methods of its own that the host calls by name, such as
// "getMetrics". A *aril.Guest is one. For a method that it does not have it
// answers [aril.ErrNoMethod].
type Caller interface {
	Call(ctx context.Context, method string, args any) (any, error)
}

// A registration is one extension in one scope. The same extension may be
// there twice.
type registration struct {
	scope   *Scope
	ext     aril.Extension
	layers  []aril.Extension // outermost first
	onError func(context.Context, error, AnyExecutor, *Scope)
	dispose func(context.Context) error // nil for none, as all below
	detach  func(context.Context) error

	initPod, disposePod func(context.Context, *Scope, *Context) error
	onPodError          func(context.Context, error, *Scope, *Context)

	attachment atomic.Pointer[attachment] // of a Listener: once it has been told
	started    chan struct{}              // closed when Start is over, nil without one
	cancel     context.CancelFunc
	err        error // of Start
	removed    atomic.Bool
}

// An extensionList is the extensions of a scope at one moment.
type extensionList struct {
	all   []*registration // in the order in which they were added
	wraps *aril.Pipeline  // nil when nobody wraps
	pods  bool            // somebody has a pod hook
	plans sync.Map        // what stands around executions, by flow, result type or phase
}

// A hookLayer puts a hook for operations of one kind, whose Params are a P,
// into a pipeline.
type hookLayer[P any] struct {
	aril.Extension
	kind string
	hook func(ctx context.Context, op P, next aril.Next) (any, error)
}

// Filters keep other operations away.
func (l hookLayer[P]) Filters() []aril.Filter { return []aril.Filter{{Kinds: []string{l.kind}}} }

// Wrap calls the hook.
func (l hookLayer[P]) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
	p, ok := op.Params.(P)
	if !ok {
		return next(ctx)
	}
	return l.hook(ctx, p, next)
}

func (s *Scope) register(ext aril.Extension) *registration {
	r := &registration{scope: s, ext: ext}
	if l, ok := ext.(Listener); ok {
		r.listener(l)
		return r
	}
	if _, ok := ext.(aril.Wrapper); ok {
		r.layers = append(r.layers, ext)
	}
	if hook, ok := ext.(ResolveWrapper); ok {
		r.layers = append(r.layers, hookLayer[*ResolveOperation]{ext, KindResolve, hook.WrapResolve})
	}
	if hook, ok := ext.(ExecuteWrapper); ok {
		r.layers = append(r.layers, hookLayer[*ExecutionOperation]{ext, KindExecution, hook.WrapExecute})
	}
	if hook, ok := ext.(PodIniter); ok {
		r.initPod = hook.InitPod
	}
	if hook, ok := ext.(PodDisposer); ok {
		r.disposePod = hook.DisposePod
	}
	if hook, ok := ext.(PodErrorHandler); ok {
		r.onPodError = hook.OnPodError
	}
	if hook, ok := ext.(ErrorHandler); ok {
		r.onError = hook.OnError
	}
	if hook, ok := ext.(Disposer); ok {
		r.dispose = func(ctx context.Context) error { return hook.Dispose(ctx, s) }
	}
	if hook, ok := ext.(Detacher); ok {
		r.detach = func(ctx context.Context) error { return hook.Detach(ctx, s) }
	}
	return r
}

// replaceList puts a changed list of extensions into force.
func (s *Scope) replaceList(change func([]*registration) []*registration) {
	s.listing.Lock()
	defer s.listing.Unlock()
	s.extensions.Store(s.newList(change(slices.Clone(s.extensions.Load().all))))
}

func (s *Scope) newList(all []*registration) *extensionList {
	list := &extensionList{all: all}
	var layers []aril.Extension
	for _, r := range all {
		if s.compat.FirstOutermost {
			layers = append(layers, r.layers...)
		} else {
			layers = append(slices.Clone(r.layers), layers...)
		}
		list.pods = list.pods || r.initPod != nil || r.disposePod != nil || r.onPodError != nil
	}
	if len(layers) > 0 {
		list.wraps = aril.NewPipelineIn(&s.store, layers...)
	}
	return list
}

// UseExtension adds an extension: it wraps from now on, outside of those that
// are there. If its Init fails, it is not added, and the error is returned. Its
// Start goes on in the background.
//
// remove takes it out again: operations that have begun still pass through
// it, its Dispose is not called, its Detach is. What a native extension
// subscribed to stays subscribed until it removes that itself. Calling remove
// again does nothing.
func (s *Scope) UseExtension(ctx context.Context, ext aril.Extension) (remove func(), err error) {
	if ext == nil {
		return nil, errors.New("a nil extension")
	}
	if s.disposing.Load() {
		return nil, fmt.Errorf("cannot register extension %q on a disposing scope: %w", ext.Name(), ErrClosed)
	}
	r := s.register(ext)
	s.replaceList(func(all []*registration) []*registration { return append(all, r) })
	if err := r.hook("init", func() error { return await(ctx, func() error { return r.init(ctx) }) }); err != nil {
		r.remove(context.WithoutCancel(ctx), false)
		return nil, err
	}
	r.start()
	return func() { r.remove(context.WithoutCancel(ctx), true) }, nil
}

func (r *registration) init(ctx context.Context) error {
	if l, ok := r.ext.(Listener); ok {
		return r.attach(ctx, l)
	}
	if hook, ok := r.ext.(Initer); ok {
		return hook.Init(ctx, r.scope)
	}
	return nil
}

// start runs the Start hook in the background.
func (r *registration) start() {
	var run func(context.Context) error
	if l, ok := r.ext.(Listener); ok {
		if l.HearsEvents() {
			run = r.tellStart
		}
	} else if hook, ok := r.ext.(Starter); ok {
		run = func(ctx context.Context) error { return hook.Start(ctx, r.scope) }
	}
	if run == nil {
		return
	}
	ctx, cancel := context.WithCancel(r.scope.ctx)
	r.cancel, r.started = cancel, make(chan struct{})
	r.scope.starting.add(r)
	began := r.scope.background.start(func() {
		defer close(r.started)
		defer cancel()
		if r.err = r.hook("start", func() error { return run(ctx) }); r.err != nil {
			r.scope.logger.Warn("extension did not start", "scope", r.scope.name, "extension", r.ext.Name(), "error", r.err)
			r.remove(context.WithoutCancel(ctx), true)
		}
	})
	if !began { // the scope has ended meanwhile
		cancel()
		close(r.started)
	}
}

// hook runs a hook and names it in its error.
func (r *registration) hook(name string, run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &aril.CallError{Extension: r.ext.Name(), Hook: name, Err: aril.ErrPanic, Detail: fmt.Sprint(p)}
			r.scope.logger.Error("extension panicked", "scope", r.scope.name, "extension", r.ext.Name(), "hook", name,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			return
		}
		var broken *aril.CallError
		if err != nil && !errors.As(err, &broken) {
			err = fmt.Errorf("extension %q: %s: %w", r.ext.Name(), name, err)
		}
	}()
	return run()
}

func (r *registration) remove(ctx context.Context, tell bool) {
	if r.removed.Swap(true) {
		return
	}
	r.scope.replaceList(func(all []*registration) []*registration {
		return slices.DeleteFunc(all, func(x *registration) bool { return x == r })
	})
	if r.cancel != nil {
		r.cancel()
	}
	if tell && r.detach != nil {
		if err := r.hook("detach", func() error { return r.detach(ctx) }); err != nil {
			r.scope.logger.Warn("extension did not detach", "scope", r.scope.name, "error", err)
		}
	}
}

// Ready waits until the Start hooks of all extensions are over. It gives the
// errors of those that failed, which are no extensions of the scope any more,
// or the context's.
func (s *Scope) Ready(ctx context.Context) error {
	var errs []error
	for _, r := range s.starting.all() {
		select {
		case <-r.started:
			errs = append(errs, r.err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return errors.Join(errs...)
}

// Extensions lists the scope's extensions in the order in which they were
// added.
func (s *Scope) Extensions() []aril.Extension {
	all := s.extensions.Load().all
	out := make([]aril.Extension, len(all))
	for i, r := range all {
		out[i] = r.ext
	}
	return out
}
