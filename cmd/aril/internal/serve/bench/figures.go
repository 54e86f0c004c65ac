package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
)

// A figure is one thing that is measured in each round.
type figure int

const (
	plainTime figure = iota
	richTime
	over
	notModified
	notModifiedKept
	page
	ratePlain
	rateRich
	processorPlain
	processorRich
	processorClient
	uncontended
	contended
	asked
	admitted
	figures
)

func (b *bench) add(f figure, v float64) { b.figures[f] = append(b.figures[f], v) }

// median is the figure of all rounds.
func (b *bench) median(f figure) float64 { return percentile(b.figures[f], 50) }

// percentile is the nearest rank; NaN of nothing.
func percentile(of []float64, p float64) float64 {
	if len(of) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[max(0, int(math.Ceil(p/100*float64(len(sorted))))-1)]
}

// print writes what was measured and whether it is what was to be reached.
func (b *bench) print() {
	fmt.Println("server time, one request at a time, median of", b.plan.rounds, "rounds:")
	fmt.Printf("  a read without extensions: %.3f ms\n", b.median(plainTime))
	fmt.Printf("  a read with three JavaScript mappings: %.3f ms\n", b.median(richTime))
	goal("three JavaScript mappings over the read without", b.median(over), "ms", atMost, 1)
	goal("a 304", b.median(notModifiedKept)*1000, "µs", atMost, 100)
	fmt.Printf("  a 304 of a workflow that keeps nothing: %.0f µs\n", b.median(notModified)*1000)
	goal("a page of 100 with three each, at the client", b.median(page), "ms", atMost, 80)
	fmt.Printf("%d connections:\n", connections)
	fmt.Printf("  reads without extensions: %.0f/s\n", b.median(ratePlain))
	goal("reads with three JavaScript mappings", b.median(rateRich), "/s", atLeast, 2000)
	fmt.Printf("  time of processors: %.3f ms a read without, %.3f ms with three, and %.3f ms of this client: %d processors of their own would do %.0f/s with three\n",
		b.median(processorPlain), b.median(processorRich), b.median(processorClient), runtime.NumCPU(), 1000*float64(runtime.NumCPU())/(b.median(processorRich)+b.median(processorClient)))
	fmt.Printf("%d connections, %.0f reads/s asked for, %.0f/s admitted, p99 at the client from when it was due:\n", overloadConnections, b.median(asked), b.median(admitted))
	fmt.Printf("  uncontended %.2f ms, at twice saturation %.2f ms\n", b.median(uncontended), b.median(contended))
	goal("p99 of what is admitted, against uncontended", b.median(contended)/b.median(uncontended), "times", atMost, 5)
}

type direction bool

const (
	atMost  direction = false
	atLeast direction = true
)

// goal prints a figure with what it was to be.
func goal(name string, v float64, unit string, d direction, want float64) {
	sign, ok := "≤", v <= want
	if d == atLeast {
		sign, ok = "≥", v >= want
	}
	verdict := "ok"
	if !ok {
		verdict = "missed"
	}
	fmt.Printf("%s: %.3g %s (goal %s %g) %s\n", name, v, unit, sign, want, verdict)
}
