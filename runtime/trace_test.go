package runtime

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// A said is a line that a guest logs.
type said struct {
	level int32
	text  string
}

// speaker is a guest that logs these lines in its wrap and then runs the
// instructions of end. Its mailbox is below 4096, its lines are from 8192 on.
func speaker(lines []said, end ...any) []byte {
	m := wasmtest.New()
	write := m.Import("aril_log_v1", "write", "iiiii:I")
	m.Memory(4, 4).ExportMemory("memory")
	at, data := int32(8192), ""
	var body []any
	for _, l := range lines {
		body = append(body, wasm.OpI32Const, l.level, wasm.OpI32Const, at, wasm.OpI32Const, int32(len(l.text)),
			wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(0), wasm.OpCall, write, wasm.OpDrop)
		at += int32(len(l.text))
		data += l.text
	}
	m.ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(4096), wasm.OpEnd))
	m.ExportFunc("aril_wrap", m.Func("i:i", "", append(append(body, end...), wasm.OpEnd)...))
	return m.Data(8192, data).Bytes()
}

// broke loads a guest, runs an operation and gives how the guest broke.
func broke(t *testing.T, rt *Runtime, module []byte, cfg ExtensionConfig) *CallError {
	t.Helper()
	cfg.Name = "speaker"
	g, err := rt.Load(t.Context(), module, cfg)
	require.NoError(t, err)
	return brokeAgain(t, g)
}

func brokeAgain(t *testing.T, g *Guest) *CallError {
	t.Helper()
	_, err := Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
	var broken *CallError
	require.ErrorAs(t, err, &broken)
	return broken
}

func TestATrapComesWithTheLastLinesThatWereLogged(t *testing.T) {
	t.Parallel()
	var many []said
	for i := range 20 {
		many = append(many, said{names.LogInfo, "line " + strconv.Itoa(i)})
	}
	long := strings.Repeat("x", 200) + strings.Repeat("ü", 100)
	for _, c := range []struct {
		name  string
		lines []said
		want  []string
	}{
		{"none", nil, nil},
		{"some", []said{{names.LogInfo, "one"}, {names.LogError, "two"}}, []string{"one", "two"}},
		{"those at a level that the logger does not want", []said{{names.LogDebug, "quiet"}}, []string{"quiet"}},
		{"the last ones of many", many, []string{"line 12", "line 13", "line 14", "line 15", "line 16", "line 17", "line 18", "line 19"}},
		{"cut, between characters", []said{{names.LogInfo, long}}, []string{strings.Repeat("x", 200) + strings.Repeat("ü", 26) + "…"}},
		{"a line that would forge another", []said{{names.LogInfo, "a\nb\x1b[31m"}}, []string{`a\nb\x1b[31m`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rt := newRuntime(t, Config{Logger: slog.New(slog.DiscardHandler)})
			broken := broke(t, rt, speaker(c.lines, wasm.OpUnreachable), ExtensionConfig{})
			require.ErrorIs(t, broken, ErrTrap)
			require.Equal(t, c.want, broken.Log)
			for _, line := range broken.Log {
				require.LessOrEqual(t, len(line), tailBytes)
			}
		})
	}
}

func TestLinesPastTheLogsLimitAreAmongTheLast(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	broken := broke(t, rt, speaker([]said{{names.LogInfo, strings.Repeat("x", 100)}, {names.LogInfo, "past"}}, wasm.OpUnreachable), ExtensionConfig{Limits: Limits{LogBytes: 50}})
	require.Equal(t, []string{strings.Repeat("x", 100), "past"}, broken.Log)
}

func TestLinesOfAnEarlierActivationAreNotAmongTheLast(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	// It logs each time, and traps the second time: memory remembers.
	again := []any{wasm.OpI32Const, int32(5000), wasm.OpI32Load, 2, 0, wasm.OpIf, byte(0x40), wasm.OpUnreachable, wasm.OpEnd,
		wasm.OpI32Const, int32(5000), wasm.OpI32Const, int32(1), wasm.OpI32Store, 2, 0, wasm.OpI32Const, int32(1)}
	g, err := rt.Load(t.Context(), speaker([]said{{names.LogInfo, "hello"}}, again...), ExtensionConfig{Name: "speaker", Isolation: Single})
	require.NoError(t, err)
	_, err = Wrap(NewPipeline(g), text, (&operation{}).run)(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, []string{"hello"}, brokeAgain(t, g).Log)
}

func TestWhatAGuestLogsBeforeItTrapsSaysWhy(t *testing.T) {
	t.Parallel()
	spin := []any{wasm.OpLoop, byte(0x40), wasm.OpBr, 0, wasm.OpEnd, wasm.OpUnreachable}
	for _, c := range []struct {
		name  string
		lines []said
		end   []any
		want  error
		error string
	}{
		{"a panic", []said{{names.LogError, "panic: out of stock"}}, []any{wasm.OpUnreachable}, ErrTrap, "trap: panic: out of stock"},
		{"the first of two", []said{{names.LogError, "panic: out of stock"}, {names.LogError, "panic: again"}}, []any{wasm.OpUnreachable}, ErrTrap, "trap: panic: out of stock"},
		{"a line at a lower level", []said{{names.LogInfo, "panic: said a customer"}}, []any{wasm.OpUnreachable}, ErrTrap, "trap: unreachable"},
		{"another line", []said{{names.LogError, "no panic: at all"}}, []any{wasm.OpUnreachable}, ErrTrap, "trap: unreachable"},
		{"a panic that it survived", []said{{names.LogError, "panic: caught"}}, spin, ErrFuel, "fuel exhausted (100,000,000 of 100,000,000)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rt := newRuntime(t, Config{})
			broken := broke(t, rt, speaker(c.lines, c.end...), ExtensionConfig{Limits: Limits{SelfTime: Unlimited}})
			require.ErrorIs(t, broken, c.want)
			require.EqualError(t, broken, `extension "speaker": wrap: `+c.error)
		})
	}
}

