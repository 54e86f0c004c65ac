package scope

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	aril "github.com/aril-wasm/aril/runtime"
)

// A PodConfig describes a pod.
type PodConfig struct {
	Name       string
	Presets    []Preset
	Extensions []aril.Extension // beside the scope's
	Tags       []Tagged         // before the scope's
}

// A PodIniter is told of each root execution before it runs, with the scope it
// runs in, which is a pod if it has presets of its own, and its context, whose
// data it may prepare. An error ends the execution.
type PodIniter interface {
	InitPod(ctx context.Context, pod *Scope, c *Context) error
}

// A PodDisposer is told of each root execution when it is over, also if its
// InitPod did not run.
type PodDisposer interface {
	DisposePod(ctx context.Context, pod *Scope, c *Context) error
}

// A PodErrorHandler hears of the error with which a root execution, or its
// InitPod, ended.
type PodErrorHandler interface {
	OnPodError(ctx context.Context, err error, pod *Scope, c *Context)
}

// Pod makes a scope below this one: with presets of its own, and otherwise the
// values that are there. A value that this scope has, and that no preset
// touches, is taken over; others are resolved in the pod and end with it.
// Extensions of this scope are extensions of the pod, and are told so, as of
// any scope. Reactive dependencies are refused, with the code S005: nothing in
// a pod is updated by its scope. Dispose it when done; the scope's own Dispose
// does so before anything else.
func (s *Scope) Pod(ctx context.Context, cfg PodConfig) (*Scope, error) {
	if s.closed.Load() {
		return nil, s.errClosed()
	}
	name := cfg.Name
	if name == "" {
		name = s.name + "/pod"
	}
	pod, err := newScope(ctx, s, Config{
		Name: name, Extensions: slices.Concat(s.Extensions(), cfg.Extensions), Presets: cfg.Presets, Registry: s.roster,
		Tags: slices.Concat(cfg.Tags, s.tags), SharedKeys: slices.Collect(maps.Keys(s.shared)), Compat: s.compat, Logger: s.logger,
	})
	if err != nil {
		return nil, err
	}
	if !s.pods.keep(pod) {
		return nil, errors.Join(s.errClosed(), pod.Dispose(context.WithoutCancel(ctx)))
	}
	return pod, nil
}

// pods are the pods of a scope that are not disposed.
type pods struct {
	mu     sync.Mutex
	open   map[*Scope]struct{}
	closed bool
}

// keep reports whether the scope still takes pods.
func (p *pods) keep(pod *Scope) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	if p.open == nil {
		p.open = map[*Scope]struct{}{}
	}
	p.open[pod] = struct{}{}
	return true
}

// dispose disposes of them, the latest first.
func (p *pods) dispose(ctx context.Context) []error {
	p.mu.Lock()
	p.closed = true
	open := slices.SortedFunc(maps.Keys(p.open), func(a, b *Scope) int { return cmp.Compare(b.id, a.id) })
	p.mu.Unlock()
	var errs []error
	for _, pod := range open {
		if err := pod.Dispose(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (p *pods) forget(pod *Scope) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, pod)
}

// touched reports whether a preset of the pod changes what the executor
// yields.
func (s *Scope) touched(e *executor, seen map[*executor]bool) bool {
	if _, preset := s.presets[e]; preset {
		return true
	}
	if seen[e] {
		return false
	}
	seen[e] = true
	return slices.ContainsFunc(e.deps, func(d dependency) bool { return d.target != nil && s.touched(d.target, seen) })
}

// inherited gives the value of the scope that a pod is of.
func (s *Scope) inherited(e *executor) (any, bool) {
	if s.parent == nil || len(s.presets) > 0 && s.touched(e, map[*executor]bool{}) {
		return nil, false
	}
	if at := s.parent.Lookup(e); at.State == Resolved {
		return at.Value, true
	}
	return s.parent.inherited(e)
}

// initPods tells extensions of a root execution, in order.
func (l *extensionList) initPods(c *Context) error {
	if !l.pods {
		return nil
	}
	for _, r := range l.all {
		if r.initPod == nil {
			continue
		}
		if err := r.hook("init_pod", func() error { return r.initPod(&c.in, c.scope, c) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *extensionList) disposePods(c *Context) error {
	if !l.pods {
		return nil
	}
	var errs []error
	ctx := context.WithoutCancel(&c.in)
	for _, r := range l.all {
		if r.disposePod == nil {
			continue
		}
		if err := r.hook("dispose_pod", func() error { return r.disposePod(ctx, c.scope, c) }); err != nil {
			errs = append(errs, c.telling(err))
		}
	}
	return errors.Join(errs...)
}

func (l *extensionList) podFailed(c *Context, err error) {
	if !l.pods {
		return
	}
	for _, r := range l.all {
		if r.onPodError != nil {
			c.scope.guard(nil, func() { r.onPodError(context.WithoutCancel(&c.in), err, c.scope, c) })
		}
	}
}

// listWith gives the scope's extensions of this moment with some more, which
// are added last.
func (s *Scope) listWith(more []aril.Extension) (*extensionList, error) {
	now := s.extensions.Load()
	if len(more) == 0 && !s.compat.SeparateLists {
		return now, nil
	}
	var all []*registration
	if !s.compat.SeparateLists {
		all = slices.Clone(now.all)
	}
	for i, ext := range more {
		if ext == nil {
			return nil, fmt.Errorf("extension %d is nil", i)
		}
		all = append(all, s.register(ext))
	}
	return s.newList(all), nil
}
