package capability_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/state"
)

// What real toolchains make of the capabilities: their runtimes start, their
// libraries work or fail in order, and their ends are told.

// The deeds of the guests in testdata.
const (
	deedPrint = iota
	deedSleep
	deedRandom
	deedHost
	deedParallel
	deedPanic
	deedExit
	deedForever
)

type owner struct {
	logger   *slog.Logger
	logBytes int64
	dropped  int
	stdio    capability.Stdio
	store    state.State
	panicked string
}

func (o *owner) Logger() *slog.Logger     { return o.logger }
func (o *owner) LogBytes() *int64         { return &o.logBytes }
func (o *owner) LogDropped()              { o.dropped++ }
func (o *owner) Stdio() *capability.Stdio { return &o.stdio }
func (o *owner) State() state.State       { return o.store }
func (o *owner) Random() io.Reader        { return rand.Reader }
func (o *owner) PanicMessage(s string)    { o.panicked = s }
func (o *owner) Logged(string)            {}

// build compiles a guest into the file that takes the place of OUT. Without the toolchain the test is skipped, except
// where everything must be there.
func build(t testing.TB, tool string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing; .ci/install.sh installs it", tool)
		}
		t.Skipf("%s is missing; .ci/install.sh installs it", tool)
	}
	out := filepath.Join(t.TempDir(), "guest.wasm")
	for i, arg := range args {
		if arg == "OUT" {
			args[i] = out
		}
	}
	cmd := exec.Command(tool, args...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	return b
}

// assemblyScript is where .ci/install.sh puts the compiler.
func assemblyScript() string {
	dir := os.Getenv("ARIL_TOOLCHAINS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "asc"
		}
		dir = filepath.Join(cache, "aril", "toolchains")
	}
	return filepath.Join(dir, "bin", "asc")
}

var toolchains = []struct {
	name  string
	build func(t *testing.T) []byte
	lacks map[int]bool // deeds that the guest does not have
	exit  string       // last words of deedExit
	panic string       // last words of deedPanic
	shout string       // in the log of deedPanic
}{
	{
		name: "Go", exit: "proc_exit(3)", panic: "panic: boom", shout: "goroutine ",
		build: func(t *testing.T) []byte {
			return build(t, "go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", "OUT", "./testdata/goguest")
		},
	},
	{
		name: "C with wasi-libc", exit: "proc_exit(3)", lacks: map[int]bool{deedParallel: true},
		build: func(t *testing.T) []byte {
			return build(t, "clang-19", "--target=wasm32-wasi", "-mexec-model=reactor", "-O1", "-o", "OUT", "testdata/libc.c")
		},
	},
	{
		name: "Rust with std", exit: "proc_exit(3)", shout: "boom", panic: "thread '<unnamed>' panicked at 'boom', testdata/std.rs:43:14", lacks: map[int]bool{deedParallel: true},
		build: func(t *testing.T) []byte {
			// Debian's, not a rustup shim that may come first on the PATH.
			return build(t, "/usr/bin/rustc", "--edition=2021", "--target=wasm32-wasi", "-Cpanic=abort", "-Copt-level=1",
				"--crate-type=cdylib", "-o", "OUT", "testdata/std.rs")
		},
	},
	{
		name: "AssemblyScript", panic: "abort: boom 5 (testdata/abort.ts:9:18)",
		lacks: map[int]bool{deedPrint: true, deedSleep: true, deedRandom: true, deedHost: true, deedParallel: true, deedExit: true, deedForever: true},
		build: func(t *testing.T) []byte { return build(t, assemblyScript(), "-o", "OUT", "testdata/abort.ts") },
	},
}

// A guest is one toolchain's, ready to make instances.
type guest struct {
	t        testing.TB
	template *sandbox.Template
}

func load(t testing.TB, binary []byte) *guest {
	t.Helper()
	engine, err := sandbox.NewEngine(t.Context(), sandbox.Config{
		Modules: capability.Modules(), MemoryQuota: -1, CompileTime: time.Minute,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close(context.Background())) })
	module, err := wasm.Parse(binary, wasm.Caps{})
	require.NoError(t, err)
	require.NoError(t, module.Validate())
	rewritten, err := wasm.Rewrite(module, wasm.RewriteOptions{})
	require.NoError(t, err)
	code, err := engine.Compile(t.Context(), rewritten, 0, 0, 0)
	require.NoError(t, err)
	t.Cleanup(code.Release)
	o := newOwner(io.Discard)
	template, _, err := code.NewTemplate(t.Context(), sandbox.Init{
		MemoryBytes: 64 << 20, Owner: o,
		Budget: sandbox.Budget{Fuel: -1, SelfTime: -1, WaitTime: -1, Stack: 1 << 20, HostCalls: -1},
	})
	require.NoError(t, err, o.panicked)
	return &guest{t: t, template: template}
}

