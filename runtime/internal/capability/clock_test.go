package capability

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

func (b *bench) word(ptr uint64) uint64 {
	b.t.Helper()
	mem, ok := b.guest.Read(ptr, 8)
	require.True(b.t, ok)
	return binary.LittleEndian.Uint64(mem)
}

func TestClocksAreCoarseAndTellTheTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.answers(abi.OK, 8, names.ModuleClock, "now", names.ClockMonotonic, 64)
	first := b.word(64)
	require.GreaterOrEqual(t, first, uint64(time.Second), "Go's runtime does not start on 0")
	require.Zero(t, first%1000)
	b.answers(abi.OK, 8, names.ModuleClock, "now", names.ClockMonotonic, 64)
	require.GreaterOrEqual(t, b.word(64), first)

	b.answers(abi.OK, 8, names.ModuleClock, "now", names.ClockWall, 64)
	require.Zero(t, b.word(64)%1000)
	require.WithinDuration(t, time.Now(), time.Unix(0, int64(b.word(64))), time.Minute)
	require.Equal(t, "?", b.at(64, 8)[:1])
	require.Equal(t, "?", b.at(64, 8)[9:])

	for _, clock := range []uint64{2, 0xffff_ffff} {
		b.answers(abi.Invalid, 0, names.ModuleClock, "now", clock, 64)
	}
}

func TestClocksOfWASIAreNumberedAsThereAndNoMoreThanTwo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.errno(success, "clock_time_get", 0, 1, 64)
	require.WithinDuration(t, time.Now(), time.Unix(0, int64(b.word(64))), time.Minute)
	b.errno(success, "clock_time_get", 1, 1, 64)
	require.Less(t, b.word(64), uint64(time.Hour))
	for _, clock := range []uint64{2, 3, 0xffff_ffff} {
		b.errno(inval, "clock_time_get", clock, 1, 64)
		b.errno(inval, "clock_res_get", clock, 64)
	}
	b.errno(success, "clock_res_get", 1, 64)
	require.EqualValues(t, 1000, b.word(64))
}

func TestSleepWaitsThatLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		for _, d := range []time.Duration{1, time.Millisecond, 24 * time.Hour} {
			start := time.Now()
			b.answers(abi.OK, 0, names.ModuleClock, "sleep", uint64(d))
			require.Equal(t, d, time.Since(start))
		}
		require.Equal(t, 3, b.guest.waits)
		start := time.Now()
		b.answers(abi.OK, 0, names.ModuleClock, "sleep", 0)
		for _, ns := range []int64{-1, math.MinInt64} {
			b.answers(abi.Invalid, 0, names.ModuleClock, "sleep", uint64(ns))
		}
		require.Zero(t, time.Since(start))
		require.Equal(t, 3, b.guest.waits, "nothing to wait for")
	})
}

func TestSleepEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var cancel context.CancelFunc
		b.guest.ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		b.answers(abi.Canceled, 0, names.ModuleClock, "sleep", math.MaxInt64)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestSleepEndsWithTheWaitBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.guest.deadline = true
	require.Equal(t, errFakeTime, unwound(t, func() { b.status(names.ModuleClock, "sleep", math.MaxInt64) }))
}

// A sub is a subscription to a clock, or to a descriptor.
type sub struct {
	userdata uint64
	kind     byte
	clock    uint32
	timeout  uint64
	absolute bool
}

func (s sub) pack() []byte {
	b := make([]byte, subscriptionSize)
	binary.LittleEndian.PutUint64(b, s.userdata)
	b[8] = s.kind
	binary.LittleEndian.PutUint32(b[16:], s.clock)
	binary.LittleEndian.PutUint64(b[24:], s.timeout)
	binary.LittleEndian.PutUint64(b[32:], math.MaxUint64) // precision
	if s.absolute {
		b[40] = 1
	}
	return b
}

func event(userdata uint64, e errno, kind byte) string {
	b := make([]byte, eventSize)
	binary.LittleEndian.PutUint64(b, userdata)
	binary.LittleEndian.PutUint16(b[8:], uint16(e))
	b[10] = kind
	return string(b)
}

