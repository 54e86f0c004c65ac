package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is one run.
type report struct {
	options   options
	started   time.Time
	load      string // before
	loadAfter string
	peers     []*peer
	cells     cells
	copies    cell // two copies of 64 KiB and one encoding
	growth    *growthReport
}

// short writes a number with three digits.
func short(v float64) string {
	switch {
	case v >= 1e6 || v <= -1e6:
		return fmt.Sprintf("%.3g M", v/1e6)
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	default:
		return fmt.Sprintf("%.3g", v)
	}
}

// duration writes ns as people do.
func duration(ns float64) string {
	switch {
	case ns < 1e3:
		return short(ns) + " ns"
	case ns < 1e6:
		return short(ns/1e3) + " µs"
	case ns < 1e9:
		return short(ns/1e6) + " ms"
	}
	return short(ns/1e9) + " s"
}

// print writes the table, the figures and, last, the ratios.
func (r *report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "peer\trow\ttime\tcpu\tallocs\tbytes")
	for _, row := range r.rows() {
		for _, p := range r.peers {
			c := r.cells[p.name][row]
			if c == nil || len(c.samples) == 0 {
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", p.name, row, duration(c.ns()), duration(c.median(func(s sample) float64 { return s.cpu })),
				short(c.median(func(s sample) float64 { return s.allocs })), short(c.median(func(s sample) float64 { return s.bytes })))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nload average %s before, %s after; %d rounds of %v a batch\n\n", r.load, r.loadAfter, r.options.rounds, r.options.time)
	if r.growth != nil {
		for _, g := range r.growth.charts {
			for _, s := range g.series {
				fmt.Fprintf(w, "growth %s/%s:", g.name, s.name)
				for i := range s.x {
					fmt.Fprintf(w, " %s=%s", count(s.x[i]), duration(s.y[i]))
				}
				fmt.Fprintln(w)
			}
		}
	}
	for _, f := range r.figures() {
		fmt.Fprintln(w, f)
	}
	for _, row := range r.rows() {
		for _, p := range r.peers {
			v, ok := r.cells.ratio(p.name, row)
			if !ok {
				continue
			}
			name := p.name + "/" + row
			fmt.Fprintf(w, "ratio %s: %s%s\n", name, short(v), missedRatio(name, v))
		}
	}
	return r.cells.errs()
}

func missedRatio(name string, v float64) string {
	if least, ok := leastRatios[name]; ok && v < least {
		return " missed"
	}
	return ""
}

// rows are the names of all rows, in order.
func (r *report) rows() []string {
	var all []string
	for _, w := range workloads {
		all = append(all, w.name)
	}
	for _, n := range r.options.callerCounts() {
		all = append(all, callersRow(n))
	}
	return all
}

// write writes REPORT.md and its charts into dir.
func (r *report) write(dir string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Aril against the field\n\nWritten by `make bench-peers`; do not edit. %s, %s/%s, %d cores, %s. Load average %s before and %s after. Peers take turns within each of %d rounds, and each figure is a median, so that a busy neighbour meets all of them.\n\n",
		goruntime.Version(), goruntime.GOOS, goruntime.GOARCH, goruntime.NumCPU(), r.started.UTC().Format("2006-01-02"), r.load, r.loadAfter, r.options.rounds)
	b.WriteString("![time of one operation](charts/peers.svg)\n\n")
	b.WriteString("Time of one operation, one caller. The inner operation returns its input at once.\n\n")
	var names []string
	for _, w := range workloads {
		names = append(names, w.name)
	}
	r.table(&b, names, func(c *cell) string { return duration(c.ns()) })
	for _, w := range workloads {
		fmt.Fprintf(&b, "- **%s**: %s\n", w.name, w.about)
	}
	b.WriteString("\nThe same, divided by Aril's: `aril-pooled` in the same row, `aril-fresh` in `isolated`. Medians of the ratios within each round. Above 1, the peer is slower.\n\n")
	r.ratioTable(&b, names)
	b.WriteString("\nHeap allocations and processor time of one `echo` and one `isolated` (this process's alone; wasmtime's own memory is not Go's):\n\n")
	r.costs(&b)
	b.WriteString("\n## Many callers\n\nOperations a second, where `next` takes 1 ms and so many callers are inside at once; and below it the processor time that each took.\n\n")
	var callers []string
	for _, n := range r.options.callerCounts() {
		callers = append(callers, callersRow(n))
	}
	r.table(&b, callers, func(c *cell) string { return count(1e9/c.ns()) + "/s" })
	r.table(&b, callers, func(c *cell) string { return duration(c.median(func(s sample) float64 { return s.cpu })) })
	b.WriteString("## Goals\n\n| figure | measured | at most | |\n|---|---|---|---|\n")
	for _, f := range r.figures() {
		fmt.Fprintf(&b, "| %s | %s %s | %s | %s |\n", f.name, short(f.value), f.unit, short(f.most), met(f.missed()))
	}
	b.WriteString("\n| ratio | measured | at least | |\n|---|---|---|---|\n")
	for _, name := range []string{"extism-timeout/echo", "extism-timeout/pass", "extism/isolated"} {
		peer, row, _ := strings.Cut(name, "/")
		if v, ok := r.cells.ratio(peer, row); ok {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, short(v), short(leastRatios[name]), met(v < leastRatios[name]))
		}
	}
	b.WriteString("\n`echo-64k-against-copies` divides by two copies of 64 KiB and one encoding in plain Go.\n\n## How cost grows\n\n")
	for _, g := range r.growth.charts {
		fmt.Fprintf(&b, "%s%s.\n\n![%s](charts/%s.svg)\n\n", strings.ToUpper(g.about[:1]), g.about[1:], g.name, g.name)
		g.table(&b)
	}
	fmt.Fprintf(&b, "A loaded extension that has run once and keeps its instance takes %s KiB of resident memory. One of %s operations that wait in `next` at once takes %s KiB.\n\n",
		short(r.growth.idleKiB), count(float64(r.growth.waitingCount)), short(r.growth.waitingKiB))
	b.WriteString("## How each is set up\n\n| peer | |\n|---|---|\n")
	for _, p := range r.peers {
		fmt.Fprintf(&b, "| %s | %s |\n", p.name, p.how)
	}
	b.WriteString(`
Every guest does the same: it reads the input, calls ` + "`next`" + `, which runs the host's operation on the input that the host has kept, reads the result, changes its first bytes, and returns it as new memory. Each result is checked. Guests in C for Aril, Extism and bare engines are built from the same ` + "`guest/work.h`" + ` with the same flags. Bare engines have no protocol, no limits on memory moved, no accounting: they are what Aril is built on, not what an embedder would ship. Peers whose instances serve one caller at a time have one for each caller.
`)
	if err := os.WriteFile(filepath.Join(dir, "REPORT.md"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	return r.writeCharts(filepath.Join(dir, "charts"))
}

func met(missed bool) string {
	if missed {
		return "missed"
	}
	return "met"
}

// table writes one line a peer, one column a row.
func (r *report) table(b *strings.Builder, names []string, text func(*cell) string) {
	head(b, "peer", names)
	for _, p := range r.peers {
		fmt.Fprintf(b, "| %s |", p.name)
		for _, name := range names {
			if c := r.cells[p.name][name]; c != nil && len(c.samples) > 0 {
				fmt.Fprintf(b, " %s |", text(c))
			} else {
				b.WriteString(" – |")
			}
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

func (r *report) ratioTable(b *strings.Builder, names []string) {
	head(b, "peer", names)
	for _, p := range r.peers {
		fmt.Fprintf(b, "| %s |", p.name)
		for _, name := range names {
			if v, ok := r.cells.ratio(p.name, name); ok {
				fmt.Fprintf(b, " %s |", short(v))
			} else {
				b.WriteString(" – |")
			}
		}
		b.WriteByte('\n')
	}
}

// costs writes what time alone does not say.
func (r *report) costs(b *strings.Builder) {
	head(b, "peer", []string{"echo: allocations", "bytes", "CPU", "isolated: allocations", "bytes", "CPU"})
	for _, p := range r.peers {
		fmt.Fprintf(b, "| %s |", p.name)
		for _, row := range []string{"echo", "isolated"} {
			c := r.cells[p.name][row]
			if c == nil || len(c.samples) == 0 {
				b.WriteString(" – | – | – |")
				continue
			}
			fmt.Fprintf(b, " %s | %s | %s |", short(c.median(func(s sample) float64 { return s.allocs })),
				short(c.median(func(s sample) float64 { return s.bytes })), duration(c.median(func(s sample) float64 { return s.cpu })))
		}
		b.WriteByte('\n')
	}
}

// table writes the points of a chart.
func (g *growth) table(b *strings.Builder) {
	var names []string
	for _, x := range g.series[0].x {
		names = append(names, count(x))
	}
	head(b, g.x, names)
	for _, s := range g.series {
		fmt.Fprintf(b, "| %s |", s.name)
		for _, y := range s.y {
			fmt.Fprintf(b, " %s |", duration(y))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

func head(b *strings.Builder, first string, names []string) {
	fmt.Fprintf(b, "| %s | %s |\n|---|%s\n", first, strings.Join(names, " | "), strings.Repeat("---|", len(names)))
}

// count writes a whole number, powers of 1,024 with their letter.
func count(v float64) string {
	n := int64(v)
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d Mi", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d Ki", n>>10)
	case n >= 10_000:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}
