package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/report"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	aril "github.com/aril-wasm/aril/runtime"
)

func inspectCommand() *cobra.Command {
	var grants []string
	var all, asJSON, diff bool
	c := &cobra.Command{
		Use:   "inspect module.wasm",
		Short: "Say what admission finds in a module, without running it",
		Long: `Inspect checks a module as a host's Load would, with the default limits, and
prints what it found: sizes, the imports it asks for, hooks, the section "aril",
features, stack. It exits with 1 when the module would be refused, and says why.

With --diff it compares two versions of an extension: what the new one asks for
that the old one did not, and what grew. It exits with 1 when the new one asks
for more than the old one: another import, capability, hook, or operations that
its filters did not let it see.`,
		Example: `  aril inspect audit.wasm
  aril inspect audit.wasm --grant aril_state_v1 --grant acme_stock_v1
  aril inspect audit.wasm --json | jq .imports
  aril inspect --diff audit-1.0.wasm audit-1.1.wasm`,
		Args: func(cmd *cobra.Command, got []string) error {
			if diff {
				return args(2, 2, "with --diff two modules, the old and the new,")(cmd, got)
			}
			return args(1, 1, "one module")(cmd, got)
		},
		RunE: func(cmd *cobra.Command, got []string) error {
			screen := ui.NewScreen(cmd.OutOrStdout())
			reports := make([]*report.Report, len(got))
			for i, name := range got {
				module, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				cfg := aril.ExtensionConfig{}
				if cfg.Grants, err = grantsFor(module, grants, all || diff); err != nil {
					return err
				}
				if reports[i], err = report.Make(name, module, cfg); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			if diff {
				return showDiff(screen, report.Compare(reports[0], reports[1]), asJSON)
			}
			return showReport(screen, reports[0], asJSON)
		},
	}
	c.Flags().StringArrayVar(&grants, "grant", nil, "a module that the host grants beside the default ones, such as aril_state_v1 or its own")
	c.Flags().BoolVar(&all, "grant-all", false, "grant whatever the module asks for")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&diff, "diff", false, "compare two modules")
	return c
}

// grantsFor makes the grants that a person named, for a module.
func grantsFor(module []byte, named []string, all bool) (aril.Grants, error) {
	grants, _, err := build.GrantAll(module)
	if err != nil || all {
		return grants, err
	}
	kept := grants.Capabilities[:0]
	for _, c := range grants.Capabilities {
		if slices.Contains(named, c.Module) {
			kept = append(kept, c)
		}
	}
	for _, n := range named {
		if !slices.ContainsFunc(kept, func(c aril.Capability) bool { return c.Module == n }) {
			c, err := build.Capability(n, nil, nil)
			if err != nil {
				return grants, err
			}
			kept = append(kept, c)
		}
	}
	grants.Capabilities = kept
	return grants, nil
}

func showReport(s *ui.Screen, r *report.Report, asJSON bool) error {
	if asJSON {
		if err := writeJSON(s, r); err != nil {
			return err
		}
	} else {
		r.Write(s)
	}
	if len(r.Refused) > 0 {
		return errNo
	}
	return nil
}

func showDiff(s *ui.Screen, d *report.Diff, asJSON bool) error {
	if asJSON {
		if err := writeJSON(s, d); err != nil {
			return err
		}
	} else {
		d.Write(s)
	}
	if d.AsksForMore {
		return errNo
	}
	return nil
}

func writeJSON(s *ui.Screen, v any) error {
	e := json.NewEncoder(s)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// explain turns a refusal into lines, a reason each.
func explain(err error) error {
	reasons := report.Reasons(err)
	if len(reasons) == 0 {
		return err
	}
	return &refusal{err, reasons}
}

// A refusal says in lines why a host would not take a module.
type refusal struct {
	err     error
	reasons []string
}

func (r *refusal) Error() string {
	return "a host would refuse the module:\n  " + strings.Join(r.reasons, "\n  ")
}

func (r *refusal) Unwrap() error { return r.err }
