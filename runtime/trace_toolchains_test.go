package runtime_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// A tracedGuest is a guest of testdata/trace: it traps three functions deep, in
// one that the compiler inlines if it can. Lines are found by the comment
// "// at NAME" in the source.
type tracedGuest struct {
	toolchain string
	source    string
	needs     []string
	build     string // a shell command; $src and $out are the files
	message   string
	log       []string // the last lines

	frames  []string // what the trace must have, in this order
	inlined []string // likewise with Debug, each NAME@MARK; none: as without
}

const linkC = " && wasm-ld-19 --no-entry --stack-first -z stack-size=65536 $out.o -o $out"

var tracedGuests = []tracedGuest{
	{
		toolchain: "C", source: "trap.c", needs: []string{"clang-19", "wasm-ld-19"},
		build:   "clang-19 --target=wasm32 -g -O2 -ffreestanding -nostdlib -c $src -o $out.o" + linkC,
		message: "integer divide by zero in ",
		frames:  []string{"price", "place", "wrap"}, inlined: []string{"divide@divide", "price@price", "place@place", "wrap@wrap"},
	},
	{
		toolchain: "C, DWARF 5, not optimised", source: "trap.c", needs: []string{"clang-19", "wasm-ld-19"},
		build:   "clang-19 --target=wasm32 -gdwarf-5 -O0 -ffreestanding -nostdlib -c $src -o $out.o" + linkC,
		message: "integer divide by zero in ",
		frames:  []string{"price", "place", "wrap"}, inlined: []string{"divide@divide", "price@price", "place@place", "wrap@wrap"},
	},
	{
		toolchain: "C++", source: "trap.cc", needs: []string{"clang-19", "wasm-ld-19"},
		build:   "clang-19 --target=wasm32 -g -O2 -ffreestanding -nostdlib -fno-exceptions -fno-rtti -std=c++20 -c $src -o $out.o" + linkC,
		message: "integer divide by zero in ",
		frames:  []string{"int shop::price<int>(int)", "shop::place(int)", "wrap"},
		inlined: []string{"share@share", "int shop::price<int>(int)@price", "shop::place(int)@place", "wrap@wrap"},
	},
	{
		toolchain: "Rust", source: "trap.rs", needs: []string{"/usr/lib/rustlib/wasm32-unknown-unknown"},
		build:   "/usr/bin/rustc --edition 2021 --target wasm32-unknown-unknown -g -C opt-level=2 -C panic=abort $src -o $out",
		message: "unreachable in trap::", // without the SDK's panic hook Rust tells nobody why
		frames:  []string{"core::panicking::panic_bounds_check", "trap::price", "trap::place", "aril_wrap"},
		inlined: []string{"trap::Order::share@share", "trap::price@price", "trap::place@place", "aril_wrap@wrap"},
	},
	{
		toolchain: "Zig", source: "trap.zig", needs: []string{"zig"},
		build: "cd $(dirname $out) && zig build-lib $src -target wasm32-freestanding -dynamic -rdynamic -O ReleaseSafe --stack 65536 " +
			"--cache-dir $out.zig --global-cache-dir $out.zig && mv trap.wasm $out",
		message: "unreachable in ", // likewise
		frames:  []string{"trap.price", "trap.place", "aril_wrap"},
		inlined: []string{"divide@divide", "trap.price@price", "trap.place@place", "aril_wrap@wrap"},
	},
	{
		toolchain: "AssemblyScript", source: "trap.ts", needs: []string{"asc"},
		build:   "cd $(dirname $src) && asc trap.ts --debug --runtime incremental --stackSize 32768 -o $out",
		message: "abort: nobody to share with (trap.ts:12:3)",
		frames:  []string{"trap/price", "trap/place", "trap/aril_wrap"},
	},
	{
		toolchain: "Go", source: "go/main.go", needs: []string{"go"},
		build:   "cd $(dirname $src) && GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags=-w -o $out .",
		message: "panic: runtime error: integer divide by zero",
		frames:  []string{"main.price", "main.place", "main.trap.Wrap"}, log: []string{"placing order", "panic: runtime error: integer divide by zero"},
	},
}

