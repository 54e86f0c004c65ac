package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/conformance"
)

// passCases are two that testdata/guests/pass.wasm passes and one that it does
// not.
const passCases = `{"cases": [
	{"name": "it gives values on", "measured": true, "config": {"role": "pass"}, "steps": [{"input": {"n": 1}, "expect": {"same": true}}]},
	{"name": "it gives errors on", "steps": [{"next": [{"error": {"code": "busy"}}], "expect": {"same": true}}]},
	{"name": "it answers", "steps": [{"next": [{"value": {"lines": [{"count": 1}]}}], "expect": {"value": {"lines": [{"count": 2}]}}}]}
]}`

func passFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pass.json"), []byte(passCases), 0o600))
	return dir
}

func TestConformanceTellsAStrangerWhatDiffers(t *testing.T) {
	t.Parallel()
	r := tool(t, "conformance", guests+"pass.wasm", "--cases", passFolder(t))
	require.Equal(t, exitNo, r.code)
	require.Equal(t, `✗ pass.json/it answers: failed
  step 1: the value at .lines[0].count: expected 2, got 1
2 passed, 1 failed
`, r.stdout)
	require.Empty(t, r.stderr)
}

func TestConformanceRunsSomeCases(t *testing.T) {
	t.Parallel()
	dir := passFolder(t)
	r := tool(t, "conformance", guests+"pass.wasm", "--cases", dir, "--only", "gives")
	require.Equal(t, result{code: exitOK, stdout: "2 passed\n"}, r)
	r = tool(t, "conformance", guests+"pass.wasm", "--cases", dir, "--only", "takes")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.stderr, `no case contains "takes"`)
}

func TestAKnownFailureOfAnSDKMustKeepFailing(t *testing.T) {
	t.Parallel()
	dir := passFolder(t)
	known := func(text string) result {
		file := filepath.Join(t.TempDir(), "known.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return tool(t, "conformance", guests+"pass.wasm", "--cases", dir, "--known", file)
	}
	r := known(`{"pass.json/it answers": "it never does"}`)
	require.Equal(t, exitOK, r.code)
	require.Contains(t, r.stdout, "– pass.json/it answers: known to fail\n  the list says: it never does\n")
	require.Contains(t, r.stdout, "2 passed, 1 known to fail\n")
	r = known(`{"pass.json/it answers": "it never does", "pass.json/it gives values on": "not yet"}`)
	require.Equal(t, exitNo, r.code)
	require.Contains(t, r.stdout, "✗ pass.json/it gives values on: passed against its list\n")
	require.Contains(t, known(`{"pass.json/gone": "x"}`).stderr, `there is no case "pass.json/gone"`)
	require.Equal(t, exitUsage, known(`[]`).code)
}

func TestConformanceIsReadByPrograms(t *testing.T) {
	t.Parallel()
	dir := passFolder(t)
	r := tool(t, "conformance", guests+"pass.wasm", "--cases", dir, "--json")
	require.Equal(t, exitNo, r.code)
	var report struct {
		OK      bool
		Results []struct {
			Status      string
			Differences []conformance.Difference
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	require.False(t, report.OK)
	require.Len(t, report.Results, 3)
	require.Equal(t, []conformance.Difference{{Where: "step 1", What: "the value", Path: ".lines[0].count", Want: "2", Got: "1"}}, report.Results[2].Differences)

	figures := filepath.Join(t.TempDir(), "figures.json")
	r = tool(t, "conformance", guests+"pass.wasm", "--cases", dir, "--only", "values", "--table", "--figures", figures)
	require.Equal(t, exitOK, r.code)
	require.Regexp(t, `role +fuel +bytes +µs\npass +\d+ +0 +\d+\n1 passed\n`, r.stdout)
	text, err := os.ReadFile(figures)
	require.NoError(t, err)
	var column conformance.Column
	require.NoError(t, json.Unmarshal(text, &column))
	require.Positive(t, column.Figures["pass"].Fuel)
}

func TestTheBuiltInCasesRunOnTheGoSDKNatively(t *testing.T) {
	t.Parallel()
	r := tool(t, "conformance", "--native")
	require.Equal(t, exitOK, r.code, r.stdout+r.stderr)
	require.Regexp(t, `^\d+ passed, \d+ not run\n$`, r.stdout)
}

func TestConformanceSaysWhatIsWrongWithItsArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{}, "takes one module"},
		{[]string{"--native", "x.wasm"}, "takes with --native no module"},
		{[]string{"no-such.wasm"}, "no-such.wasm"},
		{[]string{guests + "pass.wasm", "--cases", guests}, "no cases"},
		{[]string{guests + "pass.wasm", "--known", "no-such.json"}, "no-such.json"},
	} {
		r := tool(t, append([]string{"conformance"}, c.arguments...)...)
		require.Equal(t, exitUsage, r.code, c.arguments)
		require.Contains(t, r.stderr, c.want)
	}
}
