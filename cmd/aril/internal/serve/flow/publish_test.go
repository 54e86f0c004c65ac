package flow

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestWhatIsWrongWithAWorkflowHasAFileALineAndAMember(t *testing.T) {
	t.Parallel()
	got := said(workflow("1.0.0", `{
    "startTransition": {"key": "go", "target": "nowhere", "triggerType": 1},
    "schema": {"key": "missing", "domain": "banking", "version": "1"},
    "states": [
      {"key": "a", "stateType": 1, "transitions": [
        {"key": "t", "target": "b"},
        {"key": "t", "target": "b"},
        {"key": "bad key", "target": "c"},
        {"target": "b", "triggerType": 9},
        {"key": "u", "schema": {"ref": "x.json"}},
        {"key": "v", "target": "b", "roles": [{"role": "r", "grant": "maybe"}]},
        {"key": "w", "target": "b", "roles": {"role": "r", "grant": "deny"}},
        {"key": "y", "target": "b", "roles": [{"role": "$InstanceStarter", "grant": "deny"}]}
      ]},
      {"key": "b", "stateType": 1},
      {"key": "b", "stateType": 3},
      {"key": "z", "stateType": 7},
      {"key": "x"},
      7
    ],
    "sharedTransitions": [
      {"key": "t", "target": "b"},
      {"key": "s", "target": "b", "availableIn": ["a", "q"]},
      {"key": "s", "target": "b", "availableIn": ["a"]},
      {"key": "r", "target": "b", "availableIn": "a"}
    ],
    "cancel": {"key": "s", "target": "gone", "schema": {"key": "k", "flow": "sys-tasks"}}
  }`))
	for _, want := range []string{
		`:4: Workflow.StartTransition.TriggerType: an instance is started by a request: want 0`,
		`:4: Workflow.StartTransition.Target: there is no state "nowhere"`,
		`:5: Workflow.Schema: schema banking/missing 1 is not loaded`,
		`:9: Workflow.States[0].Transitions[1].Key: "t" is a transition of the state "a" already`,
		`:10: Workflow.States[0].Transitions[2].Key: is "bad key"; want letters, digits, '-', '_' and '.', 200 at most`,
		`:10: Workflow.States[0].Transitions[2].Target: there is no state "c"`,
		`:11: Workflow.States[0].Transitions[3].Key: is missing`,
		`:11: Workflow.States[0].Transitions[3].TriggerType: is none of 0 manual, 1 automatic, 2 timer, 3 event`,
		`:12: Workflow.States[0].Transitions[4].Target: is missing: a state, or $self`,
		`:12: Workflow.States[0].Transitions[4].Schema: schema "x.json" is not loaded: there is no such valid file beside the definitions`,
		`:13: Workflow.States[0].Transitions[5].Roles: roles[0] is no {"role": "…", "grant": "allow" or "deny"}`,
		`:14: Workflow.States[0].Transitions[6].Roles: roles is a list such as [{"role": "clerk", "grant": "allow"}]`,
		`:15: Workflow.States[0].Transitions[7].Roles: roles[0] denies $InstanceStarter, a role that depends on the instance; this service knows those of the caller's token alone`,
		`:17: Workflow.States[1].StateType: "b" is an initial state, and so is "a"; a workflow has one`,
		`:18: Workflow.States[2].Key: "b" is a state already`,
		`:19: Workflow.States[3].StateType: is none of 1 initial, 2 intermediate, 3 finish, 4 sub-flow, 5 wizard`,
		`:20: Workflow.States[4].StateType: is missing: 1 initial, 2 intermediate, 3 finish`,
		`:21: Workflow.States[5]: is no object`,
		`:24: Workflow.SharedTransitions[0].Key: "t" is a transition of the state "a" already`,
		`:25: Workflow.SharedTransitions[1].AvailableIn[1]: there is no state "q"`,
		`:26: Workflow.SharedTransitions[2].Key: "s" is a shared transition of the state "a" already`,
		`:27: Workflow.SharedTransitions[3].AvailableIn: is no list of states`,
		`:29: Workflow.Cancel.Key: "s" is a shared transition of the state "a" already`,
		`:29: Workflow.Cancel.Target: there is no state "gone"`,
		`:29: Workflow.Cancel.Schema.Flow: is "sys-tasks"; a schema is of sys-schemas`,
	} {
		require.Contains(t, got, "Workflows/loans-1.0.0.json"+want)
	}
}

