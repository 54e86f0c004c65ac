package state

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"sync"
)

// keyOverhead is what a key costs beside its bytes and its value's: entries in
// the map and in the index. Without it, empty values would cost nothing.
const keyOverhead = 128

// Memory returns a store in the memory of this process. It is gone when the
// process is. A value that grows by Append may have a quarter of its length
// in reserve, which TotalBytes does not count.
func Memory(l Limits) Store {
	return &memory{limits: l.withDefaults(), spaces: map[spaceName]*space{}}
}

func (l Limits) withDefaults() Limits {
	return Limits{
		KeyBytes:   int(orDefault(int64(l.KeyBytes), MaxKeyBytes)),
		ValueBytes: int(orDefault(int64(l.ValueBytes), 1<<20)),
		Keys:       int(orDefault(int64(l.Keys), 65_536)),
		TotalBytes: orDefault(l.TotalBytes, 16<<20),
	}
}

func orDefault(n, byDefault int64) int64 {
	switch {
	case n == 0:
		return byDefault
	case n < 0:
		return math.MaxInt
	}
	return n
}

type memory struct {
	limits Limits
	mu     sync.Mutex
	spaces map[spaceName]*space
}

type spaceName struct{ tenant, extension string }

func (m *memory) Open(tenant, extension string) (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := spaceName{tenant, extension}
	s, found := m.spaces[name]
	if !found {
		s = &space{limits: m.limits, values: map[string][]byte{}}
		m.spaces[name] = s
	}
	return s, nil
}

// A space is the state of one extension. No byte of a value that is in values
// ever changes: Append writes behind what others may have got from Get.
type space struct {
	limits Limits
	mu     sync.RWMutex
	values map[string][]byte
	keys   index
	bytes  int64 // as TotalBytes counts them
}

func (s *space) Local() {}

func (s *space) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := s.check(ctx, key); err != nil {
		return nil, false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	value, found := s.values[key]
	return value[:len(value):len(value)], found, nil
}

func (s *space) Put(ctx context.Context, key string, value []byte) error {
	if err := s.check(ctx, key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(key, len(value)); err != nil {
		return err
	}
	s.set(key, value)
	return nil
}

func (s *space) Delete(ctx context.Context, key string) (bool, error) {
	if err := s.check(ctx, key); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, found := s.values[key]
	s.remove(key)
	return found, nil
}

func (s *space) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []string
	for key := range s.keys.from(max(prefix, after)) {
		if len(found) >= limit || !strings.HasPrefix(key, prefix) {
			break
		}
		if key > after {
			found = append(found, key)
		}
	}
	return found, nil
}

func (s *space) Add(ctx context.Context, key string, delta int64) (int64, error) {
	if err := s.check(ctx, key); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var have int64
	if value, found := s.values[key]; found {
		if len(value) != 8 {
			return 0, fmt.Errorf("%w: add needs 8 bytes, there are %d", ErrType, len(value))
		}
		have = int64(binary.LittleEndian.Uint64(value))
	}
	if err := s.room(key, 8); err != nil {
		return 0, err
	}
	sum := have + delta
	if (sum > have) != (delta > 0) && delta != 0 {
		return 0, fmt.Errorf("%w: %d + %d does not fit 64 bits", ErrLimit, have, delta)
	}
	s.set(key, binary.LittleEndian.AppendUint64(nil, uint64(sum)))
	return sum, nil
}

func (s *space) Append(ctx context.Context, key string, tail []byte) (int, error) {
	if err := s.check(ctx, key); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	value := s.values[key]
	length := len(value) + len(tail)
	if err := s.room(key, length); err != nil {
		return 0, err
	}
	if length > cap(value) {
		grown := make([]byte, len(value), length+min(len(value)/4, s.limits.ValueBytes-length))
		copy(grown, value)
		value = grown
	}
	s.set(key, append(value, tail...))
	return length, nil
}

func (s *space) CompareAndSwap(ctx context.Context, key string, old, new []byte) (bool, error) {
	if err := s.check(ctx, key); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if new != nil {
		if err := s.room(key, len(new)); err != nil {
			return false, err
		}
	}
	value, found := s.values[key]
	if found != (old != nil) || !bytes.Equal(value, old) {
		return false, nil
	}
	if new == nil {
		s.remove(key)
	} else {
		s.set(key, new)
	}
	return true, nil
}

// check looks at what every method with a key looks at.
func (s *space) check(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if key == "" || len(key) > s.limits.KeyBytes {
		return fmt.Errorf("%w: %d bytes, 1 to %d are allowed", ErrKey, len(key), s.limits.KeyBytes)
	}
	return nil
}

// room reports whether a value of n bytes may be stored at key.
func (s *space) room(key string, n int) error {
	if n > s.limits.ValueBytes {
		return fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, n, s.limits.ValueBytes)
	}
	value, found := s.values[key]
	grow := int64(n - len(value))
	if !found {
		if len(s.values) >= s.limits.Keys {
			return fmt.Errorf("%w: %d keys of at most %d", ErrLimit, len(s.values), s.limits.Keys)
		}
		grow += int64(len(key) + keyOverhead)
	}
	if grow > s.limits.TotalBytes-s.bytes {
		return fmt.Errorf("%w: %d bytes of at most %d, and %d more", ErrLimit, s.bytes, s.limits.TotalBytes, grow)
	}
	return nil
}

func (s *space) set(key string, value []byte) {
	if value == nil {
		value = []byte{} // nil would mean "no value" to CompareAndSwap
	}
	before, found := s.values[key]
	if !found {
		s.keys.insert(key)
		s.bytes += int64(len(key) + keyOverhead)
	}
	s.bytes += int64(len(value) - len(before))
	s.values[key] = value
}

func (s *space) remove(key string) {
	value, found := s.values[key]
	if !found {
		return
	}
	delete(s.values, key)
	s.keys.remove(key)
	s.bytes -= int64(len(key) + len(value) + keyOverhead)
}
