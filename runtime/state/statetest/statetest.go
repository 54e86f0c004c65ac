// Package statetest tests that a store does what state.Store and state.State
// say.
package statetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/state"
)

// Run tests the stores that open gives. Each must be empty and not be used by
// anything else; it must allow keys of 512 bytes, values of 64 KiB, 2,000 keys
// and 4 MiB in all. Run calls open once for each of its subtests, which run in
// parallel.
func Run(t *testing.T, open func() state.Store) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := open()
			s, err := store.Open("tenant", "extension")
			require.NoError(t, err)
			c.test(t, &env{T: t, store: store, State: s})
		})
	}
}

type env struct {
	*testing.T
	store state.Store
	state.State
}

// put stores a value or ends the test.
func (e *env) put(key, value string) {
	e.Helper()
	require.NoError(e, e.Put(e.Context(), key, []byte(value)))
}

// has requires a value at key.
func (e *env) has(key, value string) {
	e.Helper()
	got, found, err := e.Get(e.Context(), key)
	require.NoError(e, err)
	require.True(e, found, "nothing at %q", key)
	require.NotNil(e, got)
	require.Equal(e, value, string(got))
}

// lacks requires that nothing is at key.
func (e *env) lacks(key string) {
	e.Helper()
	_, found, err := e.Get(e.Context(), key)
	require.NoError(e, err)
	require.False(e, found, "something at %q", key)
}

// lists requires the keys that List gives.
func (e *env) lists(prefix, after string, limit int, want ...string) {
	e.Helper()
	got, err := e.List(e.Context(), prefix, after, limit)
	require.NoError(e, err)
	require.Equal(e, append([]string{}, want...), append([]string{}, got...))
}

// adds requires what Add answers.
func (e *env) adds(key string, delta, want int64) {
	e.Helper()
	sum, err := e.Add(e.Context(), key, delta)
	require.NoError(e, err)
	require.Equal(e, want, sum)
}

// swaps requires what CompareAndSwap answers.
func (e *env) swaps(want bool, key string, old, new []byte) {
	e.Helper()
	done, err := e.CompareAndSwap(e.Context(), key, old, new)
	require.NoError(e, err)
	require.Equal(e, want, done)
}

