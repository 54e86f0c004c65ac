package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// httpCase scripts what the network answers.
const httpCase = `{"about": "fetching", "cases": [{
	"name": "what the server said is given on",
	"functions": {"aril_http_v1.fetch": [{"value": {"status": 200, "headers": {}, "body": {"$bytes": "AAE="}}}]},
	"steps": [{"input": {"url": "https://api.example.com/"}, "operation": {"name": "order.place"}, "expect": {"value": {"status": 200, "headers": {}, "body": {"$bytes": "AAE="}}}}]
}]}`

func TestCasesScriptWhatHTTPAnswers(t *testing.T) {
	t.Parallel()
	cases := file(t, "cases/http.json", httpCase)
	r := tool(t, "test", guest(t, "fetch.wasm"), "--cases", folderOf(cases))
	require.Equal(t, 0, r.code, "%s%s", r.stdout, r.stderr)
	require.Contains(t, r.stdout, "1 passed")
}

func TestACaseThatFailsSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	cases := file(t, "cases/retry.json", `{"about": "retry", "cases": [
		{"name": "one try is enough", "steps": [{"operation": {}, "input": 1, "next": [{"value": {"a": [1, 2]}}], "expect": {"value": {"a": [1, 3]}}}]},
		{"name": "nothing to say", "steps": [{"operation": {}, "input": 1, "expect": {"value": 1}}]}
	]}`)
	r := tool(t, "test", guest(t, "retry.wasm"), "--cases", folderOf(cases))
	require.Equal(t, 1, r.code)
	golden(t, "test_fails.txt", r.stdout)
	r = tool(t, "test", guest(t, "retry.wasm"), "--cases", folderOf(cases), "--only", "nothing")
	require.Equal(t, 0, r.code, r.stdout)
	r = tool(t, "test", guest(t, "retry.wasm"), "--cases", folderOf(cases), "--json")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, `"failed"`)
	r = tool(t, "test", guest(t, "retry.wasm"), "--cases", folderOf(cases), "--only", "no such")
	require.Equal(t, 2, r.code)
}

func TestACaseFileWithAMistakeIsRefusedByName(t *testing.T) {
	t.Parallel()
	cases := file(t, "cases/x.json", `{"about": "x", "cases": [{"name": "a", "stpes": []}]}`)
	r := tool(t, "test", guest(t, "retry.wasm"), "--cases", folderOf(cases))
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "x.json")
	require.Contains(t, r.stderr, "stpes")
}

func folderOf(path string) string { return filepath.Dir(path) }
