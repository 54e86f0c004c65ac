package capability

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/state"
)

const (
	// stateValue is the longest value that is taken from a guest, whatever
	// the store allows.
	stateValue = 16 << 20

	// stateErrorBytes is what a line about a store that failed takes of the
	// activation's share of the log.
	stateErrorBytes = 256
)

// key reads the key that every function of state but list begins with.
func (c call) key(args []uint64) (view []byte, ok bool) {
	if args[1] == 0 || args[1] > state.MaxKeyBytes {
		return nil, false
	}
	return c.pair(args[0], args[1])
}

// take bills and copies: a store may keep what it gets, and the guest's memory
// is gone one day.
func (c call) take(view []byte) []byte {
	c.ChargeBytes(uint64(len(view)))
	return append(make([]byte, 0, len(view)), view...)
}

// takeKey bills and copies a key.
func (c call) takeKey(view []byte) string {
	c.ChargeBytes(uint64(len(view)))
	return string(view)
}

// ask lets f ask the store. A store that only computes is billed as the
// guest's computing, any other as waiting.
func (c call) ask(f func(context.Context, state.State) error) abi.Status {
	s := c.owner.State()
	if s == nil {
		return abi.Unavailable
	}
	var err error
	if _, computes := s.(state.Local); computes {
		err = f(c.Context(), s)
	} else {
		// What f says counts: it may have ended just before the caller gave up.
		_ = c.Wait(func(ctx context.Context) error {
			err = f(ctx, s)
			return err
		})
	}
	switch {
	case err == nil:
		return abi.OK
	case errors.Is(err, state.ErrTooLarge):
		return abi.TooLarge
	case errors.Is(err, state.ErrLimit):
		return abi.Limit
	case errors.Is(err, state.ErrType), errors.Is(err, state.ErrKey):
		return abi.Invalid
	case c.Canceled():
		return abi.Canceled
	}
	if left := c.owner.LogBytes(); *left > 0 {
		*left = max(*left-stateErrorBytes, 0)
		c.Outside(func() {
			c.owner.Logger().LogAttrs(c.Context(), slog.LevelError, "the state's store did not answer", slog.Any("error", err))
		})
	}
	return abi.Unavailable
}

// stateGet is aril_state_v1.get(key, klen, buf, limit).
func stateGet(c call, args []uint64) (abi.Status, uint32) {
	view, ok := c.key(args)
	buf, limit := args[2], args[3]
	if !ok || !c.inside(buf, limit) {
		return abi.Invalid, 0
	}
	key := c.takeKey(view)
	var value []byte
	var found bool
	status := c.ask(func(ctx context.Context, s state.State) (err error) {
		value, found, err = s.Get(ctx, key)
		return err
	})
	switch {
	case status != abi.OK:
		return status, 0
	case !found:
		return abi.NotFound, 0
	case len(value) > maxInt31:
		return abi.TooLarge, 0
	}
	c.put(buf, value[:min(uint64(len(value)), limit)])
	return abi.OK, uint32(len(value))
}

// statePut is aril_state_v1.put(key, klen, val, vlen).
func statePut(c call, args []uint64) (abi.Status, uint32) {
	key, value, status := c.keyAndValue(args)
	if status != abi.OK {
		return status, 0
	}
	return c.ask(func(ctx context.Context, s state.State) error { return s.Put(ctx, key, value) }), 0
}

// stateAppend is aril_state_v1.append(key, klen, val, vlen).
func stateAppend(c call, args []uint64) (abi.Status, uint32) {
	key, tail, status := c.keyAndValue(args)
	if status != abi.OK {
		return status, 0
	}
	var length int
	status = c.ask(func(ctx context.Context, s state.State) (err error) {
		length, err = s.Append(ctx, key, tail)
		return err
	})
	if status != abi.OK {
		return status, 0
	}
	return abi.OK, uint32(min(length, maxInt31))
}

// maxInt31 is the largest n that an answer can carry.
const maxInt31 = 1<<31 - 1

func (c call) keyAndValue(args []uint64) (string, []byte, abi.Status) {
	view, keyOK := c.key(args)
	value, valueOK := c.pair(args[2], args[3])
	switch {
	case !keyOK, !valueOK:
		return "", nil, abi.Invalid
	case len(value) > stateValue:
		return "", nil, abi.TooLarge
	}
	return c.takeKey(view), c.take(value), abi.OK
}

// stateDelete is aril_state_v1.delete(key, klen).
func stateDelete(c call, args []uint64) (abi.Status, uint32) {
	view, ok := c.key(args)
	if !ok {
		return abi.Invalid, 0
	}
	key := c.takeKey(view)
	var found bool
	status := c.ask(func(ctx context.Context, s state.State) (err error) {
		found, err = s.Delete(ctx, key)
		return err
	})
	if status == abi.OK && !found {
		return abi.NotFound, 0
	}
	return status, 0
}

// stateAdd is aril_state_v1.add(key, klen, delta, buf).
func stateAdd(c call, args []uint64) (abi.Status, uint32) {
	view, ok := c.key(args)
	delta, buf := int64(args[2]), args[3]
	if !ok || !c.inside(buf, 8) {
		return abi.Invalid, 0
	}
	key := c.takeKey(view)
	var sum int64
	status := c.ask(func(ctx context.Context, s state.State) (err error) {
		sum, err = s.Add(ctx, key, delta)
		return err
	})
	if status != abi.OK {
		return status, 0
	}
	c.put(buf, binary.LittleEndian.AppendUint64(nil, uint64(sum)))
	return abi.OK, 8
}

// stateCompareAndSwap is
// aril_state_v1.compare_and_swap(key, klen, old, olen, new, nlen).
func stateCompareAndSwap(c call, args []uint64) (abi.Status, uint32) {
	view, keyOK := c.key(args)
	from, fromOK := c.optional(args[2], args[3])
	to, toOK := c.optional(args[4], args[5])
	switch {
	case !keyOK, !fromOK, !toOK:
		return abi.Invalid, 0
	case len(to) > stateValue:
		return abi.TooLarge, 0
	case len(from) > stateValue:
		return abi.Conflict, 0 // no value is that long
	}
	key := c.takeKey(view)
	if from != nil {
		from = c.take(from)
	}
	if to != nil {
		to = c.take(to)
	}
	var swapped bool
	status := c.ask(func(ctx context.Context, s state.State) (err error) {
		swapped, err = s.CompareAndSwap(ctx, key, from, to)
		return err
	})
	if status == abi.OK && !swapped {
		return abi.Conflict, 0
	}
	return status, 0
}

// optional views a pair, and nothing where its length says that there is no
// value. An empty value is not nil.
func (c call) optional(ptr, n uint64) ([]byte, bool) {
	if n == names.Absent {
		return nil, true
	}
	b, ok := c.pair(ptr, n)
	if ok && b == nil {
		b = []byte{}
	}
	return b, ok
}
