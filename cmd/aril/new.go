package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/scaffold"
	"github.com/aril-wasm/aril/cmd/aril/internal/typegen"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

func newCommand() *cobra.Command {
	var language, operations string
	c := &cobra.Command{
		Use:   "new --lang go|rust|c|as|js|ts|zig name",
		Short: "Begin an extension that builds and passes its test",
		Long: `New makes a folder with an extension that runs an operation again when trying
again may help, its cases, and the SDK of the language beside it in aril/, with
its licence. Nothing is downloaded, then or later.

  js, ts   need nothing but this tool
  go       Go 1.24 or newer
  rust     cargo with the target wasm32-unknown-unknown
  c        clang and wasm-ld
  as       asc (AssemblyScript)
  zig      zig

With --ops it makes types of a host's operations as well: ops.json is what the
host's Runtime.Describe writes. aril types makes them again later.`,
		Example: `  aril new --lang js audit && cd audit && aril test
  aril new --lang go --ops ops.json extensions/limits`,
		Args: args(1, 1, "the name of the new extension"),
		RunE: func(cmd *cobra.Command, got []string) error {
			if language == "" {
				return usage("say which language: --lang go, rust, c, as, js, ts or zig (js and ts need no compiler)")
			}
			o := scaffold.Options{Dir: got[0], Language: build.Language(language), TypesOf: operations}
			if operations != "" {
				var err error
				if o.Types, err = typegen.ReadFile(operations); err != nil {
					return usage("%w", err)
				}
			}
			r, err := scaffold.New(o)
			if err != nil {
				return usage("%w", err)
			}
			s := ui.NewScreen(cmd.OutOrStdout())
			s.Printf("%s %s, an extension in %s\n", s.Paint(ui.Good, "made"), s.Paint(ui.Bold, r.Name), o.Language.Title())
			for _, f := range r.Files {
				s.Printf("  %s\n", f)
			}
			s.Printf("  %s\n", s.Paint(ui.Faint, scaffold.SDKFolder+"/ (the SDK)"))
			s.Printf("\nNext:\n  cd %s\n  aril test\n", shell(got[0]))
			return nil
		},
	}
	c.Flags().StringVarP(&language, "lang", "l", "", "the language: go, rust, c, as, js, ts or zig")
	c.Flags().StringVar(&operations, "ops", "", "JSON file of a host's operations, to make types of")
	_ = c.RegisterFlagCompletionFunc("lang", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, l := range scaffold.Languages() {
			names = append(names, string(l))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// shell quotes a path for a command line, where it must be.
func shell(path string) string {
	if strings.ContainsAny(path, " \t'\"$\\`!*?[](){}<>|&;#~") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
