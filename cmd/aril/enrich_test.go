package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDefinitionsAreCheckedAndPorted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "definitions")
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../examples/enrichment/definitions")))

	// The profile's mapping is built by the example: here it is missing.
	r := tool(t, "enrich", "lint", dir)
	require.Equal(t, exitNo, r.code, r.stderr)
	require.Contains(t, r.stdout, "Extensions/extension-customer-profile.json:19: Extension.Task.Mapping: the location ./src/CustomerProfileMapping.csx is C#")
	require.Contains(t, r.stdout, "errors: 1, warnings: 3")

	r = tool(t, "enrich", "port", dir)
	require.Equal(t, exitOK, r.code, r.stderr)
	require.Equal(t, "Extensions/src/CustomerProfileMapping.js\n", r.stdout)
	require.FileExists(t, filepath.Join(dir, "Extensions/src/CustomerProfileMapping.js"))

	r = tool(t, "enrich", "lint", dir)
	require.Equal(t, exitOK, r.code, r.stdout)
	require.NotContains(t, r.stdout, "errors")
	r = tool(t, "enrich", "port", dir)
	require.Contains(t, r.stdout, "nothing to port")

	for _, wrong := range [][]string{{"lint"}, {"lint", filepath.Join(dir, "none")}, {"port", "main.go"}, {"publish"}} {
		require.Equal(t, exitUsage, tool(t, append([]string{"enrich"}, wrong...)...).code, wrong)
	}
}