func TestAPollIsReadyWhenItsFirstIs(t *testing.T) {
	t.Parallel()
	const wall, monotonic = 1_000_000, 500
	for _, c := range []struct {
		name   string
		subs   []sub
		wait   uint64
		events []string
	}{
		{"relative", []sub{{userdata: 7, clock: 1, timeout: 30}}, 30, []string{event(7, 0, 0)}},
		{"relative to the wall", []sub{{clock: 0, timeout: 30}}, 30, []string{event(0, 0, 0)}},
		{"absolute", []sub{{userdata: 7, clock: 1, timeout: 530, absolute: true}}, 30, []string{event(7, 0, 0)}},
		{"absolute by the wall", []sub{{userdata: 7, clock: 0, timeout: 1_000_030, absolute: true}}, 30, []string{event(7, 0, 0)}},
		{"past", []sub{{userdata: 7, clock: 0, timeout: 1, absolute: true}}, 0, []string{event(7, 0, 0)}},
		{"now", []sub{{userdata: math.MaxUint64, clock: 1}}, 0, []string{event(math.MaxUint64, 0, 0)}},
		{"the end of time", []sub{{clock: 1, timeout: math.MaxUint64}}, math.MaxUint64, []string{event(0, 0, 0)}},
		{"the end of time, absolute", []sub{{clock: 1, timeout: math.MaxUint64, absolute: true}}, math.MaxUint64 - 500, []string{event(0, 0, 0)}},
		{"the earliest of three", []sub{{userdata: 1, clock: 1, timeout: 30}, {userdata: 2, clock: 0, timeout: 20}, {userdata: 3, clock: 1, timeout: 520, absolute: true}}, 20, []string{event(2, 0, 0), event(3, 0, 0)}},
		{"no such clock", []sub{{userdata: 1, clock: 1, timeout: 30}, {userdata: 2, clock: 2, timeout: 20}}, 0, []string{event(2, inval, 0)}},
		{"descriptors", []sub{{userdata: 1, clock: 1, timeout: 30}, {userdata: 2, kind: 1, clock: 0}, {userdata: 3, kind: 2, clock: 99}, {userdata: 4, clock: 1}}, 0, []string{event(2, notsup, 1), event(3, notsup, 2), event(4, 0, 0)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var packed []byte
			for _, s := range c.subs {
				packed = append(packed, s.pack()...)
			}
			p, ok := newPoll(packed, wall, monotonic)
			require.True(t, ok)
			require.Equal(t, c.wait, p.wait())
			events, n := p.events()
			require.Equal(t, strings.Join(c.events, ""), string(events))
			require.EqualValues(t, len(c.events), n)
		})
	}
	_, ok := newPoll(sub{kind: 3}.pack(), wall, monotonic)
	require.False(t, ok)
}

func TestAPollOfTheHostWaitsAndWritesWhatIsReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.put(1024, string(sub{userdata: 1, clock: 1, timeout: uint64(time.Hour)}.pack())+
			string(sub{userdata: 2, clock: 0, timeout: uint64(time.Second)}.pack()))
		start := time.Now()
		b.errno(success, "poll_oneoff", 1024, 2048, 2, 512)
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, 1, b.guest.waits)
		require.Equal(t, "?\x01\x00\x00\x00?", b.at(512, 4))
		require.Equal(t, "?"+event(2, 0, 0)+"?", b.at(2048, eventSize))

		for _, n := range []uint64{0, 65, math.MaxUint32} {
			b.errno(inval, "poll_oneoff", 1024, 2048, n, 512)
		}
		b.put(1024+8, "\x03")
		b.errno(inval, "poll_oneoff", 1024, 2048, 1, 512)
	})
}

func TestAPollMayAnswerWhereItsQuestionWas(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.put(1024, strings.Repeat(string(sub{userdata: 9, clock: 1}.pack()), 65))
	b.errno(inval, "poll_oneoff", 1024, 1024, 65, 512)
	b.errno(success, "poll_oneoff", 1024, 1024, 64, 512)
	require.Equal(t, strings.Repeat(event(9, 0, 0), 64), b.at(1024, 64*eventSize)[1:1+64*eventSize])
}

func TestAPollEndsWithItsCallerAndSaysThatTheTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var cancel context.CancelFunc
		b.guest.ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		b.put(1024, string(sub{userdata: 2, clock: 1, timeout: math.MaxUint64}.pack()))
		start := time.Now()
		for range 2 {
			b.errno(success, "poll_oneoff", 1024, 2048, 1, 512)
			require.Equal(t, time.Second, time.Since(start))
			require.Equal(t, "?"+event(2, 0, 0)+"?", b.at(2048, eventSize))
		}
	})
}

func TestAPollEndsWithTheWaitBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.guest.deadline = true
	b.put(1024, string(sub{clock: 1, timeout: math.MaxUint64}.pack()))
	require.Equal(t, errFakeTime, unwound(t, func() { b.errno(success, "poll_oneoff", 1024, 2048, 1, 512) }))
}

func FuzzAPollOfAnyBytesIsAnswered(f *testing.F) {
	f.Add(sub{clock: 1, timeout: 5}.pack(), uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, packed []byte, wall, monotonic uint64) {
		n := len(packed) / subscriptionSize
		p, ok := newPoll(packed[:n*subscriptionSize], wall, monotonic)
		if !ok || n == 0 {
			return
		}
		require.Len(t, p, n)
		events, count := p.events()
		require.Len(t, events, int(count)*eventSize)
		require.NotZero(t, count, "a guest would poll for ever")
		require.LessOrEqual(t, int(count), n)
	})
}

func TestRandomFillsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	source := make([]byte, wasiRandomMax)
	for i := range source {
		source[i] = byte(i % 251)
	}
	for _, n := range []int{0, 1, randomChunk - 1, randomChunk, randomChunk + 1, randomMax - 1, randomMax} {
		b := newBench(t)
		b.owner.random = iotest.HalfReader(bytes.NewReader(source))
		b.answers(abi.OK, uint32(n), names.ModuleRandom, "fill", 64, uint64(n))
		require.Equal(t, "?"+string(source[:n])+"?", b.at(64, uint64(n)))
		require.EqualValues(t, n, b.guest.charged)

		b = newBench(t)
		b.owner.random = bytes.NewReader(source)
		b.errno(success, "random_get", 64, uint64(n))
		require.Equal(t, "?"+string(source[:n])+"?", b.at(64, uint64(n)))
	}
	b := newBench(t)
	b.guest.memory = make([]byte, 2<<20)
	b.answers(abi.TooLarge, 0, names.ModuleRandom, "fill", 64, randomMax+1)
	b.errno(inval, "random_get", 64, wasiRandomMax+1)
	require.Zero(t, b.guest.charged)
	b.owner.random = bytes.NewReader(source)
	b.errno(success, "random_get", 64, wasiRandomMax)
	require.Equal(t, source, b.guest.memory[64:64+wasiRandomMax])
}

func TestASourceOfRandomThatFailsIsNotTakenForRandom(t *testing.T) {
	t.Parallel()
	for _, source := range []io.Reader{iotest.ErrReader(errors.New("dry")), strings.NewReader("short")} {
		b := newBench(t)
		b.owner.random = source
		b.answers(abi.Unavailable, 0, names.ModuleRandom, "fill", 64, 8)
		b.errno(ioError, "random_get", 64, 8)
		require.Equal(t, "??????????", b.at(64, 8))
	}
}

func TestExitEndsTheActivationWithTheStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[uint64]string{0: "proc_exit(0)", 2: "proc_exit(2)", math.MaxUint32: "proc_exit(4294967295)"} {
		b := newBench(t)
		require.Equal(t, sandbox.ErrTrap, unwound(t, func() { exit(b.call(), []uint64{status}) }))
		require.Equal(t, want, b.owner.panicked)
	}
}

// wide is text as AssemblyScript keeps it, its length first.
func wide(text string) string {
	var b []byte
	for _, r := range text {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return string(binary.LittleEndian.AppendUint32(nil, uint32(len(b)))) + string(b)
}

func TestAbortTellsWhatItCanRead(t *testing.T) {
	t.Parallel()
	const message, file, end = 1028, 5004, fakeMemory
	for _, c := range []struct {
		name          string
		prepare       func(b *bench)
		message, file uint64
		want          string
	}{
		{"message and place", nil, message, file, "abort: no ü (a.ts:3:4294967295)"},
		{"null", nil, 0, 0, "abort:  (:3:4294967295)"},
		{"before any length", nil, 3, 1, "abort:  (:3:4294967295)"},
		{"no room for a length", nil, end + 1, math.MaxUint32, "abort:  (:3:4294967295)"},
		{"up to the last byte", func(b *bench) { b.put(end-6, wide("x")) }, end - 2, 0, "abort: x (:3:4294967295)"},
		{"one byte past", func(b *bench) { b.put(end-6, "\x03") }, end - 2, 0, "abort:  (:3:4294967295)"},
		{"a length that wraps", func(b *bench) { b.put(message-4, "\xff\xff\xff\xff") }, message, 0, "abort:  (:3:4294967295)"},
		{"an odd length", func(b *bench) { b.put(message-4, "\x03") }, message, 0, "abort: n (:3:4294967295)"},
		{"empty, at the end", func(b *bench) { b.put(end-4, wide("")) }, end, 0, "abort:  (:3:4294967295)"},
		{"half a surrogate pair", func(b *bench) { b.put(message-4, "\x04\x00\x00\x00\x00\xd8x\x00") }, message, 0, "abort: \ufffdx (:3:4294967295)"},
		{"control characters", func(b *bench) { b.put(message-4, wide("a\nb\x1b[2J")) }, message, 0, `abort: a\nb\x1b[2J (:3:4294967295)`},
		{"a long text", func(b *bench) { b.put(message-4, wide(strings.Repeat("x", 1000))) }, message, 0, "abort: " + strings.Repeat("x", 512) + " (:3:4294967295)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.put(message-4, wide("no ü"))
			b.put(file-4, wide("a.ts"))
			if c.prepare != nil {
				c.prepare(b)
			}
			why := unwound(t, func() { abort(b.call(), []uint64{c.message, c.file, 3, math.MaxUint32}) })
			require.Equal(t, sandbox.ErrTrap, why)
			require.Equal(t, c.want, b.owner.panicked)
		})
	}
}
