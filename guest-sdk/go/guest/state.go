package guest

import (
	"iter"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// State is the extension's own store in the host. It outlives activations,
// and it is the same for all instances of the extension, which may run at
// once. Keys are 1 to 512 bytes; values are bytes of any form. Each call
// stands alone: what must not be lost between a Get and a Put needs Add,
// Append or CompareAndSwap.
//
// An extension that uses it imports aril_state_v1, which must be granted.
var State state

type state struct{}

// Get gives the value at key, or [ErrNotFound]. The caller owns it.
func (state) Get(key string) ([]byte, error) {
	return fetch(func(buf []byte) uint64 { return host.StateGet(key, buf) })
}

// fetch calls f with a buffer that is large enough.
func fetch(f func(buf []byte) uint64) ([]byte, error) {
	in := self()
	if in == nil {
		return nil, ErrPhase
	}
	buf := in.mailbox[:]
	for {
		status, n := host.Unpack(f(buf))
		if status != names.StatusOK {
			return nil, Status(status)
		}
		if int(n) <= len(buf) {
			return append(make([]byte, 0, n), buf[:n]...), nil
		}
		buf = make([]byte, n)
	}
}

// Put sets the value at key.
func (state) Put(key string, value []byte) error {
	status, _ := host.Unpack(host.StatePut(key, value))
	return check(status)
}

// Delete removes key, or gives [ErrNotFound].
func (state) Delete(key string) error {
	status, _ := host.Unpack(host.StateDelete(key))
	return check(status)
}

// Add adds delta to the number at key, which counts as 0 when it is absent,
// and gives the sum. What is there must have been written by Add, else it is
// [ErrInvalid].
func (state) Add(key string, delta int64) (int64, error) {
	status, _ := host.Unpack(host.StateAdd(key, delta, &sumBuffer))
	if status != names.StatusOK {
		return 0, Status(status)
	}
	return number(&sumBuffer), nil
}

var sumBuffer [8]byte

// Append adds bytes to the end of the value at key, which counts as empty when
// it is absent, and gives the new length.
func (state) Append(key string, value []byte) (int, error) {
	status, n := host.Unpack(host.StateAppend(key, value))
	return int(n), check(status)
}

// CompareAndSwap sets the value at key if it is old, else it gives
// [ErrConflict]. A nil old means that the key must be absent; a nil value
// removes it.
func (state) CompareAndSwap(key string, old, value []byte) error {
	status, _ := host.Unpack(host.StateSwap(key, old, value))
	return check(status)
}

// List gives the keys that begin with prefix, in order. It stops after the
// first error. Keys that come and go meanwhile may or may not be seen.
func (state) List(prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for after := ""; ; {
			keys, err := page(prefix, after)
			if err != nil {
				yield("", err)
				return
			}
			if len(keys) == 0 {
				return
			}
			for _, key := range keys {
				if !yield(key, nil) {
					return
				}
			}
			after = keys[len(keys)-1]
		}
	}
}

func page(prefix, after string) (keys []string, err error) {
	b, err := fetch(func(buf []byte) uint64 { return host.StateList(prefix, after, buf) })
	if err != nil {
		return nil, err
	}
	r := msgpack.NewReader(b)
	for range r.Items() {
		keys = append(keys, string(r.View()))
	}
	return keys, r.End()
}
