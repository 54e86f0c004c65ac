package scope

import (
	"context"
	"reflect"
	"slices"
	"sync/atomic"
)

// An AnyExecutor is an [Executor] of any type.
type AnyExecutor interface {
	Carrier

	// Name is the name given with [Name], or "".
	Name() string

	// ID is unique in the process and never 0.
	ID() uint64

	core() *executor
}

// An Executor is a recipe for a value of type T: a factory and what it depends
// on. It holds no value; a [Scope] makes one from it, once, and keeps it. An
// executor is immutable and may be used by any number of scopes at once;
// declare executors as package variables.
type Executor[T any] struct{ executor }

// executor is what does not depend on the type.
type executor struct {
	id      uint64
	name    string
	tags    []Tagged
	deps    []dependency
	factory func(ctx context.Context, c *Controller, deps []any) (any, error)
	typ     reflect.Type
	check   func(v any) (any, bool) // whether v is a T; gives it as one
	invalid error                   // why it cannot be resolved
	self    AnyExecutor
}

func (e *executor) Name() string    { return e.name }
func (e *executor) ID() uint64      { return e.id }
func (e *executor) Tags() []Tagged  { return slices.Clone(e.tags) }
func (e *executor) core() *executor { return e }

func (e *Executor[T]) core() *executor {
	if e == nil {
		return missing
	}
	return &e.executor
}

// missing stands for a nil executor.
var missing = func() *executor {
	e := &executor{name: "nil", invalid: errNilExecutor, typ: reflect.TypeFor[any](), check: func(v any) (any, bool) { return v, true }}
	e.self = e
	return e
}()

// coreOf is core for an interface that may be nil.
func coreOf(e AnyExecutor) *executor {
	if e == nil {
		return missing
	}
	return e.core()
}

// String is [ExecutorName].
func (e *executor) String() string { return ExecutorName(e) }

var executorIDs atomic.Uint64

func newExecutor[T any](deps []dependency, tags []Tagged, factory func(ctx context.Context, c *Controller, deps []any) (T, error)) *Executor[T] {
	e := &Executor[T]{executor{
		id:   executorIDs.Add(1),
		tags: present(tags),
		deps: deps,
		typ:  reflect.TypeFor[T](),
		factory: func(ctx context.Context, c *Controller, deps []any) (any, error) {
			return factory(ctx, c, deps)
		},
		check: func(v any) (any, bool) {
			t, ok := v.(T)
			return t, ok || v == nil && isNilable(reflect.TypeFor[T]())
		},
	}}
	e.self = e
	e.name, _ = nameTag.Find(&e.executor)
	e.invalid = tagErrors(e.tags)
	for _, d := range deps {
		if d.target == nil && d.tag == nil {
			e.invalid = errNilDependency
		}
	}
	return e
}

func isNilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.UnsafePointer:
		return true
	}
	return false
}

// noFactory marks an executor that was made of a nil function.
func noFactory[T any](e *Executor[T], missing bool) *Executor[T] {
	if missing {
		e.invalid = errNilFactory
	}
	return e
}

// as gives a stored value its type. A nil of an interface type is stored as
// nil.
func as[T any](v any) T {
	t, _ := v.(T)
	return t
}

// Provide makes an executor without dependencies. The factory runs when a
// scope first needs the value; ctx is that of whoever needs it first, and does
// not live as long as the value: see [Controller.Context]. A factory that
// fails, or panics, makes the scope answer with a [*FactoryError].
//
// A nil factory makes an executor that cannot be resolved: the error has the
// code [CodeInvalidFactory].
func Provide[T any](factory func(ctx context.Context, c *Controller) (T, error), tags ...Tagged) *Executor[T] {
	return noFactory(newExecutor(nil, tags, func(ctx context.Context, c *Controller, _ []any) (T, error) {
		return factory(ctx, c)
	}), factory == nil)
}

// Value makes an executor of a value that is there already.
func Value[T any](value T, tags ...Tagged) *Executor[T] {
	return newExecutor(nil, tags, func(context.Context, *Controller, []any) (T, error) { return value, nil })
}

// Derive makes an executor with one dependency: another executor, one of its
// forms ([Executor.Reactive], [Executor.Lazy], [Executor.Static]), or a tag.
func Derive[A, T any](a Dependency[A], factory func(ctx context.Context, c *Controller, a A) (T, error), tags ...Tagged) *Executor[T] {
	return noFactory(newExecutor([]dependency{of(a)}, tags, func(ctx context.Context, c *Controller, d []any) (T, error) {
		return factory(ctx, c, as[A](d[0]))
	}), factory == nil)
}

// Derive2 is [Derive] with two dependencies. They are resolved in order.
func Derive2[A, B, T any](a Dependency[A], b Dependency[B], factory func(ctx context.Context, c *Controller, a A, b B) (T, error), tags ...Tagged) *Executor[T] {
	return noFactory(newExecutor([]dependency{of(a), of(b)}, tags, func(ctx context.Context, c *Controller, d []any) (T, error) {
		return factory(ctx, c, as[A](d[0]), as[B](d[1]))
	}), factory == nil)
}

// Derive3 is [Derive] with three dependencies. They are resolved in order.
func Derive3[A, B, C, T any](a Dependency[A], b Dependency[B], c Dependency[C], factory func(ctx context.Context, ctl *Controller, a A, b B, c C) (T, error), tags ...Tagged) *Executor[T] {
	return noFactory(newExecutor([]dependency{of(a), of(b), of(c)}, tags, func(ctx context.Context, ctl *Controller, d []any) (T, error) {
		return factory(ctx, ctl, as[A](d[0]), as[B](d[1]), as[C](d[2]))
	}), factory == nil)
}

// DeriveMany makes an executor with any number of dependencies of one type.
// The factory gets their values in order.
func DeriveMany[D, T any](deps []Dependency[D], factory func(ctx context.Context, c *Controller, values []D) (T, error), tags ...Tagged) *Executor[T] {
	list := make([]dependency, len(deps))
	for i, d := range deps {
		list[i] = of(d)
	}
	return noFactory(newExecutor(list, tags, func(ctx context.Context, c *Controller, d []any) (T, error) {
		values := make([]D, len(d))
		for i := range d {
			values[i] = as[D](d[i])
		}
		return factory(ctx, c, values)
	}), factory == nil)
}

// DeriveNamed makes an executor with dependencies of different types, known by
// name. They are resolved in the order of their names.
func DeriveNamed[T any](deps map[string]AnyDependency, factory func(ctx context.Context, c *Controller, values Values) (T, error), tags ...Tagged) *Executor[T] {
	names, list := sortedDependencies(deps)
	return noFactory(newExecutor(list, tags, func(ctx context.Context, c *Controller, d []any) (T, error) {
		values := make(Values, len(d))
		for i, name := range names {
			values[name] = d[i]
		}
		return factory(ctx, c, values)
	}), factory == nil)
}

// A Preset replaces an executor in one scope: by a value, or by another
// executor that runs in its place. Make it with [Executor.Preset] or
// [Executor.PresetTo].
type Preset struct {
	target *executor
	value  any
	source *executor // nil for a value
}

// Preset gives the executor a value. Its factory does not run, and OnChange
// hears nothing.
func (e *Executor[T]) Preset(value T) Preset { return Preset{target: e.core(), value: value} }

// PresetTo makes other run in the executor's place.
func (e *Executor[T]) PresetTo(other *Executor[T]) Preset {
	return Preset{target: e.core(), source: other.core()}
}

// Executor is the one that is replaced.
func (p Preset) Executor() AnyExecutor { return p.target.self }
