package guest

import "github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"

// A Var is a value of type T that the extension keeps in its [State] under the
// Var's own text:
//
//	var settings = guest.Var[Settings]("settings")
//
// It outlives activations, and activations that run at once share it. T is a
// type that [As] gives and [Of] takes: a type of the author's own has the
// methods AppendMsgpack and DecodeMsgpack.
type Var[T any] string

// Get gives the value, or the zero T with [ErrNotFound].
func (v Var[T]) Get() (T, error) {
	t, _, err := v.read()
	return t, err
}

func (v Var[T]) read() (t T, raw []byte, err error) {
	if raw, err = State.Get(string(v)); err == nil {
		t, err = As[T](Raw(raw))
	}
	return t, raw, err
}

// Set sets the value, whatever is there.
func (v Var[T]) Set(t T) error {
	b, err := encodeKept(&t)
	if err != nil {
		return err
	}
	return State.Put(string(v), b)
}

// Update changes the value in one atomic step: nothing that another activation
// stores meanwhile is lost. change gets the value, the zero T where there is
// none, and may be called several times; so it does nothing else.
func (v Var[T]) Update(change func(*T)) error {
	for {
		t, old, err := v.read()
		switch {
		case err == ErrNotFound:
			old = nil
		case err != nil:
			return err
		}
		change(&t)
		b, err := encodeKept(&t)
		if err != nil {
			return err
		}
		if err := State.CompareAndSwap(string(v), old, b); err != ErrConflict {
			return err
		}
	}
}

// Delete removes the value, if there is one.
func (v Var[T]) Delete() error {
	if err := State.Delete(string(v)); err != ErrNotFound {
		return err
	}
	return nil
}

// encodeKept encodes what p points to. The methods of a type of the author's
// own may be on the pointer.
func encodeKept[T any](p *T) ([]byte, error) {
	if a, ok := any(p).(msgpack.Appender); ok {
		return a.AppendMsgpack(nil), nil
	}
	return msgpack.AppendAny(nil, *p)
}

// A Map keeps values of type T by text keys in the extension's [State]:
//
//	var metrics = guest.Map[Metric]("metrics")
//
//	err := metrics.Update(name, func(m *Metric) { m.Count++ })
//
// It is what a Go map is natively: it outlives activations, and activations
// that run at once share it. T is as for a [Var]. Each value is kept at
// "metrics/" and its key, 512 bytes in all at most, so no other name in the
// State begins like that.
type Map[T any] string

// At gives the value at key as a Var of its own.
func (m Map[T]) At(key string) Var[T] { return Var[T](string(m) + "/" + key) }

// Get gives the value at key, or the zero T with [ErrNotFound].
func (m Map[T]) Get(key string) (T, error) { return m.At(key).Get() }

// Set sets the value at key, whatever is there.
func (m Map[T]) Set(key string, t T) error { return m.At(key).Set(t) }

// Update changes the value at key as [Var.Update] does.
func (m Map[T]) Update(key string, change func(*T)) error { return m.At(key).Update(change) }

// Delete removes the value at key, if there is one.
func (m Map[T]) Delete(key string) error { return m.At(key).Delete() }

// Len counts the values.
func (m Map[T]) Len() (n int, err error) {
	err = m.each(func(string) error { n++; return nil })
	return n, err
}

// All gives all values by key. Each is as it is when it is read, not all at
// one instant.
func (m Map[T]) All() (map[string]T, error) {
	all := make(map[string]T)
	err := m.each(func(key string) error {
		t, err := m.Get(key)
		if err == nil {
			all[key] = t
		}
		return err
	})
	return all, err
}

// Value gives all values by key as one map, for an answer or a message.
func (m Map[T]) Value() Value {
	var keys []string
	var values [][]byte
	err := m.each(func(key string) error {
		b, err := State.Get(string(m.At(key)))
		if err == nil {
			keys, values = append(keys, key), append(values, b)
		}
		return err
	})
	if err != nil {
		return Value{err: err}
	}
	b := msgpack.AppendMap(nil, len(keys))
	for i, key := range keys {
		b = append(msgpack.AppendStr(b, key), values[i]...)
	}
	return Value{raw: b}
}

// Clear removes all values.
func (m Map[T]) Clear() error { return m.each(m.Delete) }

// each calls f with each key. One that vanishes meanwhile is left out.
func (m Map[T]) each(f func(key string) error) error {
	prefix := string(m) + "/"
	for key, err := range State.List(prefix) {
		if err == nil {
			err = f(key[len(prefix):])
		}
		if err != nil && err != ErrNotFound {
			return err
		}
	}
	return nil
}

// A Counter is a number in the extension's [State] under the Counter's own
// text. It outlives activations, and activations that run at once add to the
// same one.
//
//	var hits = guest.Counter("hits")
type Counter string

// Add adds n, which may be negative, and gives the sum.
func (c Counter) Add(n int64) (int64, error) { return State.Add(string(c), n) }

// Get gives the number, 0 where nothing was added.
func (c Counter) Get() (int64, error) {
	b, err := State.Get(string(c))
	switch {
	case err == ErrNotFound:
		return 0, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, ErrInvalid
	}
	return number((*[8]byte)(b)), nil
}

// Reset sets the number to 0.
func (c Counter) Reset() error { return Var[int64](c).Delete() }
