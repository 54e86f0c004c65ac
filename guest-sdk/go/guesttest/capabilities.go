package guesttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/runtime/state"
)

// A level holds the messages of one level of the context.
type level map[string][]byte

// Limits, as the runtime has them.
const (
	contextKeys  = 256
	contextBytes = 64 << 10
	keyBytes     = 512
	logBytes     = 64 << 10 // attributes of one line
)

func (a *activation) level(number uint32, key, function string) (level, abi.Status) {
	if !a.allowed(names.ModuleAril, function) {
		return nil, abi.Phase
	}
	if key == "" || len(key) > keyBytes {
		return nil, abi.Invalid
	}
	switch number {
	case names.LevelOwn:
		return a.own, abi.OK
	case names.LevelRoot:
		return a.rootLevel, abi.OK
	case names.LevelScope:
		return a.fake.scope, abi.OK
	}
	return nil, abi.Invalid
}

func (l level) put(key string, value []byte) abi.Status {
	switch _, there := l[key]; {
	case len(value) > contextBytes:
		return abi.TooLarge
	case abi.Scan(value, abi.ScanLimits{}) != nil:
		return abi.Invalid
	case !there && len(l) >= contextKeys:
		return abi.Limit
	}
	l[key] = bytes.Clone(value)
	return abi.OK
}

func (a *activation) ContextGet(number uint32, key string, buf []byte) uint64 {
	l, s := a.level(number, key, "context_get")
	if s != abi.OK {
		return status(s)
	}
	v, ok := l[key]
	for above := a.parent; !ok && number == names.LevelOwn && above != nil; above = above.parent {
		v, ok = above.own[key]
	}
	if !ok {
		return status(abi.NotFound)
	}
	copy(buf, v)
	return size(len(v))
}

func (a *activation) ContextSet(number uint32, key string, value []byte) uint64 {
	l, s := a.level(number, key, "context_set")
	if s != abi.OK {
		return status(s)
	}
	if len(value) == 0 {
		delete(l, key)
		return status(abi.OK)
	}
	return status(l.put(key, value))
}

func (a *activation) ContextAppend(number uint32, key string, value []byte) uint64 {
	l, s := a.level(number, key, "context_append")
	if s != abi.OK {
		return status(s)
	}
	if abi.Scan(value, abi.ScanLimits{}) != nil {
		return status(abi.Invalid)
	}
	old := msgpack.NewReader(l[key])
	n := 0
	if len(l[key]) > 0 {
		if old.Kind() != msgpack.KindArray {
			return status(abi.Invalid)
		}
		n = old.Array()
	}
	array := append(msgpack.AppendArray(nil, n+1), l[key][old.Offset():]...)
	return abi.Pack(l.put(key, append(array, value...)), uint32(n+1))
}

func (a *activation) ContextSwap(number uint32, key string, value, buf []byte) uint64 {
	l, s := a.level(number, key, "context_swap")
	if s != abi.OK {
		return status(s)
	}
	old, ok := l[key]
	if len(old) > len(buf) {
		return abi.Pack(abi.TooLarge, uint32(len(old)))
	}
	if len(value) == 0 {
		delete(l, key)
	} else if s := l.put(key, value); s != abi.OK {
		return status(s)
	}
	if !ok {
		return status(abi.NotFound)
	}
	copy(buf, old)
	return size(len(old))
}

func (a *activation) Log(lvl int32, message string, attributes []byte) uint64 {
	e := Entry{Level: int(lvl), Message: message, Pairs: map[string]any{}}
	if len(attributes) > logBytes {
		return status(abi.Invalid)
	}
	if len(attributes) > 0 {
		v, s := a.decode(attributes)
		pairs, ok := v.(map[string]any)
		if s != abi.OK || !ok {
			return status(abi.Invalid)
		}
		e.Pairs = pairs
	}
	a.fake.log = append(a.fake.log, e)
	return size(len(message))
}

// epoch is when the fake's clock starts, so that tests may compare times.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func (a *activation) Now(clock uint32) (int64, uint64) {
	switch {
	case !a.allowed(names.ModuleClock, "now"):
		return 0, status(abi.Phase)
	case clock == names.ClockMonotonic:
		return int64(a.fake.slept), size(8)
	case clock == names.ClockWall:
		return epoch.Add(a.fake.slept).UnixNano(), size(8)
	}
	return 0, status(abi.Invalid)
}

