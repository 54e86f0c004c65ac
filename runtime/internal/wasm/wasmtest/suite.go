package wasmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// SuiteDir is where wazero's source keeps the WebAssembly 2.0 test suite, in
// binary form. Without it the test is skipped, and fails when CI=true.
func SuiteDir(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	require.NoError(t, err)
	dir := filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest/v2/testdata")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the suite is not in wazero's source: %v", err)
		}
		t.Skipf("the suite is not in wazero's source: %v", err)
	}
	return dir
}
