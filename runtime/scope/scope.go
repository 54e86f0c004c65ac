package scope

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	aril "github.com/aril-wasm/aril/runtime"
)

// A Config describes a [Scope]. The zero value is an empty one.
type Config struct {
	// Name is what errors and extensions call the scope. Default "scope-" and
	// its ID.
	Name string

	// Extensions are added in this order, as by UseExtension.
	Extensions []aril.Extension

	// Presets replace executors. The last one for an executor holds.
	Presets []Preset

	// Registry lists executors that the scope is to know before they are
	// resolved: for [Scope.RegisteredExecutors], and for extensions in the
	// sandbox, which ask by name. Names must differ.
	Registry []AnyExecutor

	// Tags are the scope's, for executors that depend on tags.
	Tags []Tagged

	// SharedKeys are the keys of the scope's store, [Scope.Set], that
	// extensions in the sandbox may read and write. Default none.
	SharedKeys []string

	// Compat chooses the behaviour of a released system. Default: what this
	// package documents.
	Compat Compat

	// Logger gets panics of callbacks, and hooks that failed with nobody to
	// tell. Default slog.Default().
	Logger *slog.Logger
}

// A Scope holds the values of executors. It resolves each once, tells
// extensions and callbacks, updates and releases. It may be used from any
// goroutine. [Scope.Dispose] it when done.
type Scope struct {
	parent  *Scope // of a pod
	pods    pods
	id      uint64
	name    string
	compat  Compat
	presets map[*executor]Preset
	tags    []Tagged
	roster  []AnyExecutor

	rosterOnce sync.Once
	rosterByID []AnyExecutor // set by rosterOnce
	logger     *slog.Logger
	shared     map[string]bool

	cells sync.Map      // *executor → *cell
	order atomic.Uint64 // of resolutions
	index index

	listening sync.Map // *executor → *perExecutor
	onChange  listeners[func(context.Context, Change) (*Preset, error)]
	onUpdate  listeners[func(context.Context, AnyExecutor, any)]
	onRelease listeners[func(context.Context, AnyExecutor)]
	onError   listeners[func(context.Context, error, AnyExecutor, *Scope)]

	listing    sync.Mutex // to replace extensions
	extensions atomic.Pointer[extensionList]
	starting   starting
	data       Data       // of Set and Get
	store      aril.Store // what guests keep at level scope

	ctx        context.Context // of background work
	cancel     context.CancelFunc
	background background
	disposing  atomic.Bool
	closed     atomic.Bool
	disposed   chan struct{}
	disposeErr error
}

var scopeIDs atomic.Uint64

// New makes a scope and adds the extensions, each of whose Init runs before
// the next one is added. ctx is for that alone. Errors: everything that is
// wrong with the Config, in one; the first failing Init, after which the scope
// is disposed.
func New(ctx context.Context, cfg Config) (*Scope, error) { return newScope(ctx, nil, cfg) }

