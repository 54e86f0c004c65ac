package main

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
	"github.com/aril-wasm/aril/runtime/conformance"
)

// benchStep is what is measured when no file says otherwise: an operation that
// gives its input back.
const benchStep = `{"operation": {"kind": "execution", "name": "bench"}, "input": {"id": 1, "name": "a name"}}`

func benchCommand() *cobra.Command {
	var flags load.Flags
	var o benchOptions
	c := &cobra.Command{
		Use:   "bench extension.wasm",
		Short: "Measure what an extension costs an operation",
		Long: `Bench runs each step of a file again and again, one at a time, with the limits
on, and prints the median and the 99th percentile of an operation with
everything the host does, the fuel that it burns, and the bytes that cross the
boundary: under Fresh, where each operation begins from the template, and under
Pooled, where instances are used again as they are.

Without a file it measures an operation of kind "execution" that gives its
input back. The numbers are of this machine; fuel is the same on all.`,
		Example: `  aril bench audit.wasm
  aril bench audit.wasm --op ops.jsonl --time 5s --isolation fresh
  aril bench audit.wasm --json`,
		Args: args(1, 1, "one module"),
		RunE: func(cmd *cobra.Command, got []string) error {
			module, err := os.ReadFile(got[0])
			if err != nil {
				return err
			}
			steps, err := conformance.ParseSteps("the built-in operation", []byte(benchStep))
			if o.operations != "" {
				steps, err = readSteps(o.operations, cmd.InOrStdin())
			}
			if err != nil {
				return err
			}
			modes := []string{"fresh", "pooled"}
			if cmd.Flags().Changed("isolation") {
				modes = []string{flags.Isolation}
			}
			return o.run(cmd.Context(), ui.NewScreen(cmd.OutOrStdout()), ui.NewScreen(cmd.ErrOrStderr()), module, steps, modes, flags)
		},
	}
	c.Flags().StringVar(&o.operations, "op", "", "file of steps, as for aril run; - is the standard input")
	c.Flags().DurationVar(&o.time, "time", time.Second, "how long each step is measured in each mode")
	c.Flags().IntVar(&o.most, "count", 0, "how often at most (default: as often as the time allows)")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	flags.Add(c.Flags())
	c.Flags().Lookup("isolation").Usage = "fresh, pooled or single (default: fresh and pooled)"
	c.Flags().Lookup("isolation").DefValue = ""
	return c
}

type benchOptions struct {
	operations string
	time       time.Duration
	most       int
	json       bool
}

// A measurement is of one step in one mode.
type measurement struct {
	Step      string        `json:"step"`
	Isolation string        `json:"isolation"`
	Count     int           `json:"count"`
	Median    time.Duration `json:"median_ns"`
	P99       time.Duration `json:"p99_ns"`
	Fuel      int64         `json:"fuel"` // of the median run
	Moved     int64         `json:"moved_bytes"`
	Memory    int64         `json:"memory_bytes"`
	Errors    int           `json:"errors"`
}

func (o *benchOptions) run(ctx context.Context, out, progress *ui.Screen, module []byte, steps []*conformance.Step, modes []string, flags load.Flags) error {
	if o.time <= 0 {
		return usage("--time must be more than nothing")
	}
	bar := progress.NewProgress("measuring", len(modes)*len(steps))
	var all []measurement
	for _, mode := range modes {
		flags.Isolation = mode
		x, err := load.Open(ctx, module, flags)
		if err != nil {
			return notLoaded(progress, x, err)
		}
		for _, s := range steps {
			m, err := o.measure(ctx, x, s)
			if err != nil {
				x.Close(context.WithoutCancel(ctx))
				return err
			}
			m.Isolation = mode
			all = append(all, m)
			bar.Step()
		}
		if err := x.Close(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	bar.End()
	if o.json {
		return writeJSON(out, all)
	}
	showMeasurements(out, all)
	return nil
}

// warmUp is how often a step runs before it is measured.
const warmUp = 10

func (o *benchOptions) measure(ctx context.Context, x *load.Extension, s *conformance.Step) (measurement, error) {
	m := measurement{Step: s.Name()}
	for range warmUp {
		s.Do(ctx, x.Session)
	}
	x.Told()
	var took []time.Duration
	var fuel []int64
	for began := time.Now(); time.Since(began) < o.time && (o.most <= 0 || m.Count < o.most); m.Count++ {
		if ctx.Err() != nil {
			return m, context.Cause(ctx)
		}
		outcome := s.Do(ctx, x.Session)
		took = append(took, outcome.Took)
		if outcome.Err != nil {
			m.Errors++
		}
		reports, _ := x.Told()
		for _, r := range reports {
			fuel = append(fuel, r.Fuel)
			m.Moved, m.Memory = r.Moved, r.Memory
		}
	}
	slices.Sort(took)
	slices.Sort(fuel)
	m.Median, m.P99 = took[len(took)/2], took[len(took)*99/100]
	if len(fuel) > 0 {
		m.Fuel = fuel[len(fuel)/2]
	}
	return m, nil
}

func showMeasurements(s *ui.Screen, all []measurement) {
	table := ui.Table{Head: []string{"step", "isolation", "runs", "median", "p99", "fuel", "moved", "memory"}, Right: 2}
	for _, m := range all {
		table.Add(ui.Plain(m.Step), m.Isolation, ui.Count(int64(m.Count)), ui.Duration(m.Median), ui.Duration(m.P99),
			ui.Count(m.Fuel), ui.Bytes(m.Moved), ui.Bytes(m.Memory))
	}
	table.Write(s)
	for _, m := range all {
		if m.Errors > 0 {
			s.Printf("%s %s, %s: %d of %d runs ended with an error\n", s.Paint(ui.Warn, "note:"), ui.Plain(m.Step), m.Isolation, m.Errors, m.Count)
		}
	}
}
