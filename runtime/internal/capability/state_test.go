package capability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/state"
)

// stateArgs puts texts into memory, one after the other from 1000 on, and
// gives a pair for each, as arguments.
func (b *bench) stateArgs(texts ...string) (args []uint64) {
	at := uint64(1000)
	for _, text := range texts {
		b.put(at, text)
		args = append(args, at, uint64(len(text)))
		at += uint64(len(text)) + 7
	}
	return args
}

func (b *bench) state(name string, want abi.Status, n uint32, args ...uint64) {
	b.t.Helper()
	b.answers(want, n, names.ModuleState, name, args...)
}

const absent = names.Absent

func TestStateDoesWhatTheStoreDoes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	kv := b.stateArgs("key", "value")
	k := kv[:2]
	b.state("get", abi.NotFound, 0, k[0], k[1], 64, 8)
	b.state("delete", abi.NotFound, 0, k...)
	b.state("put", abi.OK, 0, kv...)
	b.state("get", abi.OK, 5, k[0], k[1], 64, 8)
	require.Equal(t, "?value?", b.at(64, 5))
	b.state("append", abi.OK, 10, kv...)
	b.state("add", abi.Invalid, 0, k[0], k[1], 1, 64)
	b.state("compare_and_swap", abi.Conflict, 0, k[0], k[1], kv[2], kv[3], kv[2], kv[3])
	b.state("compare_and_swap", abi.Conflict, 0, k[0], k[1], 0, absent, kv[2], kv[3])
	both := b.stateArgs("key", "valuevalue")
	b.state("compare_and_swap", abi.OK, 0, k[0], k[1], both[2], both[3], 0, 0)
	b.state("get", abi.OK, 0, k[0], k[1], 64, 8)
	b.state("compare_and_swap", abi.Conflict, 0, k[0], k[1], 0, absent, 0, absent)
	b.state("compare_and_swap", abi.OK, 0, k[0], k[1], 0, 0, 0, absent)
	b.state("get", abi.NotFound, 0, k[0], k[1], 64, 8)
	b.state("compare_and_swap", abi.OK, 0, k[0], k[1], 0, absent, 0, 0)
	b.state("delete", abi.OK, 0, k...)
	b.state("add", abi.OK, 8, k[0], k[1], 1<<63-1, 256)
	require.Equal(t, "?\xff\xff\xff\xff\xff\xff\xff\x7f?", b.at(256, 8))
	b.state("add", abi.Limit, 0, k[0], k[1], 1, 264)
	require.Equal(t, "??", b.at(265, 0), "a refusal writes nothing")
	b.state("add", abi.OK, 8, k[0], k[1], 1<<64-1, 256)
	require.Equal(t, "?\xfe\xff\xff\xff\xff\xff\xff\x7f?", b.at(256, 8))
}

func TestGetWritesWhatThereIsRoomFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	kv := b.stateArgs("k", "value")
	b.state("put", abi.OK, 0, kv...)
	for limit, want := range []string{"??", "?v?", "?va?", "?val?", "?valu?", "?value?", "?value?"} {
		b.put(64, "????????")
		b.state("get", abi.OK, 5, kv[0], kv[1], 64, uint64(limit))
		require.Equal(t, want, b.at(64, uint64(min(limit, 5))))
	}
	b.state("get", abi.OK, 5, kv[0], kv[1], 0xffff_ffff, 0)
}

func TestAKeyIs1To512Bytes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n, want := range map[uint64]abi.Status{0: abi.Invalid, 1: abi.OK, 512: abi.OK, 513: abi.Invalid, 0xffff_ffff: abi.Invalid} {
		b.state("put", want, 0, 1000, n, 64, 3)
		for name, args := range map[string][]uint64{
			"get": {1000, n, 64, 8}, "append": {1000, n, 64, 0}, "delete": {1000, n},
		} {
			if got, _ := b.status(names.ModuleState, name, args...); want == abi.Invalid {
				require.Equal(t, want, got, name)
			}
		}
		if want == abi.Invalid {
			b.state("add", want, 0, 1000, n, 1, 64)
			b.state("compare_and_swap", want, 0, 1000, n, 0, absent, 0, 0)
		}
	}
}

func TestAKeyThatIsNoneDoesNotReachTheStore(t *testing.T) {
	t.Parallel()
	for name, args := range stateCalls {
		if name == "list" {
			continue
		}
		for _, n := range []uint64{0, 513} {
			b := newBench(t)
			b.owner.state = &stubState{}
			b.state(name, abi.Invalid, 0, append([]uint64{args[0], n}, args[2:]...)...)
			require.Zero(t, b.guest.waits)
		}
	}
}

func TestLimitsOfTheStoreAreAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t) // values of 1000 bytes, 100 keys
	b.state("put", abi.OK, 0, 1000, 1, 2000, 1000)
	b.state("put", abi.TooLarge, 0, 1000, 1, 2000, 1001)
	b.state("append", abi.TooLarge, 0, 1000, 1, 2000, 1)
	b.state("compare_and_swap", abi.TooLarge, 0, 1000, 1, 0, absent, 2000, 1001)
	for i := range 99 {
		args := b.stateArgs(fmt.Sprint("key", i))
		b.state("put", abi.OK, 0, args[0], args[1], 0, 0)
	}
	args := b.stateArgs("one more")
	b.state("put", abi.Limit, 0, args[0], args[1], 0, 0)
	b.state("append", abi.Limit, 0, args[0], args[1], 0, 0)
	b.state("add", abi.Limit, 0, args[0], args[1], 1, 64)
	b.state("compare_and_swap", abi.Limit, 0, args[0], args[1], 0, absent, 0, 0)
}

func TestAValueThatNoStoreTakesIsNotCopied(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.guest.memory = make([]byte, stateValue+4096)
	b.state("put", abi.TooLarge, 0, 1000, 1, 0, stateValue+1)
	b.state("append", abi.TooLarge, 0, 1000, 1, 0, stateValue+1)
	b.state("compare_and_swap", abi.TooLarge, 0, 1000, 1, 0, absent, 0, stateValue+1)
	b.state("compare_and_swap", abi.Conflict, 0, 1000, 1, 0, stateValue+1, 0, 0)
	require.Zero(t, b.guest.charged)
}

func TestWhatTheStoreKeepsIsNotTheGuestsMemory(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	kv := b.stateArgs("k", "value")
	b.state("put", abi.OK, 0, kv...)
	b.put(kv[0], "?")
	b.put(kv[2], "?????")
	value, found, err := b.owner.state.Get(t.Context(), "k")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "value", string(value))
}

func TestListWritesAsManyKeysAsFit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want := []string{}
	for i := range 40 {
		k := fmt.Sprintf("k%02d", i)
		want = append(want, k)
		args := b.stateArgs(k)
		b.state("put", abi.OK, 0, args[0], args[1], 0, 0)
	}
	long := strings.Repeat("x", 300)
	args := b.stateArgs(long)
	b.state("put", abi.OK, 0, args[0], args[1], 0, 0)

	for limit := uint64(6); limit < 700; limit++ {
		prefix, want := "k", want[:40]
		if limit >= 304 {
			prefix, want = "", append(want, long)
		}
		got, after := []string{}, ""
		for {
			b.put(4000, strings.Repeat("?", 1000))
			args := b.stateArgs(prefix, after)
			status, n := b.status(names.ModuleState, "list", append(args, 4000, limit)...)
			require.Equal(t, abi.OK, status)
			require.LessOrEqual(t, uint64(n), limit)
			page := b.at(4000, uint64(n))
			require.Equal(t, "??", page[:1]+page[n+1:])
			keys := unpackKeys(t, page[1:n+1])
			if len(keys) == 0 {
				break
			}
			got = append(got, keys...)
			after = keys[len(keys)-1]
		}
		require.Equal(t, want, got, limit)
	}
}

func unpackKeys(t *testing.T, packed string) (keys []string) {
	t.Helper()
	require.NoError(t, abi.Scan([]byte(packed), abi.ScanLimits{}))
	n, rest, err := msgp.ReadArrayHeaderBytes([]byte(packed))
	require.NoError(t, err)
	for range n {
		var key []byte
		key, rest, err = msgp.ReadBytesBytes(rest, nil)
		require.NoError(t, err)
		keys = append(keys, string(key))
	}
	return keys
}

func TestListSaysHowMuchRoomTheNextKeyNeeds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.state("list", abi.TooLarge, 1, 0, 0, 0, 0, 64, 0)
	b.state("list", abi.OK, 1, 0, 0, 0, 0, 64, 1)
	require.Equal(t, "?\x90?", b.at(64, 1))
	for _, n := range []int{1, 255, 256, 512} {
		b := newBench(t)
		args := b.stateArgs(strings.Repeat("x", n))
		b.state("put", abi.OK, 0, args[0], args[1], 0, 0)
		status, need := b.status(names.ModuleState, "list", 0, 0, 0, 0, 64, 3)
		require.Equal(t, abi.TooLarge, status)
		require.Equal(t, strings.Repeat("?", 5), b.at(64, 3))
		b.state("list", abi.TooLarge, need, 0, 0, 0, 0, 64, uint64(need-1))
		b.state("list", abi.OK, need, 0, 0, 0, 0, 64, uint64(need))
		require.Equal(t, []string{strings.Repeat("x", n)}, unpackKeys(t, b.at(64, uint64(need))[1:need+1]))
	}
}

func TestListTakesAPrefixAndAStartOf512Bytes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.state("list", abi.OK, 1, 1000, 512, 2000, 512, 64, 8)
	b.state("list", abi.Invalid, 0, 1000, 513, 2000, 512, 64, 8)
	b.state("list", abi.Invalid, 0, 1000, 512, 2000, 513, 64, 8)
}

