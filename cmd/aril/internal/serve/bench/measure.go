package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// connections is how many there are where a figure does not say otherwise.
const connections = 16

// A bench holds what was measured so far.
type bench struct {
	plan    *plan
	server  *server
	written float64 // instances a second
	figures [figures][]float64
}

// kept is how many instances there are of the workflow whose bodies are kept for
// a minute, as they are where a workflow does not say otherwise. Clients that
// send tags ask for the same ones again.
const kept = 100

const base = "/api/v1/bench/workflows/"

func path(workflow string, i int) string {
	return fmt.Sprintf("%s%s/instances/i-%d", base, workflow, i)
}

// any is one instance of a workflow.
func (b *bench) any(workflow string) string { return path(workflow, rand.IntN(b.plan.instances/2)) }

// load makes the instances, half of them in each workflow.
func (b *bench) load(ctx context.Context) error {
	began := time.Now()
	var next atomic.Int64
	err := together(connections, func(int) error {
		c, err := dial(b.server.api)
		if err != nil {
			return err
		}
		defer c.Close()
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= b.plan.instances/2 {
				return nil
			}
			for _, workflow := range []string{"plain", "rich", "kept"} {
				if workflow == "kept" && i >= kept {
					continue
				}
				body := fmt.Sprintf(`{"key": "i-%d", "tags": ["bench"], "attributes": {"applicant": {"name": "Ada Lovelace", "email": "ada@example.com", "income": %d},`+
					` "amount": %d, "months": %d, "currency": "EUR", "notes": [{"text": "asked for by telephone"}, {"text": "papers are complete"}]}}`, i, 20_000+i, 500+i, 6+i%114)
				a, err := c.do(post(base+workflow+"/instances/start", body), true)
				for err == nil && a.status == http.StatusServiceUnavailable && ctx.Err() == nil {
					time.Sleep(100 * time.Millisecond) // a busy disk
					a, err = c.do(post(base+workflow+"/instances/start", body), true)
				}
				if err != nil {
					return err
				}
				if a.status != http.StatusCreated && a.status != http.StatusOK {
					return fmt.Errorf("start: %d %s", a.status, a.body)
				}
			}
		}
		return ctx.Err()
	})
	b.written = float64(b.plan.instances) / time.Since(began).Seconds()
	return err
}

// together runs n functions at once, and gives the first error.
func together(n int, fn func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- fn(i) }()
	}
	var first error
	for range n {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}

// round measures everything once.
func (b *bench) round(ctx context.Context) error {
	if err := b.oneAtATime(); err != nil {
		return err
	}
	if err := b.pages(); err != nil {
		return err
	}
	profiled := make(chan error, 1)
	if b.plan.profile == "" {
		profiled <- nil
	} else {
		go func() { profiled <- b.server.profile(ctx, b.plan.span, b.plan.profile) }()
	}
	rate, err := b.saturate("rich")
	if err != nil {
		return err
	}
	b.add(rateRich, rate)
	if err := <-profiled; err != nil {
		return err
	}
	unread, err := b.saturate("plain")
	if err != nil {
		return err
	}
	b.add(ratePlain, unread)
	if err := b.overload(ctx, 2*rate); err != nil {
		return err
	}
	return ctx.Err()
}

// oneAtATime asks for a read without extensions, one with three, and one whose
// tag is known, in turn, over all connections in turn.
func (b *bench) oneAtATime() error {
	var conns []*conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range connections {
		c, err := dial(b.server.api)
		if err != nil {
			return err
		}
		conns = append(conns, c)
	}
	var plain, rich, known, knownKept, whole []float64
	for i := range b.plan.single {
		c := conns[i%connections]
		want := func(request []byte, status int) (answer, error) {
			a, err := c.do(request, false)
			if err == nil && a.status != status {
				err = fmt.Errorf("%q: %d; want %d", request, a.status, status)
			}
			return a, err
		}
		a, err := want(get(b.any("plain")), http.StatusOK)
		if err != nil {
			return err
		}
		plain = append(plain, millis(a.server))
		one := b.any("rich")
		began := time.Now()
		if a, err = want(get(one), http.StatusOK); err != nil {
			return err
		}
		whole = append(whole, millis(time.Since(began)))
		rich = append(rich, millis(a.server))
		if a, err = want(get(one, "If-None-Match", a.tag), http.StatusNotModified); err != nil {
			return err
		}
		known = append(known, millis(a.server))
		one = path("kept", rand.IntN(min(kept, b.plan.instances/2)))
		if a, err = want(get(one), http.StatusOK); err != nil {
			return err
		}
		if a, err = want(get(one, "If-None-Match", a.tag), http.StatusNotModified); err != nil {
			return err
		}
		knownKept = append(knownKept, millis(a.server))
	}
	b.add(plainTime, percentile(plain, 50))
	b.add(richTime, percentile(rich, 50))
	b.add(over, percentile(rich, 50)-percentile(plain, 50))
	b.add(notModified, percentile(known, 50))
	b.add(notModifiedKept, percentile(knownKept, 50))
	b.add(uncontended, percentile(whole, 99))
	return nil
}

