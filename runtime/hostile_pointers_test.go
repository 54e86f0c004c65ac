package runtime_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
)

// A region is a pointer and what says how long the bytes there are: another
// argument, or a fixed size.
type region struct {
	pointer int // index of the argument
	length  int // index of the argument, or -1
	size    uint64
}

// pointerLengths are the names of arguments that say how long the bytes are
// that the argument before them points to.
var pointerLengths = []string{"len", "limit", "klen", "vlen", "mlen", "alen", "plen", "olen", "nlen", "buf_len"}

// regions finds the pointers of a host function by the names of its
// parameters, so that a function that is added is tested too.
func regions(f abi.Import) []region {
	var out []region
	for i, p := range f.Params {
		switch {
		case i > 0 && slices.Contains(pointerLengths, p.Name) && f.Name != "read", p.Name == "limit":
			out = append(out, region{pointer: i - 1, length: i})
		case p.Name == "buf" && (i+1 == len(f.Params)):
			out = append(out, region{pointer: i, length: -1, size: 8}) // clock, state.add
		}
	}
	return out
}

// sound are arguments with which each function answers OK. Regions of the
// probe's '?' bytes (0x20000 on) serve as keys and texts.
var sound = map[string][]uint64{
	"aril_v1.next":                    {0x20000, 0, 0},
	"aril_v1.read":                    {4, 0, 0x21000, 16},
	"aril_v1.outcome":                 {0, 0x20000, 1}, // '?' is the message 63
	"aril_v1.context_get":             {0, 0x20000, 1, 0x21000, 16},
	"aril_v1.context_set":             {0, 0x20000, 1, 0x22000, 1},
	"aril_v1.context_append":          {1, 0x20000, 2, 0x22000, 1},
	"aril_v1.context_swap":            {0, 0x20000, 1, 0x22000, 1, 0x21000, 16},
	"aril_log_v1.write":               {0, 0x20000, 16, 0, 0},
	"aril_clock_v1.now":               {0, 0x21000},
	"aril_random_v1.fill":             {0x21000, 16},
	"aril_state_v1.get":               {0x20000, 1, 0x21000, 16},
	"aril_state_v1.put":               {0x20000, 1, 0x22000, 16},
	"aril_state_v1.delete":            {0x20000, 1},
	"aril_state_v1.list":              {0x20000, 1, 0x20000, 1, 0x21000, 64},
	"aril_state_v1.add":               {0x20000, 2, 1, 0x21000},
	"aril_state_v1.append":            {0x20000, 1, 0x22000, 16},
	"aril_state_v1.compare_and_swap":  {0x20000, 1, 0x22000, 16, 0x22000, 1},
	"aril_dynamic_v1.call":            {0x20000, 16, 0x20000, 16, 0x22000, 16},
	"wasi_snapshot_preview1.fd_write": {1, 0x20000, 0, 0x21000},
}

// A badRegion is a pointer and a length, as the attacker gives them.
type badRegion struct {
	name         string
	ptr, n       uint64
	fixed, sized bool // which kinds of region it is for
}

var badRegions = []badRegion{
	{"one byte past the end", probeEnd - 15, 16, false, true},
	{"from the end on", probeEnd, 1, true, true},
	{"wraps round 32 bits", 0xFFFFFFF0, 0x20, false, true},
	{"at the very last address", 0xFFFFFFFF, 1, true, true},
	{"ends at 2^32 exactly", 0xFFFFFFF0, 0x10, false, true},
	{"half of all addresses", 0x20000, 0x7FFFFFFF, false, true},
	{"the other half", 0x20000, 0x80000000, false, true},
	{"all addresses", 0, 0xFFFFFFFF, false, true},
	{"seven of eight bytes", probeEnd - 7, 8, true, false},
	{"eight bytes round 32 bits", 0xFFFFFFFC, 8, true, false},
}

