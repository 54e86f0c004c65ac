package capability

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// A pointerCase is a call that is answered by OK, and where its pairs are.
type pointerCase struct {
	module, name string
	prepare      func(b *bench)
	args         []uint64
	pairs        []pairAt
}

// A pairAt says which argument is a pointer, and which its length; or, with
// fixed, how long it is whatever the arguments say.
type pairAt struct {
	ptr, len int
	fixed    uint64
	empty    bool // length 0 is allowed
	room     bool // a length, but only of room
}

const key = 16 // where the cases have a key, and at 32 a value

func withKey(b *bench) {
	b.put(key, "k")
	require.NoError(b.t, b.owner.state.Put(b.t.Context(), "k", []byte("12345678")))
}

var (
	keyPair = pairAt{ptr: 0, len: 1}
	valPair = pairAt{ptr: 2, len: 3, empty: true}
)

var pointerCases = []pointerCase{
	{names.ModuleLog, "write", nil, []uint64{0, 32, 4, 0, 0}, []pairAt{{ptr: 1, len: 2, empty: true}}},
	{names.ModuleLog, "write", func(b *bench) { b.put(32, "\x81\xa1n\x01") }, []uint64{0, 0, 0, 32, 4}, []pairAt{{ptr: 3, len: 4, empty: true}}},
	{names.ModuleClock, "now", nil, []uint64{0, 32}, []pairAt{{ptr: 1, fixed: 8}}},
	{names.ModuleRandom, "fill", nil, []uint64{32, 8}, []pairAt{{ptr: 0, len: 1, empty: true}}},
	{names.ModuleState, "get", withKey, []uint64{key, 1, 32, 8}, []pairAt{keyPair, {ptr: 2, len: 3, empty: true, room: true}}},
	{names.ModuleState, "put", withKey, []uint64{key, 1, 32, 8}, []pairAt{keyPair, valPair}},
	{names.ModuleState, "delete", withKey, []uint64{key, 1}, []pairAt{keyPair}},
	{names.ModuleState, "list", withKey, []uint64{key, 1, 0, 0, 32, 8}, []pairAt{{ptr: 0, len: 1, empty: true}, {ptr: 4, len: 5, room: true}}},
	{names.ModuleState, "list", withKey, []uint64{0, 0, 32, 1, 64, 8}, []pairAt{{ptr: 2, len: 3, empty: true}}},
	{names.ModuleState, "add", withKey, []uint64{key, 1, 1, 32}, []pairAt{keyPair, {ptr: 3, fixed: 8}}},
	{names.ModuleState, "append", withKey, []uint64{key, 1, 32, 8}, []pairAt{keyPair, valPair}},
	{
		names.ModuleState, "compare_and_swap", func(b *bench) { withKey(b); b.put(32, "12345678") },
		[]uint64{key, 1, 32, 8, 64, 8}, []pairAt{keyPair, {ptr: 2, len: 3}, {ptr: 4, len: 5, empty: true}},
	},
	{names.ModuleWASI, "args_sizes_get", nil, []uint64{32, 64}, []pairAt{{ptr: 0, fixed: 4}, {ptr: 1, fixed: 4}}},
	{names.ModuleWASI, "environ_sizes_get", nil, []uint64{32, 64}, []pairAt{{ptr: 0, fixed: 4}, {ptr: 1, fixed: 4}}},
	{names.ModuleWASI, "clock_res_get", nil, []uint64{0, 32}, []pairAt{{ptr: 1, fixed: 8}}},
	{names.ModuleWASI, "clock_time_get", nil, []uint64{1, 0, 32}, []pairAt{{ptr: 2, fixed: 8}}},
	{names.ModuleWASI, "fd_fdstat_get", nil, []uint64{1, 32}, []pairAt{{ptr: 1, fixed: 24}}},
	{names.ModuleWASI, "fd_filestat_get", nil, []uint64{1, 32}, []pairAt{{ptr: 1, fixed: 64}}},
	{names.ModuleWASI, "fd_read", nil, []uint64{0, 0, 0, 32}, []pairAt{{ptr: 3, fixed: 4}}},
	{names.ModuleWASI, "fd_write", func(b *bench) { b.put(32, "\x40\x00\x00\x00\x01\x00\x00\x00") }, []uint64{1, 32, 1, 64}, []pairAt{{ptr: 1, fixed: 8}, {ptr: 3, fixed: 4}}},
	{names.ModuleWASI, "poll_oneoff", func(b *bench) { b.put(64, strings.Repeat("\x00", 48)) }, []uint64{64, 256, 1, 512}, []pairAt{{ptr: 0, fixed: 48}, {ptr: 1, fixed: 32}, {ptr: 3, fixed: 4}}},
	{names.ModuleWASI, "random_get", nil, []uint64{32, 8}, []pairAt{{ptr: 0, len: 1, empty: true}}},
}

