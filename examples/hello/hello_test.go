package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheHostPrintsWhatTheExtensionMadeOfItsOperation(t *testing.T) {
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-o", filepath.Join(dir, "polite.wasm"), "./ext")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	text, err := build.CombinedOutput()
	require.NoError(t, err, "%s", text)

	t.Chdir(dir)
	stdout := os.Stdout
	os.Stdout, err = os.Create("stdout")
	require.NoError(t, err)
	main()
	require.NoError(t, os.Stdout.Close())
	os.Stdout = stdout
	out, err := os.ReadFile("stdout")
	require.NoError(t, err)
	require.Equal(t, "Hello, dear Ann <nil>\n whom am I to greet?\n", string(out))
}

func TestBothProgramsFitTheFirstScreen(t *testing.T) {
	for file, most := range map[string]int{"main.go": 30, "ext/main.go": 15} {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		require.LessOrEqual(t, bytes.Count(src, []byte("\n")), most, file)
	}
}
