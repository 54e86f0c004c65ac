package enrich

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The truth tables, V-B2 to V-B8: which of the types run where the workflow
// lists the extension, and where it does not.
func TestTheTypesRunAsTheTruthTableSays(t *testing.T) {
	t.Parallel()
	const run, no = true, false
	type row struct{ none, this, others bool }
	listed := map[Compat]map[Type]row{
		CompatDocs: {1: {run, run, run}, 2: {run, run, no}, 3: {run, run, run}, 4: {run, run, no}},
		Compat0026: {1: {run, run, run}, 2: {run, run, run}, 3: {run, run, no}, 4: {no, run, no}},
		Compat0033: {1: {run, run, run}, 2: {no, run, no}, 3: {run, run, no}, 4: {no, run, no}},
	}
	for compat, rows := range listed {
		for typ, want := range rows {
			for _, inWorkflow := range []bool{true, false} {
				want := want
				if !inWorkflow && typ >= 3 {
					want = row{}
				}
				t.Run(fmt.Sprintf("at level %v type %d, listed %v", compat, typ, inWorkflow), func(t *testing.T) {
					t.Parallel()
					e := newEnricher(t, Config{Compat: compat, Natives: map[string]Mapping{"m": gives(`1`)}})
					docs := []Document{scriptTask("core"), ext{key: "this", kind: int(typ), mapping: "m"}.doc(), ext{key: "other", kind: 4, mapping: "m"}.doc()}
					if inWorkflow {
						docs = append(docs, workflowDoc("core", "flow", "core/this", "core/other"))
					} else {
						docs = append(docs, workflowDoc("core", "flow", "core/other"))
					}
					publish(t, e, docs...)
					for _, c := range []struct {
						named []string
						want  bool
					}{{nil, want.none}, {[]string{}, want.none}, {[]string{""}, want.none}, {[]string{"this"}, want.this}, {[]string{"THIS,other"}, want.this}, {[]string{"other", "This"}, want.this}, {[]string{"other"}, want.others}, {[]string{"nobody"}, want.others}} {
						got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "flow", Extensions: c.named}, nil)
						require.NoError(t, err)
						require.Equal(t, c.want, got.Extensions.Get("this") != nil, "named %q", c.named)
					}
				})
			}
		}
	}
}

func TestTheScopesMatchAsTheTableSays(t *testing.T) {
	t.Parallel()
	for compat, rows := range map[Compat]map[Read][3]bool{ // of scopes 1, 2, 3
		CompatDocs: {ReadInstance: {true, false, true}, ReadList: {false, true, true}, ReadHistory: {false, true, true}, ReadOther: {false, false, true}},
		Compat0026: {ReadInstance: {true, false, true}, ReadList: {false, true, true}, ReadHistory: {true, false, true}, ReadOther: {false, false, true}},
		Compat0033: {ReadInstance: {true, false, true}, ReadList: {false, true, true}, ReadHistory: {false, false, false}, ReadOther: {false, false, true}},
	} {
		for read, want := range rows {
			for scope := 1; scope <= 3; scope++ {
				for typ := 1; typ <= 4; typ++ {
					t.Run(fmt.Sprintf("at level %v scope %d, type %d, read %v", compat, scope, typ, read), func(t *testing.T) {
						t.Parallel()
						e := newEnricher(t, Config{Compat: compat, Natives: map[string]Mapping{"m": gives(`1`)}})
						publish(t, e, scriptTask("core"), ext{key: "x", kind: typ, scope: scope, mapping: "m"}.doc(), workflowDoc("core", "flow", "core/x"))
						got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "flow", Read: read, Extensions: []string{"x"}}, nil)
						require.NoError(t, err)
						require.Equal(t, want[scope-1], got.Extensions.Get("x") != nil)
					})
				}
			}
		}
	}
}

// A name that is loaded in the domain of another: V-B9 and the sample of the
// document, where a core extension shows in a banking response.
func TestTypesOneAndTwoCrossDomainsAtLevelDocsAlone(t *testing.T) {
	t.Parallel()
	for compat, want := range map[Compat]bool{CompatDocs: true, Compat0026: false, Compat0033: false} {
		for _, typ := range []int{1, 2} {
			e := newEnricher(t, Config{Compat: compat, Natives: map[string]Mapping{"m": gives(`1`)}})
			publish(t, e, scriptTask("core"), ext{key: "x", kind: typ, mapping: "m"}.doc())
			got, err := e.Enrich(t.Context(), Request{Domain: "banking", Workflow: "w", Extensions: []string{"x"}}, nil)
			require.NoError(t, err)
			require.Equal(t, want, got.Extensions.Get("x") != nil, "%v type %d", compat, typ)
		}
	}
}

func TestALazyExtensionRunsOnlyWhenItIsNamed(t *testing.T) {
	t.Parallel()
	for _, compat := range []Compat{CompatDocs, Compat0026, Compat0033} {
		for typ := 1; typ <= 4; typ++ {
			e := newEnricher(t, Config{Compat: compat, Natives: map[string]Mapping{"m": gives(`1`)}})
			publish(t, e, scriptTask("core"), ext{key: "x", kind: typ, mapping: "m", more: `"lazy":true`}.doc(), workflowDoc("core", "flow", "core/x"))
			for name, want := range map[string]bool{"": false, "x": true, "other": false} {
				got, err := e.Enrich(t.Context(), Request{Domain: "core", Workflow: "flow", Extensions: []string{name}}, nil)
				require.NoError(t, err)
				require.Equal(t, want, got.Extensions.Get("x") != nil, "%v type %d named %q", compat, typ, name)
			}
		}
	}
}

func TestLevelsHaveNames(t *testing.T) {
	t.Parallel()
	for _, c := range []Compat{CompatDocs, Compat0026, Compat0033} {
		got, err := ParseCompat(c.String())
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
	_, err := ParseCompat("1.0")
	require.ErrorContains(t, err, "want docs, 0.0.26 or 0.0.33")
	_, err = New(t.Context(), Config{Compat: 9, Concurrent: -1, OnFailure: "maybe"})
	require.ErrorContains(t, err, "Compat is 9")
	require.ErrorContains(t, err, "Concurrent is below 0")
	require.ErrorContains(t, err, "OnFailure")
}
