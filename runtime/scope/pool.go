package scope

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// A Pool is a family of executors, one for each key: connections by tenant,
// clients by host. Keys that are equal give the same executor.
//
// A pool remembers each key that it was asked for, for the life of the
// process, or until [Pool.Release] of the last scope that used it; keys must
// not be made up by strangers without bound.
type Pool[K comparable, T any] struct {
	make func(K) *Executor[T]
	key  func(K) (K, error)

	mu      sync.Mutex
	members map[K]*Executor[T]
}

// A PoolConfig describes a [Pool].
type PoolConfig[K comparable] struct {
	// Name names the pool; its executors are called by it and their key:
	// "connection[acme]". Default none.
	Name string

	// Key refuses keys, or brings equal ones to one form. Default: all keys, as
	// they are.
	Key func(K) (K, error)

	// Tags are carried by each executor.
	Tags []Tagged
}

// ProvidePool makes a pool whose factory depends on the key alone.
func ProvidePool[K comparable, T any](cfg PoolConfig[K], factory func(ctx context.Context, c *Controller, key K) (T, error)) *Pool[K, T] {
	return newPool(cfg, func(key K, tags []Tagged) *Executor[T] {
		return noFactory(newExecutor(nil, tags, func(ctx context.Context, c *Controller, _ []any) (T, error) {
			return factory(ctx, c, key)
		}), factory == nil)
	})
}

// DerivePool makes a pool whose factory depends on the key and one
// dependency.
func DerivePool[K comparable, A, T any](cfg PoolConfig[K], a Dependency[A], factory func(ctx context.Context, c *Controller, key K, a A) (T, error)) *Pool[K, T] {
	return newPool(cfg, func(key K, tags []Tagged) *Executor[T] {
		return noFactory(newExecutor([]dependency{of(a)}, tags, func(ctx context.Context, c *Controller, d []any) (T, error) {
			return factory(ctx, c, key, as[A](d[0]))
		}), factory == nil)
	})
}

func newPool[K comparable, T any](cfg PoolConfig[K], make func(K, []Tagged) *Executor[T]) *Pool[K, T] {
	p := &Pool[K, T]{key: cfg.Key, members: map[K]*Executor[T]{}}
	p.make = func(key K) *Executor[T] {
		var tags []Tagged
		if cfg.Name != "" {
			tags = append(tags, Name(fmt.Sprintf("%s[%v]", cfg.Name, key)))
		}
		return make(key, append(tags, cfg.Tags...))
	}
	return p
}

// Of gives the executor of a key. One that the pool's Key function refuses
// gives an executor that cannot be resolved, for that reason.
func (p *Pool[K, T]) Of(key K) *Executor[T] {
	if p.key != nil {
		k, err := p.key(key)
		if err != nil {
			e := p.make(key)
			e.invalid = fmt.Errorf("key %v: %w", key, err)
			return e
		}
		key = k
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.members[key]
	if e == nil {
		e = p.make(key)
		p.members[key] = e
	}
	return e
}

// Release releases all of the pool's executors in a scope, and forgets their
// keys.
func (p *Pool[K, T]) Release(ctx context.Context, s *Scope) error {
	p.mu.Lock()
	members := p.members
	p.members = map[K]*Executor[T]{}
	p.mu.Unlock()
	var errs []error
	for _, e := range members {
		errs = append(errs, s.ReleaseIfResolved(ctx, e))
	}
	return errors.Join(errs...)
}
