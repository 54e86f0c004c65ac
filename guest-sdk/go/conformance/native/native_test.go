package native_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/conformance/native"
	"github.com/aril-wasm/aril/runtime/conformance"
)

func TestTheGoSDKConformsWithoutASandbox(t *testing.T) {
	t.Parallel()
	conforms(t, native.Subject{})
}

func TestTheGoSDKConformsAsAModule(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it compiles a Go guest")
	}
	file := filepath.Join(t.TempDir(), "go.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-w", "-o", file, "..")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	wasm, err := os.ReadFile(file)
	require.NoError(t, err)
	module, err := conformance.Module(t.Context(), wasm, conformance.ModuleConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, module.Close(context.Background())) }()
	conforms(t, module)
}

func conforms(t *testing.T, subject conformance.Subject) {
	t.Helper()
	suite, err := conformance.Shipped()
	require.NoError(t, err)
	report, err := conformance.Run(t.Context(), subject, suite, conformance.Options{Rounds: 1})
	require.NoError(t, err)
	require.True(t, report.OK(), report)
	require.Greater(t, report.Count(conformance.Passed), 150)
}