func TestListAnswers64KiBAtMost(t *testing.T) {
	t.Parallel()
	asked := 0
	b := newBench(t)
	b.owner.state = &stubState{list: func(limit int) ([]string, error) {
		asked = limit
		keys := make([]string, limit)
		for i := range keys {
			keys[i] = "k"
		}
		return keys, nil
	}}
	status, n := b.status(names.ModuleState, "list", 0, 0, 0, 0, 0, fakeMemory)
	require.Equal(t, abi.OK, status)
	require.LessOrEqual(t, n, uint32(listBytes))
	require.Greater(t, n, uint32(listBytes-3))
	require.LessOrEqual(t, asked, listBytes/3+1)
}

// A stubState is a store that is somewhere else.
type stubState struct {
	state.State
	err  error
	list func(limit int) ([]string, error)
}

func (s *stubState) Get(context.Context, string) ([]byte, bool, error)   { return nil, false, s.err }
func (s *stubState) Put(context.Context, string, []byte) error           { return s.err }
func (s *stubState) Delete(context.Context, string) (bool, error)        { return false, s.err }
func (s *stubState) Add(context.Context, string, int64) (int64, error)   { return 0, s.err }
func (s *stubState) Append(context.Context, string, []byte) (int, error) { return 0, s.err }
func (s *stubState) CompareAndSwap(context.Context, string, []byte, []byte) (bool, error) {
	return false, s.err
}

func (s *stubState) List(_ context.Context, _, _ string, limit int) ([]string, error) {
	if s.list != nil {
		return s.list(limit)
	}
	return nil, s.err
}

var stateCalls = map[string][]uint64{
	"get": {1000, 1, 64, 8}, "put": {1000, 1, 64, 8}, "delete": {1000, 1}, "list": {0, 0, 0, 0, 64, 8},
	"add": {1000, 1, 1, 64}, "append": {1000, 1, 64, 8}, "compare_and_swap": {1000, 1, 64, 8, 64, 8},
}

func TestWithoutAStoreStateIsUnavailable(t *testing.T) {
	t.Parallel()
	require.Len(t, stateCalls, len(hostFuncs[names.ModuleState]))
	for name, args := range stateCalls {
		b := newBench(t)
		b.owner.state = nil
		b.state(name, abi.Unavailable, 0, args...)
		require.Empty(t, b.lines())
	}
}

func TestErrorsOfAStoreAreStatusesAndTheHostSeesThem(t *testing.T) {
	t.Parallel()
	for name, args := range stateCalls {
		for _, c := range []struct {
			err    error
			want   abi.Status
			logged bool
		}{
			{fmt.Errorf("put: %w", state.ErrTooLarge), abi.TooLarge, false},
			{fmt.Errorf("put: %w", state.ErrLimit), abi.Limit, false},
			{fmt.Errorf("put: %w", state.ErrType), abi.Invalid, false},
			{fmt.Errorf("put: %w", state.ErrKey), abi.Invalid, false},
			{errors.New("dial 10.0.0.1: refused"), abi.Unavailable, true},
			{context.DeadlineExceeded, abi.Unavailable, true},
		} {
			b := newBench(t)
			b.owner.state = &stubState{err: c.err}
			b.state(name, c.want, 0, args...)
			require.Equal(t, c.logged, strings.Contains(b.lines(), c.err.Error()), b.lines())
			require.Equal(t, 1, b.guest.waits, "billed as waiting")
			require.Equal(t, strings.Repeat("?", 10), b.at(64, 8))
			b.owner.logBytes = 0
			before := b.log.Len()
			b.state(name, c.want, 0, args...)
			require.Equal(t, before, b.log.Len(), "a guest cannot fill the log by asking again")
		}
	}
}

func TestAStoreThatOnlyComputesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, args := range stateCalls {
		_, _ = b.status(names.ModuleState, name, args...)
	}
	require.Zero(t, b.guest.waits)
}

func TestWhenTheCallerGaveUpStateIsCanceledUnlessItWasDone(t *testing.T) {
	t.Parallel()
	for name, args := range stateCalls {
		b := newBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		b.guest.ctx = ctx
		stub := &stubState{err: context.Canceled}
		b.owner.state = stub
		cancel()
		b.state(name, abi.Canceled, 0, args...)
		require.Empty(t, b.lines())
	}
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.guest.ctx = ctx
	b.owner.state = &stubState{}
	b.state("put", abi.OK, 0, stateCalls["put"]...)
}

func BenchmarkStateGet(b *testing.B) {
	x := newBench(b)
	args := x.stateArgs("key", "value")
	x.state("put", abi.OK, 0, args...)
	get := []uint64{args[0], args[1], 64, 8}
	c := x.call()
	b.ReportAllocs()
	for b.Loop() {
		stateGet(c, get)
	}
}
