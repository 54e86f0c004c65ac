package scope_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/aril-wasm/aril/runtime/scope"
)

// A levels is a set of compatibility levels.
type levels uint8

const (
	byDefault levels = 1 << iota
	gen1
	gen2

	both = gen1 | gen2
	all  = byDefault | both
)

// each lists the levels there are.
var each = []struct {
	is     levels
	name   string
	compat scope.Compat
}{
	{byDefault, "default", scope.Compat{}},
	{gen1, "CompatGen1", scope.CompatGen1},
	{gen2, "CompatGen2", scope.CompatGen2},
}

// String is the column "level" of COMPAT.md.
func (l levels) String() string {
	switch l {
	case all:
		return "all"
	case both:
		return "both levels"
	}
	var names []string
	for _, one := range each {
		if l&one.is != 0 {
			names = append(names, one.name)
		}
	}
	return strings.Join(names, ", ")
}

// An absence is why a behaviour has no counterpart here, or, for a bug, why it
// is not the one that was.
type absence string

const (
	typing    absence = "TypeScript typing"
	promises  absence = "promise identity"
	rejection absence = "unhandled rejection"
	console   absence = "console text"
	bug       absence = "bug"
)

// A row is one numbered behaviour of the systems that this package is modelled
// on.
type row struct {
	id   string
	does string // what Aril does, at the levels at
	at   levels
	test func(*testing.T, scope.Compat)

	// Where the remaining levels do something else: what, and its test.
	otherwise     string
	testOtherwise func(*testing.T, scope.Compat)

	// differs is what the released system does that no level takes.
	differs string

	absent absence
}

// run runs the row's tests at each level that they are for.
func (r *row) run(t *testing.T) {
	for _, l := range each {
		test := r.test
		if r.at&l.is == 0 {
			test = r.testOtherwise
		}
		if test == nil {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			test(t, l.compat)
		})
	}
}

// title is the name of the row's subtest.
func (r *row) title() string {
	does := r.does
	if i := strings.IndexAny(does, ".:;"); i >= 0 {
		does = does[:i]
	}
	return r.id + " " + does
}

// parts are the tables, as COMPAT.md shows them.
var parts = []struct {
	heading, source, test string
	rows                  []row
}{
	{"What the package documents", "The default semantics, a sentence a row.", "TestDefaults", defaultRows},
	{"First generation", "Seed 000 and the release behind it.", "TestGen1", byNumber(gen1LifecycleRows, gen1WrapRows, gen1CallbackRows, gen1PodRows, gen1FlowRows)},
	{"Second generation", "Seed 004 and the release behind it.", "TestGen2", byNumber(gen2LifecycleRows, gen2ResolveRows, gen2ErrorRows, gen2ExecutionRows, gen2JournalRows, gen2ContextRows, gen2TagRows, gen2ExampleRows)},
}

// byNumber joins tables in the order of their IDs: "G1-B2" before "G1-B10".
func byNumber(tables ...[]row) []row {
	out := slices.Concat(tables...)
	slices.SortFunc(out, func(a, b row) int {
		return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
	})
	return out
}

func runPart(t *testing.T, name string) {
	t.Helper()
	for _, p := range parts {
		if p.test != name {
			continue
		}
		for _, r := range p.rows {
			if r.test != nil || r.testOtherwise != nil {
				t.Run(r.title(), func(t *testing.T) {
					t.Parallel()
					r.run(t)
				})
			}
		}
	}
}

func TestDefaults(t *testing.T) { t.Parallel(); runPart(t, "TestDefaults") }
func TestGen1(t *testing.T)     { t.Parallel(); runPart(t, "TestGen1") }
func TestGen2(t *testing.T)     { t.Parallel(); runPart(t, "TestGen2") }
