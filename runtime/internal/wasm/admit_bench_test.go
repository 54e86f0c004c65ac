package wasm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// goGuest builds a guest of about 3 MB with the Go toolchain.
func goGuest(b *testing.B) []byte {
	b.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		b.Skip("no Go toolchain")
	}
	dir := b.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module guest\n\ngo 1.25\n",
		"main.go": `package main

import (
	"encoding/json"
	"fmt"
)

//go:wasmexport aril_wrap
func wrap(n int32) int32 {
	var v any
	fmt.Println(json.Unmarshal([]byte("{}"), &v), v, n)
	return 1
}

func main() {}
`,
	} {
		require.NoError(b, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", "guest.wasm", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off", "GOFLAGS=")
	out, err := build.CombinedOutput()
	require.NoError(b, err, "%s", out)
	module, err := os.ReadFile(filepath.Join(dir, "guest.wasm"))
	require.NoError(b, err)
	return module
}

// BenchmarkAdmission takes a Go guest through everything that comes before
// the rewrite.
func BenchmarkAdmission(b *testing.B) {
	module := goGuest(b)
	b.SetBytes(int64(len(module)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := wasm.Parse(module, wasm.Caps{})
		require.NoError(b, err)
		require.NoError(b, m.Validate())
		_, err = wasm.Admit(m, len(module), wasm.Policy{})
		require.Error(b, err) // it has no ABI
	}
}
