package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	"github.com/aril-wasm/aril/runtime/enrich"
)

func enrichCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "enrich",
		Short: "Check and port the definitions by which an API is enriched",
		Long: `Enrich works on a directory of definitions: extensions, the tasks that they run,
workflows and views, as JSON files. A host serves them with the package
runtime/enrich.`,
		Example: "  aril enrich lint definitions\n  aril enrich port definitions",
		Args: func(cmd *cobra.Command, got []string) error {
			if len(got) > 0 {
				return usage("%s has no command %q; see %s --help", cmd.CommandPath(), got[0], cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(lintCommand(), portCommand())
	return c
}

func lintCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lint DIR",
		Short: "Say what is wrong with definitions, or could be better",
		Long: `Lint reads every definition under DIR as a host would, without running anything,
and prints what it finds, a line each:

  file:line: [warning: ]member: message

Warnings are advice. With an error the definitions would be refused, and the
exit code is 1.`,
		Example: "  aril enrich lint examples/enrichment/definitions",
		Args:    args(1, 1, "a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := isDirectory(args[0]); err != nil {
				return err
			}
			issues, err := enrich.Lint(cmd.Context(), os.DirFS(args[0]))
			if err != nil {
				return err
			}
			return showIssues(cmd, issues)
		},
	}
}

func portCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "port DIR",
		Short: "Begin JavaScript mappings for those that are C# scripts",
		Long: `Port writes, for each mapping whose location is a .csx file that has no .wasm, .js
or .ts beside it, a skeleton in JavaScript with both handlers: NAME.js beside
NAME.csx, with the C# source as a comment where it is there. Aril then runs
that one. What is there already is left alone.`,
		Example: "  aril enrich port definitions",
		Args:    args(1, 1, "a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := isDirectory(args[0]); err != nil {
				return err
			}
			written, err := enrich.Port(cmd.Context(), args[0])
			for _, name := range written {
				fmt.Fprintln(cmd.OutOrStdout(), ui.Plain(name))
			}
			var wrong *enrich.PublishError
			if errors.As(err, &wrong) {
				return showIssues(cmd, wrong.Issues)
			}
			if err == nil && len(written) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "nothing to port: every mapping has one that Aril runs")
			}
			return err
		},
	}
}

func isDirectory(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = usage("%s is no directory", path)
	}
	return err
}

// showIssues prints issues, and is errNo when one of them is an error.
func showIssues(cmd *cobra.Command, issues []enrich.Issue) error {
	out := cmd.OutOrStdout()
	screen, wrong := ui.NewScreen(out), 0
	for _, i := range issues {
		line := ui.Plain(i.String())
		if !i.Warning {
			wrong++
			line = screen.Paint(ui.Bad, line)
		}
		fmt.Fprintln(out, line)
	}
	switch {
	case wrong > 0:
		fmt.Fprintf(out, "errors: %d, warnings: %d\n", wrong, len(issues)-wrong)
		return errNo
	case len(issues) > 0:
		fmt.Fprintf(out, "warnings: %d\n", len(issues))
	default:
		fmt.Fprintln(out, screen.Paint(ui.Good, "nothing found"))
	}
	return nil
}
