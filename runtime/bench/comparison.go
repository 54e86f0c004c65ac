package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// callerCounts are the rows with an operation of 1 ms.
func (o options) callerCounts() []int {
	if o.quick {
		return []int{1, 8}
	}
	return []int{1, 2, 64, 1000}
}

// waiting is the workload of those rows.
var waiting = workload{name: "waiting", work: echo, bytes: 128}

// delay makes an operation of 1 ms: a database, a service. Its first n calls
// wait until all of them are inside, so that every instance has been made and
// used before anything is measured.
func delay(n int) operation {
	var came atomic.Int64
	all := make(chan struct{})
	return func(_ context.Context, in []byte) ([]byte, error) {
		if i := came.Add(1); i == int64(n) {
			close(all)
		} else if i < int64(n) {
			select {
			case <-all:
			case <-time.After(timeLimit / 2):
				return nil, fmt.Errorf("%d callers, and only %d got in", n, came.Load())
			}
		}
		time.Sleep(time.Millisecond)
		return in, nil
	}
}

func callersRow(n int) string { return fmt.Sprintf("callers-%d", n) }

// A cells is every measurement: peer, row.
type cells map[string]map[string]*cell

func newCells(all []*peer) cells {
	c := cells{}
	for _, p := range all {
		c[p.name] = map[string]*cell{}
	}
	return c
}

// add notes one sample, or why there is none.
func (c cells) add(peer, row string, s sample, err error) {
	if errors.Is(err, errNotHere) {
		return
	}
	one := c[peer][row]
	if one == nil {
		one = &cell{}
		c[peer][row] = one
	}
	if err != nil {
		one.err = errors.Join(one.err, fmt.Errorf("%s/%s: %w", peer, row, err))
		return
	}
	one.samples = append(one.samples, s)
}

// measureWorkloads takes one sample of each workload of each peer. Peers take
// turns within a workload, so that a busy neighbour meets all of them.
func (r *report) measureWorkloads(ctx context.Context) error {
	for i := range workloads {
		w := &workloads[i]
		for _, p := range r.peers {
			if err := ctx.Err(); err != nil {
				return err
			}
			if p.skip == w.name {
				continue
			}
			s, err := opened(ctx, p, w, 1, identity, func(op operation) (sample, error) {
				return meter{r.options.time, p.maxOps}.one(ctx, w, op)
			})
			r.cells.add(p.name, w.name, s, err)
		}
	}
	return nil
}

// measureCallers takes one sample of each count of callers of each peer.
func (r *report) measureCallers(ctx context.Context) error {
	for _, n := range r.options.callerCounts() {
		for _, p := range r.peers {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, err := opened(ctx, p, &waiting, p.instances(n), delay(p.instances(n)), func(op operation) (sample, error) {
				return meter{time: r.options.time}.many(ctx, &waiting, op, n)
			})
			r.cells.add(p.name, callersRow(n), s, err)
		}
	}
	return nil
}

// opened opens a peer for one sample.
func opened(ctx context.Context, p *peer, w *workload, callers int, next operation, measure func(operation) (sample, error)) (sample, error) {
	op, done, err := p.open(ctx, w, callers, next)
	if err != nil {
		return sample{}, err
	}
	s, err := measure(op)
	return s, errors.Join(err, done())
}

// baseline is what a peer is divided by in a row.
func baseline(row string) (peer, baseRow string) {
	if row == "isolated" {
		return "aril-fresh", "isolated"
	}
	return "aril-pooled", row
}

// ratio is how many times longer a peer took than Aril: the median over the
// rounds of the ratio within one round.
func (c cells) ratio(peer, row string) (float64, bool) {
	base, baseRow := baseline(row)
	a, b := c[peer][row], c[base][baseRow]
	if peer == base {
		return 0, false
	}
	return paired(a, b, func(a, b float64) float64 { return a / b })
}

// paired is the median over the rounds of f of two cells' times.
func paired(a, b *cell, f func(a, b float64) float64) (float64, bool) {
	if a == nil || b == nil {
		return 0, false
	}
	n := min(len(a.samples), len(b.samples))
	if n == 0 {
		return 0, false
	}
	all := make([]float64, n)
	for i := range all {
		all[i] = f(a.samples[i].ns, b.samples[i].ns)
	}
	return median(all), true
}

// errs is every failure.
func (c cells) errs() error {
	var all []error
	for _, rows := range c {
		for _, one := range rows {
			if one.err != nil {
				all = append(all, one.err)
			}
		}
	}
	slices.SortFunc(all, func(a, b error) int { return slices.Compare([]byte(a.Error()), []byte(b.Error())) })
	return errors.Join(all...)
}
