// Command bench measures `aril serve`: it builds it, starts it on SQLite in a
// temporary directory, and asks from this process, a separate one.
//
//	go run ./internal/serve/bench [-rounds 5] [-time 2s] [-instances 10000]
//
// Each line is a figure, the median of all rounds, with its goal. A round
// measures everything once, one after the other, so that what else the machine
// does falls on all figures alike. The load average is printed for the same
// reason: above the number of processors the figures say little.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

// A plan is what is measured, and how long.
type plan struct {
	aril      string        // the binary; "" builds it
	rounds    int           // of everything
	span      time.Duration // of each figure that is a rate
	single    int           // requests of each figure that is not
	instances int
	profile   string // where a profile of the enriched reads goes; "" for none
	flags     string // more of `aril serve`
}

func main() {
	var p plan
	flag.StringVar(&p.aril, "aril", "", "the binary to measure (default: it is built)")
	flag.IntVar(&p.rounds, "rounds", 5, "how often everything is measured")
	flag.DurationVar(&p.span, "time", 2*time.Second, "how long each rate is measured in each round")
	flag.IntVar(&p.single, "single", 400, "requests for each time that is measured one at a time, in each round")
	flag.IntVar(&p.instances, "instances", 10_000, "instances in the database")
	flag.StringVar(&p.profile, "profile", "", "file for a CPU profile of the service during enriched reads")
	flag.StringVar(&p.flags, "flags", "", "more flags of aril serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (p *plan) run(ctx context.Context) (err error) {
	if p.rounds < 1 || p.single < 1 || p.instances < 200 || p.span <= 0 {
		return errors.New("-rounds, -single and -time have to be above 0, -instances at least 200")
	}
	dir, err := os.MkdirTemp("", "aril-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	srv, err := start(ctx, p, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	fmt.Printf("%d processors, load %s\n", runtime.NumCPU(), loadAverage())
	b := &bench{plan: p, server: srv}
	if err := b.load(ctx); err != nil {
		return err
	}
	fmt.Printf("%d instances, written at %.0f/s\n", p.instances, b.written)
	for range p.rounds {
		if err := b.round(ctx); err != nil {
			return err
		}
	}
	b.print()
	fmt.Printf("load %s\n", loadAverage())
	return nil
}

// loadAverage is that of one, five and fifteen minutes.
func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(raw))
	if err != nil || len(fields) < 3 {
		return "unknown"
	}
	return strings.Join(fields[:3], " ")
}
