package flow

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// workflow is a document of a workflow with these attributes.
func workflow(version, attributes string) enrich.Document {
	return enrich.Document{Name: "Workflows/loans-" + version + ".json", JSON: []byte(`{
  "key": "loans", "version": "` + version + `", "domain": "banking", "flow": "sys-flows", "tags": ["t"],
  "attributes": ` + attributes + `
}`)}
}

// schema is a document of a schema.
func schema(key, body string) enrich.Document {
	return enrich.Document{Name: "Schemas/" + key + ".json", JSON: []byte(`{
  "key": "` + key + `", "version": "1.0.0", "domain": "banking", "flow": "sys-schemas",
  "attributes": {"type": "schema", "schema": ` + body + `}
}`)}
}

// loans is a workflow of four states.
const loans = `{
  "startTransition": {"key": "apply", "target": "draft", "triggerType": 0},
  "sharedTransitions": [{"key": "note", "target": "$self", "availableIn": ["draft", "review"]}],
  "cancel": {"key": "withdraw", "target": "closed", "roles": [{"role": "robot", "grant": "deny"}]},
  "states": [
    {"key": "draft", "stateType": 1, "transitions": [
      {"key": "submit", "target": "review", "triggerType": 0}
    ]},
    {"key": "review", "stateType": 2, "view": {"extensions": ["score"], "loadData": true}, "transitions": [
      {"key": "approve", "target": "paid", "roles": [{"role": "officer", "grant": "allow"}, {"role": "trainee", "grant": "deny"}]},
      {"key": "return", "target": "draft"},
      {"key": "expire", "target": "closed", "triggerType": 2}
    ]},
    {"key": "paid", "stateType": 3},
    {"key": "closed", "stateType": 3}
  ]
}`

// parse makes a catalogue of documents without an error among their issues.
func parse(t testing.TB, docs ...enrich.Document) *Catalogue {
	t.Helper()
	c, issues := Parse(docs)
	for _, i := range issues {
		require.True(t, i.Warning, i.String())
	}
	return c
}

// only is the workflow of documents.
func only(t testing.TB, docs ...enrich.Document) *Workflow {
	t.Helper()
	w, ok := parse(t, docs...).Workflow("banking", "loans", "")
	require.True(t, ok)
	return w
}

// master is a workflow with a master schema.
func master(t testing.TB, body string) *Workflow {
	t.Helper()
	attributes := strings.Replace(loans, "{", `{"schema": {"ref": "Schemas/master.json"},`, 1)
	return only(t, schema("master", body), workflow("1.0.0", attributes))
}

// said is what parsing documents says, a line each.
func said(docs ...enrich.Document) []string {
	_, issues := Parse(docs)
	out := []string{}
	for _, i := range issues {
		out = append(out, i.String())
	}
	return out
}

// failed is the *Error that err is.
func failed(t testing.TB, err error) *Error {
	t.Helper()
	e, ok := err.(*Error)
	require.True(t, ok, "%T %v", err, err)
	return e
}