// pages asks for pages of 100 with three extensions each, one at a time.
func (b *bench) pages() error {
	c, err := dial(b.server.api)
	if err != nil {
		return err
	}
	defer c.Close()
	var took []float64
	for i := range max(5, b.plan.single/20) {
		began := time.Now()
		a, err := c.do(get(fmt.Sprintf("%srich/instances?pageSize=100&page=%d", base, 1+i%(b.plan.instances/200))), false)
		if err == nil && a.status != http.StatusOK {
			err = fmt.Errorf("page: %d", a.status)
		}
		if err != nil {
			return err
		}
		took = append(took, millis(time.Since(began)))
	}
	b.add(page, percentile(took, 50))
	return nil
}

// saturate is how many reads a second come back when each connection asks
// again at once.
func (b *bench) saturate(workflow string) (float64, error) {
	var done atomic.Int64
	began, used, own := time.Now(), b.server.processor(), ownProcessor()
	err := together(connections, func(int) error {
		c, err := dial(b.server.api)
		if err != nil {
			return err
		}
		defer c.Close()
		for time.Since(began) < b.plan.span {
			a, err := c.do(get(b.any(workflow)), false)
			if err == nil && a.status == http.StatusServiceUnavailable {
				continue // others keep the machine busy
			}
			if err == nil && a.status != http.StatusOK {
				err = fmt.Errorf("a read of %d connections was answered %d", connections, a.status)
			}
			if err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	n := float64(done.Load())
	if workflow == "rich" {
		b.add(processorRich, millis(b.server.processor()-used)/n)
		b.add(processorClient, millis(ownProcessor()-own)/n)
	} else {
		b.add(processorPlain, millis(b.server.processor()-used)/n)
	}
	return n / time.Since(began).Seconds(), err
}

// overloadConnections are enough for the service to decide whom it answers.
const overloadConnections = 256

// overload sends rate requests a second, whatever comes back. Times count from
// when a request was to be sent: who waits for a connection waits too.
func (b *bench) overload(ctx context.Context, rate float64) error {
	type sent struct{ due time.Time }
	queue := make(chan sent, 1<<16)
	var mu sync.Mutex
	var took []float64
	turnedAway := 0
	failed := make(chan error, 1)
	go func() {
		failed <- together(overloadConnections, func(int) error {
			c, err := dial(b.server.api)
			if err != nil {
				return err
			}
			defer c.Close()
			for s := range queue {
				a, err := c.do(get(b.any("rich")), false)
				if err != nil {
					return err
				}
				mu.Lock()
				switch a.status {
				case http.StatusOK:
					took = append(took, millis(time.Since(s.due)))
				case http.StatusServiceUnavailable:
					turnedAway++
				default:
					err = fmt.Errorf("a read under overload was answered %d", a.status)
				}
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}()
	time.Sleep(100 * time.Millisecond) // the connections are made
	began := time.Now()
	gap := time.Duration(float64(time.Second) / rate)
	n := 0
	for due := began; due.Sub(began) < b.plan.span && ctx.Err() == nil; due = due.Add(gap) {
		if wait := time.Until(due); wait > 500*time.Microsecond {
			time.Sleep(wait)
		}
		queue <- sent{due}
		n++
	}
	close(queue)
	if err := <-failed; err != nil {
		return err
	}
	if len(took) == 0 {
		return fmt.Errorf("none of %d reads was admitted at %.0f a second", n, rate)
	}
	b.add(contended, percentile(took, 99))
	b.add(admitted, float64(len(took))/b.plan.span.Seconds())
	b.add(asked, float64(n)/b.plan.span.Seconds())
	return nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
