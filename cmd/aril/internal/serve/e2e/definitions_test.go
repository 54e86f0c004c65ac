//go:build linux

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// domain is where all definitions of these tests are.
const domain = "shop"

// A document is one definition.
type document map[string]any

func definition(flow, key string, attributes map[string]any) document {
	return document{
		"key": key, "version": "1.0.0", "domain": domain, "flow": flow, "flowVersion": "1.0.0", "tags": []string{"test"},
		"attributes": attributes,
	}
}

// scriptTask is the task that all extensions here run.
func scriptTask() document {
	return definition("sys-tasks", "script", map[string]any{"type": "7"})
}

// extension is one whose output handler is a script. It runs for every read.
func extension(key, script string, more map[string]any) document {
	attributes := map[string]any{
		"type": 3, "scope": 3,
		"task": map[string]any{
			"order": 1,
			"task":  map[string]any{"key": "script", "domain": domain, "version": "1.0.0", "flow": "sys-tasks"},
			"mapping": map[string]any{
				"location": "./src/" + key + ".js",
				"code":     base64.StdEncoding.EncodeToString([]byte(script)),
			},
		},
	}
	for name, value := range more {
		attributes[name] = value
	}
	return definition("sys-extensions", key, attributes)
}

// output is a script whose output handler is an expression over context.
func output(expression string) string {
	return "export default { outputHandler(context) { return { data: " + expression + " }; } };\n"
}

// workflow is a machine that can go on for ever: open -add-> open, open
// -close-> closed -reopen-> open, and open -finish-> done.
func workflow(key string, extensions ...string) document {
	references := []any{}
	for _, x := range extensions {
		references = append(references, map[string]any{"key": x, "domain": domain, "version": "latest", "flow": "sys-extensions"})
	}
	transition := func(key, target string) map[string]any {
		return map[string]any{"key": key, "target": target, "triggerType": 0}
	}
	return definition("sys-flows", key, map[string]any{
		"type": "F", "extensions": references,
		"startTransition": map[string]any{"key": "start", "target": "open", "triggerType": 0},
		"states": []any{
			map[string]any{"key": "open", "stateType": 1, "transitions": []any{
				transition("add", "open"), transition("close", "closed"), transition("finish", "done"),
			}},
			map[string]any{"key": "closed", "stateType": 2, "transitions": []any{transition("reopen", "open")}},
			map[string]any{"key": "done", "stateType": 3, "transitions": []any{}},
		},
	})
}

// write puts documents into a directory, one file each.
func write(t testing.TB, dir string, docs ...document) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o700))
	for _, d := range docs {
		raw, err := json.MarshalIndent(d, "", "\t")
		require.NoError(t, err)
		name := d["flow"].(string) + "." + d["key"].(string) + ".json"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), raw, 0o600))
	}
}

// directory makes one with documents.
func directory(t testing.TB, docs ...document) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "definitions")
	write(t, dir, docs...)
	return dir
}
