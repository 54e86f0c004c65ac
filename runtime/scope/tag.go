package scope

import (
	"fmt"
)

// A Tag names a piece of data of type T that executors and scopes can carry:
// what the seeds call tags and meta. Make it with [NewTag]; it is compared by
// identity, so two tags of one label are two tags.
type Tag[T any] struct {
	label    string
	fallback *T
	validate func(T) error
}

// A TagConfig describes a [Tag].
type TagConfig[T any] struct {
	// Label is what errors, and extensions in the sandbox, call the tag.
	Label string

	// Default is what [Tag.Find] gives where the tag is absent. Default none.
	Default *T

	// Validate refuses values. It runs when a value is given to the tag. Default
	// none.
	Validate func(T) error
}

// NewTag makes a tag.
func NewTag[T any](cfg TagConfig[T]) *Tag[T] {
	return &Tag[T]{label: cfg.Label, fallback: cfg.Default, validate: cfg.Validate}
}

// A Tagged is a tag with its value. The zero value is no tag, and is ignored.
type Tagged struct {
	tag   any // *Tag[T]
	label string
	value any
	err   error // of validation; told when the executor or scope is used
}

// Label is the tag's label.
func (t Tagged) Label() string { return t.label }

// Value is the tag's value.
func (t Tagged) Value() any { return t.value }

// Of gives the tag with a value. One that does not pass Validate makes what
// carries it unusable: [New] and resolving say so.
func (t *Tag[T]) Of(value T) Tagged {
	tagged := Tagged{tag: t, label: t.label, value: value}
	if t.validate != nil {
		if err := t.validate(value); err != nil {
			tagged.err = fmt.Errorf("tag %q: %w", t.label, err)
		}
	}
	return tagged
}

// Label is what the tag is called.
func (t *Tag[T]) Label() string { return t.label }

// Carrier is something that carries tags: an executor or a scope.
type Carrier interface{ Tags() []Tagged }

// Find gives the tag's first value on a carrier, else the default. ok says
// whether there is one.
func (t *Tag[T]) Find(on Carrier) (value T, ok bool) {
	for _, tagged := range on.Tags() {
		if tagged.tag == any(t) {
			return tagged.value.(T), true
		}
	}
	if t.fallback != nil {
		return *t.fallback, true
	}
	return value, false
}

// Get is Find for a tag that must be there.
func (t *Tag[T]) Get(on Carrier) (T, error) {
	v, ok := t.Find(on)
	if !ok {
		return v, fmt.Errorf("%w: %q", ErrNoTag, t.label)
	}
	return v, nil
}

// All gives every value of the tag on a carrier, in order.
func (t *Tag[T]) All(on Carrier) []T {
	var out []T
	for _, tagged := range on.Tags() {
		if tagged.tag == any(t) {
			out = append(out, tagged.value.(T))
		}
	}
	return out
}

// Required is a dependency on the value of the tag: that of the scope, or, for
// the handler of a flow, of the execution. Without one, and
// without a default, what depends on it fails with [ErrNoTag].
func (t *Tag[T]) Required() Dependency[T] {
	if t == nil {
		return tagDependency[T]{}
	}
	return tagDependency[T]{t.label, t.Get}
}

// Optional is Required with nil for no value.
func (t *Tag[T]) Optional() Dependency[*T] {
	if t == nil {
		return tagDependency[*T]{}
	}
	return tagDependency[*T]{t.label, func(on Carrier) (*T, error) {
		if v, ok := t.Find(on); ok {
			return &v, nil
		}
		return nil, nil
	}}
}

// Every is a dependency on all values of the tag.
func (t *Tag[T]) Every() Dependency[[]T] {
	if t == nil {
		return tagDependency[[]T]{}
	}
	return tagDependency[[]T]{t.label, func(on Carrier) ([]T, error) { return t.All(on), nil }}
}

type tagDependency[T any] struct {
	label string
	read  func(Carrier) (T, error)
}

func (d tagDependency[T]) dependency() dependency {
	if d.read == nil {
		return dependency{}
	}
	return dependency{label: d.label, tag: func(on Carrier) (any, error) { return d.read(on) }}
}

func (tagDependency[T]) yields(T) {}

var nameTag = NewTag(TagConfig[string]{Label: "name"})

// Name names an executor: for errors, logs, and extensions in the sandbox,
// which know executors by name.
func Name(name string) Tagged { return nameTag.Of(name) }

// tagErrors gives the first tag that did not pass validation.
func tagErrors(tags []Tagged) error {
	for _, t := range tags {
		if t.err != nil {
			return t.err
		}
	}
	return nil
}

func present(tags []Tagged) []Tagged {
	var out []Tagged
	for _, t := range tags {
		if t.tag != nil {
			out = append(out, t)
		}
	}
	return out
}

var _ Dependency[int] = tagDependency[int]{}
