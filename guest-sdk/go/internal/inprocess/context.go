package inprocess

import (
	"bytes"
	"sync"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// Limits, as the runtime has them.
const (
	contextKeys  = 256
	contextBytes = 64 << 10
	keyBytes     = 512
)

// A Level holds the messages of one level of the context. The zero value is
// ready; any goroutine may use it.
type Level struct {
	Above *Level // where a key is looked for that this one lacks

	mu sync.Mutex
	m  map[string][]byte
}

func (l *Level) get(key string) ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.m[key]
	return v, ok
}

// check tells whether a value may be put at key. The caller holds the lock.
func (l *Level) check(key string, value []byte) abi.Status {
	switch _, there := l.m[key]; {
	case len(value) > contextBytes:
		return abi.TooLarge
	case abi.Scan(value, abi.ScanLimits{}) != nil:
		return abi.Invalid
	case !there && len(l.m) >= contextKeys:
		return abi.Limit
	}
	return abi.OK
}

func (l *Level) put(key string, value []byte) {
	if l.m == nil {
		l.m = make(map[string][]byte)
	}
	l.m[key] = bytes.Clone(value)
}

func (a *Activation) level(number uint32, key, function string) (*Level, abi.Status) {
	if s := a.gate(names.ModuleAril, function); s != abi.OK {
		return nil, s
	}
	if key == "" || len(key) > keyBytes {
		return nil, abi.Invalid
	}
	switch number {
	case names.LevelOwn:
		return a.Own, abi.OK
	case names.LevelRoot:
		return a.Root, abi.OK
	case names.LevelScope:
		return a.Scope, abi.OK
	}
	return nil, abi.Invalid
}

// ContextGet copies a message.
func (a *Activation) ContextGet(number uint32, key string, buf []byte) uint64 {
	l, s := a.level(number, key, "context_get")
	if s != abi.OK {
		return status(s)
	}
	v, ok := l.get(key)
	for above := l.Above; !ok && number == names.LevelOwn && above != nil; above = above.Above {
		v, ok = above.get(key)
	}
	if !ok {
		return status(abi.NotFound)
	}
	copy(buf, v)
	return size(len(v))
}

// ContextSet keeps a message.
func (a *Activation) ContextSet(number uint32, key string, value []byte) uint64 {
	l, s := a.level(number, key, "context_set")
	if s != abi.OK {
		return status(s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(value) == 0 {
		delete(l.m, key)
		return status(abi.OK)
	}
	if s = l.check(key, value); s == abi.OK {
		l.put(key, value)
	}
	return status(s)
}

// ContextAppend adds to an array.
func (a *Activation) ContextAppend(number uint32, key string, value []byte) uint64 {
	l, s := a.level(number, key, "context_append")
	switch {
	case s != abi.OK:
		return status(s)
	case len(value) > contextBytes:
		return status(abi.TooLarge)
	case abi.Scan(value, abi.ScanLimits{}) != nil:
		return status(abi.Invalid)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old := msgpack.NewReader(l.m[key])
	n := 0
	if len(l.m[key]) > 0 {
		if old.Kind() != msgpack.KindArray {
			return status(abi.Invalid)
		}
		n = old.Array()
	}
	array := append(msgpack.AppendArray(nil, n+1), l.m[key][old.Offset():]...)
	array = append(array, value...)
	if s = l.check(key, array); s != abi.OK {
		return status(s)
	}
	l.put(key, array)
	return size(n + 1)
}

// ContextSwap keeps a message and copies what was there.
func (a *Activation) ContextSwap(number uint32, key string, value, buf []byte) uint64 {
	l, s := a.level(number, key, "context_swap")
	if s != abi.OK {
		return status(s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(value) > 0 {
		if s := l.check(key, value); s != abi.OK {
			return status(s)
		}
	}
	old, ok := l.m[key]
	switch {
	case len(old) > len(buf):
		return abi.Pack(abi.TooLarge, uint32(len(old)))
	case len(value) == 0:
		delete(l.m, key)
	default:
		l.put(key, value)
	}
	if !ok {
		return status(abi.NotFound)
	}
	copy(buf, old)
	return size(len(old))
}
