package inprocess

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/runtime/state"
)

// Services is what the host offers beside the operation.
type Services interface {
	// Context ends when the activation's caller gives up.
	Context() context.Context
	Canceled() bool

	Log(level int32, message string, pairs map[string]any)

	// Now gives nanoseconds of one of the two clocks.
	Now(clock uint32) int64
	// Sleep waits, and reports whether the time is over.
	Sleep(ns int64) bool

	State() state.State

	// Call runs a function that takes a message and gives one: of Aril's own
	// capabilities of that shape, or the host program's.
	Call(a *Activation, module, function string, message []byte) uint64
}

const (
	attributeBytes = 64 << 10 // of one line of the log
	randomBytes    = 64 << 10 // at once
	listKeys       = 1000     // looked up at once
)

// Log writes a line. What the SDK says of a panic that comes through Rest is
// left out: it is not the extension's.
func (a *Activation) Log(level int32, message string, attributes []byte) uint64 {
	if a.InRest {
		return status(abi.OK)
	}
	if len(attributes) > attributeBytes {
		return status(abi.Invalid)
	}
	pairs := map[string]any{}
	if len(attributes) > 0 {
		v, s := a.decode(attributes, Generic)
		m, ok := v.(map[string]any)
		if s != abi.OK || !ok {
			return status(abi.Invalid)
		}
		pairs = m
	}
	a.Services.Log(level, message, pairs)
	return size(len(message))
}

// Now reads a clock.
func (a *Activation) Now(clock uint32) (int64, uint64) {
	if s := a.gate(names.ModuleClock, "now"); s != abi.OK {
		return 0, status(s)
	}
	if clock != names.ClockMonotonic && clock != names.ClockWall {
		return 0, status(abi.Invalid)
	}
	return a.Services.Now(clock), size(8)
}

// Sleep waits.
func (a *Activation) Sleep(ns int64) uint64 {
	s := a.gate(names.ModuleClock, "sleep")
	switch {
	case s != abi.OK:
		return status(s)
	case ns < 0:
		return status(abi.Invalid)
	case !a.Services.Sleep(ns):
		return status(abi.Canceled)
	}
	return status(abi.OK)
}

// Random fills buf.
func (a *Activation) Random(buf []byte) uint64 {
	if s := a.gate(names.ModuleRandom, "fill"); s != abi.OK {
		return status(s)
	}
	if len(buf) > randomBytes {
		return status(abi.TooLarge)
	}
	_, _ = rand.Read(buf) // never fails
	return size(len(buf))
}

// Call runs a function of another capability.
func (a *Activation) Call(module, function string, message []byte) uint64 {
	switch {
	case a.Phase&abi.PhasesMessage == 0:
		return status(abi.Phase)
	case a.Services.Canceled():
		return status(abi.Canceled)
	case abi.Scan(message, abi.ScanLimits{}) != nil:
		return a.Fail(malformed{})
	}
	return a.Services.Call(a, module, function, bytes.Clone(message))
}

// malformed is what a function answers to bytes that are no message.
type malformed struct{}

func (malformed) Error() string         { return "the argument is malformed" }
func (malformed) Code() string          { return names.CodeInvalidArgument }
func (malformed) PublicMessage() string { return "the argument is malformed" }

// store runs f on the state, if the guest may use it now.
func (a *Activation) store(function string, f func(context.Context, state.State) (uint64, error)) uint64 {
	if s := a.gate(names.ModuleState, function); s != abi.OK {
		return status(s)
	}
	r, err := f(a.Services.Context(), a.Services.State())
	switch {
	case err == nil:
		return r
	case errors.Is(err, state.ErrKey), errors.Is(err, state.ErrType):
		return status(abi.Invalid)
	case errors.Is(err, state.ErrTooLarge):
		return status(abi.TooLarge)
	case errors.Is(err, state.ErrLimit):
		return status(abi.Limit)
	case a.Services.Canceled():
		return status(abi.Canceled)
	}
	return status(abi.Unavailable)
}

// StateGet copies a value.
func (a *Activation) StateGet(key string, buf []byte) uint64 {
	return a.store("get", func(ctx context.Context, s state.State) (uint64, error) {
		v, found, err := s.Get(ctx, key)
		if !found {
			return status(abi.NotFound), err
		}
		copy(buf, v)
		return size(len(v)), err
	})
}

// StatePut stores a value.
func (a *Activation) StatePut(key string, value []byte) uint64 {
	return a.store("put", func(ctx context.Context, s state.State) (uint64, error) {
		return status(abi.OK), s.Put(ctx, key, bytes.Clone(value))
	})
}

// StateDelete removes a key.
func (a *Activation) StateDelete(key string) uint64 {
	return a.store("delete", func(ctx context.Context, s state.State) (uint64, error) {
		found, err := s.Delete(ctx, key)
		if !found {
			return status(abi.NotFound), err
		}
		return status(abi.OK), err
	})
}

// StateList writes keys, as many as fit.
func (a *Activation) StateList(prefix, after string, buf []byte) uint64 {
	return a.store("list", func(ctx context.Context, s state.State) (uint64, error) {
		if len(prefix) > keyBytes || len(after) > keyBytes {
			return status(abi.Invalid), nil
		}
		keys, err := s.List(ctx, prefix, after, listKeys)
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

// StateAdd adds to a number.
func (a *Activation) StateAdd(key string, delta int64) (sum int64, r uint64) {
	r = a.store("add", func(ctx context.Context, s state.State) (uint64, error) {
		var err error
		sum, err = s.Add(ctx, key, delta)
		return size(8), err
	})
	return sum, r
}

// StateAppend appends to a value.
func (a *Activation) StateAppend(key string, tail []byte) uint64 {
	return a.store("append", func(ctx context.Context, s state.State) (uint64, error) {
		n, err := s.Append(ctx, key, tail)
		return size(n), err
	})
}

// StateSwap is compare_and_swap; nil stands for no value.
func (a *Activation) StateSwap(key string, old, value []byte) uint64 {
	return a.store("compare_and_swap", func(ctx context.Context, s state.State) (uint64, error) {
		swapped, err := s.CompareAndSwap(ctx, key, old, bytes.Clone(value))
		if !swapped {
			return status(abi.Conflict), err
		}
		return status(abi.OK), err
	})
}
