package scope

import (
	"fmt"
	"maps"
	"slices"
)

// A Dependency gives a D to a factory: an executor, one of its forms, or a
// tag.
type Dependency[D any] interface {
	AnyDependency
	yields(D) // for type inference
}

// An AnyDependency is a [Dependency] of any type.
type AnyDependency interface{ dependency() dependency }

// A dependency is what the scope does for one.
type dependency struct {
	target *executor
	form   form
	access func(*Scope) any // of lazy and static ones: makes the typed accessor
	tag    func(Carrier) (any, error)
	label  string // of the tag
}

type form uint8

const (
	plain    form = iota // the value
	reactive             // the value, again when it changes
	lazy                 // an accessor, not resolved
	static               // an accessor, resolved
)

// of takes a nil apart from a dependency; newExecutor notes it.
func of(d AnyDependency) dependency {
	if d == nil {
		return dependency{}
	}
	return d.dependency()
}

func (e *Executor[T]) dependency() dependency {
	if e == nil {
		return dependency{}
	}
	return dependency{target: e.core()}
}

func (e *Executor[T]) yields(T) {}

// Reactive is the executor as a dependency whose changes matter: when its
// value is updated, or it is resolved anew, what depends on it is resolved
// anew too, before the update returns.
func (e *Executor[T]) Reactive() Dependency[T] { return formed[T, T]{e, reactive} }

// Lazy is the executor as a dependency that is not resolved beforehand: the
// factory gets an accessor and resolves it if need be.
func (e *Executor[T]) Lazy() Dependency[*Accessor[T]] { return formed[T, *Accessor[T]]{e, lazy} }

// Static is the executor as a dependency that is resolved beforehand, of which
// the factory gets an accessor: it can update it, and read its later values.
func (e *Executor[T]) Static() Dependency[*Accessor[T]] { return formed[T, *Accessor[T]]{e, static} }

type formed[T, D any] struct {
	e    *Executor[T]
	form form
}

func (f formed[T, D]) dependency() dependency {
	d := f.e.dependency()
	d.form = f.form
	d.access = func(s *Scope) any { return Access(s, f.e) }
	return d
}

func (formed[T, D]) yields(D) {}

// Values are named dependencies, as [DeriveNamed] gives them to a factory.
type Values map[string]any

// From gives the value of one named dependency. A name or type that is not
// there is an error.
func From[T any](v Values, name string) (T, error) {
	x, there := v[name]
	t, ok := x.(T)
	switch {
	case !there:
		return t, fmt.Errorf("no dependency is named %q", name)
	case !ok && x != nil:
		return t, fmt.Errorf("dependency %q is a %T, not a %T", name, x, t)
	}
	return t, nil
}

func sortedDependencies(deps map[string]AnyDependency) ([]string, []dependency) {
	names := slices.Sorted(maps.Keys(deps))
	list := make([]dependency, len(names))
	for i, n := range names {
		list[i] = of(deps[n])
	}
	return names, list
}
