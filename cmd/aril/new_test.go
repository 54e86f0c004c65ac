package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
)

const operations = "internal/typegen/testdata/ops.json"

// languages are those of aril new, each with what must be installed.
var languages = map[string]string{"go": "go", "js": "", "ts": "", "c": "wasm-ld-19", "rust": "/usr/bin/cargo", "as": "asc", "zig": "zig"}

func TestANewExtensionBuildsAndPassesItsCases(t *testing.T) {
	t.Parallel()
	for language, command := range languages {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			if command != "" && build.Find(command) == "" {
				need(t, command)
			}
			dir := filepath.Join(t.TempDir(), "order-retry")
			r := tool(t, "new", "--lang", language, "--ops", operations, dir)
			require.Equal(t, 0, r.code, r.stderr)
			require.FileExists(t, filepath.Join(dir, "aril", "LICENSE"))
			r = tool(t, "test", dir)
			require.Equal(t, 0, r.code, "%s\n%s", r.stdout, r.stderr)
			require.Contains(t, r.stdout, "4 passed")
			r = tool(t, "build", dir)
			require.Equal(t, 0, r.code, r.stderr)
			require.NotContains(t, r.stdout, "warning")
			r = tool(t, "inspect", filepath.Join(dir, "order-retry.wasm"))
			require.Equal(t, 0, r.code, r.stdout)
			require.Regexp(t, `extension +order-retry 0\.1\.0`, r.stdout)
			require.Regexp(t, `hooks +.*wrap`, r.stdout)
			require.Regexp(t, `sees +kind execution, name order\.place or stock\.count`, r.stdout)
			require.NotRegexp(t, `functions +[0-9,]+, 0 with a name`, r.stdout)
		})
	}
}

func TestANewScriptPassesItsUnitTestInNode(t *testing.T) {
	t.Parallel()
	need(t, "node")
	dir := filepath.Join(t.TempDir(), "retry")
	require.Equal(t, 0, tool(t, "new", "--lang", "js", dir).code)
	cmd := exec.Command("node", "--import", "./aril/testing/register.js", "--test")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "pass 1")
}

func TestANewExtensionWithoutTypesIsTheSameOtherwise(t *testing.T) {
	t.Parallel()
	for language := range languages {
		dir := filepath.Join(t.TempDir(), "retry")
		r := tool(t, "new", "--lang", language, dir)
		require.Equal(t, 0, r.code, r.stderr)
		require.FileExists(t, filepath.Join(dir, "README.md"))
		matches, err := filepath.Glob(filepath.Join(dir, "types*"))
		require.NoError(t, err)
		require.Empty(t, matches)
	}
}

func TestNewWritesIntoAnEmptyFolderAndNoOther(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mine")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.Equal(t, 0, tool(t, "new", "--lang", "js", dir).code)
	before, err := os.ReadFile(filepath.Join(dir, "index.js"))
	require.NoError(t, err)
	r := tool(t, "new", "--lang", "c", dir)
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "is not empty")
	after, err := os.ReadFile(filepath.Join(dir, "index.js"))
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoFileExists(t, filepath.Join(dir, "extension.c"))
}

func TestBrokenOperationsMakeNoExtension(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mine")
	for text, want := range map[string]string{
		`{}`:                  `no "operations"`,
		`{"operations": [{}]`: "unexpected end",
		`{"operations": [{"kind": "x", "name": "a", "input": {"$ref": "#/$defs/Gone"}}]}`: `there is no definition "#/$defs/Gone"`,
	} {
		r := tool(t, "new", "--lang", "go", "--ops", file(t, "ops.json", text), dir)
		require.Equal(t, 2, r.code)
		require.Contains(t, r.stderr, want)
		require.NoDirExists(t, dir)
	}
}
