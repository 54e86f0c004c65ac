//go:build !wasip1

package guest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guesttest"
)

// described says all that an extension can say of itself.
type described struct{ wrap }

func (described) Manifest() guest.Manifest {
	return guest.Manifest{
		Name: "described", Version: "1.2.0",
		Filters:      []guest.Filter{{Kinds: []string{"execution"}, Names: []string{"order.*", "stock"}}},
		Capabilities: []string{"aril_state_v1"},
		ConfigSchema: guest.Of(map[string]any{"type": "object"}),
	}
}

func TestTheManifestHasWhatTheExtensionSaysAndTheHooksThatItHas(t *testing.T) {
	t.Parallel()
	h := guesttest.New(t, guesttest.Native(func() any { return described{} }), guesttest.Config{})
	got, err := h.Call("aril.manifest", nil)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"name": "described", "version": "1.2.0", "hooks": []any{"wrap"},
		"filters": []any{map[string]any{
			"kinds": []any{"execution"}, "names": []any{"order.*", "stock"}, "keys": []any{},
		}},
		"capabilities":  []any{"aril_state_v1"},
		"config_schema": map[string]any{"type": "object"},
	}, got)
}

// mapper maps for enrichments, and hears of the end.
type mapper struct{}

func (mapper) InputHandler(args guest.Value) (guest.Value, error)  { return args.Set("in", true), nil }
func (mapper) OutputHandler(args guest.Value) (guest.Value, error) { return args.Set("out", true), nil }
func (mapper) Dispose() error                                      { return nil }

func TestTheHandlersOfEnrichmentsAreMethods(t *testing.T) {
	t.Parallel()
	h := guesttest.New(t, guesttest.Native(func() any { return mapper{} }), guesttest.Config{})
	got, err := h.Call("input_handler", map[string]any{})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"in": true}, got)
	got, err = h.Call("output_handler", map[string]any{})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"out": true}, got)
	got, err = h.Call("aril.manifest", nil)
	require.NoError(t, err)
	require.Equal(t, []any{"call", "dispose"}, got.(map[string]any)["hooks"])
}

// nosy would take every method.
type nosy struct{}

func (nosy) Call(method string, _ guest.Value) (guest.Value, error) { return guest.Of(method), nil }

func TestNamesOfTheSDKReachNobody(t *testing.T) {
	t.Parallel()
	h := guesttest.New(t, guesttest.Native(func() any { return nosy{} }), guesttest.Config{})
	_, err := h.Call("aril.other", nil)
	require.ErrorIs(t, err, guesttest.ErrNoMethod)
	got, err := h.Call("aril", nil)
	require.NoError(t, err)
	require.Equal(t, "aril", got)
}
