// Command bench compares Aril with other ways to run code of others around an
// operation of a Go program. It prints a table and the ratios, and writes
// REPORT.md and its charts into the working directory, which must be its own.
//
//	go run . [-rounds N] [-time D] [-quick] [-only peer,peer]
//
// With -quick everything runs once and briefly, to see that it still runs:
// what is printed means little, and no report is written. Linux only; wasmtime
// needs cgo.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	if w := os.Getenv(pluginWork); w != "" {
		servePlugin(work(w))
		return
	}
	o := options{}
	flag.IntVar(&o.rounds, "rounds", 7, "how often everything is measured")
	flag.DurationVar(&o.time, "time", 60*time.Millisecond, "time of one batch")
	flag.BoolVar(&o.quick, "quick", false, "one short round, no report: does everything still run?")
	flag.StringVar(&o.only, "only", "", "names of peers, with commas between; default all")
	flag.Parse()
	if o.quick {
		o.rounds, o.time = 1, time.Millisecond
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds int
	time   time.Duration
	quick  bool
	only   string
}

func run(ctx context.Context, o options) (err error) {
	guests, err := buildGoGuests(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if late := guests.close(); err == nil {
			err = late
		}
	}()
	r := &report{options: o, started: time.Now(), load: loadAverage(), peers: peers(guests)}
	if o.only != "" {
		names := strings.Split(o.only, ",")
		r.peers = slices.DeleteFunc(r.peers, func(p *peer) bool { return !slices.Contains(names, p.name) })
	}
	r.cells = newCells(r.peers)
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d, load %s\n", round+1, o.rounds, loadAverage())
		if err := r.measureWorkloads(ctx); err != nil {
			return err
		}
		s, err := meter{time: o.time}.copies()
		if err != nil {
			return err
		}
		r.copies.samples = append(r.copies.samples, s)
		if err := r.measureCallers(ctx); err != nil {
			return err
		}
	}
	if o.only == "" {
		if r.growth, err = measureGrowth(ctx, o); err != nil {
			return err
		}
	}
	r.loadAfter = loadAverage()
	if !o.quick && o.only == "" {
		if err := r.write("."); err != nil {
			return err
		}
	}
	return r.print(os.Stdout)
}