func newScope(ctx context.Context, parent *Scope, cfg Config) (*Scope, error) {
	s := &Scope{
		parent: parent, id: scopeIDs.Add(1), name: cfg.Name, compat: cfg.Compat, tags: present(cfg.Tags), roster: slices.Clone(cfg.Registry),
		logger: cmp.Or(cfg.Logger, slog.Default()), presets: map[*executor]Preset{}, shared: map[string]bool{},
		disposed: make(chan struct{}),
	}
	if s.name == "" {
		s.name = "scope-" + strconv.FormatUint(s.id, 10)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.extensions.Store(&extensionList{})
	if err := s.configure(&cfg); err != nil {
		return nil, err
	}
	for _, ext := range cfg.Extensions {
		if _, err := s.UseExtension(ctx, ext); err != nil {
			return nil, errors.Join(err, s.Dispose(context.WithoutCancel(ctx)))
		}
	}
	return s, nil
}

func (s *Scope) configure(cfg *Config) error {
	errs := []error{tagErrors(s.tags)}
	for i, p := range cfg.Presets {
		if p.target == nil || p.target == missing || p.source == missing {
			errs = append(errs, fmt.Errorf("preset %d is for no executor", i))
			continue
		}
		s.presets[p.target] = p
	}
	if err := s.checkPresets(); err != nil {
		errs = append(errs, err)
	}
	names := map[string]bool{}
	for i, e := range s.roster {
		switch {
		case coreOf(e) == missing:
			errs = append(errs, fmt.Errorf("registered executor %d is nil", i))
			continue
		case e.Name() != "" && names[e.Name()]:
			errs = append(errs, fmt.Errorf("two registered executors are named %q", e.Name()))
		case e.core().invalid != nil:
			errs = append(errs, fmt.Errorf("executor %q: %w", ExecutorName(e), e.core().invalid))
		}
		names[e.Name()] = true
	}
	for i, ext := range cfg.Extensions {
		if ext == nil {
			errs = append(errs, fmt.Errorf("extension %d is nil", i))
		}
	}
	for _, key := range cfg.SharedKeys {
		s.shared[key] = true
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("scope %q: %w", s.name, err)
	}
	return nil
}

// checkPresets refuses executors that replace each other in a circle.
func (s *Scope) checkPresets() error {
	for start, p := range s.presets {
		seen := map[*executor]bool{start: true}
		for p.source != nil {
			if seen[p.source] {
				return fmt.Errorf("the preset of executor %q leads back to it", ExecutorName(start))
			}
			seen[p.source] = true
			p = s.presets[p.source]
		}
	}
	return nil
}

// ID is unique in the process and never 0.
func (s *Scope) ID() uint64 { return s.id }

// Name is the scope's name.
func (s *Scope) Name() string { return s.name }

// Tags are the scope's tags.
func (s *Scope) Tags() []Tagged { return slices.Clone(s.tags) }

// Set keeps a value in the scope's store, for extensions and executors that
// share it; nil removes it. The store has nothing to do with executors.
func (s *Scope) Set(key string, value any) {
	s.data.Set(key, value)
}

// Get gives a value of the scope's store, nil without one. A pod falls back to
// the store of its scope.
func (s *Scope) Get(key string) any {
	v := s.data.Get(key)
	if v == nil && s.parent != nil {
		return s.parent.Get(key)
	}
	return v
}

// Data is the scope's store, with its atomic steps.
func (s *Scope) Data() *Data { return &s.data }

// Entries lists the executors that have, or are getting, a value or a failure,
// in the order of their IDs. After Dispose there are none.
func (s *Scope) Entries() []AnyExecutor {
	var out []AnyExecutor
	s.cells.Range(func(_, c any) bool {
		if c.(*cell).content.Load() != nil {
			out = append(out, c.(*cell).exec.self)
		}
		return true
	})
	slices.SortFunc(out, func(a, b AnyExecutor) int { return cmp.Compare(a.ID(), b.ID()) })
	return out
}

// RegisteredExecutors lists the executors of [Config].Registry.
func (s *Scope) RegisteredExecutors() []AnyExecutor { return slices.Clone(s.roster) }

// Dispose ends the scope: the Dispose hooks of its extensions, last added
// first, each after the one before; then its values are released, last
// resolved first; then background work. It goes on after a failure and returns
// all of them, joined. While the hooks run, the scope can be used; after that
// everything but reading answers [ErrClosed].
//
// Once ctx is done, Dispose waits for no hook and no resolution any more: it
// says which it left behind. Later calls wait for the first and return the
// same.
func (s *Scope) Dispose(ctx context.Context) error {
	if !s.disposing.CompareAndSwap(false, true) {
		select {
		case <-s.disposed:
			return s.disposeErr
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	errs := s.pods.dispose(ctx)
	errs = append(errs, s.disposeExtensions(ctx)...)
	s.closed.Store(true)
	s.cancel()
	s.background.close()
	errs = append(errs, s.releaseAll(ctx)...)
	errs = append(errs, await(ctx, func() error { s.background.group.Wait(); return nil }))
	s.replaceList(func([]*registration) []*registration { return nil })
	if s.parent != nil {
		s.parent.pods.forget(s)
	}
	s.disposeErr = errors.Join(errs...)
	close(s.disposed)
	return s.disposeErr
}

func (s *Scope) disposeExtensions(ctx context.Context) []error {
	all := slices.Clone(s.extensions.Load().all)
	errs := make([]error, len(all))
	dispose := func(i int) {
		r := all[i]
		if r.removed.Swap(true) || r.dispose == nil {
			return
		}
		errs[i] = r.hook("dispose", func() error {
			return await(ctx, func() error { return r.dispose(ctx) })
		})
	}
	if s.compat.DisposeTogether {
		var group sync.WaitGroup
		for i := range all {
			group.Go(func() { dispose(i) })
		}
		group.Wait()
		return errs
	}
	for i := range slices.Backward(all) {
		dispose(i)
	}
	slices.Reverse(errs)
	return errs
}

func (s *Scope) releaseAll(ctx context.Context) []error {
	type placed struct {
		cell *cell
		at   uint64
	}
	var cells []placed
	s.cells.Range(func(_, v any) bool {
		c := v.(*cell)
		c.mu.Lock()
		cells = append(cells, placed{c, c.resolvedAt})
		c.mu.Unlock()
		return true
	})
	slices.SortFunc(cells, func(a, b placed) int { return cmp.Compare(b.at, a.at) })
	var errs []error
	for _, p := range cells {
		if _, err := s.release(ctx, p.cell.exec); err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("executor %q: %w", ExecutorName(p.cell.exec), err)
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// await runs fn, and gives up on it once ctx is done.
func await(ctx context.Context, fn func() error) error {
	if ctx.Done() == nil {
		return fn()
	}
	done := make(chan func() error, 1)
	go func() {
		answer := func() error { return errGoexit }
		defer func() {
			if r := recover(); r != nil {
				answer = func() error { panic(r) }
			}
			done <- answer
		}()
		err := fn()
		answer = func() error { return err }
	}()
	select {
	case outcome := <-done:
		return outcome()
	case <-ctx.Done():
		select {
		case outcome := <-done:
			return outcome()
		default:
			return fmt.Errorf("left behind: %w", context.Cause(ctx))
		}
	}
}

var errGoexit = errors.New("it ended its goroutine")

// background is the goroutines of a scope.
type background struct {
	group  sync.WaitGroup
	mu     sync.Mutex
	closed bool
}

// start runs fn in a goroutine, unless the scope has ended. It reports whether
// it does.
func (b *background) start(fn func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.group.Go(fn)
	}
	return !b.closed
}

func (b *background) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// starting keeps the registrations whose Start has not ended well.
type starting struct {
	mu   sync.Mutex
	list []*registration
}

func (l *starting) add(r *registration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(r *registration) bool {
		select {
		case <-r.started:
			return r.err == nil
		default:
			return false
		}
	})
	l.list = append(l.list, r)
}

func (l *starting) all() []*registration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}