func (a *activation) Sleep(ns int64) uint64 {
	switch {
	case !a.allowed(names.ModuleClock, "sleep"):
		return status(abi.Phase)
	case ns < 0:
		return status(abi.Invalid)
	}
	a.fake.slept += time.Duration(ns)
	return status(abi.OK)
}

func (a *activation) Random(buf []byte) uint64 {
	switch {
	case !a.allowed(names.ModuleRandom, "fill"):
		return status(abi.Phase)
	case len(buf) > 65536:
		return status(abi.TooLarge)
	}
	_, _ = rand.Read(buf) // never fails
	return size(len(buf))
}

// store gives the state, if the guest may use it now.
func (a *activation) store(function string, f func(context.Context, state.State) (uint64, error)) uint64 {
	if !a.allowed(names.ModuleState, function) {
		return status(abi.Phase)
	}
	r, err := f(context.Background(), a.fake.state)
	switch {
	case err == nil:
		return r
	case errors.Is(err, state.ErrKey), errors.Is(err, state.ErrType):
		return status(abi.Invalid)
	case errors.Is(err, state.ErrTooLarge):
		return status(abi.TooLarge)
	case errors.Is(err, state.ErrLimit):
		return status(abi.Limit)
	}
	return status(abi.Unavailable)
}

func (a *activation) StateGet(key string, buf []byte) uint64 {
	return a.store("get", func(ctx context.Context, s state.State) (uint64, error) {
		v, found, err := s.Get(ctx, key)
		if !found {
			return status(abi.NotFound), err
		}
		copy(buf, v)
		return size(len(v)), err
	})
}

func (a *activation) StatePut(key string, value []byte) uint64 {
	return a.store("put", func(ctx context.Context, s state.State) (uint64, error) {
		return status(abi.OK), s.Put(ctx, key, bytes.Clone(value))
	})
}

func (a *activation) StateDelete(key string) uint64 {
	return a.store("delete", func(ctx context.Context, s state.State) (uint64, error) {
		found, err := s.Delete(ctx, key)
		if !found {
			return status(abi.NotFound), err
		}
		return status(abi.OK), err
	})
}

func (a *activation) StateList(prefix, after string, buf []byte) uint64 {
	return a.store("list", func(ctx context.Context, s state.State) (uint64, error) {
		keys, err := s.List(ctx, prefix, after, 1000)
		if err != nil {
			return 0, err
		}
		var b []byte
		for n := len(keys); ; n-- {
			b = msgpack.AppendArray(nil, n)
			for _, key := range keys[:n] {
				b = msgpack.AppendBin(b, []byte(key))
			}
			if len(b) <= len(buf) {
				break
			}
			if n == 1 {
				return abi.Pack(abi.TooLarge, uint32(len(b))), nil
			}
		}
		return size(copy(buf, b)), nil
	})
}

func (a *activation) StateAdd(key string, delta int64) (sum int64, r uint64) {
	r = a.store("add", func(ctx context.Context, s state.State) (uint64, error) {
		var err error
		sum, err = s.Add(ctx, key, delta)
		return size(8), err
	})
	return sum, r
}

func (a *activation) StateAppend(key string, tail []byte) uint64 {
	return a.store("append", func(ctx context.Context, s state.State) (uint64, error) {
		n, err := s.Append(ctx, key, tail)
		return size(n), err
	})
}

func (a *activation) StateSwap(key string, old, value []byte) uint64 {
	return a.store("compare_and_swap", func(ctx context.Context, s state.State) (uint64, error) {
		swapped, err := s.CompareAndSwap(ctx, key, old, bytes.Clone(value))
		if !swapped {
			return status(abi.Conflict), err
		}
		return status(abi.OK), err
	})
}

// Call runs a function of the host program's own.
func (a *activation) Call(module, function string, message []byte) uint64 {
	f := a.fake.config.Functions[module+"."+function]
	switch {
	case f == nil:
		return status(abi.Denied)
	case a.phase&(abi.PhaseWrap|abi.PhaseEvent|abi.PhaseCall) == 0:
		return status(abi.Phase)
	}
	argument, s := a.decode(message)
	if s != abi.OK {
		return status(s)
	}
	answer, err := f(argument)
	if err != nil {
		return abi.Pack(abi.Failed, a.deliver(abi.AppendError(nil, a.describe(err))))
	}
	return size(int(a.deliver(a.handles.encode(nil, generic(answer)))))
}
