package scope

import (
	"fmt"
	"sync"
)

// A Data is a store of values by key, each step of which is atomic: parallel
// work loses nothing. It may be used from any goroutine.
type Data struct {
	mu     sync.Mutex
	values map[any]any
}

// Get gives the value at key, nil for none. Keys are compared as map keys.
func (d *Data) Get(key any) any {
	v, _ := d.lookup(key)
	return v
}

func (d *Data) lookup(key any) (any, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.values[key]
	return v, ok
}

// Set stores a value; nil removes it.
func (d *Data) Set(key, value any) { d.Swap(key, value) }

// Swap stores a value and gives what was there.
func (d *Data) Swap(key, value any) (old any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old = d.values[key]
	d.put(key, value)
	return old
}

// Update stores what fn makes of the value, and gives it. fn must not use the
// same Data.
func (d *Data) Update(key any, fn func(old any) any) any {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := fn(d.values[key])
	d.put(key, v)
	return v
}

// Append adds a value to the []any at key, and gives its length. Something
// else at key is replaced.
func (d *Data) Append(key, value any) int {
	v := d.Update(key, func(old any) any {
		list, _ := old.([]any)
		return append(list[:len(list):len(list)], value)
	})
	return len(v.([]any))
}

func (d *Data) put(key, value any) {
	if value == nil {
		delete(d.values, key)
		return
	}
	if d.values == nil {
		d.values = map[any]any{}
	}
	d.values[key] = value
}

// A Key is a typed key of a store: what the first generation calls an
// accessor. Make it with [NewKey]; it is compared by identity, so two keys of
// one name are two keys.
type Key[T any] struct {
	name     string
	fallback *T
	validate func(T) error
}

// A KeyConfig describes a [Key].
type KeyConfig[T any] struct {
	// Name is what errors call the key.
	Name string

	// Default is what reading gives where there is no value. Default none.
	Default *T

	// Validate refuses values that are set. Default none.
	Validate func(T) error
}

// NewKey makes a key.
func NewKey[T any](cfg KeyConfig[T]) *Key[T] {
	return &Key[T]{name: cfg.Name, fallback: cfg.Default, validate: cfg.Validate}
}

// A Reader is a store to read from: a *Data, or a *Context, which falls back
// to the contexts around it.
type Reader interface{ Get(key any) any }

// A Writer is a store to write to: a *Data or a *Context.
type Writer interface{ Set(key, value any) }

// Find gives the value, else the default. ok says whether there is one.
func (k *Key[T]) Find(from Reader) (value T, ok bool) {
	if v, ok := from.Get(k).(T); ok {
		return v, true
	}
	if k.fallback != nil {
		return *k.fallback, true
	}
	return value, false
}

// Get is Find for a value that must be there.
func (k *Key[T]) Get(from Reader) (T, error) {
	v, ok := k.Find(from)
	if !ok {
		return v, fmt.Errorf("there is no value for key %q", k.name)
	}
	return v, nil
}

// Set stores a value that passes Validate.
func (k *Key[T]) Set(to Writer, value T) error {
	if k.validate != nil {
		if err := k.validate(value); err != nil {
			return fmt.Errorf("key %q: %w", k.name, err)
		}
	}
	to.Set(k, value)
	return nil
}

// Delete removes the value.
func (k *Key[T]) Delete(from Writer) { from.Set(k, nil) }