func newOwner(log io.Writer) *owner {
	return &owner{logBytes: 64 << 10, logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))}
}

// An outcome is all that a deed left behind.
type outcome struct {
	result uint64
	usage  sandbox.Usage
	err    error
	log    string
	owner  *owner
}

func (g *guest) does(ctx context.Context, deed int, b sandbox.Budget) outcome {
	g.t.Helper()
	instance, err := g.template.NewInstance(ctx, false)
	require.NoError(g.t, err)
	defer func() { require.NoError(g.t, instance.Close()) }()
	var log bytes.Buffer
	o := outcome{owner: newOwner(&log)}
	instance.Act.Owner = o.owner
	o.result, o.usage, o.err = instance.Run(ctx, sandbox.PhaseWrap, b, uint64(deed))
	capability.FlushStdio(ctx, o.owner)
	o.log = log.String()
	return o
}

func roomy() sandbox.Budget {
	return sandbox.Budget{Fuel: 1e9, SelfTime: time.Minute, WaitTime: time.Minute, Stack: 1 << 20, HostCalls: 10_000}
}

func TestGuestsOfEveryToolchainFindWhatTheyExpect(t *testing.T) {
	t.Parallel()
	for _, tool := range toolchains {
		t.Run(tool.name, func(t *testing.T) {
			t.Parallel()
			g := load(t, tool.build(t))
			deed := func(n int, name string, test func(t *testing.T)) {
				if !tool.lacks[n] {
					t.Run(name, test)
				}
			}
			deed(deedPrint, "what it prints is in the log, a line each", func(t *testing.T) {
				o := g.does(t.Context(), deedPrint, roomy())
				require.NoError(t, o.err)
				for _, line := range []string{
					`level=INFO msg="hello 1" stream=stdout`, `level=ERROR msg=careful stream=stderr`, `level=INFO msg="no end" stream=stdout`,
				} {
					require.Contains(t, strings.Split(o.log, "\n"), line, o.log)
				}
				if tool.name == "Go" {
					require.Contains(t, o.log, `msg="from the runtime 2"`)
				}
			})
			deed(deedSleep, "it sleeps, and is billed for waiting", func(t *testing.T) {
				o := g.does(t.Context(), deedSleep, roomy())
				require.NoError(t, o.err, o.log)
				require.EqualValues(t, 1, o.result, o.log)
				require.GreaterOrEqual(t, o.usage.WaitTime, 10*time.Millisecond, "it asks for 20 by its own clock, and has used some of them when it waits")
			})
			deed(deedRandom, "it draws random bytes", func(t *testing.T) {
				o := g.does(t.Context(), deedRandom, roomy())
				require.NoError(t, o.err, o.log)
				require.EqualValues(t, 1, o.result, o.log)
			})
			deed(deedHost, "it finds no files, no environment, and the end of its input", func(t *testing.T) {
				o := g.does(t.Context(), deedHost, roomy())
				require.NoError(t, o.err, o.log)
				require.EqualValues(t, 1, o.result, o.log)
			})
			deed(deedParallel, "its goroutines and timers run", func(t *testing.T) {
				o := g.does(t.Context(), deedParallel, roomy())
				require.NoError(t, o.err, o.log)
				require.EqualValues(t, 1, o.result, o.log)
			})
			deed(deedPanic, "its panic is a trap, and its last words are kept", func(t *testing.T) {
				o := g.does(t.Context(), deedPanic, roomy())
				require.ErrorIs(t, o.err, sandbox.ErrTrap)
				require.Equal(t, tool.panic, o.owner.panicked)
				require.Contains(t, o.log, tool.shout)
			})
			deed(deedExit, "its exit is a trap, and its status is kept", func(t *testing.T) {
				o := g.does(t.Context(), deedExit, roomy())
				require.ErrorIs(t, o.err, sandbox.ErrTrap)
				require.Equal(t, tool.exit, o.owner.panicked)
			})
			deed(deedForever, "its sleep ends with the wait budget", func(t *testing.T) {
				b := roomy()
				b.WaitTime = 10 * time.Millisecond
				o := g.does(t.Context(), deedForever, b)
				require.ErrorIs(t, o.err, sandbox.ErrDeadline)
				require.Less(t, o.usage.WaitTime, 5*time.Second)
			})
			deed(deedForever, "its sleep ends with its caller, without a word", func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(10*time.Millisecond, func() { cancel(errors.New("gave up")) })
				start := time.Now()
				o := g.does(ctx, deedForever, roomy())
				require.Less(t, time.Since(start), 5*time.Second)
				if o.err != nil {
					require.ErrorIs(t, o.err, sandbox.ErrCanceled)
				}
				require.Empty(t, o.log)
				require.Empty(t, o.owner.panicked)
			})
		})
	}
}