// run calls a case with other arguments and gives its answer in words.
func (p pointerCase) run(b *bench, args []uint64) string {
	if p.module == names.ModuleWASI {
		return fmt.Sprint("errno ", wasiFuncs[p.name](b.call(), args))
	}
	s, _ := b.status(p.module, p.name, args...)
	return s.String()
}

func (p pointerCase) ok() string {
	if p.module == names.ModuleWASI {
		return fmt.Sprint("errno ", success)
	}
	return abi.OK.String()
}

func (p pointerCase) refused() string {
	if p.module == names.ModuleWASI {
		return fmt.Sprint("errno ", fault)
	}
	return abi.Invalid.String()
}

func TestPairsAreCheckedToTheLastByte(t *testing.T) {
	t.Parallel()
	for _, p := range pointerCases {
		for _, at := range p.pairs {
			t.Run(fmt.Sprintf("%s.%s argument %d", p.module, p.name, at.ptr), func(t *testing.T) {
				t.Parallel()
				size := at.fixed
				if size == 0 {
					size = p.args[at.len]
				}
				call := func(ptr, n uint64) (string, *bench) {
					b := newBench(t)
					if p.prepare != nil {
						p.prepare(b)
					}
					args := append([]uint64{}, p.args...)
					if at.fixed == 0 {
						args[at.len] = n
					}
					if content, ok := b.guest.Read(args[at.ptr], size); ok && n == size {
						b.guest.Write(ptr, append([]byte{}, content...))
					}
					args[at.ptr] = ptr
					before := append([]byte{}, b.guest.memory...)
					answer := p.run(b, args)
					if answer == p.refused() {
						require.Equal(t, before, b.guest.memory, "it wrote and refused")
						require.Zero(t, b.log.Len(), "it logged and refused")
					}
					return answer, b
				}
				answer, _ := call(0, size)
				require.Equal(t, p.ok(), answer, "at the first byte")
				answer, _ = call(fakeMemory-size, size)
				require.Equal(t, p.ok(), answer, "up to the last byte")
				for name, pair := range map[string][2]uint64{
					"one past the end":    {fakeMemory - size + 1, size},
					"from the end":        {fakeMemory, size},
					"past the end":        {fakeMemory + 1, size},
					"at the highest byte": {math.MaxUint32, size},
					"wrapping to 0":       {math.MaxUint32 - size + 1, size},
				} {
					answer, _ = call(pair[0], pair[1])
					require.Equal(t, p.refused(), answer, name)
				}
				if at.fixed != 0 {
					return
				}
				for name, n := range map[string]uint64{
					"one byte too many":    fakeMemory,
					"the largest length":   math.MaxUint32 - 1,
					"half of the lengths":  1 << 31,
					"more than 31 bits":    1<<31 + 1,
					"as long as to wrap 1": math.MaxUint32 - 15,
				} {
					answer, _ = call(1, n)
					if p.name == "random_get" && n > wasiRandomMax {
						require.Equal(t, fmt.Sprint("errno ", inval), answer, name)
						continue
					}
					require.Equal(t, p.refused(), answer, name)
				}
				for _, ptr := range []uint64{0, fakeMemory, fakeMemory + 1, math.MaxUint32} {
					answer, _ = call(ptr, 0)
					switch {
					case at.empty:
						require.Equal(t, p.ok(), answer, "empty at %d", ptr)
					case at.room:
						require.Equal(t, abi.TooLarge.String(), answer, "no room at %d", ptr)
					default:
						require.NotEqual(t, p.ok(), answer, "empty at %d", ptr)
					}
				}
			})
		}
	}
}

// A guest that has no fuel left must not get work done: charges come first.
func TestNothingHappensWithoutFuel(t *testing.T) {
	t.Parallel()
	for _, p := range pointerCases {
		t.Run(p.module+"."+p.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if p.prepare != nil {
				p.prepare(b)
			}
			before := append([]byte{}, b.guest.memory...)
			b.guest.fuel = 0
			require.Equal(t, errFakeFuel, unwound(t, func() { p.run(b, append([]uint64{}, p.args...)) }))
			require.Equal(t, before, b.guest.memory)
			require.Zero(t, b.log.Len())
			value, found, err := b.owner.state.Get(t.Context(), "k")
			require.NoError(t, err)
			require.Equal(t, p.module == names.ModuleState, found)
			if found {
				require.Equal(t, "12345678", string(value))
			}
		})
	}
}
