package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

const guests = "../../testdata/guests/"

func TestAPackedModuleCarriesItsFactsAndStillLoads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	meta, out := filepath.Join(dir, "meta.json"), filepath.Join(dir, "out.wasm")
	require.NoError(t, os.WriteFile(meta, []byte(`{
		"name": "audit", "version": "1.2.0", "hooks": ["wrap"],
		"filters": [{"kinds": ["execution"], "names": ["order.*"]}],
		"config_schema": {"type": "object"}
	}`), 0o600))
	require.NoError(t, pack(guests+"pass.wasm", meta, out))
	packed, err := os.ReadFile(out)
	require.NoError(t, err)
	report, err := aril.Inspect(packed, aril.ExtensionConfig{})
	require.NoError(t, err)
	require.True(t, report.Manifest)
	require.Contains(t, report.String(), "manifest   yes")
	again := filepath.Join(dir, "again.wasm")
	require.NoError(t, pack(out, meta, again))
	repacked, err := os.ReadFile(again)
	require.NoError(t, err)
	require.Equal(t, packed, repacked, "a section that is there is replaced")
}

func TestAPackedFilterIsHeeded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	meta, out := filepath.Join(dir, "meta.json"), filepath.Join(dir, "out.wasm")
	require.NoError(t, os.WriteFile(meta, []byte(`{"name": "trap", "filters": [{"names": ["order.*"]}]}`), 0o600))
	require.NoError(t, pack(guests+"trap_before.wasm", meta, out))
	packed, err := os.ReadFile(out)
	require.NoError(t, err)
	rt, err := aril.New(t.Context(), aril.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, rt.Close(t.Context())) }()
	g, err := rt.Load(t.Context(), packed, aril.ExtensionConfig{Name: "trap"})
	require.NoError(t, err)
	run := func(name string) error {
		_, err := aril.NewPipeline(g).Do(t.Context(), aril.Operation{Kind: "x", Name: name}, nil, passThrough)
		return err
	}
	require.NoError(t, run("stock.read"))
	require.ErrorIs(t, run("order.place"), aril.ErrTrap)
}

func TestBadMetaIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"name": "UPPER"}`:                 "name",
		`{"name": "a", "hoks": []}`:         "hoks",
		`{"name": "a"} {}`:                  "more than one",
		`{`:                                 "unexpected EOF",
		`{"name": "a", "hooks": ["wrapp"]}`: "wrapp",
		`{"name": "a", "config_schema": "not an object"}`: "config_schema",
	} {
		dir := t.TempDir()
		meta, out := filepath.Join(dir, "meta.json"), filepath.Join(dir, "out.wasm")
		require.NoError(t, os.WriteFile(meta, []byte(text), 0o600))
		require.ErrorContains(t, pack(guests+"pass.wasm", meta, out), want)
		require.NoFileExists(t, out)
	}
}
func passThrough(_ context.Context, in any) (any, error) { return in, nil }
