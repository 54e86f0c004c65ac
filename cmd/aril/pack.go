package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

func packCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pack in.wasm meta.json out.wasm",
		Short: "Write name, version, hooks and filters into a module",
		Long: `Pack writes the custom section "aril": what a host may know of an extension
without running it. meta.json is an object:

  {
    "name": "audit",                       needed; [a-z0-9][a-z0-9._-]{0,63}
    "version": "1.2.0",
    "hooks": ["wrap", "call"],             default: every hook that is exported
    "filters": [{"kinds": ["execution"],   default: every operation
                 "names": ["order.*"]}],
    "capabilities": ["aril_state_v1"],     modules it cannot do without
    "config_schema": { … }                 JSON Schema of its configuration
  }

A section that is there already is replaced.`,
		Args: cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error { return pack(args[0], args[1], args[2]) },
	}
}

func pack(in, meta, out string) error {
	module, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(meta)
	if err != nil {
		return err
	}
	manifest, err := readMeta(text)
	if err != nil {
		return fmt.Errorf("%s: %w", meta, err)
	}
	packed, err := abi.PackManifest(module, manifest)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	return os.WriteFile(out, packed, 0o644)
}

// readMeta reads the JSON form of a manifest. An unknown key is a typing
// mistake, so it is an error here, unlike in the section itself.
func readMeta(text []byte) (*abi.Manifest, error) {
	var meta struct {
		abi.Manifest
		ConfigSchema map[string]any `json:"config_schema"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&meta); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("more than one JSON value")
	}
	if meta.ConfigSchema != nil {
		schema, err := msgp.AppendIntf(nil, meta.ConfigSchema)
		if err != nil {
			return nil, fmt.Errorf("config_schema: %w", err)
		}
		meta.Manifest.ConfigSchema = schema
	}
	return &meta.Manifest, nil
}
