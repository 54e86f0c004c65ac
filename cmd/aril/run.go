package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/show"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/conformance"
)

func runCommand() *cobra.Command {
	var flags load.Flags
	var operations string
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:   "run extension.wasm --op op.json",
		Short: "Run operations through an extension, against a scripted next",
		Long: `Run loads an extension as a host would and does what a file says: operations,
calls of methods, events. It prints what came out, what reached the operation
itself, the log, and what was used of the limits.

The file holds one step, a list of steps, or a step a line (.jsonl). A step is
that of a case (aril help cases), with or without an "expect":

  {
    "operation": {"kind": "execution", "name": "order.place"},
    "input": {"sku": "A-1", "count": 2},
    "next": [{"error": {"code": "busy", "retryable": true}}, {"value": {"receipt": 7}}]
  }

The i-th "next" that reaches the operation answers with the i-th entry, and the
last one repeats; without entries it answers with its input.

It exits with 1 when the extension broke or a step did not give what it expects.
An error that an operation ends with is an outcome like another.`,
		Example: `  aril run audit.wasm --op op.json
  aril run audit.wasm --op ops.jsonl --config config.json --grant aril_state_v1 --quiet
  aril run audit.wasm --op op.json --limit fuel=1M --power ReadInput --isolation pooled
  echo '{"call": "getMetrics"}' | aril run metrics.wasm --op - --grant-all`,
		Args: args(1, 1, "one module"),
		RunE: func(cmd *cobra.Command, got []string) error {
			module, err := os.ReadFile(got[0])
			if err != nil {
				return err
			}
			steps, err := readSteps(operations, cmd.InOrStdin())
			if err != nil {
				return err
			}
			out, progress := ui.NewScreen(cmd.OutOrStdout()), ui.NewScreen(cmd.ErrOrStderr())
			x, err := load.Open(cmd.Context(), module, flags)
			if err != nil {
				return notLoaded(progress, x, err)
			}
			printer := show.Printer{Screen: out, Extension: x, JSON: asJSON, Quiet: quiet}
			return errors.Join(runSteps(cmd.Context(), &printer, progress, steps), x.Close(context.WithoutCancel(cmd.Context())))
		},
	}
	c.Flags().StringVar(&operations, "op", "", "file of steps; - is the standard input")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, a line a step")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "print what went wrong, and the sum")
	flags.Add(c.Flags())
	return c
}

// readSteps reads a file of steps.
func readSteps(name string, stdin io.Reader) ([]*conformance.Step, error) {
	var text []byte
	var err error
	switch name {
	case "":
		return nil, usage("say what to run: --op FILE, or --op - for the standard input; aril help run shows a file")
	case "-":
		name = "standard input"
		text, err = io.ReadAll(stdin)
	default:
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	steps, err := conformance.ParseSteps(name, text)
	if err != nil {
		return nil, usage("%w", err)
	}
	return steps, nil
}

// runSteps does the steps, one after another.
func runSteps(ctx context.Context, p *show.Printer, screen *ui.Screen, steps []*conformance.Step) error {
	progress := screen.NewProgress("running", len(steps))
	if p.Screen.Terminal && !p.Quiet {
		progress = nil // what is printed is progress enough
	}
	for i, s := range steps {
		if ctx.Err() != nil {
			break
		}
		outcome := s.Do(ctx, p.Extension.Session)
		p.Step(i+1, s, outcome)
		if progress != nil {
			progress.Step()
		}
	}
	if progress != nil {
		progress.End()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(steps) > 1 {
		p.Sum()
	}
	if p.Wrong > 0 {
		return errNo
	}
	return nil
}

// notLoaded tells why, with what the extension said before it failed.
func notLoaded(s *ui.Screen, x *load.Extension, err error) error {
	if x == nil {
		return err
	}
	_, lines := x.Told()
	show.Log(s, lines)
	var call *aril.CallError
	if errors.As(err, &call) {
		show.Trace(s, call)
	}
	err = explain(err)
	if errors.Is(err, aril.ErrRefused) && strings.Contains(err.Error(), "not granted") {
		return fmt.Errorf("%w\nGrant what it asks for with --grant MODULE, --grant-all or, for HTTP, --host NAME", err)
	}
	return err
}
