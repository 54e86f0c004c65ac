package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	"github.com/aril-wasm/aril/guest-sdk/go/conformance/native"
	"github.com/aril-wasm/aril/runtime/conformance"
)

func conformanceCommand() *cobra.Command {
	var o conformanceOptions
	c := &cobra.Command{
		Use:   "conformance extension.wasm",
		Short: "Run an SDK's extension on the conformance cases",
		Long: `Conformance checks an SDK: that an extension written with it does what every
other SDK's does. The extension plays the roles that
testdata/conformance/README.md describes; its configuration names one for each
case, {"role": "retry", …}. What differs is told in words, with the place
within a value at which it does. Each case loads the extension anew.

A role that the extension does not have, which it says by an error of init with
the code unknown_role, fails the run as a difference does. A list of known
failures, {"file.json/name of the case": "reason"}, takes cases out; they must
keep failing.

It exits with 1 when something differs.`,
		Example: `  aril conformance my-sdk.wasm
  aril conformance my-sdk.wasm --only "retry" --table
  aril conformance my-sdk.wasm --known known.json --json`,
		Args: func(cmd *cobra.Command, got []string) error {
			if o.native {
				return args(0, 0, "with --native no module")(cmd, got)
			}
			return args(1, 1, "one module")(cmd, got)
		},
		RunE: func(cmd *cobra.Command, got []string) error {
			return o.run(cmd.Context(), ui.NewScreen(cmd.OutOrStdout()), ui.NewScreen(cmd.ErrOrStderr()), got)
		},
	}
	f := c.Flags()
	f.StringVar(&o.cases, "cases", "", "folder with cases, in place of those that are built in")
	f.StringVar(&o.known, "known", "", "file with known failures")
	f.StringVar(&o.only, "only", "", "run only the cases whose file and name contain this")
	f.StringVar(&o.script, "script", "", "script of an extension that is an interpreter, in place of its own")
	f.BoolVar(&o.json, "json", false, "print everything as JSON")
	f.BoolVar(&o.table, "table", false, "print fuel, bytes and time of one operation of each role")
	f.StringVar(&o.figures, "figures", "", "write these figures into a file, as JSON")
	f.BoolVar(&o.native, "native", false, "run the Go SDK's roles within this process, without a sandbox, in place of a module")
	return c
}

type conformanceOptions struct {
	cases, known, only, script, figures string
	json, table, native                 bool
}

func (o *conformanceOptions) run(ctx context.Context, out, progress *ui.Screen, got []string) (err error) {
	suite, err := o.suite()
	if err != nil {
		return usage("%w", err)
	}
	known, err := readKnown(o.known)
	if err != nil {
		return err
	}
	subject := conformance.Subject(native.Subject{})
	if !o.native {
		module, err := o.module(ctx, got[0])
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, module.Close(context.WithoutCancel(ctx))) }()
		subject = module
	}
	total := 0
	for _, f := range suite.Files {
		total += len(slices.DeleteFunc(slices.Clone(f.Cases), func(c *conformance.Case) bool { return !o.selects(c) }))
	}
	if total == 0 {
		return usage("no case contains %q", o.only)
	}
	bar := progress.NewProgress("running", total)
	report, err := conformance.Run(ctx, subject, suite, conformance.Options{
		Known: known, Select: o.selects, Observe: func(*conformance.Result) { bar.Step() },
	})
	bar.End()
	if err != nil {
		return err
	}
	if err := o.show(out, report); err != nil {
		return err
	}
	if !report.OK() {
		return errNo
	}
	return nil
}

func (o *conformanceOptions) selects(c *conformance.Case) bool {
	return strings.Contains(c.ID(), o.only)
}

func (o *conformanceOptions) suite() (*conformance.Suite, error) {
	if o.cases == "" {
		return conformance.Shipped()
	}
	return conformance.Load(os.DirFS(o.cases))
}

func (o *conformanceOptions) module(ctx context.Context, file string) (*conformance.ModuleSubject, error) {
	wasm, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg := conformance.ModuleConfig{CacheDir: load.DefaultCache()}
	if o.script != "" {
		if cfg.Script, err = os.ReadFile(o.script); err != nil {
			return nil, err
		}
	}
	return conformance.Module(ctx, wasm, cfg)
}

func (o *conformanceOptions) show(out *ui.Screen, report *conformance.Report) error {
	if o.figures != "" {
		text, err := json.MarshalIndent(report.Column(), "", "  ")
		if err == nil {
			err = os.WriteFile(o.figures, append(text, '\n'), 0o644)
		}
		if err != nil {
			return err
		}
	}
	if o.json {
		return writeJSON(out, report)
	}
	for _, r := range report.Results {
		if r.Status != conformance.Passed && r.Status != conformance.NotRun {
			showResult(out, r)
		}
	}
	if o.table {
		showFigures(out, report.Column())
	}
	style := ui.Good
	if !report.OK() {
		style = ui.Bad
	}
	out.Printf("%s\n", out.Paint(style, report.Summary()))
	return nil
}

// showResult prints what became of a case that did not pass.
func showResult(out *ui.Screen, r *conformance.Result) {
	mark, style := "✗", ui.Bad
	if r.Status == conformance.Known {
		mark, style = "–", ui.Faint
	}
	out.Printf("%s %s: %s\n", out.Paint(style, mark), ui.Plain(r.Case.ID()), r.Status)
	if r.Reason != "" {
		out.Printf("  the list says: %s\n", ui.Plain(r.Reason))
	}
	if r.Status == conformance.NotImplemented {
		out.Printf("  init refuses the role %q with the code unknown_role\n", r.Case.Role)
	}
	for _, d := range r.Differences {
		out.Printf("  %s\n", strings.ReplaceAll(ui.Plain(d.String()), "\n", "\n  "))
	}
}

func showFigures(out *ui.Screen, c *conformance.Column) {
	t := ui.Table{Head: []string{"role", "fuel", "bytes", "µs"}, Right: 1}
	for _, role := range slices.Sorted(maps.Keys(c.Figures)) {
		f := c.Figures[role]
		t.Add(role, ui.Count(f.Fuel), ui.Count(f.Bytes), ui.Count(f.Median))
	}
	t.Write(out)
}

// readKnown reads a list of known failures; "" is none.
func readKnown(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	if err := json.Unmarshal(text, &known); err != nil {
		return nil, usage("%s: %w", file, err)
	}
	return known, nil
}
