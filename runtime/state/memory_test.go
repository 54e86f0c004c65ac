package state_test

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/state"
	"github.com/aril-wasm/aril/runtime/state/statetest"
)

func TestMemoryIsAStore(t *testing.T) {
	t.Parallel()
	statetest.Run(t, func() state.Store { return state.Memory(state.Limits{}) })
}

func open(t testing.TB, l state.Limits) state.State {
	t.Helper()
	s, err := state.Memory(l).Open("tenant", "extension")
	require.NoError(t, err)
	return s
}

func TestEachLimitRefusesTheFirstThingPastIt(t *testing.T) {
	t.Parallel()
	put := func(s state.State, key string, n int) error {
		return s.Put(t.Context(), key, make([]byte, n))
	}
	t.Run("a value by each way to store one", func(t *testing.T) {
		t.Parallel()
		s := open(t, state.Limits{ValueBytes: 10})
		require.NoError(t, put(s, "k", 10))
		require.ErrorIs(t, put(s, "k", 11), state.ErrTooLarge)
		_, err := s.Append(t.Context(), "k", []byte("x"))
		require.ErrorIs(t, err, state.ErrTooLarge)
		_, err = s.CompareAndSwap(t.Context(), "k", make([]byte, 10), make([]byte, 11))
		require.ErrorIs(t, err, state.ErrTooLarge)
		value, _, err := s.Get(t.Context(), "k")
		require.NoError(t, err)
		require.Len(t, value, 10)
	})
	t.Run("a number where values are shorter", func(t *testing.T) {
		t.Parallel()
		_, err := open(t, state.Limits{ValueBytes: 7}).Add(t.Context(), "k", 1)
		require.ErrorIs(t, err, state.ErrTooLarge)
	})
	t.Run("keys", func(t *testing.T) {
		t.Parallel()
		s := open(t, state.Limits{Keys: 2})
		require.NoError(t, put(s, "a", 0))
		require.NoError(t, put(s, "b", 0))
		require.ErrorIs(t, put(s, "c", 0), state.ErrLimit)
		_, err := s.Add(t.Context(), "c", 1)
		require.ErrorIs(t, err, state.ErrLimit)
		_, err = s.Append(t.Context(), "c", nil)
		require.ErrorIs(t, err, state.ErrLimit)
		_, err = s.CompareAndSwap(t.Context(), "c", nil, []byte{})
		require.ErrorIs(t, err, state.ErrLimit)
		require.NoError(t, put(s, "b", 9), "a key that is there may change")
		_, err = s.Delete(t.Context(), "a")
		require.NoError(t, err)
		require.NoError(t, put(s, "c", 0))
	})
	t.Run("a key's length", func(t *testing.T) {
		t.Parallel()
		s := open(t, state.Limits{KeyBytes: 3})
		require.NoError(t, put(s, "abc", 0))
		require.ErrorIs(t, put(s, "abcd", 0), state.ErrKey)
	})
	t.Run("the sum of bytes, overhead included", func(t *testing.T) {
		t.Parallel()
		s := open(t, state.Limits{TotalBytes: 2 * (1 + 128 + 10)})
		require.NoError(t, put(s, "a", 10))
		require.NoError(t, put(s, "b", 10))
		require.ErrorIs(t, put(s, "c", 0), state.ErrLimit)
		require.ErrorIs(t, put(s, "b", 11), state.ErrLimit)
		_, err := s.Append(t.Context(), "b", []byte("x"))
		require.ErrorIs(t, err, state.ErrLimit)
		require.NoError(t, put(s, "a", 0))
		require.NoError(t, put(s, "b", 20))
		require.ErrorIs(t, put(s, "b", 21), state.ErrLimit)
		_, err = s.CompareAndSwap(t.Context(), "b", make([]byte, 20), nil)
		require.NoError(t, err)
		_, err = s.Add(t.Context(), "c", 1)
		require.NoError(t, err)
	})
}

func TestUnlimitedMustBeAskedForByName(t *testing.T) {
	t.Parallel()
	byDefault, all := open(t, state.Limits{}), open(t, state.Limits{
		KeyBytes: state.Unlimited, ValueBytes: state.Unlimited, Keys: state.Unlimited, TotalBytes: state.Unlimited,
	})
	long, large := strings.Repeat("k", 513), make([]byte, 1<<20+1)
	require.ErrorIs(t, byDefault.Put(t.Context(), long, nil), state.ErrKey)
	require.ErrorIs(t, byDefault.Put(t.Context(), "k", large), state.ErrTooLarge)
	require.NoError(t, byDefault.Put(t.Context(), "k", large[1:]))
	require.NoError(t, all.Put(t.Context(), long, large))
	n, err := all.Append(t.Context(), long, large)
	require.NoError(t, err)
	require.Equal(t, 2*len(large), n)
	var err1, err2 error
	for i := 1; i < 65_536 && err1 == nil && err2 == nil; i++ {
		err1 = byDefault.Put(t.Context(), strconv.Itoa(i), nil)
		err2 = all.Put(t.Context(), strconv.Itoa(i), nil)
	}
	require.NoError(t, err1)
	require.NoError(t, err2)
	require.ErrorIs(t, byDefault.Put(t.Context(), "one more", nil), state.ErrLimit)
	require.NoError(t, all.Put(t.Context(), "one more", nil))
}

// An extension that stores as much as it may, in the worst shape, must not
// cost the host many times the sum that the limit names.
func TestMemoryIsBoundedByTheLimitInEveryShape(t *testing.T) {
	const total = 4 << 20
	limits := state.Limits{TotalBytes: total, Keys: state.Unlimited}
	for name, fill := range map[string]func(s state.State){
		"many short keys with empty values": func(s state.State) {
			for i := 0; s.Put(t.Context(), strconv.Itoa(i), nil) == nil; i++ {
			}
		},
		"blocks of keys emptied but for one": func(s state.State) {
			var err error
			for i := 0; i < 200_000 && err == nil; i++ {
				if err = s.Put(t.Context(), key(i), nil); err == nil && i%256 != 0 {
					_, err = s.Delete(t.Context(), key(i-1))
				}
			}
			require.NoError(t, err)
		},
		"values that grow byte by byte": func(s state.State) {
			var err error
			for i := 0; err == nil; i++ {
				_, err = s.Append(t.Context(), strconv.Itoa(i%8), make([]byte, 333))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			s := open(t, limits)
			fill(s)
			used := heap() - before
			require.Less(t, used, int64(total*3/2))
			runtime.KeepAlive(s)
		})
	}
}

func key(i int) string { return strconv.Itoa(10_000_000 + i) }

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkPutOfANewKeyAmong60000(b *testing.B) {
	s := open(b, state.Limits{})
	for i := range 60_000 {
		require.NoError(b, s.Put(b.Context(), key(i*7919%60_000), nil))
	}
	for i := 0; b.Loop(); i++ {
		key := key(i*7919%60_000) + "+"
		_ = s.Put(b.Context(), key, nil)
		_, _ = s.Delete(b.Context(), key)
	}
}