func TestATrapIsToldWithNamesMessageAndLines(t *testing.T) {
	t.Parallel()
	for _, g := range tracedGuests {
		t.Run(g.toolchain, func(t *testing.T) {
			t.Parallel()
			requireCommands(t, g.needs)
			source, err := filepath.Abs(filepath.Join("testdata/trace", g.source))
			require.NoError(t, err)
			out := filepath.Join(t.TempDir(), "guest.wasm")
			cmd := exec.CommandContext(t.Context(), "bash", "-ec", g.build)
			cmd.Env = append(os.Environ(), "src="+source, "out="+out, "PATH="+toolchainsBin()+":"+os.Getenv("PATH"))
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", said)
			module, err := os.ReadFile(out)
			require.NoError(t, err)
			text, err := os.ReadFile(source)
			require.NoError(t, err)

			for _, interpreted := range []bool{false, true} {
				rt, err := aril.New(t.Context(), aril.Config{Interpreter: interpreted})
				require.NoError(t, err)
				defer func() { require.NoError(t, rt.Close(context.Background())) }()
				for _, cfg := range []aril.ExtensionConfig{{}, {Debug: true}, {Debug: true, Isolation: aril.Pooled}} {
					broken := trapOf(t, rt, module, cfg)
					require.ErrorIs(t, broken, aril.ErrTrap)
					require.Contains(t, broken.Detail, g.message)
					if g.log != nil {
						require.GreaterOrEqual(t, len(broken.Log), len(g.log))
						require.Equal(t, g.log, broken.Log[:len(g.log)])
					}
					if cfg.Debug && len(g.inlined) > 0 {
						requireFrames(t, placesOf(t, g, string(text)), broken.Trace)
						continue
					}
					var want []aril.Frame
					for _, name := range g.frames {
						want = append(want, aril.Frame{Function: name})
					}
					requireFrames(t, want, broken.Trace)
					for _, f := range broken.Trace {
						require.Zero(t, f.Line)
						require.Empty(t, f.File)
					}
				}
			}
		})
	}
}

// trapOf loads a guest and gives how its wrap breaks.
func trapOf(t *testing.T, rt *aril.Runtime, module []byte, cfg aril.ExtensionConfig) *aril.CallError {
	t.Helper()
	cfg.Name = "trap"
	cfg.Limits = aril.Limits{SelfTime: aril.Unlimited, InitTime: aril.Unlimited}
	g, err := rt.Load(t.Context(), module, cfg)
	require.NoError(t, err)
	_, err = aril.Wrap(aril.NewPipeline(g), aril.Operation{Kind: "test", Name: "order"},
		func(_ context.Context, in int) (int, error) { return in, nil })(t.Context(), 1)
	var broken *aril.CallError
	require.ErrorAs(t, err, &broken)
	return broken
}

// placesOf are the frames that a Debug load must give.
func placesOf(t *testing.T, g tracedGuest, source string) []aril.Frame {
	t.Helper()
	lines := map[string]int{}
	for i, line := range strings.Split(source, "\n") {
		if _, mark, ok := strings.Cut(line, "// at "); ok {
			lines[mark] = i + 1
		}
	}
	var want []aril.Frame
	for _, f := range g.inlined {
		name, mark, _ := strings.Cut(f, "@")
		require.Contains(t, lines, mark)
		want = append(want, aril.Frame{Function: name, File: g.source, Line: lines[mark]})
	}
	return want
}

// requireFrames requires that a trace has these frames in this order; the
// toolchain's own may be among them. Of files the last element is compared.
func requireFrames(t *testing.T, want, trace []aril.Frame) {
	t.Helper()
	var short []aril.Frame
	for _, f := range trace {
		short = append(short, aril.Frame{Function: f.Function, File: filepath.Base("./" + f.File), Line: f.Line})
	}
	for i := range want {
		want[i].File = filepath.Base("./" + want[i].File)
	}
	all := fmt.Sprint(trace)
	for len(want) > 0 {
		require.NotEmpty(t, short, "the trace lacks %v: %s", want[0], all)
		if short[0] == want[0] {
			want = want[1:]
		}
		short = short[1:]
	}
}
