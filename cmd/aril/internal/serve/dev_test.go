package serve

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// replace writes a file of a directory anew.
func replace(t *testing.T, dir, name string, pairs ...string) {
	t.Helper()
	path := filepath.Join(dir, name)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(raw))), 0o600))
}

func TestDevSaysWhatThereIsAndWhatChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(definitions)))
	r := runs(t, Config{Definitions: dir, Dev: true})
	r.out.eventually(t, "3 definitions of "+dir)
	r.out.eventually(t, "Serving "+r.api)
	r.out.eventually(t, "banking/loan\n  curl -X POST "+r.api+instancesPath+"/start")
	r.out.eventually(t, r.admin+"/metrics")
	code, body := ask(t, "POST", r.api+instancesPath+"/start", `{"key":"k","attributes":{}}`)
	require.Equal(t, 201, code, body)

	replace(t, dir, "loan.json", `"key": "done"`, `"key": "over"`, `"target": "done"`, `"target": "over"`)
	r.out.eventually(t, "definitions changed\n  ~ sys-flows banking/loan 1.0.0 loan.json\n      attributes.states[done]\n")
	replace(t, dir, "hello.js", "hello:", "greeting:")
	r.out.eventually(t, "definitions changed\n  ~ hello.js\n")
	_, body = ask(t, "GET", r.api+instancesPath+"/k", "")
	require.Contains(t, body, `"greeting":"k"`)

	replace(t, dir, "script.json", "\t", " ")
	r.out.eventually(t, "read again; nothing is different")
	replace(t, dir, "loan.json", `"target": "over"`, `"target": "nowhere"`)
	r.out.eventually(t, "definitions refused; the last good version serves on\n  loan.json:6: ")
	_, body = ask(t, "GET", r.api+instancesPath+"/k", "")
	require.Contains(t, body, `"greeting":"k"`)
	replace(t, dir, "loan.json", `"target": "nowhere"`, `"target": "over"`)
	require.NoError(t, os.Remove(filepath.Join(dir, "hello.json")))
	r.out.eventually(t, "  - sys-extensions banking/extension-hello 1.0.0 hello.json\n")
	r.out.eventually(t, "warning: ")
	require.NotContains(t, r.log.String(), "definitions", "what is printed is not logged as well")
	require.NoError(t, r.end(t))
}

func TestDevStartsWithDefinitionsThatAreWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(definitions)))
	replace(t, dir, "loan.json", `"stateType": 1`, `"stateType": 9`)
	r := runs(t, Config{Definitions: dir, Dev: true})
	r.out.eventually(t, "definitions refused; nothing is served yet\n  loan.json:")
	replace(t, dir, "loan.json", `"stateType": 9`, `"stateType": 1`)
	r.out.eventually(t, "3 definitions of "+dir)
	code, body := ask(t, "POST", r.api+instancesPath+"/start", `{"attributes":{}}`)
	require.Equal(t, 201, code, body)
}

func TestTextOfDefinitionsCannotReachTheTerminal(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	d := &developer{out: ui.NewScreen(&b)}
	d.change(flow.Change{Kind: flow.Changed, Identity: enrich.Identity{Flow: "sys-flows", Key: "a\x1b[2J"}, File: "\x1b]0;x\a.json", Members: []string{"\u202e"}})
	d.say(ui.Bad, "\x1b[31m")
	require.NotContains(t, b.String(), "\x1b")
	require.NotContains(t, b.String(), "\u202e")
}

func TestAnExampleOfTheSchemaIsTheBodyToTry(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{"examples":[{"amount": 5}, {}]}`:     `{"attributes": {"amount":5}}`,
		`{"examples":[]}`:                      `{"attributes": {}}  # attributes are as the schema form has them`,
		`{}`:                                   `{"attributes": {}}  # attributes are as the schema form has them`,
		`{"examples":[{"name":"';rm -rf /"}]}`: `{"attributes": {}}  # attributes are as the schema form has them`,
	} {
		body, note := sample(&flow.Schema{Key: "form", JSON: []byte(schema)})
		require.Equal(t, want, body+note)
	}
	body, note := sample(nil)
	require.Equal(t, `{"attributes": {}}`, body+note)
}
