package flow

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func see(t testing.TB, w *Workflow, attributes string, roles ...string) string {
	t.Helper()
	got, err := w.Visible(json.RawMessage(attributes), roles)
	require.NoError(t, err)
	require.True(t, json.Valid(got), string(got))
	return string(got)
}

func TestVB34AttributesAreFilteredByTheSchemasRoleGrants(t *testing.T) {
	t.Parallel()
	const (
		denied  = `"roles": [{"role": "clerk", "grant": "deny"}]`
		allowed = `"roles": [{"role": "boss", "grant": "allow"}]`
		both    = `"roles": [{"role": "boss", "grant": "allow"}, {"role": "clerk", "grant": "deny"}]`
	)
	for name, c := range map[string]struct {
		schema, attributes string
		want               map[string]string // by roles, with spaces
	}{
		"a member": {`{"properties": {"s": {` + allowed + `}}}`, `{"a": 1, "s": 2}`,
			map[string]string{"": `{"a": 1}`, "clerk": `{"a": 1}`, "boss": `{"a": 1,"s": 2}`}},
		"deny alone lets everybody else": {`{"properties": {"s": {` + denied + `}}}`, `{"s": 2}`,
			map[string]string{"": `{"s": 2}`, "clerk": `{}`, "clerk boss": `{}`}},
		"deny beats allow": {`{"properties": {"s": {` + both + `}}}`, `{"s": 2}`,
			map[string]string{"": `{}`, "boss": `{"s": 2}`, "boss clerk": `{}`, "clerk": `{}`}},
		"roles have case":   {`{"properties": {"s": {` + allowed + `}}}`, `{"s": 2}`, map[string]string{"Boss": `{}`, "bos": `{}`}},
		"members have case": {`{"properties": {"s": {` + allowed + `}}}`, `{"S": 2}`, map[string]string{"": `{"S": 2}`}},
		"at any depth": {`{"properties": {"a": {"properties": {"b": {"properties": {"s": {` + allowed + `}}}}}}}`, `{"a": {"b": {"s": 1, "t": 2}, "s": 3}, "s": 4}`,
			map[string]string{"": `{"a": {"b": {"t": 2},"s": 3},"s": 4}`}},
		"the whole": {`{` + allowed + `}`, `{"a": 1}`, map[string]string{"": `{}`, "boss": `{"a": 1}`}},
		"in items": {`{"properties": {"l": {"items": {"properties": {"s": {` + allowed + `}}}}}}`, `{"l": [{"s": 1}, {"s": 2, "t": 3}, 4]}`,
			map[string]string{"": `{"l": [{},{"t": 3},4]}`}},
		"items themselves": {`{"properties": {"l": {"prefixItems": [true, {` + allowed + `}], "items": {` + denied + `}}}}`, `{"l": [1, 2, 3, 4]}`,
			map[string]string{"": `{"l": [1,3,4]}`, "clerk": `{"l": [1]}`, "boss": `{"l": [1,2,3,4]}`}},
		"items of an old draft": {`{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"l": {"items": [true, {` + allowed + `}], "additionalItems": {` + denied + `}}}}`, `{"l": [1, 2, 3]}`,
			map[string]string{"": `{"l": [1,3]}`, "clerk": `{"l": [1]}`}},
		"items by contains and unevaluatedItems": {`{"properties": {"l": {"contains": {"properties": {"s": {` + allowed + `}}}, "unevaluatedItems": {"properties": {"u": {` + allowed + `}}}}}}`, `{"l": [{"s": 1, "u": 2, "t": 3}]}`,
			map[string]string{"": `{"l": [{"t": 3}]}`}},
		"behind a reference": {`{"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"s": {"$ref": "#/$defs/hidden"}}}, "hidden": {"type": "string", ` + allowed + `}}}`, `{"s": "x"}`,
			map[string]string{"": `{}`, "boss": `{"s": "x"}`}},
		"behind an anchor and an $id": {`{"$id": "https://bank.example/a", "properties": {"s": {"$ref": "b#secret"}}, "$defs": {"b": {"$id": "b", "$defs": {"c": {"$anchor": "secret", ` + allowed + `}}}}}`, `{"s": 1}`,
			map[string]string{"": `{}`}},
		"beside a reference": {`{"properties": {"s": {"$ref": "#/$defs/x", ` + allowed + `}}, "$defs": {"x": {}}}`, `{"s": 1}`, map[string]string{"": `{}`}},
		"beside a reference of an old draft": {`{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"s": {"$ref": "#/definitions/x", ` + allowed + `}}, "definitions": {"x": {}}}`, `{"s": 1}`,
			map[string]string{"": `{}`}},
		"a schema that refers to itself": {`{"properties": {"s": {` + allowed + `}, "child": {"$ref": "#"}, "list": {"items": {"$ref": "#"}}}}`, `{"child": {"child": {"s": 1, "t": 2}, "list": [{"s": 3}]}}`,
			map[string]string{"": `{"child": {"child": {"t": 2},"list": [{}]}}`}},
		"in a branch that the data do not take": {`{"anyOf": [{"required": ["never"], "properties": {"s": {` + allowed + `}}}, true]}`, `{"s": 1}`, map[string]string{"": `{}`}},
		"in oneOf, if, then, else, not": {`{"oneOf": [{"properties": {"a": {` + allowed + `}}}], "if": {"properties": {"b": {` + allowed + `}}}, "then": {"properties": {"c": {` + allowed + `}}}, "else": {"properties": {"d": {` + allowed + `}}}, "not": {"required": ["q"], "properties": {"e": {` + allowed + `}}}}`,
			`{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}`, map[string]string{"": `{"f": 6}`}},
		"in dependentSchemas": {`{"dependentSchemas": {"x": {"properties": {"s": {` + allowed + `}}}}}`, `{"s": 1}`, map[string]string{"": `{}`}},
		"two schemas for one member: both must let": {`{"allOf": [{"properties": {"s": {` + allowed + `}}}, {"properties": {"s": {` + denied + `}}}]}`, `{"s": 1}`,
			map[string]string{"": `{}`, "boss": `{"s": 1}`, "boss clerk": `{}`}},
		"by pattern": {`{"patternProperties": {"^_": {` + allowed + `}}, "properties": {"_x": true}}`, `{"_x": 1, "_y": 2, "z_": 3}`, map[string]string{"": `{"z_": 3}`}},
		"all others": {`{"properties": {"a": true}, "patternProperties": {"^b": true}, "additionalProperties": {` + allowed + `}}`, `{"a": 1, "b2": 2, "c": 3, "A": 4}`,
			map[string]string{"": `{"a": 1,"b2": 2}`, "boss": `{"a": 1,"b2": 2,"c": 3,"A": 4}`}},
		"all that no schema named": {`{"$ref": "#/$defs/base", "allOf": [{"properties": {"b": true}}], "anyOf": [{"properties": {"maybe": true}}], "unevaluatedProperties": {` + allowed + `}, "$defs": {"base": {"properties": {"a": true}}}}`, `{"a": 1, "b": 2, "maybe": 3, "c": 4}`,
			map[string]string{"": `{"a": 1,"b": 2}`}},
		"an escaped name":                   {`{"properties": {"secret": {` + allowed + `}}}`, `{"\u0073ecre\u0074": 1, "sec\u0072et": 2, "other": 3}`, map[string]string{"": `{"other": 3}`}},
		"a name beyond ASCII":               {`{"properties": {"gizli 🔑": {` + allowed + `}}}`, `{"gizli 🔑": 1, "gizli \ud83d\udd11": 2, "x": "\ud83d\udd11"}`, map[string]string{"": `{"x": "\ud83d\udd11"}`}},
		"a member twice":                    {`{"properties": {"s": {` + allowed + `}}}`, `{"s": 1, "a": 2, "s": {"s": 3}}`, map[string]string{"": `{"a": 2}`}},
		"an empty name":                     {`{"properties": {"": {` + allowed + `}}}`, `{"": 1, " ": 2}`, map[string]string{"": `{" ": 2}`}},
		"a member called roles":             {`{"properties": {"roles": {"type": "array"}}}`, `{"roles": [{"role": "clerk", "grant": "deny"}]}`, map[string]string{"clerk": `{"roles": [{"role": "clerk", "grant": "deny"}]}`}},
		"another type than the schema says": {`{"properties": {"s": {"items": {` + allowed + `}}}}`, `{"s": {"0": 1}}`, map[string]string{"": `{"s": {"0": 1}}`}},
		"what is not hidden is spelt as it was": {`{"properties": {"s": {` + allowed + `}}}`, " {\n \"n\" : 12345678901234567890.10e+2 , \"s\":[ {} ] ,\"t\" : \"\\u0041\\\"}\" , \"e\":{ } , \"l\":[ ]}\n",
			map[string]string{"": "{\"n\" : 12345678901234567890.10e+2,\"t\" : \"\\u0041\\\"}\",\"e\":{ },\"l\":[ ]}", "boss": "{\"n\" : 12345678901234567890.10e+2,\"s\":[{}],\"t\" : \"\\u0041\\\"}\",\"e\":{ },\"l\":[ ]}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := master(t, c.schema)
			for roles, want := range c.want {
				require.Equal(t, want, see(t, w, c.attributes, strings.Fields(roles)...), "roles %q", roles)
			}
		})
	}
}

func TestWithoutGrantsAttributesAreAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, w := range []*Workflow{only(t, workflow("1.0.0", loans)), master(t, `{"properties": {"a": {"type": "string"}}}`)} {
		require.Equal(t, " {\"a\":1 }", see(t, w, " {\"a\":1 }"))
		got, err := w.Visible(nil, nil)
		require.NoError(t, err)
		require.Nil(t, got)
		require.True(t, w.MayUse(nil, nil))
	}
	w := master(t, `{"properties": {"a": {"roles": [{"role": "r", "grant": "deny"}]}}}`)
	_, err := w.Visible(json.RawMessage(`{"a":`), nil)
	require.Error(t, err, "what cannot be read is not shown")
}

func TestAFilterMayNotUseWhatItsCallerMayNotSee(t *testing.T) {
	t.Parallel()
	w := master(t, `{"properties": {
	  "open": {"type": "string"},
	  "secret": {"roles": [{"role": "boss", "grant": "allow"}]},
	  "applicant": {"properties": {"name": true, "income": {"roles": [{"role": "boss", "grant": "allow"}]}}},
	  "accounts": {"items": {"properties": {"iban": {"roles": [{"role": "boss", "grant": "allow"}]}}}},
	  "shut": {"roles": [{"role": "boss", "grant": "allow"}], "properties": {"inner": true}},
	  "tree": {"$ref": "#/$defs/tree"}
	}, "patternProperties": {"^x-": {"roles": [{"role": "boss", "grant": "allow"}]}},
	"$defs": {"tree": {"properties": {"kids": {"items": {"$ref": "#/$defs/tree"}}, "mark": {"roles": [{"role": "boss", "grant": "allow"}]}}}}}`)
	for path, clerk := range map[string]bool{
		"open": true, "unknown": true, "secret": false, "secret/deeper": false, "x-1": false,
		"applicant/name": true, "applicant/income": false, "applicant": false,
		"accounts/0/iban": false, "accounts/0/bank": true, "accounts/0": false, "accounts": false,
		"shut/inner": false, "tree/kids/3/kids/1/mark": false, "tree/kids/3/note": true, "tree/kids": false, "": false,
	} {
		segments := strings.Split(path, "/")
		if path == "" {
			segments = nil
		}
		require.Equal(t, clerk, w.MayUse(segments, []string{"clerk"}), path)
		require.True(t, w.MayUse(segments, []string{"boss"}), path)
	}
}