var cases = []struct {
	name string
	test func(t *testing.T, s *env)
}{
	{"what was put is got until it is deleted", func(t *testing.T, s *env) {
		s.lacks("k")
		s.put("k", "v")
		s.has("k", "v")
		s.put("k", "other")
		s.has("k", "other")
		found, err := s.Delete(t.Context(), "k")
		require.NoError(t, err)
		require.True(t, found)
		s.lacks("k")
		found, err = s.Delete(t.Context(), "k")
		require.NoError(t, err)
		require.False(t, found)
	}},
	{"an empty value is there", func(t *testing.T, s *env) {
		s.put("k", "")
		s.has("k", "")
		require.NoError(t, s.Put(t.Context(), "nil", nil))
		s.has("nil", "")
		s.lists("", "", 9, "k", "nil")
	}},
	{"any bytes are a key and a value", func(t *testing.T, s *env) {
		for _, b := range []string{"\x00", "\x00\x00", "\xff", "a/../b", "a\nb", "ü", "'; --", "%", "_"} {
			s.put(b, b)
		}
		for _, b := range []string{"\x00", "\x00\x00", "\xff", "a/../b", "a\nb", "ü", "'; --", "%", "_"} {
			s.has(b, b)
		}
		s.lists("%", "", 9, "%")
		s.lists("_", "", 9, "_")
		s.lists("\xff", "", 9, "\xff")
		s.lists("\x00", "", 9, "\x00", "\x00\x00")
	}},
	{"keys of 1 and of 512 bytes are keys, others are not", func(t *testing.T, s *env) {
		long := strings.Repeat("k", state.MaxKeyBytes)
		s.put(long, "v")
		s.has(long, "v")
		s.put("k", "short")
		s.has(long, "v")
		for _, key := range []string{"", long + "k"} {
			_, _, err := s.Get(t.Context(), key)
			require.ErrorIs(t, err, state.ErrKey)
			require.ErrorIs(t, s.Put(t.Context(), key, nil), state.ErrKey)
			_, err = s.Delete(t.Context(), key)
			require.ErrorIs(t, err, state.ErrKey)
			_, err = s.Add(t.Context(), key, 1)
			require.ErrorIs(t, err, state.ErrKey)
			_, err = s.Append(t.Context(), key, nil)
			require.ErrorIs(t, err, state.ErrKey)
			_, err = s.CompareAndSwap(t.Context(), key, nil, []byte{})
			require.ErrorIs(t, err, state.ErrKey)
		}
		s.lists("", "", 9, "k", long)
	}},
	{"a value of 64 KiB comes back whole", func(t *testing.T, s *env) {
		large := strings.Repeat("0123456789abcdef", 4096)
		s.put("k", large)
		s.has("k", large)
		s.swaps(true, "k", []byte(large), []byte(large[1:]))
		s.has("k", large[1:])
	}},
	{"the same names open the same state", func(t *testing.T, s *env) {
		s.put("k", "v")
		again, err := s.store.Open("tenant", "extension")
		require.NoError(t, err)
		(&env{T: t, State: again}).has("k", "v")
	}},
	{"extensions and tenants do not see each other", func(t *testing.T, s *env) {
		s.put("k", "v")
		for _, n := range [][2]string{
			{"tenant", "other"}, {"other", "extension"}, {"", "extension"}, {"tenant", ""}, {"", ""},
			{"tenantextension", ""}, {"", "tenantextension"}, {"tenant/extension", ""}, {"tenant", "extension/k"},
			{"tenantexten", "sion"}, {"tenant\x00extension", ""}, {"..", "tenant/extension"}, {"TENANT", "EXTENSION"},
		} {
			o, err := s.store.Open(n[0], n[1])
			require.NoError(t, err, "%q", n)
			other := &env{T: t, State: o}
			other.lacks("k")
			other.lists("", "", 9)
			other.put("k", strings.Join(n[:], "|"))
		}
		s.has("k", "v")
		s.lists("", "", 9, "k")
	}},
	{"keys are listed in byte order", func(t *testing.T, s *env) {
		keys := []string{"\x00", "A", "B", "a", "a\x00", "aa", "ab", "b", "ü", "\xff"}
		for i := range keys {
			s.put(keys[(i*7)%len(keys)], "")
		}
		slices.Sort(keys)
		s.lists("", "", 99, keys...)
	}},
	{"a list has the prefix and begins after its key", func(t *testing.T, s *env) {
		for _, k := range []string{"a", "b", "b/1", "b/2", "b/3", "b0", "c"} {
			s.put(k, "")
		}
		s.lists("b/", "", 9, "b/1", "b/2", "b/3")
		s.lists("b/", "b/1", 9, "b/2", "b/3")
		s.lists("b/", "b/10", 9, "b/2", "b/3")
		s.lists("b/", "b/3", 9)
		s.lists("b/", "a", 9, "b/1", "b/2", "b/3")
		s.lists("b/", "c", 9)
		s.lists("", "b0", 9, "c")
		s.lists("", "c", 9)
		s.lists("b", "b", 9, "b/1", "b/2", "b/3", "b0")
		s.lists("nothing", "", 9)
	}},
	{"a list stops at its limit and goes on from there", func(t *testing.T, s *env) {
		var want, got []string
		for i := range 1500 {
			key := fmt.Sprintf("%04d", i)
			want = append(want, key)
			s.put(fmt.Sprintf("%04d", (i*7)%1500), "")
		}
		s.lists("", "", 0)
		s.lists("", "", -1)
		after := ""
		for {
			page, err := s.List(t.Context(), "", after, 7)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), 7)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1]
		}
		require.Equal(t, want, got)
	}},
	{"a deleted key is listed no more", func(t *testing.T, s *env) {
		s.put("a", "")
		s.put("b", "")
		_, err := s.Delete(t.Context(), "a")
		require.NoError(t, err)
		s.lists("", "", 9, "b")
		s.swaps(true, "b", []byte{}, nil)
		s.lists("", "", 9)
	}},
	{"a number is 8 bytes, little-endian, and begins at 0", func(t *testing.T, s *env) {
		s.adds("n", 40, 40)
		s.adds("n", 2, 42)
		s.has("n", "\x2a\x00\x00\x00\x00\x00\x00\x00")
		s.adds("n", -43, -1)
		s.has("n", "\xff\xff\xff\xff\xff\xff\xff\xff")
		s.adds("n", 0, -1)
		s.adds("zero", 0, 0)
		s.has("zero", "\x00\x00\x00\x00\x00\x00\x00\x00")
		s.lists("", "", 9, "n", "zero")
	}},
	{"a sum that does not fit changes nothing", func(t *testing.T, s *env) {
		s.adds("max", math.MaxInt64, math.MaxInt64)
		_, err := s.Add(t.Context(), "max", 1)
		require.ErrorIs(t, err, state.ErrLimit)
		_, err = s.Add(t.Context(), "max", math.MaxInt64)
		require.ErrorIs(t, err, state.ErrLimit)
		s.adds("max", 0, math.MaxInt64)
		s.adds("min", math.MinInt64, math.MinInt64)
		_, err = s.Add(t.Context(), "min", -1)
		require.ErrorIs(t, err, state.ErrLimit)
		_, err = s.Add(t.Context(), "min", math.MinInt64)
		require.ErrorIs(t, err, state.ErrLimit)
		s.adds("min", math.MaxInt64, -1)
	}},
	{"what is no number is not added to", func(t *testing.T, s *env) {
		for _, v := range []string{"", "1234567", "123456789"} {
			s.put("k", v)
			_, err := s.Add(t.Context(), "k", 1)
			require.ErrorIs(t, err, state.ErrType)
			s.has("k", v)
		}
	}},
	{"append makes a value and makes it longer", func(t *testing.T, s *env) {
		for i, want := range []string{"ab", "abab", "ababab"} {
			n, err := s.Append(t.Context(), "k", []byte("ab"))
			require.NoError(t, err)
			require.Equal(t, 2*(i+1), n)
			s.has("k", want)
		}
		n, err := s.Append(t.Context(), "k", nil)
		require.NoError(t, err)
		require.Equal(t, 6, n)
		n, err = s.Append(t.Context(), "empty", nil)
		require.NoError(t, err)
		require.Zero(t, n)
		s.has("empty", "")
	}},
	{"what was got does not change afterwards", func(t *testing.T, s *env) {
		long := strings.Repeat("a", 1000) // long enough to be given room to grow
		tail := []byte("b")
		_, err := s.Append(t.Context(), "k", []byte(long))
		require.NoError(t, err)
		_, err = s.Append(t.Context(), "k", tail)
		require.NoError(t, err)
		tail[0] = '?'
		got, _, err := s.Get(t.Context(), "k")
		require.NoError(t, err)
		_, err = s.Append(t.Context(), "k", []byte("c"))
		require.NoError(t, err)
		s.put("other", long)
		require.Equal(t, long+"b", string(got))
		s.has("k", long+"bc")
		got = append(got, "!!"...)
		require.Equal(t, long+"b!!", string(got))
		s.has("k", long+"bc")
		s.put("k", "xyz")
		require.Equal(t, long+"b!!", string(got))
	}},
	{"a swap needs the old value", func(t *testing.T, s *env) {
		s.swaps(false, "k", []byte("x"), []byte("y"))
		s.swaps(false, "k", []byte{}, []byte("y"))
		s.lacks("k")
		s.swaps(true, "k", nil, []byte("x"))
		s.swaps(false, "k", nil, []byte("y"))
		s.swaps(false, "k", []byte("y"), []byte("z"))
		s.swaps(false, "k", []byte("xx"), []byte("z"))
		s.has("k", "x")
		s.swaps(true, "k", []byte("x"), []byte{})
		s.swaps(false, "k", nil, []byte("y"))
		s.has("k", "")
		s.swaps(true, "k", []byte{}, []byte("y"))
		s.swaps(false, "k", []byte{}, nil)
		s.swaps(true, "k", []byte("y"), nil)
		s.lacks("k")
		s.swaps(true, "k", nil, nil)
		s.lacks("k")
	}},
	{"a context that is done does nothing", func(t *testing.T, s *env) {
		s.put("k", "v")
		gone := errors.New("gave up")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(gone)
		_, _, err := s.Get(ctx, "k")
		require.ErrorIs(t, err, gone)
		require.ErrorIs(t, s.Put(ctx, "k", nil), gone)
		_, err = s.Delete(ctx, "k")
		require.ErrorIs(t, err, gone)
		_, err = s.List(ctx, "", "", 9)
		require.ErrorIs(t, err, gone)
		_, err = s.Add(ctx, "n", 1)
		require.ErrorIs(t, err, gone)
		_, err = s.Append(ctx, "k", []byte("v"))
		require.ErrorIs(t, err, gone)
		_, err = s.CompareAndSwap(ctx, "k", []byte("v"), nil)
		require.ErrorIs(t, err, gone)
		s.has("k", "v")
		s.lists("", "", 9, "k")
	}},
	{"parallel changes lose nothing", func(t *testing.T, s *env) {
		const workers, rounds = 8, 50
		ctx := t.Context()
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				// Each worker opens its own, as instances on several machines do.
				mine, err := s.store.Open("tenant", "extension")
				if err != nil {
					t.Error(err)
					return
				}
				for i := range rounds {
					_, err1 := mine.Add(ctx, "sum", int64(w))
					_, err2 := mine.Append(ctx, "log", []byte{byte('a' + w)})
					err3 := mine.Put(ctx, fmt.Sprintf("k/%d/%d", w, i), []byte{byte(i)})
					_, err4 := mine.List(ctx, "k/", "", 10)
					err5 := increment(ctx, mine, "swapped")
					if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		s.adds("sum", 0, rounds*workers*(workers-1)/2)
		s.has("swapped", strings.Repeat("+", workers*rounds))
		log, _, err := s.Get(ctx, "log")
		require.NoError(t, err)
		require.Len(t, log, workers*rounds)
		for w := range workers {
			require.Equal(t, rounds, strings.Count(string(log), string(rune('a'+w))))
		}
		keys, err := s.List(ctx, "k/", "", 10_000)
		require.NoError(t, err)
		require.Len(t, keys, workers*rounds)
	}},
}

// increment makes the value one longer, as a guest would without Append.
func increment(ctx context.Context, s state.State, key string) error {
	for {
		old, found, err := s.Get(ctx, key)
		if err != nil {
			return err
		}
		if !found {
			old = nil
		}
		done, err := s.CompareAndSwap(ctx, key, old, []byte(string(old)+"+"))
		if done || err != nil {
			return err
		}
	}
}
