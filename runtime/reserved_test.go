package runtime

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/reserved"
)

func TestAReservedCapabilityKnowsWhoCalls(t *testing.T) {
	t.Parallel()
	module := bytes.ReplaceAll(guestFile(t, "capability"), []byte("acme_stock_v1"), []byte("aril_stock_v1"))
	var caller *Guest
	reserve := Func("reserve", func(_ context.Context, c *Call, _ any) (map[string]any, error) {
		caller = c.Guest()
		return map[string]any{"Left": 3}, nil
	})
	rt := newRuntime(t, Config{})
	loadWith := func(c Capability) (*Guest, error) {
		return rt.Load(t.Context(), module, ExtensionConfig{Name: "c", Grants: Grants{Capabilities: []Capability{c}}})
	}
	g, err := loadWith(Reserved(reserved.Key{}, "aril_stock_v1", reserve))
	require.NoError(t, err)
	got, err := Wrap(NewPipeline(g), text, func(context.Context, string) (map[string]any, error) { return nil, nil })(t.Context(), "in")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"Left": int64(3)}, got)
	require.Same(t, g, caller)

	_, err = loadWith(Capability{Module: "aril_stock_v1", Functions: []Function{reserve}})
	require.ErrorContains(t, err, "reserved")
	for _, taken := range []string{names.ModuleAril, names.ModuleLog, names.ModuleState, names.ModuleWASI, "aril.bound"} {
		_, err = loadWith(Reserved(reserved.Key{}, taken, reserve))
		require.ErrorContains(t, err, "reserved", taken)
	}
}
