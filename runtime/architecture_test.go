package runtime_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/aril-wasm/aril"

// TestTheLibraryRequiresFourModules holds the list of what an embedder gets
// with Aril. What needs more lives in a nested module.
func TestTheLibraryRequiresFourModules(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	require.ElementsMatch(t, []string{
		"github.com/stretchr/testify", "github.com/tetratelabs/wazero", "github.com/tinylib/msgp", "golang.org/x/sys",
	}, direct)
}

// TestArrowsPointOneWay holds who may import whom:
//
//	cmd, examples → runtime → runtime/internal/* → abi → abi/names
//	guest-sdk/go/guest → abi/names alone; guesttest, which runs on the
//	author's machine, → runtime
func TestArrowsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, rule := range []struct {
		of      string
		allowed []string // of our packages; a prefix ends in "/..."
		denied  []string // of anybody's
	}{
		{of: "abi/names"},
		{of: "abi", allowed: []string{"abi/names"}},
		{of: "runtime/internal/wasm/dwarf"},
		{of: "runtime/internal/wasm", allowed: []string{"abi", "abi/names", "runtime/internal/wasm/dwarf"}, denied: []string{"github.com/tetratelabs/wazero"}},
		{of: "runtime/internal/codec", allowed: []string{"abi", "abi/names"}, denied: []string{"github.com/tetratelabs/wazero"}},
		{of: "runtime/state", denied: []string{"github.com/tetratelabs/wazero"}},
		{of: "runtime/internal/httpguard", allowed: []string{"abi/names"}, denied: []string{"github.com/tetratelabs/wazero"}},
		{of: "runtime/internal/sandbox", allowed: []string{"abi", "abi/names", "runtime/internal/wasm", "runtime/internal/wasm/dwarf"}},
		{of: "runtime", allowed: []string{"abi", "abi/names", "runtime/internal/...", "runtime/state"}},
		{of: "runtime/conformance", allowed: []string{"abi", "abi/names", "runtime", "runtime/internal/...", "runtime/state", "testdata/conformance"}},
		{of: "guest-sdk/go/guest", allowed: []string{"abi/names", "guest-sdk/go/..."}, denied: []string{"github.com/tetratelabs/wazero", "github.com/tinylib/msgp"}},
	} {
		t.Run(rule.of, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("go", "list", "-deps", "./"+rule.of)
			cmd.Dir = ".."
			out, err := cmd.Output()
			require.NoError(t, err)
			for _, dep := range strings.Fields(string(out)) {
				if own, ok := strings.CutPrefix(dep, module+"/"); ok && own != rule.of {
					require.Truef(t, slices.ContainsFunc(rule.allowed, func(a string) bool {
						prefix, open := strings.CutSuffix(a, "...")
						return a == own || open && strings.HasPrefix(own, prefix)
					}), "%s imports %s", rule.of, own)
				}
				for _, d := range rule.denied {
					require.Falsef(t, strings.HasPrefix(dep, d), "%s imports %s", rule.of, dep)
				}
			}
		})
	}
}

// TestOnlyTheSandboxImportsTheEngine looks at the sources, tests left out.
func TestOnlyTheSandboxImportsTheEngine(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	seen := false
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(line, ": ")
		if strings.Contains(imports, "github.com/tetratelabs/wazero") {
			require.Equal(t, module+"/runtime/internal/sandbox", pkg)
			seen = true
		}
	}
	require.True(t, seen)
}

// TestTheTopLevelIsWhatItIs keeps the front of the repository tidy.
func TestTheTopLevelIsWhatItIs(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("git", "ls-tree", "--name-only", "HEAD")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Skip("not a git checkout")
	}
	require.Subset(t, []string{
		".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "RATIONALE.md", "README.md", "SECURITY.md",
		"abi", "cmd", "examples", "go.mod", "go.sum", "go.work", "go.work.sum", "guest-sdk", "runtime", "testdata",
	}, strings.Fields(string(out)))
	_, err = os.Stat(filepath.Join("..", "LICENSE"))
	require.NoError(t, err)
}
