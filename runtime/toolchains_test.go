package runtime_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

const toolchainsDir = "../testdata/toolchains"

// toolchains are the folders of testdata/toolchains. Each has a pass and an
// echo guest, as their sources say.
var toolchains = []string{"wat", "c", "c-wasi", "cpp", "rust", "assemblyscript", "zig"}

func TestGuestsOfEveryToolchainRunWithDefaultGrants(t *testing.T) {
	t.Parallel()
	for _, name := range toolchains {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireToolchainGuests(t, filepath.Join(toolchainsDir, name))
		})
	}
}

// requireToolchainGuests runs the pass and the echo guest of one folder, in
// every isolation.
func requireToolchainGuests(t *testing.T, dir string) {
	t.Helper()
	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	for _, isolation := range []aril.Isolation{aril.Fresh, aril.Pooled} {
		load := func(guest string) *aril.Pipeline {
			code, err := os.ReadFile(filepath.Join(dir, guest+".wasm"))
			require.NoError(t, err)
			g, err := rt.Load(t.Context(), code, aril.ExtensionConfig{Name: guest, Isolation: isolation})
			require.NoError(t, err)
			return aril.NewPipeline(g)
		}
		pass, echo := load("pass"), load("echo")
		op := aril.Operation{Kind: "test", Name: "greet"}
		inner := errors.New("inner")
		greet := func(_ context.Context, in []byte) ([]byte, error) {
			if len(in) == 0 {
				return nil, inner
			}
			return []byte("hello"), nil
		}
		for range 50 {
			out, err := aril.Wrap(pass, op, greet)(t.Context(), []byte("in"))
			require.NoError(t, err)
			require.Equal(t, "hello", string(out))
			_, err = aril.Wrap(pass, op, greet)(t.Context(), nil)
			require.Same(t, inner, err, "the host's own error comes back")

			out, err = aril.Wrap(echo, op, greet)(t.Context(), []byte("in"))
			require.NoError(t, err)
			require.Equal(t, echoOf([]byte("in")), out)
			_, err = aril.Wrap(echo, op, greet)(t.Context(), nil)
			require.Same(t, inner, err)
		}
	}
}

// echoOf is what the echo guest answers to these bytes.
func echoOf(in []byte) []byte {
	message := append([]byte{0xc4, byte(len(in))}, in...)
	out := make([]byte, 128)
	for i := range out {
		out[i] = message[i%len(message)] ^ 0x5a
	}
	return out
}

// toolchainCommands says what each part of testdata/build.sh needs.
var toolchainCommands = map[string][]string{
	"hostile": {"wat2wasm", "perl"}, "wat": {"wat2wasm"}, "c": {"clang-19", "wasm-ld-19"}, "c-wasi": {"clang-19", "wasm-ld-19"},
	"cpp": {"clang-19", "wasm-ld-19"}, "rust": {"/usr/lib/rustlib/wasm32-unknown-unknown"}, "assemblyscript": {"asc"}, "zig": {"zig"},
}

func TestCommittedGuestsAreWhatTheirSourcesBuild(t *testing.T) {
	t.Parallel()
	for part, commands := range toolchainCommands {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			requireCommands(t, commands)
			if part == "hostile" || part == "wat" {
				build(t, "--check", part)
				return
			}
			dir := t.TempDir()
			build(t, "-o", dir, part)
			for _, guest := range []string{"pass.wasm", "echo.wasm"} {
				built, err := os.ReadFile(filepath.Join(dir, "toolchains", part, guest))
				require.NoError(t, err)
				committed, err := os.ReadFile(filepath.Join(toolchainsDir, part, guest))
				require.NoError(t, err)
				if part != "zig" { // not the same bytes everywhere
					require.Equal(t, committed, built, "%s/%s: run testdata/build.sh %s", part, guest, part)
				}
			}
			requireToolchainGuests(t, filepath.Join(dir, "toolchains", part))
		})
	}
}

// requireCommands skips a test whose toolchain is not installed, or fails it
// where .ci/install.sh must have run.
func requireCommands(t *testing.T, commands []string) {
	t.Helper()
	for _, c := range commands {
		_, err := exec.LookPath(c)
		if err != nil {
			_, err = os.Stat(filepath.Join(toolchainsBin(), c))
		}
		if err != nil {
			_, err = os.Stat(c)
		}
		if err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: .ci/install.sh installs it", c)
		}
		t.Skipf("SKIPPED, and so the committed guests are not checked: %s is missing; .ci/install.sh installs it", c)
	}
}

// toolchainsBin is where .ci/install.sh puts the commands that come from npm.
func toolchainsBin() string {
	dir := os.Getenv("ARIL_TOOLCHAINS")
	if dir == "" {
		cache := os.Getenv("XDG_CACHE_HOME")
		if cache == "" {
			cache = filepath.Join(os.Getenv("HOME"), ".cache")
		}
		dir = filepath.Join(cache, "aril", "toolchains")
	}
	return filepath.Join(dir, "bin")
}

func build(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "../testdata/build.sh", args...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
