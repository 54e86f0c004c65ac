package typegen_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/typegen"
	"github.com/aril-wasm/aril/runtime/conformance"
)

var update = flag.Bool("update", false, "write the golden files anew")

func read(t *testing.T) *typegen.Description {
	t.Helper()
	d, err := typegen.ReadFile("testdata/ops.json")
	require.NoError(t, err)
	return d
}

// What is written in Go, Rust, C and AssemblyScript is compiled, and used on a
// message, by the tests of aril new.
func TestTypesOfEveryLanguageAreAsCommitted(t *testing.T) {
	t.Parallel()
	for _, language := range typegen.Languages() {
		files, err := typegen.Files(read(t), build.Language(language), "ops.json")
		require.NoError(t, err)
		for name, got := range files {
			path := filepath.Join("testdata", "golden", language+"_"+name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(path, got, 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), "if this is meant: go test ./internal/typegen -update")
		}
	}
}

func TestASampleOfATypeHasAllThatMustBeThere(t *testing.T) {
	t.Parallel()
	v, err := conformance.ParseValue([]byte(typegen.Sample(read(t).Operations[0].Input)))
	require.NoError(t, err)
	m := v.(map[string]any)
	require.Len(t, m, 16)
	require.Equal(t, []byte{0, 1, 2}, m["label"])
	require.Equal(t, map[string]any{"sku": "text", "count": int64(1)}, m["first"])
	require.Nil(t, m["session"])
}

func TestADefinitionOfTwoOperationsIsOneType(t *testing.T) {
	t.Parallel()
	var names []string
	for _, o := range read(t).Objects {
		names = append(names, o.Name)
	}
	require.Equal(t, []string{"Order", "Line", "OrderPlaceResult"}, names)
}

func TestDefinitionsThatDifferAreTwoTypes(t *testing.T) {
	t.Parallel()
	const text = `{"operations": [{"kind": "x", "name": "a",
		"input":  {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {"p": {"type": "string"}}}}},
		"result": {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {"p": {"type": "integer"}}}}}}]}`
	d, err := typegen.Parse([]byte(text))
	require.NoError(t, err)
	require.Len(t, d.Objects, 2)
	require.Equal(t, "T", d.Operations[0].Input.Object.Name)
	require.Equal(t, "T2", d.Operations[0].Result.Object.Name)
}

func TestNamesAreMadeOfWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][3]string{
		"order.place": {"OrderPlace", "orderPlace", "order_place"},
		"HTTPServer":  {"HTTPServer", "hTTPServer", "httpserver"},
		"a-b_c d":     {"ABCD", "aBCD", "a_b_c_d"},
		"7up":         {"X7up", "x7up", "x7up"},
		"größe":       {"GrE", "grE", "gr_e"},
		"…":           {"X", "x", "x"},
	} {
		require.Equal(t, want, [3]string{typegen.Camel(name), typegen.LowerCamel(name), typegen.Snake(name)}, name)
	}
}

func TestADefinitionThatIsOnlyItselfIsRefused(t *testing.T) {
	t.Parallel()
	for _, definition := range []string{
		`{"type": "object", "additionalProperties": {"$ref": "#/$defs/T"}}`, `{"$ref": "#/$defs/T"}`,
		`{"type": "array", "items": {"$ref": "#/$defs/T"}}`, `{"anyOf": [{"$ref": "#/$defs/T"}]}`,
	} {
		_, err := typegen.Parse([]byte(`{"operations": [{"name": "a", "input": {"$ref": "#/$defs/T", "$defs": {"T": ` + definition + `}}}]}`))
		require.ErrorContains(t, err, "nested too deep", definition)
	}
}

func TestNamesCannotEscapeFromWhereTheyStand(t *testing.T) {
	t.Parallel()
	_, err := typegen.Parse([]byte(`{"operations": [{"name": "a*/ evil()"}]}`))
	require.ErrorContains(t, err, "cannot stand in a comment")
	d, err := typegen.Parse([]byte("{\"operations\": [{\"name\": \"a\", \"input\": {\"type\": \"object\", \"properties\": {\"x`y\": {}}}}]}"))
	require.NoError(t, err)
	_, err = typegen.Files(d, build.Go, "ops.json")
	require.ErrorContains(t, err, "cannot stand in a tag")
}

func FuzzParsePanicsOnNothing(f *testing.F) {
	text, err := os.ReadFile("testdata/ops.json")
	require.NoError(f, err)
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := typegen.Parse(text)
		if err != nil {
			return
		}
		for _, language := range typegen.Languages() {
			if language == "go" {
				continue // a file and a compiler's front end for each
			}
			_, err := typegen.Files(d, build.Language(language), "ops.json")
			require.NoError(t, err)
		}
		for _, op := range d.Operations {
			typegen.Sample(op.Input)
		}
	})
}
