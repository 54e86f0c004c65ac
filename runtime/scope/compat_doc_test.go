package scope_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/scope"
)

var update = flag.Bool("update", false, "write COMPAT.md anew")

const compatIntro = `# Compatibility

This package is modelled on two generations of a released system and on the documents that describe them. This page lists every numbered behaviour of both, what Aril does, and the test that holds it. It is generated from the tests: ` + "`go test ./runtime/scope -run TestCompatDocument -update`" + `.

Where the documents speak, the default does what they say, and a compatibility level what was released; where both are silent, the default does what the second generation does. A behaviour that its authors surely did not want is not reproduced at any level: its row is marked *bug*, and says what Aril does instead.

The column *level* says where the sentence holds; "otherwise" is what the remaining levels do, and "the release" what the released system does that no level takes.

## Levels and switches

A level is a value of ` + "`scope.Compat`" + `, whose switches can be chosen one by one too.

`

// TestCompatDocument compares COMPAT.md with the tables, or writes it.
func TestCompatDocument(t *testing.T) {
	t.Parallel()
	want := compatDocument(t)
	if *update {
		require.NoError(t, os.WriteFile("COMPAT.md", want, 0o644))
		return
	}
	got, err := os.ReadFile("COMPAT.md")
	require.NoError(t, err)
	wants, gots := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range min(len(wants), len(gots)) {
		require.Equalf(t, wants[i], gots[i], "line %d is stale: go test ./runtime/scope -run TestCompatDocument -update", i+1)
	}
	require.Len(t, gots, len(wants))
}

func compatDocument(t *testing.T) []byte {
	var b bytes.Buffer
	b.WriteString(compatIntro)
	b.WriteString("| switch | what it takes | CompatGen1 | CompatGen2 |\n|---|---|---|---|\n")
	docs := switchDocs(t)
	for _, f := range reflect.VisibleFields(reflect.TypeFor[scope.Compat]()) {
		doc, ok := docs[f.Name]
		require.True(t, ok, f.Name)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, strings.TrimPrefix(doc, f.Name+" "), on(scope.CompatGen1, f.Name), on(scope.CompatGen2, f.Name))
	}
	total := map[string]int{}
	for _, p := range parts {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| ID | what Aril does | level | test, or why there is none |\n|---|---|---|---|\n", p.heading, p.source)
		for _, r := range p.rows {
			does := r.does + "."
			if r.otherwise != "" {
				does += " *Otherwise:* " + r.otherwise + "."
			}
			if r.differs != "" {
				does += " *The release:* " + r.differs + "."
				total["where a release differs"]++
			}
			level, test := "", ""
			if r.test != nil {
				level, test = r.at.String(), "`"+p.test+"/"+r.id+"`"
				total["with a test"]++
			} else {
				total["without one"]++
			}
			if r.absent != "" {
				total[string(r.absent)]++
				test = strings.TrimSpace(test + " *" + string(r.absent) + "*")
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.id, strings.ReplaceAll(does, "|", `\|`), level, test)
		}
	}
	b.WriteString("\n## Totals\n\n| rows | |\n|---|---|\n")
	for _, k := range []string{"with a test", "without one", string(bug), string(typing), string(promises), string(rejection), string(console), "where a release differs"} {
		fmt.Fprintf(&b, "| %s | %d |\n", k, total[k])
	}
	return b.Bytes()
}

func on(c scope.Compat, field string) string {
	if reflect.ValueOf(c).FieldByName(field).Bool() {
		return "on"
	}
	return "off"
}

// switchDocs reads the comments of Compat's fields.
func switchDocs(t *testing.T) map[string]string {
	file, err := parser.ParseFile(token.NewFileSet(), "compat.go", nil, parser.ParseComments)
	require.NoError(t, err)
	docs := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Compat" {
			return true
		}
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			for _, name := range f.Names {
				docs[name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
		}
		return false
	})
	return docs
}

// TestEveryNumberedBehaviourHasARow holds that no number is left out, that
// what has no test says why, and that few do.
func TestEveryNumberedBehaviourHasARow(t *testing.T) {
	t.Parallel()
	excused := 0
	seen := map[string]bool{}
	for _, p := range parts {
		for _, r := range p.rows {
			require.Falsef(t, seen[r.id], "%s is there twice", r.id)
			seen[r.id] = true
			require.NotEmpty(t, r.does, r.id)
			require.NotContains(t, r.does, "\n", r.id)
			if r.test == nil {
				require.NotEmptyf(t, r.absent, "%s has neither a test nor a reason", r.id)
				require.NotEqualf(t, bug, r.absent, "%s: a bug needs a test of what is done instead", r.id)
			} else {
				require.NotZerof(t, r.at, "%s has no level", r.id)
				require.Equalf(t, r.at != all, r.testOtherwise != nil, "%s: levels and tests do not agree", r.id)
				require.Equalf(t, r.otherwise != "", r.testOtherwise != nil, "%s: otherwise and its test", r.id)
			}
			if r.absent != "" && r.absent != bug {
				excused++
			}
		}
	}
	for part, last := range map[string]int{"G1-B": 50, "G2-B": 73} {
		for i := range last {
			require.Contains(t, seen, fmt.Sprint(part, i+1))
		}
	}
	require.LessOrEqual(t, excused, 15)
}

// TestEachSwitchTakesOneBehaviour turns each switch on alone.
func TestEachSwitchTakesOneBehaviour(t *testing.T) {
	t.Parallel()
	behaviours := []struct {
		field   string
		on, off func(*testing.T, scope.Compat)
	}{
		{"FirstOutermost", firstIsOutermost, lastIsOutermost},
		{"TopOnly", onlyTopCallsAreWrapped, everyResolutionIsWrapped},
		{"ReplayFailure", nextReplaysAFailure, nextRetriesAFailure},
		{"ErrorsPerExecutor", failuresAreToldForEachExecutor, failuresAreToldOnce},
		{"QuietWraps", wrapErrorsAreNotTold, wrapErrorsAreTold},
		{"DisposeTogether", disposeHooksRunTogether, disposeHooksRunInReverse},
		{"SeparateLists", scopeExtensionsSeeNoExecutions, scopeExtensionsSeeExecutions},
		{"ItemsFirst", itemsBeginBeforeTheirOperation, itemsBeginInsideTheirOperation},
		{"CreateOnlyMade", createIsForMadeContexts, createIsForEveryContext},
		{"FailingClose", closingErrorsFailTheExecution, closingErrorsAreReported},
		{"Gen2Codes", codesOfGen2, codesOfGen1},
	}
	require.Len(t, behaviours, reflect.TypeFor[scope.Compat]().NumField())
	for _, turned := range behaviours {
		var c scope.Compat
		reflect.ValueOf(&c).Elem().FieldByName(turned.field).SetBool(true)
		for _, b := range behaviours {
			test := b.off
			if b.field == turned.field {
				test = b.on
			}
			t.Run(turned.field+" and "+b.field, func(t *testing.T) {
				t.Parallel()
				test(t, c)
			})
		}
	}
}
