package conformance

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi/names"
)

func TestWhatTheFormatDoesNotKnowIsRefusedWithFileAndCase(t *testing.T) {
	t.Parallel()
	for of, reason := range map[string]string{
		`"confg": {}`:                                                    `unknown member "confg"`,
		`"isolation": "shared"`:                                          `isolation "shared" is none of`,
		`"powers": ["readInput"]`:                                        `power "readInput" is none of`,
		`"limits": {"fule": 1}`:                                          `limit "fule" is none of`,
		`"config": {"$any": true}`:                                       "config: $any",
		`"config": 1, "config": 2`:                                       `key "config" is there twice`,
		`"state": {"k": {"$any": true}}`:                                 "state: $any",
		`"steps": [{"inpt": 1}]`:                                         `unknown member "inpt"`,
		`"steps": [{"input": 1, "call": "x"}]`:                           "step 1: a call has args",
		`"steps": [{"event": {"event": "x"}, "args": 1}]`:                "step 1: an event has data",
		`"steps": [{"args": 1}]`:                                         "step 1: an operation has input",
		`"steps": [{"repeat": -1}]`:                                      "below 0",
		`"steps": [{"operation": {"max_next": -1}}]`:                     "max_next is below 0",
		`"steps": [{"operation": {"meta": 1}}]`:                          "step 1: meta: takes a map",
		`"steps": [{}, {"next": [{}]}]`:                                  "step 2: next 1: it has to have one of",
		`"steps": [{"next": [{"value": 1, "error": {}}]}]`:               "next 1: it has to have one of",
		`"steps": [{"next": [{"value": 1, "input": 1}]}]`:                "next 1: it has members of an operation",
		`"steps": [{"next": [{"error": {"private": true, "data": 1}}]}]`: "a private error has no data",
		`"steps": [{"expect": {}}]`:                                      "step 1: expect: it has to have one of",
		`"steps": [{"expect": {"value": 1, "same": true}}]`:              "it has to have one of",
		`"steps": [{"expect": {"breaks": "ErrFule"}}]`:                   `"ErrFule" is none of`,
		`"steps": [{"expect": {"breaks": []}}]`:                          "a text or a list",
		`"steps": [{"expect": {"value": 1, "traced": true}}]`:            "stand beside breaks",
		`"steps": [{"expect": {"answered": true}}]`:                      "answered is false",
		`"steps": [{"expect": {"no_method": true}}]`:                     "no_method is of a call",
		`"steps": [{"call": "x", "expect": {"value": 1, "next": []}}]`:   "next is expected of an operation only",
		`"steps": [{"expect": {"next": 1}}]`:                             "takes a []interface",
		`"steps": [{"expect": {"any_of": [{"next": []}]}}]`:              "any_of is a list",
		`"measured": true, "steps": [{"call": "x"}]`:                     "its first step is no operation",
		`"measured": true, "expect": {"state": {}}`:                      "which changes the state",
		`"init_error": {}, "steps": [{}]`:                                "it has steps, and an init_error",
		`"functions": {"reserve": [{"value": 1}]}`:                       "not of the form module.function",
		`"functions": {"a_v1.b": []}`:                                    "it has no answers",
		`"expect": {"log": [{"level": "notice", "message": "x"}]}`:       `"notice" is no level`,
	} {
		_, err := Load(fstest.MapFS{"broken.json": {Data: []byte(`{"cases": [{"name": "fine"}, {"name": "odd", ` + of + `}]}`)}})
		require.ErrorContains(t, err, reason, of)
		require.ErrorContains(t, err, "broken.json: ", of)
		if !strings.Contains(reason, "twice") {
			require.ErrorContains(t, err, `case "odd"`, of)
		}
	}
}

func TestAFolderAndAFileWithoutCasesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		folder fstest.MapFS
		reason string
	}{
		"no file":        {fstest.MapFS{"README.md": {}}, "no *.json"},
		"no cases":       {fstest.MapFS{"a.json": {Data: []byte(`{"cases": []}`)}}, "a.json: no cases"},
		"no JSON":        {fstest.MapFS{"a.json": {Data: []byte(`{`)}}, "a.json: "},
		"a name twice":   {fstest.MapFS{"a.json": {Data: []byte(`{"cases": [{"name": "x"}, {"name": "x"}]}`)}}, `case "x" is there twice`},
		"no name":        {fstest.MapFS{"a.json": {Data: []byte(`{"cases": [{}]}`)}}, "case 1: it has no name"},
		"unknown member": {fstest.MapFS{"a.json": {Data: []byte(`{"cases": [{"name": "x"}], "casess": 1}`)}}, `unknown member "casess"`},
		"two values":     {fstest.MapFS{"a.json": {Data: []byte(`{"cases": [{"name": "x"}]} {}`)}}, "more than one"},
	} {
		_, err := Load(c.folder)
		require.ErrorContains(t, err, c.reason, name)
	}
}

func TestEverythingThatIsWrongWithACaseIsTold(t *testing.T) {
	t.Parallel()
	_, err := ParseFile("f.json", []byte(`{"cases": [{"name": "x", "isolation": "a", "powers": ["b"], "steps": [{"repeat": -1}]}]}`))
	require.ErrorContains(t, err, `"a"`)
	require.ErrorContains(t, err, `"b"`)
	require.ErrorContains(t, err, "repeat")
}

func TestStepsAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`[{"operation": {"name": "a"}, "input": 1}, {"call": "b"}, {"event": {"event": "c"}}]`,
		`{"operation": {"name": "a"}, "input": 1} {"call": "b"}` + "\n" + `{"event": {"event": "c"}}`,
	} {
		steps, err := ParseSteps("op.json", []byte(text))
		require.NoError(t, err)
		var names []string
		for _, s := range steps {
			names = append(names, s.Name())
		}
		require.Equal(t, []string{"operation a", "call b", "event c"}, names)
	}
	for text, reason := range map[string]string{
		``: "no steps", `[]`: "no steps", `{`: "op.json: ", `{"inptu": 1}`: `step 1: unknown member "inptu"`,
		`{"input": {"$x": 1}}`: "step 1: input: $x", `{"input": 1, "input": 2}`: "twice",
	} {
		_, err := ParseSteps("op.json", []byte(text))
		require.ErrorContains(t, err, reason, text)
	}
}

// The shipped cases.

func TestEveryRoleOfTheREADMEHasACase(t *testing.T) {
	t.Parallel()
	suite, err := Shipped()
	require.NoError(t, err)
	var played []string
	for _, c := range suite.all() {
		if !slices.Contains(played, c.Role) {
			played = append(played, c.Role)
		}
	}
	require.ElementsMatch(t, rolesOfREADME(t), played)
}

var roleRow = regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ")

func rolesOfREADME(t *testing.T) (roles []string) {
	text, err := os.ReadFile("../../testdata/conformance/README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "\n| role | does |\n")
	require.True(t, found)
	for _, m := range roleRow.FindAllStringSubmatch(table, -1) {
		roles = append(roles, m[1])
	}
	return roles
}

func TestTheREADMEsExampleIsACase(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/conformance/README.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "```json\n")
	example, _, _ := strings.Cut(rest, "```")
	_, err = ParseFile("README.md", []byte(example))
	require.NoError(t, err)
}

func TestTheREADMENamesEveryLimit(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/conformance/README.md")
	require.NoError(t, err)
	for name := range limits {
		require.Contains(t, string(text), "`"+name+"`")
	}
}

func TestEachMeasuredRoleIsMeasuredOnce(t *testing.T) {
	t.Parallel()
	suite, err := Shipped()
	require.NoError(t, err)
	seen := map[string]string{}
	for _, c := range suite.all() {
		if c.Measured {
			require.Empty(t, seen[c.Role], c.ID())
			seen[c.Role] = c.ID()
		}
	}
	require.NotEmpty(t, seen)
}

func TestEveryKindOfOperationIsCovered(t *testing.T) {
	t.Parallel()
	suite, err := Shipped()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, c := range suite.all() {
		for _, s := range c.steps {
			if s.operation != nil && s.operation.Params != nil {
				seen[s.operation.Kind] = true
			}
		}
	}
	for _, kind := range []string{names.KindResolve, names.KindExecution, names.KindLifecycle} {
		require.True(t, seen[kind], kind)
	}
}
