package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	"github.com/aril-wasm/aril/runtime/conformance"
)

// casesFolder has an author's cases, as do files that end in casesSuffix.
const (
	casesFolder = "cases"
	casesSuffix = ".aril.json"
)

func testCommand() *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use:   "test [folder or module]",
		Short: "Build an extension and run its cases",
		Long: `Test builds the extension of a folder and runs its cases on it: cases/*.json and
*.aril.json. Each case loads the extension anew. What differs is told in words,
with the place within a value at which it does.

A case says how the extension is configured, what goes into an operation, what
the operation itself does at each next, and what must come out; aril help cases
shows one.

It exits with 1 when a case fails.`,
		Example: `  aril test
  aril test --only "third attempt"
  aril test retry.wasm --cases ./retry/cases   # a module that is built already`,
		Args: args(0, 1, "one folder or module"),
		RunE: func(cmd *cobra.Command, got []string) error {
			path := "."
			if len(got) == 1 {
				path = got[0]
			}
			return o.run(cmd.Context(), path, ui.NewScreen(cmd.OutOrStdout()), ui.NewScreen(cmd.ErrOrStderr()))
		},
	}
	c.Flags().StringVar(&o.cases, "cases", "", "folder with the cases (default: cases/ and *.aril.json beside the source)")
	c.Flags().StringVar(&o.only, "only", "", "run only cases whose file/name contains this")
	c.Flags().StringVar(&o.language, "lang", "", "the language, where it cannot be told")
	c.Flags().BoolVar(&o.json, "json", false, "print the results as JSON")
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "show the commands of the build")
	return c
}

type testOptions struct {
	cases, only, language string
	json, verbose         bool
}

func (o *testOptions) run(ctx context.Context, path string, out, progress *ui.Screen) (err error) {
	dir := path
	if info, err := os.Stat(path); err != nil {
		return err
	} else if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	suite, total, err := o.suite(dir)
	if err != nil {
		return err
	}
	module, err := o.build(ctx, path, out, progress)
	if err != nil {
		return err
	}
	subject, err := conformance.Module(ctx, module, conformance.ModuleConfig{CacheDir: load.DefaultCache()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subject.Close(context.WithoutCancel(ctx))) }()
	bar := progress.NewProgress("testing", total)
	report, err := conformance.Run(ctx, subject, suite, conformance.Options{
		Select: o.selects, Rounds: 1,
		Observe: func(r *conformance.Result) {
			bar.Step()
			if !o.json {
				showCase(out, r)
			}
		},
	})
	bar.End()
	if err != nil {
		return err
	}
	if o.json {
		if err := writeJSON(out, report); err != nil {
			return err
		}
	} else {
		style := ui.Good
		if !report.OK() {
			style = ui.Bad
		}
		out.Printf("%s\n", out.Paint(style, report.Summary()))
	}
	if !report.OK() {
		return errNo
	}
	return nil
}

func (o *testOptions) selects(c *conformance.Case) bool { return strings.Contains(c.ID(), o.only) }

// suite reads the cases, and counts those that are selected.
func (o *testOptions) suite(dir string) (*conformance.Suite, int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+casesSuffix))
	if err != nil {
		return nil, 0, err
	}
	folder := filepath.Join(dir, casesFolder)
	if o.cases != "" {
		folder, files = o.cases, nil
	}
	more, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, 0, err
	}
	files = append(files, more...)
	slices.Sort(files)
	if len(files) == 0 {
		return nil, 0, usage("there is no case in %s: write %s; aril help cases shows one", folder, filepath.Join(casesFolder, "first.json"))
	}
	suite, total := &conformance.Suite{}, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, 0, err
		}
		f, err := conformance.ParseFile(filepath.Base(name), text)
		if err != nil {
			return nil, 0, usage("%w", err)
		}
		suite.Files = append(suite.Files, f)
		for _, c := range f.Cases {
			if o.selects(c) {
				total++
			}
		}
	}
	if total == 0 {
		return nil, 0, usage("no case contains %q", o.only)
	}
	return suite, total, nil
}

// build gives the module's bytes; nothing is left in the author's folder.
func (o *testOptions) build(ctx context.Context, path string, out, progress *ui.Screen) ([]byte, error) {
	if filepath.Ext(path) == ".wasm" {
		return os.ReadFile(path)
	}
	tmp, err := os.MkdirTemp("", "aril-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	r, err := build.Build(ctx, build.Request{
		Path: path, Language: build.Language(o.language), Out: filepath.Join(tmp, "extension.wasm"),
		Output: progress, Verbose: o.verbose,
	})
	if err != nil {
		return nil, explain(err)
	}
	if !o.json {
		out.Printf("%s %s: %s, %s in %s\n", out.Paint(ui.Good, "built"), out.Paint(ui.Bold, r.Manifest.Name),
			ui.Bytes(int64(r.Report.Size)), r.Language.Title(), ui.Duration(r.Elapsed))
		for _, w := range r.Warnings {
			out.Printf("%s %s\n", out.Paint(ui.Warn, "warning:"), ui.Plain(w))
		}
	}
	return os.ReadFile(r.Out)
}

// showCase prints what became of one case.
func showCase(s *ui.Screen, r *conformance.Result) {
	mark, style := "✓", ui.Good
	if r.Status != conformance.Passed {
		mark, style = "✗", ui.Bad
	}
	s.Printf("%s %s %s\n", s.Paint(style, mark), ui.Plain(r.Case.Name), s.Paint(ui.Faint, ui.Duration(r.Took)))
	if r.Status == conformance.NotImplemented {
		s.Printf("  its init refuses the configuration with the code unknown_role\n")
	}
	for _, d := range r.Differences {
		s.Printf("  %s\n", strings.ReplaceAll(ui.Plain(d.String()), "\n", "\n  "))
	}
}
