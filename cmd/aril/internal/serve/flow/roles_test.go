package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/enrich"
)

func TestTheRolesThatMayDoEverythingAreListed(t *testing.T) {
	t.Parallel()
	docs := []enrich.Document{
		{Name: "flow.json", JSON: []byte(`{"flow":"sys-flows","attributes":{"states":[{"transitions":[{"roles":[{"role":"clerk","grant":"allow"},{"role":"guest","grant":"deny"}]}]}],
			"sharedTransitions":[{"roles":[{"role":"guest","grant":"allow"},{"role":"boss","grant":"allow"}]}]}}`)},
		{Name: "schema.json", JSON: []byte(`{"flow":"sys-schemas","attributes":{"schema":{"properties":{"iban":{"roles":[{"role":"audit","grant":"allow"}]},"roles":{"type":"array"}}}}}`)},
		{Name: "task.json", JSON: []byte(`{"flow":"sys-tasks","attributes":{"roles":[{"role":"nobody","grant":"allow"}]}}`)},
		{Name: "broken.json", JSON: []byte(`{`)},
	}
	c, _ := Parse(docs)
	require.Equal(t, []string{"audit", "boss", "clerk"}, c.Roles())
}
