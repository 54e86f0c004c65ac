package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/cmd/aril/internal/build"
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

A section that is there already is replaced. Use it where a build of your own
makes the module; aril build does this by itself.`,
		Args: args(3, 3, "three files"),
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
	facts, err := build.ParseFacts(text)
	if err != nil {
		return fmt.Errorf("%s: %w", meta, err)
	}
	packed, err := abi.PackManifest(module, &facts.Manifest)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	return os.WriteFile(out, packed, 0o644)
}
