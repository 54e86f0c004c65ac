package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	aril "github.com/aril-wasm/aril/runtime"
)

func inspectCommand() *cobra.Command {
	var grantState bool
	c := &cobra.Command{
		Use:   "inspect module.wasm",
		Short: "Say what admission finds in a module, without running it",
		Long: `Inspect checks a module as a host's Load would, with the default limits and
grants, and prints what it found: sizes, imports asked and granted, exports,
features. It exits with 1 when the module would be refused, and says why.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			module, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			cfg := aril.ExtensionConfig{}
			if grantState {
				cfg.Grants.Capabilities = append(cfg.Grants.Capabilities, aril.State)
			}
			report, err := aril.Inspect(module, cfg)
			if report != nil {
				fmt.Fprint(cmd.OutOrStdout(), report)
			}
			return err
		},
	}
	c.Flags().BoolVar(&grantState, "state", false, "grant aril_state_v1 too")
	return c
}
