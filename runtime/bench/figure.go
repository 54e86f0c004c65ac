package main

import "fmt"

// A figure is one goal of Aril's own: a value and what it should be at most.
type figure struct {
	name  string
	value float64
	unit  string
	most  float64
}

func (f figure) missed() bool { return f.value > f.most }

func (f figure) String() string {
	s := fmt.Sprintf("figure %s: %s %s (at most %s)", f.name, short(f.value), f.unit, short(f.most))
	if f.missed() {
		s += " missed"
	}
	return s
}

// leastRatios are goals too: how many times longer a peer should take.
var leastRatios = map[string]float64{
	"extism-timeout/echo": 30,
	"extism-timeout/pass": 60,
	"extism/isolated":     200,
}

// figures are the goals that this run can judge.
func (r *report) figures() []figure {
	var all []figure
	for _, f := range []struct {
		peer string
		most float64 // ns
	}{{"aril-pooled", 1000}, {"aril-fresh", 3000}} {
		if c := r.cells[f.peer]["pass"]; c != nil && len(c.samples) > 0 {
			all = append(all, figure{f.peer + "/pass", c.ns(), "ns", f.most},
				figure{f.peer + "/pass-allocations", c.median(func(s sample) float64 { return s.allocs }), "", 1.05})
		}
	}
	divide := func(a, b float64) float64 { return a / b }
	minus := func(a, b float64) float64 { return a - b }
	pooled := r.cells["aril-pooled"]
	for _, f := range []struct {
		name    string
		a, b    *cell
		combine func(a, b float64) float64
		unit    string
		most    float64
	}{
		{"pass-64k-against-pass", pooled["pass-64k"], pooled["pass"], divide, "×", 1.1},
		{"echo-64k-against-copies", pooled["echo-64k"], &r.copies, divide, "×", 2.5},
		{"fresh-minus-pooled-go-guest", r.cells["aril-go-fresh"]["echo"], r.cells["aril-go-pooled"]["echo"], minus, "ns", 10_000},
	} {
		if v, ok := paired(f.a, f.b, f.combine); ok {
			all = append(all, figure{f.name, v, f.unit, f.most})
		}
	}
	if r.growth != nil {
		all = append(all, figure{"idle-extension", r.growth.idleKiB, "KiB", 150}, figure{"waiting-operation", r.growth.waitingKiB, "KiB", 100})
	}
	return all
}