func TestACallErrorPrintsItsTraceAndLogOnRequest(t *testing.T) {
	t.Parallel()
	e := &CallError{
		Extension: "audit", Hook: "wrap", Err: ErrTrap, Detail: "panic: boom", Log: []string{"placing", "panic: boom"},
		Trace: []Frame{{Function: "price", File: "src/lib.rs", Line: 12}, {Function: "place", File: "src/lib.rs"}, {Function: "$7"}},
	}
	line := `extension "audit": wrap: trap: panic: boom`
	require.Equal(t, line, e.Error())
	require.Equal(t, line, fmt.Sprintf("%v", e))
	require.Equal(t, line, fmt.Sprintf("%s", e)) //nolint:staticcheck // the verb is what is tested
	require.Equal(t, fmt.Sprintf("%q", line), fmt.Sprintf("%q", e))
	require.Equal(t, fmt.Sprintf("%60s|", line), fmt.Sprintf("%60s|", e))
	require.Equal(t, line+"\n\tat price (src/lib.rs:12)\n\tat place (src/lib.rs)\n\tat $7\n\tlog: placing\n\tlog: panic: boom", fmt.Sprintf("%+v", e))
}

func TestTheFrameToBlameIsNotTheLanguagesOwn(t *testing.T) {
	t.Parallel()
	for want, trace := range map[string][]Frame{
		"shop::price (a.rs:3)": {{Function: "__rust_start_panic"}, {Function: "core::panicking::panic_fmt"}, {Function: "shop::price", File: "a.rs", Line: 3}, {Function: "aril_wrap"}},
		"place":                {{Function: "$3"}, {Function: "place"}},
		"":                     {{Function: "$3"}, {Function: "rust_panic"}},
		strings.Repeat("x", blamedBytes-3) + "…": {{Function: strings.Repeat("x", 200)}},
	} {
		require.Equal(t, want, blamed(trace))
	}
}

// debugGuest is a guest in C, with DWARF; its source is testdata/trace/trap.c.
func debugGuest(t *testing.T, version string) []byte {
	t.Helper()
	module, err := os.ReadFile(filepath.Join("internal", "wasm", "dwarf", "testdata", version+".wasm"))
	require.NoError(t, err)
	return module
}

// traceOfC is the trace of that guest.
var traceOfC = []Frame{
	{Function: "divide", File: "trap.c", Line: 10},
	{Function: "price", File: "trap.c", Line: 16},
	{Function: "place", File: "trap.c", Line: 21},
	{Function: "wrap", File: "trap.c", Line: 25},
}

// places are frames without their index.
func places(frames []Frame) []Frame {
	out := slices.Clone(frames)
	for i := range out {
		out[i].Index = 0
	}
	return out
}

func TestADebugLoadTellsTheLinesOfATrap(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"c0", "c2", "c3", "c4", "c5"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			rt := newRuntime(t, Config{})
			module := debugGuest(t, version)
			plain := broke(t, rt, module, ExtensionConfig{})
			require.Equal(t, []Frame{{Function: "price"}, {Function: "place"}, {Function: "wrap"}}, places(plain.Trace))
			require.EqualError(t, plain, `extension "speaker": wrap: trap: integer divide by zero in price`)

			broken := broke(t, rt, module, ExtensionConfig{Debug: true})
			require.Equal(t, traceOfC, places(broken.Trace))
			require.Equal(t, plain.Trace[0].Index, broken.Trace[0].Index, "what is inlined has the index of the function around it")
			require.Equal(t, plain.Trace[0].Index, broken.Trace[1].Index)
			require.Equal(t, plain.Usage.Fuel, broken.Usage.Fuel, "it burns the same fuel")

			require.Empty(t, broke(t, rt, module, ExtensionConfig{}).Trace[0].File, "who does not ask gets none")
		})
	}
}

func TestLinesAreThereWhateverEndsTheGuest(t *testing.T) {
	t.Parallel()
	for _, interpreted := range []bool{false, true} {
		rt := newRuntime(t, Config{Interpreter: interpreted})
		fuel := broke(t, rt, debugGuest(t, "c0"), ExtensionConfig{Debug: true, Limits: Limits{Fuel: 1}})
		require.ErrorIs(t, fuel, ErrFuel)
		require.Equal(t, []Frame{{Function: "wrap", File: "trap.c", Line: 24}}, places(fuel.Trace))
		trap := broke(t, rt, debugGuest(t, "c4"), ExtensionConfig{Debug: true})
		require.Equal(t, traceOfC, places(trap.Trace))
	}
}

func TestLinesAreThereWhenTheCodeComesFromTheCache(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	for range 2 {
		rt, err := New(t.Context(), Config{CacheDir: dir})
		require.NoError(t, err)
		require.Equal(t, traceOfC, places(broke(t, rt, debugGuest(t, "c4"), ExtensionConfig{Debug: true}).Trace))
		require.NoError(t, rt.Close(t.Context()))
	}
}

func TestADebugLoadOfAModuleWithoutLinesIsAsAnyOther(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t, Config{})
	module := speaker(nil, wasm.OpUnreachable)
	broken := broke(t, rt, module, ExtensionConfig{Debug: true})
	require.Equal(t, []Frame{{Function: "$3", Index: 3}}, broken.Trace)
}
