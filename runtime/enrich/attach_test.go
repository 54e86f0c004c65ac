package enrich

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func schemaDoc(key, attributes string) Document {
	return Document{Name: "core/schemas/" + key + ".json", JSON: []byte("{\n\"key\":\"" + key + "\",\"version\":\"1.0.0\",\"domain\":\"core\",\"flow\":\"sys-schemas\",\n\"attributes\":" + attributes + "}")}
}

func TestWhatIsAttachedIsServedWithItsDefinitions(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{Attach: func(docs []Document) (any, []Issue) {
		var names []string
		var issues []Issue
		for _, d := range docs {
			names = append(names, d.Name)
			if d.Name == "core/schemas/warned.json" {
				w := d.Issue("is odd", "attributes", "schema", "0")
				w.Warning = true
				issues = append(issues, w)
			}
			if d.Name == "core/schemas/wrong.json" {
				issues = append(issues, d.Issue("is no machine", "attributes", "schema"))
			}
		}
		return names, issues
	}})
	require.Nil(t, e.Attached(), "nothing was published")

	publish(t, e, workflowDoc("core", "w"), schemaDoc("a", `{"schema":{}}`))
	require.Equal(t, []string{"core/flows/w.json", "core/schemas/a.json"}, e.Attached(), "sorted by name")

	issues := refusal(t, e, schemaDoc("wrong", "{\n\"schema\":{}}"), schemaDoc("b", `{}`))
	require.Equal(t, []Issue{{File: "core/schemas/wrong.json", Line: 4, Member: "Schema.Schema", Message: "is no machine"}}, issues)
	require.Equal(t, []string{"core/flows/w.json", "core/schemas/a.json"}, e.Attached(), "what was there serves on")

	warnings, err := e.Publish(t.Context(), schemaDoc("warned", `{"schema":[1]}`))
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	require.Equal(t, "is odd", warnings[0].Message)
	require.Len(t, e.Attached(), 3)
}

func TestASchemaDefinitionHasAnIdentityAndAttributes(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	publish(t, e, schemaDoc("a", `{"anything":1}`))
	require.Contains(t, refusal(t, e, schemaDoc("b", `1`))[0].String(), "core/schemas/b.json:3: Schema")
	require.NotEmpty(t, refusal(t, e, schemaDoc("Not A Key", `{}`)))
}

func TestAnIssueIsAtTheInnermostValueThatIsThere(t *testing.T) {
	t.Parallel()
	d := schemaDoc("a", "{\n\"schema\":{\n\"type\":1}}")
	for line, path := range map[int][]string{5: {"attributes", "schema", "type"}, 4: {"attributes", "schema", "gone", "further"}, 3: {"attributes"}} {
		require.Equal(t, line, d.Issue("m", path...).Line, path)
	}
	require.Equal(t, Issue{File: "x", Line: 1, Member: "Definition.A", Message: "m"}, Document{Name: "x", JSON: []byte(`[]`)}.Issue("m", "a"))
}
