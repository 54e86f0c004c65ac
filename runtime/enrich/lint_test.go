package enrich

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestLintWarnsByTheTablesOfTheDocument(t *testing.T) {
	t.Parallel()
	const fallback = `"fallback":null`
	slow := taskDoc("core", "slow", "6", `{"url":"https://a.example/","timeoutSeconds":20}`)
	quick := taskDoc("core", "quick", "6", `{"url":"https://a.example/","timeoutSeconds":2}`)
	forever := taskDoc("core", "forever", "6", `{"url":"https://a.example/","validateSsl":false}`)
	for _, c := range []struct {
		name string
		x    ext
		want []string
	}{
		{"as recommended", ext{key: "extension-x", kind: 2, scope: 1, more: fallback}, nil},
		{"no prefix", ext{key: "x", kind: 2, scope: 1, more: fallback}, []string{`Extension.Key: the key has no prefix "extension-"`}},
		{"type 1 for one read", ext{key: "extension-x", kind: 1, scope: 1, more: fallback}, []string{"type 1 (Global) with scope 1 (GetInstance): recommended for always required system data is scope 3 (Everywhere)"}},
		{"type 4 everywhere", ext{key: "extension-x", kind: 4, scope: 3, more: fallback}, []string{"on-demand detail info is scope 1"}},
		{"no fallback", ext{key: "extension-x", kind: 3, scope: 1}, []string{"no fallback"}},
		{"a failure that fails the read", ext{key: "extension-x", kind: 3, scope: 1, more: fallback + `,"onFailure":"fail"`}, []string{"should not block the response"}},
		{"a slow task", ext{key: "extension-x", kind: 3, scope: 1, task: "slow", more: fallback}, []string{"may take 20s"}},
		{"a slow task that is cut short", ext{key: "extension-x", kind: 3, scope: 1, task: "slow", more: fallback + `,"timeoutSeconds":3`}, nil},
		{"no timeout, no check of certificates", ext{key: "extension-x", kind: 3, scope: 1, task: "forever", more: fallback}, []string{"does not verify", "no timeout"}},
		{"a backend at every read", ext{key: "extension-x", kind: 1, scope: 3, task: "quick", more: fallback}, []string{"use cache", "every item of every list"}},
		{"a backend at every read, cached", ext{key: "extension-x", kind: 1, scope: 3, task: "quick", more: fallback + `,"cache":{"ttlSeconds":5}`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"x.json": {Data: c.x.doc().JSON}}
			for _, d := range []Document{scriptTask("core"), slow, quick, forever} {
				files[d.Name] = &fstest.MapFile{Data: d.JSON}
			}
			issues, err := Lint(t.Context(), files)
			require.NoError(t, err)
			require.Len(t, issues, len(c.want), "%v", issues)
			all := ""
			for _, i := range issues {
				require.True(t, i.Warning)
				all += i.String() + "\n"
			}
			for _, w := range c.want {
				require.Contains(t, all, w)
			}
		})
	}
}

func TestLintTellsErrorsToo(t *testing.T) {
	t.Parallel()
	issues, err := Lint(t.Context(), fstest.MapFS{
		"a.json": {Data: []byte(`{`)}, "b.json": {Data: ext{key: "B"}.doc().JSON}, "c.json": {Data: ext{key: "extension-c", task: "human", kind: 2, scope: 1, mapping: "host"}.doc().JSON},
		"d.json": {Data: ext{key: "extension-d", task: "gone", kind: 2, scope: 1}.doc().JSON}, "t.json": {Data: taskDoc("core", "human", "5", "").JSON}, "w.json": {Data: workflowDoc("core", "w", "core/gone").JSON},
	})
	require.NoError(t, err)
	errors, warnings := split(issues)
	var all []string
	for _, i := range errors {
		all = append(all, i.String())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"a.json:1: not JSON", "b.json:1: Extension.Key", "c.json:1: Extension.Task: Task:400009: UnsupportedTaskType", "d.json:1: Extension.Task: task core/gone latest is not loaded"} {
		require.Contains(t, text, want)
	}
	require.Len(t, errors, 4)
	require.Contains(t, warnings[len(warnings)-1].String(), "w.json:1: warning: Workflow.Extensions[0]: extension core/gone latest is not loaded")
}

func TestPortWritesASkeletonBesideEachScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/seed")))
	src := filepath.Join(dir, "Extensions", "src")
	require.NoError(t, os.WriteFile(filepath.Join(src, "CustomerProfileMapping.ts"), []byte("export default {}"), 0o600))
	written, err := Port(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, []string{"Extensions/src/AccountLimitsMapping.js", "Extensions/src/UserSessionMapping.js"}, written)
	again, err := Port(t.Context(), dir)
	require.NoError(t, err)
	require.Empty(t, again, "what is there stays")

	text := string(read(t, filepath.Join(src, "UserSessionMapping.js")))
	for _, want := range []string{"inputHandler({ task, context }) {", "outputHandler(context) {", "// public class UserSessionMapping : IMapping", "data: { userSession: response.data }"} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, string(read(t, filepath.Join(src, "AccountLimitsMapping.js"))), "carried over")

	// What it writes runs, with the seed's definitions as they are.
	e := newScripts(t, Config{Fetch: answers(200, `{"dailyLimit":1}`)})
	_, err = e.LoadDir(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, `{"accountLimits":{"dailyLimit":1},"customerProfile":{"dailyLimit":1}}`, extensions(t, e, Request{Domain: "banking", Workflow: "transfers"}, &Instance{Data: map[string]any{"userId": "7"}}))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.json"), []byte("{"), 0o600))
	_, err = Port(t.Context(), dir)
	require.ErrorContains(t, err, "broken.json:1: not JSON")
}

func TestPortWritesNothingOutsideItsDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	doc := strings.Replace(string(ext{key: "x", mapping: "x"}.doc().JSON), "native:x", "../../x.csx", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), []byte(doc), 0o600))
	_, err := Port(t.Context(), dir)
	require.ErrorContains(t, err, "leads out of the directory")
}
