package enrich

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A plan is what one request selects.
type plan struct {
	enricher  *Enricher
	catalogue *catalogue
	request   *Request
	read      Read
	demand    demand
	workflow  *workflowPlan // nil where none is loaded
	core      []*Extension
	listed    []*Extension
	places    chan struct{} // one for each extension that may run at once
}

func (e *Enricher) newPlan(c *catalogue, r *Request) *plan {
	p := &plan{enricher: e, catalogue: c, request: r, read: r.Read, demand: newDemand(r.Extensions), places: make(chan struct{}, e.config.Concurrent)}
	p.workflow, _ = c.workflow(r.Domain, r.Workflow, r.WorkflowVersion)
	p.core = c.selectCore(r.Domain, r.Read, &p.demand)
	p.listed = c.selectListed(p.workflow, r.Read, &p.demand, p.core)
	return p
}

func (p *plan) coreDomain() string {
	if p.catalogue.compat == CompatDocs {
		return allDomains
	}
	return p.request.Domain
}

// Enrich runs the extensions that r selects for one instance: an *Instance, or
// any other Go value, which is then its data. The instance is not changed.
//
// An error is an *Error where an extension failed whose policy is to fail the
// read; the Result has then what was made before. Other errors: the context's,
// ErrClosed, and that the instance's data is no JSON.
func (e *Enricher) Enrich(ctx context.Context, r Request, instance any) (*Result, error) {
	results, err := e.EnrichPage(ctx, r, []any{instance})
	if len(results) == 0 {
		return nil, err
	}
	return results[0], err
}

// ErrTooManyRuns is a page whose extensions would run more often than
// Config.Runs.
var ErrTooManyRuns = errors.New("the page needs more runs of extensions than one response may have")

// EnrichPage is Enrich for the instances of a page. What the request selects is
// found once. One that fails fails the page.
func (e *Enricher) EnrichPage(ctx context.Context, r Request, instances []any) ([]*Result, error) {
	c, err := e.acquire()
	if err != nil {
		return nil, err
	}
	defer c.done()
	p := e.newPlan(c, &r)
	if n := len(instances) * (len(p.core) + len(p.listed)); n > e.config.Runs {
		return nil, fmt.Errorf("%w: %d of at most %d", ErrTooManyRuns, n, e.config.Runs)
	}
	results := make([]*Result, len(instances))
	if len(instances) == 1 {
		results[0], err = p.enrich(ctx, instanceOf(instances[0]))
		return results, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(instances))
	var wg sync.WaitGroup
	var next sync.Mutex
	at := 0
	for range min(e.config.Concurrent, len(instances)) {
		wg.Go(func() {
			for {
				next.Lock()
				i := at
				at++
				next.Unlock()
				if i >= len(instances) || ctx.Err() != nil {
					return
				}
				if results[i], errs[i] = p.enrich(ctx, instanceOf(instances[i])); errs[i] != nil {
					cancel(errs[i])
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if failed := (*Error)(nil); errors.As(err, &failed) {
			return results, err
		}
	}
	return results, context.Cause(ctx)
}

// A pass is the enrichment of one instance.
type pass struct {
	*plan
	instance *Instance
	context  *ScriptContext
	result   *Result
	bytes    int
}

func (p *plan) enrich(ctx context.Context, instance *Instance) (*Result, error) {
	script, err := p.enricher.config.contextOf(p.request, instance)
	if err != nil {
		return nil, fmt.Errorf("the instance's data: %w", err)
	}
	s := &pass{plan: p, instance: instance, context: script, result: &Result{Extensions: Object{}}}
	s.result.Unknown = p.catalogue.unknown(&p.demand)
	err = s.phase(ctx, "core", p.core)
	if err == nil {
		err = s.phase(ctx, "workflow", p.listed)
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	s.logMissed(ctx)
	if p.request.Explain {
		s.result.Runs = p.explain(s.result.Runs)
	}
	s.audit(ctx, err)
	return s.result, err
}

// phase runs extensions group by group. They are in order.
func (s *pass) phase(ctx context.Context, name string, chosen []*Extension) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for len(chosen) > 0 {
		n := 1
		for n < len(chosen) && chosen[n].Order == chosen[0].Order {
			n++
		}
		ends := s.group(ctx, cancel, name, chosen[:n])
		chosen = chosen[n:]
		if err := s.take(ctx, ends); err != nil {
			return err
		}
	}
	return nil
}

// An ending is what a run of one extension came to.
type ending struct {
	extension *Extension
	run       Run
	value     []byte
	response  *TaskResponse
	fails     *Error // the read, if this is not nil
}

// errSibling ends what runs beside an extension that failed.
var errSibling = errors.New("another extension failed")

// group runs extensions side by side.
func (s *pass) group(ctx context.Context, cancel context.CancelCauseFunc, phase string, chosen []*Extension) []ending {
	ends := make([]ending, len(chosen))
	one := func(i int) {
		start := time.Now()
		ends[i] = s.run(ctx, chosen[i])
		end := &ends[i]
		end.run.Phase, end.run.Duration = phase, time.Since(start).Microseconds()
		if end.fails != nil || s.catalogue.compat.cancelsSiblings() && end.broke() && chosen[i].OnFailure == "" {
			cancel(errSibling)
		}
	}
	if len(chosen) == 1 {
		one(0)
		return ends
	}
	var wg sync.WaitGroup
	for i := range chosen {
		wg.Go(func() { one(i) })
	}
	wg.Wait()
	return ends
}

func (e *ending) broke() bool {
	switch e.run.Outcome {
	case OutcomeFailed, OutcomeTimeout, OutcomeInvalid:
		return true
	}
	return false
}

// take puts what a group made into the response, and before those that follow.
func (s *pass) take(ctx context.Context, ends []ending) error {
	tasks, outputs := clone(s.context.TaskResponse), clone(s.context.OutputResponse)
	var failed error
	for i := range ends {
		end := &ends[i]
		if end.fails != nil && (failed == nil || end.run.Outcome != OutcomeCanceled) {
			failed = end.fails
		}
		if end.response != nil {
			if b := s.catalogue.bound[end.extension]; b.task != nil {
				tasks[variableName(b.task.Key)] = end.response
			}
		}
		if s.bytes += len(end.value); s.bytes > s.enricher.config.ResponseBytes {
			s.bytes -= len(end.value)
			s.failed(end, fmt.Errorf("%w: the extensions of one instance make more than %d bytes", errInvalidData, s.enricher.config.ResponseBytes))
			end.value, end.run.Outcome = nil, OutcomeInvalid // a fallback has no more room
			if failed == nil && end.fails != nil {
				failed = end.fails
			}
		}
		s.told(ctx, end)
		s.result.Runs = append(s.result.Runs, end.run)
		if end.value != nil {
			s.result.Extensions.set(end.run.Slot, end.value)
			outputs[variableName(end.extension.Key)] = end.value
		}
	}
	next := *s.context
	next.TaskResponse, next.OutputResponse = tasks, outputs
	s.context = &next
	return failed
}

func clone[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m)+4)
	for k, v := range m {
		out[k] = v
	}
	return out
}
