package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

func buildCommand() *cobra.Command {
	var req build.Request
	var language, config string
	c := &cobra.Command{
		Use:   "build [folder or file]",
		Short: "Compile an extension and write what it is into it",
		Long: `Build runs the right compiler for what it finds:

  go.mod, *.go            go, for GOOS=wasip1
  Cargo.toml              cargo, for wasm32-unknown-unknown
  asconfig.json           asc (AssemblyScript)
  *.c, *.cc               clang and wasm-ld
  *.zig                   zig
  index.js, index.ts, …   bundled by this tool and joined with its JavaScript
                          engine: nothing needs to be installed
  *.wat                   wat2wasm
  x.wasm                  taken as it is

Then it writes the section "aril" from ` + build.FactsFile + ` beside the source and from what
the extension says of itself, and asks admission whether a host would take it.

` + build.FactsFile + ` may have: name, version, hooks, filters, capabilities, config_schema.`,
		Example: `  aril build                          # this folder, to NAME.wasm in it
  aril build audit.js -o audit.wasm
  aril build ./retry --verbose        # show the commands`,
		Args: args(0, 1, "one folder or file"),
		RunE: func(cmd *cobra.Command, got []string) error {
			req.Path, req.Language, req.Output = ".", build.Language(language), cmd.ErrOrStderr()
			if len(got) == 1 {
				req.Path = got[0]
			}
			var err error
			if config != "" {
				if req.Config, err = load.Value(config); err != nil {
					return usage("%w", err)
				}
			}
			result, err := build.Build(cmd.Context(), req)
			if err != nil {
				return explain(err)
			}
			showBuilt(ui.NewScreen(cmd.OutOrStdout()), result)
			return nil
		},
	}
	c.Flags().StringVarP(&req.Out, "output", "o", "", "where the module goes (default NAME.wasm beside the source)")
	c.Flags().StringVar(&language, "lang", "", "the language, where it cannot be told: go, rust, c, cpp, as, js, ts, zig, wat, wasm")
	c.Flags().StringVar(&config, "config", "", "JSON file with a configuration, for scripts that are what they are only with one")
	c.Flags().BoolVar(&req.Debug, "debug", false, "keep line numbers, which a host that loads it for debugging shows in traces (c, cpp, rust, zig)")
	c.Flags().BoolVarP(&req.Verbose, "verbose", "v", false, "show the commands that are run")
	return c
}

// showBuilt says what was made, and what a host must do for it.
func showBuilt(s *ui.Screen, r *build.Result) {
	m := r.Manifest
	title := m.Name
	if m.Version != "" {
		title += " " + m.Version
	}
	hooks := m.Hooks
	if len(hooks) == 0 {
		hooks = r.Report.Hooks
	}
	s.Printf("%s %s: %s, %s in %s\n", s.Paint(ui.Good, "built"), s.Paint(ui.Bold, relative(r.Out)),
		ui.Bytes(int64(r.Report.Size)), r.Language.Title(), ui.Duration(r.Elapsed))
	s.Field("extension", title)
	s.Field("hooks", strings.Join(hooks, ", "))
	if len(r.Needs) > 0 {
		s.Field("needs", strings.Join(r.Needs, ", ")+"  "+s.Paint(ui.Faint, "(the host must grant it)"))
	}
	for _, w := range r.Warnings {
		s.Printf("%s %s\n", s.Paint(ui.Warn, "warning:"), ui.Plain(w))
	}
}

// relative gives a path as it is seen from here, if that is shorter.
func relative(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if r, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(r, "..") {
		return r
	}
	return path
}