func TestWhatASimpleMachineCannotDoIsAWarning(t *testing.T) {
	t.Parallel()
	got := said(workflow("1.0.0", `{
    "timeout": {"key": "t"}, "functions": [{"key": "f"}], "features": [], "updateData": {"key": "u"}, "queryRoles": [{"role": "r", "grant": "allow"}],
    "states": [
      {"key": "a", "stateType": 1, "onEntries": [{}], "onExits": [], "errorBoundary": {"onError": []}, "transitions": [
        {"key": "auto", "target": "b", "triggerType": 1, "rule": {"code": "x"}},
        {"key": "tick", "target": "b", "triggerType": 2},
        {"key": "event", "target": "b", "triggerType": 3},
        {"key": "hand", "target": "sub", "onExecutionTasks": [{"order": 1}], "roles": [{"role": "$PreviousUser", "grant": "allow"}]}
      ]},
      {"key": "sub", "stateType": 4, "subFlow": {"type": "S"}, "transitions": [{"key": "loop", "target": "$self"}]},
      {"key": "b", "stateType": 3, "transitions": [{"key": "back", "target": "a"}]}
    ]
  }`))
	for i, line := range got {
		require.Contains(t, line, ": warning: ")
		got[i] = strings.Replace(strings.TrimPrefix(line, "Workflows/loans-1.0.0.json:"), " warning:", "", 1)
	}
	require.ElementsMatch(t, []string{
		`4: Workflow.Timeout: is not run by this service`,
		`4: Workflow.Functions: is not run by this service`,
		`4: Workflow.UpdateData: is not run by this service`,
		`4: Workflow.QueryRoles: is not held against callers by this service`,
		`6: Workflow.States[0].OnEntries: is not run by this service`,
		`6: Workflow.States[0].ErrorBoundary: is not run by this service`,
		`7: Workflow.States[0].Transitions[0].TriggerType: an automatic transition is not run by this service`,
		`8: Workflow.States[0].Transitions[1].TriggerType: a transition by timer is not run by this service`,
		`9: Workflow.States[0].Transitions[2].TriggerType: a transition by event is not run by this service`,
		`10: Workflow.States[0].Transitions[3].OnExecutionTasks: is not run by this service`,
		`10: Workflow.States[0].Transitions[3].Roles: role $PreviousUser depends on the instance: nobody has it here`,
		`12: Workflow.States[1].StateType: the sub-flow is not run by this service; the state is one like another`,
		`12: Workflow.States[1].Key: no instance leaves the state "sub": it is not final, and no manual transition leads on`,
		`13: Workflow.States[2].Transitions: nothing leaves a final state`,
		`13: Workflow.States[2].Key: no instance gets to the state "b": no manual transition leads there`,
	}, got)
}

func TestAWorkflowWithStatesHasOneThatIsInitial(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{`Workflows/loans-1.0.0.json:3: Workflow.States: Instance:100003: none of them is initial (stateType 1)`},
		said(workflow("1.0.0", `{"states": [{"key": "a", "stateType": 2}]}`)))
}

func TestAMemberThatIsThereTwiceIsRefused(t *testing.T) {
	t.Parallel()
	got := said(workflow("1.0.0", `{"states": [{"key": "a", "stateType": 1, "roles": [], "transitions": [
	  {"key": "t", "target": "a", "roles": [{"role": "r", "grant": "deny"}], "\u0072oles": []}]}]}`))
	require.Equal(t, []string{"Workflows/loans-1.0.0.json:1: Workflow: attributes.states[0].transitions[0].roles is there twice"}, got)
}

