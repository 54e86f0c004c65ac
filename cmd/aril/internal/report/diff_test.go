package report_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/cmd/aril/internal/report"
)

func with(m abi.Manifest) *report.Report {
	m.Name = "x"
	return &report.Report{Manifest: &report.Manifest{Manifest: m}}
}

func TestFiltersThatSeeMoreAreMore(t *testing.T) {
	t.Parallel()
	orders := []abi.Filter{{Kinds: []string{"execution"}, Names: []string{"order.*"}}}
	for name, c := range map[string]struct {
		older, newer []abi.Filter
		changed      bool
		more         bool
	}{
		"the same":                       {orders, orders, false, false},
		"everything, then orders":        {nil, orders, true, false},
		"orders, then everything":        {orders, nil, true, true},
		"a name within":                  {orders, []abi.Filter{{Kinds: []string{"execution"}, Names: []string{"order.place"}}}, true, false},
		"a narrower pattern":             {orders, []abi.Filter{{Kinds: []string{"execution"}, Names: []string{"order.pl*"}}}, true, false},
		"a wider pattern":                {orders, []abi.Filter{{Kinds: []string{"execution"}, Names: []string{"o*"}}}, true, true},
		"a name, then a pattern like it": {[]abi.Filter{{Names: []string{"order"}}}, []abi.Filter{{Names: []string{"order*"}}}, true, true},
		"another kind":                   {orders, append([]abi.Filter{{Kinds: []string{"resolve"}}}, orders...), true, true},
		"keys as well":                   {orders, []abi.Filter{{Kinds: []string{"execution"}, Names: []string{"order.*"}, Keys: []string{"k"}}}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := report.Compare(with(abi.Manifest{Filters: c.older}), with(abi.Manifest{Filters: c.newer}))
			require.Equal(t, c.changed, len(d.Permissions) > 0)
			require.Equal(t, c.more, d.AsksForMore)
		})
	}
}

func TestCapabilitiesAndHooksAreCompared(t *testing.T) {
	t.Parallel()
	older, newer := with(abi.Manifest{Version: "1"}), with(abi.Manifest{Version: "2", Capabilities: []string{"aril_state_v1"}})
	d := report.Compare(older, newer)
	require.True(t, d.AsksForMore)
	require.Equal(t, []report.Change{{What: "needs", New: "aril_state_v1", More: true}}, d.Permissions)
	require.Equal(t, []report.Change{{What: "version", Old: "1", New: "2"}}, d.Figures)
	d = report.Compare(newer, older)
	require.False(t, d.AsksForMore)
	newer.Hooks = []string{"event"}
	require.Contains(t, report.Compare(older, newer).Permissions, report.Change{What: "hook", New: "event", More: true})
}
