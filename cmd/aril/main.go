// Command aril is the tool for authors and operators of extensions. `aril
// help` lists what it does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs the tool and gives its exit code.
func execute(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(arguments)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errNo) {
		screen := ui.NewScreen(stderr)
		fmt.Fprintln(stderr, screen.Paint(ui.Bad, "aril:"), ui.Plain(err.Error()))
	}
	return exitCode(err)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "aril",
		Short: "Write, build, test and look at Aril extensions",
		Long: `aril is the tool for people who write extensions for programs that embed Aril,
and for those who run them.

A first extension, from nothing to a green test:

  aril new --lang js audit
  cd audit
  aril test`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, got []string) error {
			if len(got) > 0 {
				return usage("there is no command %q; see aril --help", got[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddGroup(
		&cobra.Group{ID: "write", Title: "Write an extension:"},
		&cobra.Group{ID: "look", Title: "Look at one, run one:"},
		&cobra.Group{ID: "serve", Title: "Enrich an API:"},
	)
	for _, c := range []*cobra.Command{newCommand(), buildCommand(), testCommand(), typesCommand(), msgpackCommand(), packCommand()} {
		c.GroupID = "write"
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{inspectCommand(), runCommand(), benchCommand(), conformanceCommand()} {
		c.GroupID = "look"
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{enrichCommand(), serveCommand()} {
		c.GroupID = "serve"
		root.AddCommand(c)
	}
	root.AddCommand(versionCommand())
	root.AddCommand(topics()...)
	return root
}