func TestWhatIsWrongWithASchemaHasAFileALineAndAMember(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ schema, want string }{
		"a keyword of the wrong type": {`{"type": "object",
 "properties": {"a": {"minLength": "x"}}}`, `4: Schema.Schema.Properties.A.MinLength: not a JSON Schema: got string, want integer`},
		"a file":                           {`{"$ref": "file:///etc/passwd"}`, `3: Schema.Schema: refers to file:///etc/passwd: a reference has to stay within the schema`},
		"a URL":                            {`{"properties": {"a": {"$ref": "http://169.254.169.254/latest"}}}`, `3: Schema.Schema: refers to http://169.254.169.254/latest: a reference has to stay within the schema`},
		"a URL by $id":                     {`{"$id": "https://evil.example/a", "properties": {"a": {"$ref": "b"}}}`, `3: Schema.Schema: refers to https://evil.example/b: a reference has to stay within the schema`},
		"a reference to nowhere":           {`{"$ref": "#/$defs/none"}`, `3: Schema.Schema: not a JSON Schema: json-pointer in "the schema#/$defs/none" not found`},
		"a pattern that is slow elsewhere": {`{"pattern": "^(?=a)b"}`, `3: Schema.Schema.Pattern: not a JSON Schema: '^(?=a)b' is not valid regex`},
		"itself":                           {`{"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}`, `3: Schema.Schema.$defs.A: refers to itself for the same value`},
		"another draft":                    {`{"$schema": "https://evil.example/schema"}`, `3: Schema.Schema: refers to https://evil.example/schema: a reference has to stay within the schema`},
		"no schema":                        {`7`, `3: Schema.Schema: not a JSON Schema: got number, want boolean or object`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := said(schema("s", c.schema))
			require.NotEmpty(t, got)
			require.Contains(t, got[0], "Schemas/s.json:"+c.want)
		})
	}
	require.Equal(t, []string{"Schemas/x.json:1: Schema.Schema: is missing: a JSON Schema"},
		said(enrich.Document{Name: "Schemas/x.json", JSON: []byte(`{"flow": "sys-schemas", "attributes": {}}`)}))
}

func TestASchemaThatWouldCostTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"$ref": "#/$defs/d0", "$defs": {`)
	for i := range 30 {
		n := string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10))
		name := "d" + n
		if i == 0 {
			b.WriteString(`"d0": {"anyOf": [{"$ref": "#/$defs/d02"}, {"$ref": "#/$defs/d02"}]},`)
		}
		next := "d" + string(rune('0'+(i+2)/10)) + string(rune('0'+(i+2)%10))
		b.WriteString(`"` + name + `": {"anyOf": [{"$ref": "#/$defs/` + next + `"}, {"$ref": "#/$defs/` + next + `"}]},`)
	}
	b.WriteString(`"d31": {"type": "string"}}}`)
	got := said(schema("bomb", b.String()))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "more than 10000 schemas have to be tried for one value")

	got = said(schema("big", `{"enum": [`+strings.Repeat("[],", 5000)+`[]]}`))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "the most is 5000")
}

func TestGrantsThatWouldNotCountAreSaidSo(t *testing.T) {
	t.Parallel()
	const deny = `"roles": [{"role": "r", "grant": "deny"}]`
	for name, c := range map[string]struct {
		schema, want string
	}{
		"beside a $ref of an old draft": {
			`{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a", "properties": {"x": {` + deny + `}}, "definitions": {"a": {}}}`,
			`Schema.Schema.Properties.X.Roles: these role grants would not count`},
		"under a misspelt keyword":   {`{"propertes": {"x": {` + deny + `}}}`, `Schema.Schema.Propertes.X.Roles: these role grants would not count`},
		"in a definition for nobody": {`{"$defs": {"x": {` + deny + `}}}`, `warning: Schema.Schema.$defs.X.Roles: these role grants would not count`},
		"of an unknown kind":         {`{"properties": {"x": {"roles": [{"role": "r", "grant": "Deny"}]}}}`, `Schema.Schema.Properties.X.Roles: roles[0] is no {"role"`},
		"as a text":                  {`{"roles": "admin"}`, `Schema.Schema.Roles: roles is a list such as`},
		"beside a dynamic reference": {`{"$dynamicAnchor": "n", "properties": {"x": {` + deny + `}, "y": {"$dynamicRef": "#n"}}}`, `Schema.Schema.Properties.Y: $dynamicRef and $recursiveRef cannot stand beside role grants`},
		"of a role of the instance":  {`{"properties": {"x": {"roles": [{"role": "$InstanceStarter", "grant": "allow"}]}}}`, `warning: Schema.Schema.Properties.X.Roles: role $InstanceStarter depends on the instance`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := said(schema("s", c.schema))
			require.Len(t, got, 1)
			require.Contains(t, got[0], c.want)
		})
	}
	require.Empty(t, said(schema("s", `{"properties": {"roles": {"type": "array"}, "enum": {`+deny+`}}, "default": {`+deny+`}}`)),
		"a member called roles is no grant, nor is what stands in a default")
}
