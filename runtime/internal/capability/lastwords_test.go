package capability

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

func TestLastWordsAreWhatTheLanguageSaysBeforeItTraps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, stderr, want string }{
		{"Go", "2026/01/01 starting\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n", "panic: boom"},
		{"Go, a second panic", "panic: boom [recovered]\n\tpanic: again\npanic: third\n", "panic: boom [recovered]"},
		{"Go, deadlock", "fatal error: all goroutines are asleep - deadlock!\n", "fatal error: all goroutines are asleep - deadlock!"},
		{"Rust 1.63", "thread '<unnamed>' panicked at 'boom', src/lib.rs:3:5\nnote: run with\n", "thread '<unnamed>' panicked at 'boom', src/lib.rs:3:5"},
		{"Rust 1.73", "thread 'main' panicked at src/lib.rs:3:5:\nboom\nnote: run with\n", "thread 'main' panicked at src/lib.rs:3:5: boom"},
		{"Zig", "thread 1 panic: index out of bounds\n", "thread 1 panic: index out of bounds"},
		{"C", "Assertion failed: x > 0 (a.c: f: 3)\n", "Assertion failed: x > 0 (a.c: f: 3)"},
		{"without an end of line", "panic: boom", "panic: boom"},
		{"with control characters", "panic: \x1b[2Jboom\n", `panic: \x1b[2Jboom`},
		{"long", "panic: " + strings.Repeat("x", 3000) + "\n", "panic: " + strings.Repeat("x", 1017) + cutMark},
		{"nothing of the kind", "thread pool started\nno panic: here\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.write(2, len(c.stderr), c.stderr)
			FlushStdio(t.Context(), b.owner)
			require.Equal(t, c.want, b.owner.panicked)
		})
	}
}

func TestOnlyStderrHasLastWords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(1, 12, "panic: boom\n")
	require.Empty(t, b.owner.panicked)
}

func TestAnExitDoesNotHideWhyTheGuestExits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(2, 12, "panic: boom\n")
	unwound(t, func() { exit(b.call(), []uint64{2}) })
	require.Equal(t, "panic: boom: proc_exit(2)", b.owner.panicked)
}

func TestLastWordsAreHeardWhenTheLogIsFullOrSilent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.owner.logBytes = 0
	b.write(2, 12, "panic: boom\n")
	require.Equal(t, "panic: boom", b.owner.panicked)
	require.Empty(t, b.lines())
}

func TestTheOwnerHearsEveryLineButTheLanguagesOwnTrace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.owner.logBytes = 0
	b.write(1, 4, "out\n")
	b.write(2, 8, "warning\n")
	b.write(2, 12, "panic: boom\n")
	b.write(2, 11, "goroutine 1")
	b.write(1, 5, "more\n")
	b.put(4096, "line")
	b.answers(abi.Limit, 0, names.ModuleLog, "write", 0, 4096, 4, 0, 0)
	FlushStdio(t.Context(), b.owner)
	require.Equal(t, []string{"out", "warning", "panic: boom", "more", "line"}, b.owner.logged)
}

func TestALineOfTheLogAtErrorLevelMayHaveLastWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		level uint64
		text  string
		want  string
	}{
		{names.LogError, "panic: boom", "panic: boom"},
		{names.LogWarn, "panic: boom", ""},
		{names.LogError, "boom", ""},
	} {
		b := newBench(t)
		b.put(4096, c.text)
		b.answers(abi.OK, uint32(len(c.text)), names.ModuleLog, "write", c.level, 4096, uint64(len(c.text)), 0, 0)
		require.Equal(t, c.want, b.owner.panicked)
	}
}
