package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/typegen"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

func typesCommand() *cobra.Command {
	var language, dir string
	c := &cobra.Command{
		Use:   "types --lang go|rust|c|as|js|ts|zig ops.json",
		Short: "Make types of a host's operations, for authors",
		Long: `Types writes what a host's operations take and yield as types of a language:
the same files that aril new --ops lays down. ops.json is what the host's
Runtime.Describe writes.

Files that are there are written over.`,
		Example: `  aril types --lang ts ops.json
  aril types --lang rust --dir src ops.json`,
		Args: args(1, 1, "one file of operations"),
		RunE: func(cmd *cobra.Command, got []string) error {
			if language == "" {
				return usage("say which language: --lang %s", strings.Join(typegen.Languages(), ", "))
			}
			d, err := typegen.ReadFile(got[0])
			if err != nil {
				return usage("%w", err)
			}
			files, err := typegen.Files(d, build.Language(language), filepath.Base(got[0]))
			if err != nil {
				return usage("%w", err)
			}
			s := ui.NewScreen(cmd.OutOrStdout())
			var names []string
			for name := range files {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
					return err
				}
				s.Printf("%s %s\n", s.Paint(ui.Good, "wrote"), filepath.Join(dir, name))
			}
			return nil
		},
	}
	c.Flags().StringVarP(&language, "lang", "l", "", "the language")
	c.Flags().StringVar(&dir, "dir", ".", "folder for the files")
	return c
}