// FuzzVisible looks for a way past the grants: whatever the spelling, a decoder
// finds no hidden member, and all the rest as it was.
func FuzzVisible(f *testing.F) {
	for _, seed := range []string{
		`{"s":1,"a":{"s":2,"x":[{"s":3}]}}`, `{"\u0073":1}`, ` {"a" : {"x":[ 1 , {"s":"\\\"}"} ]}} `, `{"s":{"s":[]},"s":"]"}`,
		`[1,2]`, `"s"`, `{"a":{"x":[]},"":-0.0e-1,"b":"\ud83d","t":true}`, `{"a":[{"s":1}]}`, "{\"\\u0073\\u0000\":1}",
	} {
		f.Add([]byte(seed))
	}
	const tree = `{"properties": {"s": {"roles": [{"role": "boss", "grant": "allow"}]}}, "additionalProperties": {"$ref": "#"}, "items": {"$ref": "#"}}`
	w := master(f, tree)
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := w.Visible(in, nil)
		if !json.Valid(in) {
			if len(in) > 0 {
				require.Error(t, err)
			}
			return
		}
		require.NoError(t, err)
		var before, after any
		require.NoError(t, json.Unmarshal(in, &before))
		require.NoError(t, json.Unmarshal(got, &after), string(got))
		all, err := w.Visible(in, []string{"boss"})
		require.NoError(t, err)
		var whole any
		require.NoError(t, json.Unmarshal(all, &whole))
		require.Equal(t, before, whole)
		require.Equal(t, without(before), after)
	})
}

// without takes the member s away, at every depth.
func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "s")
		for k := range v {
			v[k] = without(v[k])
		}
	case []any:
		for i := range v {
			v[i] = without(v[i])
		}
	}
	return v
}
