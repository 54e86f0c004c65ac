package flow

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const application = `{
  "type": "object",
  "required": ["applicant", "amount"],
  "additionalProperties": false,
  "properties": {
    "applicant": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}, "email": {"format": "email"}}},
    "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 9007199254740993},
    "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    "kind": {"enum": ["car", "house"]}
  }
}`

func withSchemas(t testing.TB) *Workflow {
	t.Helper()
	return only(t, schema("application", application), schema("decision", `{"required": ["reason"]}`), workflow("1.0.0", `{
	  "schema": {"ref": "../Schemas/application.json"},
	  "startTransition": {"key": "apply", "target": "a", "schema": {"key": "application", "domain": "banking", "version": "1", "flow": "sys-schemas"}},
	  "states": [
	    {"key": "a", "stateType": 1, "transitions": [{"key": "decide", "target": "b", "schema": {"schema": {"key": "decision", "domain": "banking", "version": "latest"}}}]},
	    {"key": "b", "stateType": 3}
	  ]
	}`))
}

func TestTheDataOfATransitionAreHeldAgainstItsSchema(t *testing.T) {
	t.Parallel()
	w := withSchemas(t)
	_, err := w.Start(nil, json.RawMessage(`{"applicant": {"name": "Ada", "email": "ada@example.com"}, "amount": 9007199254740993}`))
	require.NoError(t, err)

	_, err = w.Start(nil, json.RawMessage(`{"applicant": {"email": "nobody"}, "amount": 9007199254740994, "items": [{"n": 1}, {"n": 1.5}], "kind": "boat", "extra": 1}`))
	e := failed(t, err)
	require.Equal(t, []string{"validation", "Transition:100006"}, []string{e.Prefix, e.Code})
	require.Equal(t, `The data of the transition "apply" are not what its schema says.`, e.Message)
	require.Equal(t, map[string][]string{
		"applicant.name":  {"is missing"},
		"applicant.email": {"'nobody' is not valid email: missing @"},
		"amount":          {"has to be at most 9007199254740993"},
		"items[1].n":      {"got number, want integer"},
		"kind":            {"value must be one of 'car', 'house'"},
		"extra":           {"is not a member that is known here"},
	}, e.Members)

	_, err = w.Start(nil, nil)
	require.Equal(t, map[string][]string{"applicant": {"is missing"}, "amount": {"is missing"}}, failed(t, err).Members, "no data are an empty object")
	_, err = w.Next("a", "decide", nil, json.RawMessage(`{}`))
	require.Equal(t, map[string][]string{"reason": {"is missing"}}, failed(t, err).Members)
	_, err = w.Next("a", "decide", nil, json.RawMessage(`{"reason": null}`))
	require.NoError(t, err)
}

func TestAttributesAreHeldAgainstTheMasterSchema(t *testing.T) {
	t.Parallel()
	w := withSchemas(t)
	require.NoError(t, w.Check([]byte(`{"applicant": {"name": "Ada"}, "amount": 1}`), nil))
	e := failed(t, w.Check([]byte(`{"applicant": {"name": ""}, "amount": 1}`), nil))
	require.Equal(t, "Transition:100006", e.Code)
	require.Equal(t, map[string][]string{"applicant.name": {"minLength: got 0, want 1"}}, e.Members)
	require.NoError(t, only(t, workflow("1.0.0", loans)).Check([]byte(`{"whatever": 1}`), nil), "without a master schema all is well")
}

func TestAnAnswerAboutInvalidDataDoesNotShowWhatIsHidden(t *testing.T) {
	t.Parallel()
	w := master(t, `{"properties": {
	  "open": {"format": "email"},
	  "secret": {"format": "email", "roles": [{"role": "boss", "grant": "allow"}]},
	  "deep": {"properties": {"iban": {"maxLength": 3, "roles": [{"role": "clerk", "grant": "deny"}]}}, "not": {"required": ["bad"]}}
	}}`)
	data := []byte(`{"open": "open-value", "secret": "secret-value", "deep": {"iban": "TR33", "bad": 1}}`)
	said := func(roles ...string) string {
		b, err := json.Marshal(failed(t, w.Check(data, roles)).Members)
		require.NoError(t, err)
		return string(b)
	}
	require.Contains(t, said("boss"), "secret-value")
	require.Contains(t, said("boss"), "deep.iban")
	require.Contains(t, said("clerk"), "open-value")
	require.NotContains(t, said("clerk"), "secret")
	require.NotContains(t, said("clerk"), "iban")
	require.Contains(t, said("clerk"), `"general":["a member that the caller may not see is not valid"]`)
}

func TestAnAnswerAboutInvalidDataIsBounded(t *testing.T) {
	t.Parallel()
	w := master(t, `{"additionalProperties": {"format": "email"}}`)
	var b strings.Builder
	b.WriteString(`{"x":"` + strings.Repeat("y", 100_000) + `"`)
	for range 1000 {
		b.WriteString(`,"` + strings.Repeat("k", 500) + string(rune('a'+b.Len()%26)) + string(rune(0x4e00+b.Len()%20_000)) + `":"z"`)
	}
	b.WriteString("}")
	e := failed(t, w.Check([]byte(b.String()), nil))
	out, err := json.Marshal(e.Members)
	require.NoError(t, err)
	require.Less(t, len(out), 50*(4*maxMessageLength+400))
	require.LessOrEqual(t, len(e.Members), 50)
}

func TestNumbersThatCostMoreThanTheyTookToSendAreRefused(t *testing.T) {
	t.Parallel()
	w := master(t, `{"properties": {"n": {"maximum": 5, "multipleOf": 0.01}, "u": {"uniqueItems": true}, "e": {"enum": [1]}}}`)
	for _, n := range []string{"1e1000000", "1e999999999", "-1e-999999999", "1" + strings.Repeat("0", 600)} {
		for _, data := range []string{`{"n":` + n + `}`, `{"u":[1,` + n + `]}`, `{"e":` + n + `}`} {
			require.Equal(t, "App:900002", failed(t, w.Check([]byte(data), nil)).Code)
		}
	}
}
