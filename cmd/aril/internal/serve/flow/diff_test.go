package flow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/enrich"
)

func lines(changes []Change) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, c.String())
	}
	return out
}

func TestDiffSaysWhatIsDifferentBetweenTwoSetsOfDefinitions(t *testing.T) {
	t.Parallel()
	old := []enrich.Document{workflow("1.0.0", loans), schema("same", `{"type": "object", "minProperties": 1}`), schema("gone", `{}`)}
	changed := strings.NewReplacer(
		`"target": "review", "triggerType": 0`, `"target": "paid", "triggerType": 0`,
		`["score"]`, `["score", "limits"]`,
		`{"key": "closed", "stateType": 3}`, `{"key": "closed", "stateType": 3}, {"key": "late", "stateType": 3}`,
	).Replace(loans)
	same := schema("same", `{"minProperties":1,
	  "type":"object"}`)
	same.Name = "elsewhere.json"
	now := []enrich.Document{schema("new", `{}`), same, workflow("1.0.0", changed), {Name: "broken", JSON: []byte("{")}}
	require.Equal(t, []string{
		`changed sys-flows banking/loans 1.0.0 (Workflows/loans-1.0.0.json): attributes.states[draft].transitions[submit].target, attributes.states[late], attributes.states[review].view.extensions[1]`,
		`removed sys-schemas banking/gone 1.0.0 (Schemas/gone.json)`,
		`added sys-schemas banking/new 1.0.0 (Schemas/new.json)`,
	}, lines(Diff(old, now)))
	require.Empty(t, Diff(old, old))
}

func TestDiffNamesAFewMembersAndCountsTheRest(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 30 {
		fmt.Fprintf(&b, `"m%02d": {"type": "string"},`, i)
	}
	got := Diff([]enrich.Document{schema("s", `{}`)}, []enrich.Document{schema("s", `{`+strings.TrimSuffix(b.String(), ",")+`}`)})
	require.Len(t, got, 1)
	require.Len(t, got[0].Members, MaxMembers)
	require.Equal(t, 10, got[0].More)
	require.Contains(t, got[0].String(), "attributes.schema.m19 and 10 more")
}

func TestDiffOfAReorderedList(t *testing.T) {
	t.Parallel()
	got := lines(Diff(
		[]enrich.Document{schema("s", `{"enum": [1, 2], "anyOf": [{"key": "a"}, {"key": "b"}]}`)},
		[]enrich.Document{schema("s", `{"enum": [2, 1], "anyOf": [{"key": "b"}, {"key": "a"}]}`)}))
	require.Equal(t, []string{`changed sys-schemas banking/s 1.0.0 (Schemas/s.json): attributes.schema.anyOf, attributes.schema.enum[0], attributes.schema.enum[1]`}, got)
}