func TestEveryHostFunctionChecksEveryPointer(t *testing.T) {
	r := newHostileRig(t)
	tested := 0
	for _, f := range abi.Imports() {
		name := f.Module + "." + f.Name
		found := regions(f)
		if f.Module == "env" {
			continue // ends the activation; cases.json has it
		}
		if name == "aril_clock_v1.sleep" {
			require.Empty(t, found)
			continue
		}
		args, ok := sound[name]
		require.True(t, ok, "%s wants arguments in this test", name)
		require.Len(t, args, len(f.Params))
		require.NotEmpty(t, found, "%s has no pointer that this test can find", name)
		for _, reg := range found {
			var program []string
			for _, bad := range badRegions {
				if reg.length < 0 && !bad.fixed || reg.length >= 0 && !bad.sized {
					continue
				}
				attacked := slices.Clone(args)
				attacked[reg.pointer] = bad.ptr
				if reg.length >= 0 {
					attacked[reg.length] = bad.n
					if isAbsent(f, reg, bad) {
						continue
					}
				}
				if name == "aril_v1.next" {
					attacked[2] = 1
				}
				program = append(program, call(name, attacked)+" = INVALID")
			}
			program = append(program, "differ(0x20000, 0x10000, 0x3f) = 0")
			tested += len(program)
			t.Run(fmt.Sprintf("%s %s", name, f.Params[reg.pointer].Name), func(t *testing.T) {
				c := &hostileCase{File: "probe.wasm", Stage: "wrap", Want: "ok", Program: program}
				r.attack(t, c, r.probe.code)
			})
		}
	}
	require.Greater(t, tested, 150)
}

// isAbsent reports whether a length means "no value" and not a length.
func isAbsent(f abi.Import, reg region, bad badRegion) bool {
	return f.Name == "compare_and_swap" && bad.n == 0xFFFFFFFF && f.Params[reg.length].Name != "klen"
}

func call(name string, args []uint64) string {
	text := make([]string, len(args))
	for i, a := range args {
		text[i] = fmt.Sprintf("%#x", a)
	}
	return name + "(" + strings.Join(text, ", ") + ")"
}

// staleBits are calls that leave ones in the upper halves of the slots in
// which the engine hands arguments to the host: an i32 fills only the lower.
var staleBits = []string{
	"aril_clock_v1.sleep(-1) = INVALID",
	"wasi_snapshot_preview1.fd_allocate(9, -1, -1) = 52",
	"wasi_snapshot_preview1.fd_pread(9, 0, 0, -1, 0) = 52",
	"wasi_snapshot_preview1.path_filestat_set_times(9, 0, 0, 0, -1, -1, 0) = 52",
	"wasi_snapshot_preview1.path_open(9, 0, 0, 0, 0, -1, -1, 0, 0) = 52",
}

func TestEveryHostFunctionTakesTheLastBytesOfMemory(t *testing.T) {
	r := newHostileRig(t)
	// What the functions find is put there first.
	prepare := []string{
		"aril_v1.context_set(0, 0x20000, 1, 0x22000, 1) = OK", "aril_v1.context_set(0, 0x2ffff, 1, 0x22000, 1) = OK",
		"aril_state_v1.put(0x20000, 1, 0x22000, 16) = OK",
	}
	for _, f := range abi.Imports() {
		name := f.Module + "." + f.Name
		args, ok := sound[name]
		if !ok {
			continue
		}
		for _, reg := range regions(f) {
			t.Run(fmt.Sprintf("%s %s", name, f.Params[reg.pointer].Name), func(t *testing.T) {
				attacked := slices.Clone(args)
				size := reg.size
				if reg.length >= 0 {
					size = attacked[reg.length]
				}
				attacked[reg.pointer] = probeEnd - size
				if name == "aril_v1.next" {
					// A bin of nothing, as the operation's input.
					attacked[0], attacked[1], attacked[2] = probeEnd-2, 2, 1
					program := slices.Concat([]string{"copy(0x2fffe, x'c4 00') = 0"}, staleBits, []string{call(name, attacked) + " = OK"})
					r.attack(t, &hostileCase{File: "probe.wasm", Stage: "wrap", Want: "ok", Program: program}, r.probe.code)
					return
				}
				want := " = OK"
				if name == "aril_dynamic_v1.call" {
					want = " = DENIED" // the pointers are good, and nothing is called "????"
				}
				program := slices.Concat(prepare, staleBits, []string{call(name, attacked) + want})
				if reg.length >= 0 && f.Params[reg.length].Name == "limit" {
					// No room at all, wherever it is: the length alone.
					attacked[reg.pointer], attacked[reg.length] = 0xFFFFFFFF, 0
					want = " = OK"
					if f.Name == "list" || f.Name == "context_swap" {
						want = " = TOO_LARGE"
					}
					program = append(program, call(name, attacked)+want)
				}
				c := &hostileCase{File: "probe.wasm", Stage: "wrap", Want: "ok", Program: program}
				r.attack(t, c, r.probe.code)
			})
		}
	}
}

func TestTheProbeImportsEveryHostFunction(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile(filepath.Join(hostileDir, "probe.wasm"))
	require.NoError(t, err)
	p, err := newProbe(code)
	require.NoError(t, err)
	for _, f := range slices.Concat(abi.Imports(), abi.WASI()) {
		require.Contains(t, p.ops, f.Module+"."+f.Name)
	}
}
