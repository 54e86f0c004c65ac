package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/state"
)

// Options say how a suite is run. The zero value is ready.
type Options struct {
	// Known are failures that are expected, by Case.ID, with the reason. A
	// case that is listed and passes fails the run.
	Known map[string]string

	// Select chooses the cases that are run. Nil runs all.
	Select func(*Case) bool

	// Observe is told of each case when it is over. Nil is not.
	Observe func(*Result)

	// Rounds is how often the operation of a measured case runs, for the
	// median. Default 51.
	Rounds int
}

// codeUnknownRole is the code with which an extension refuses a role that it
// does not have.
const codeUnknownRole = "unknown_role"

// Run runs a suite on a subject, one case after another. The error is of the
// run as a whole, such as a list of known failures that names no case; what
// cases found is in the report.
func Run(ctx context.Context, subject Subject, suite *Suite, o Options) (*Report, error) {
	cases := suite.all()
	for _, id := range slices.Sorted(maps.Keys(o.Known)) {
		if !slices.ContainsFunc(cases, func(c *Case) bool { return c.ID() == id }) {
			return nil, fmt.Errorf("known failures: there is no case %q", id)
		}
		if o.Known[id] == "" {
			return nil, fmt.Errorf("known failures: %q has no reason", id)
		}
	}
	report := &Report{}
	for _, c := range cases {
		if o.Select != nil && !o.Select(c) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return report, context.Cause(ctx)
		}
		began := time.Now()
		r := &Result{Case: c}
		if c.Sandbox && !subject.Sandboxed() {
			r.Status = NotRun
		} else {
			e := execution{subject: subject, c: c, rounds: cmp.Or(o.Rounds, 51), result: r, seen: map[string]bool{}}
			if err := e.run(ctx); err != nil {
				return report, err
			}
			r.settle(o.Known[c.ID()])
		}
		r.Took = time.Since(began)
		report.Results = append(report.Results, r)
		if o.Observe != nil {
			o.Observe(r)
		}
	}
	return report, nil
}

// settle applies what is known of the case.
func (r *Result) settle(reason string) {
	switch {
	case reason == "":
	case r.Status == Passed:
		r.Status, r.Reason = Unexpected, reason
	default:
		r.Status, r.Reason = Known, reason
	}
}

// An execution is one run of one case.
type execution struct {
	subject Subject
	c       *Case
	rounds  int
	result  *Result
	seen    map[string]bool

	session *Session
	state   state.State
	log     recorder

	mu      sync.Mutex
	reports []*aril.Report
}

func (e *execution) fail(d ...Difference) {
	if len(d) > 0 {
		e.result.Status = Failed
		e.result.Differences = append(e.result.Differences, d...)
	}
}

func (e *execution) failed() bool { return e.result.Status != Passed }

// broke notes what is not about a value.
func (e *execution) broke(where string, err error) {
	if err != nil {
		e.fail(Difference{Where: where, What: "the outcome", Want: "no error", Got: err.Error()})
	}
}

// run does everything that the case says. The error is one that every other
// case would meet too: the module is not taken.
func (e *execution) run(ctx context.Context) error {
	if err := e.open(ctx); err != nil || e.session == nil {
		if errors.Is(err, aril.ErrRefused) && e.c.setup.Grants == nil {
			return err
		}
		e.broke("load", err)
		return nil
	}
	for _, s := range e.c.steps {
		if e.do(ctx, s); e.failed() {
			break
		}
	}
	if !e.failed() && e.c.Measured {
		e.measure(ctx)
	}
	e.broke("unload", e.session.Close(context.WithoutCancel(ctx)))
	if e.failed() {
		return nil
	}
	if e.c.log != nil {
		if d := e.log.compare(e.c.dialect, e.c.log); d != nil {
			e.fail(*d)
		}
	}
	e.compareState(ctx)
	return nil
}

// open loads the extension; without a session the case is over.
func (e *execution) open(ctx context.Context) error {
	var err error
	if e.state, err = state.Memory(state.Limits{}).Open("", extensionName); err != nil {
		return err
	}
	for key, value := range e.c.state {
		if err := e.state.Put(ctx, key, value); err != nil {
			return err
		}
	}
	setup := e.c.setup
	setup.State, setup.Logger, setup.Observe = e.state, slog.New(&e.log), e.observe
	session, err := e.subject.Open(ctx, setup)
	if err == nil {
		if e.c.initError != nil {
			e.fail(Difference{Where: "load", What: "the outcome", Want: "an error", Got: "none"})
			return session.Close(context.WithoutCancel(ctx))
		}
		e.session = NewSession(session)
		return nil
	}
	var refused *aril.Error
	if !errors.As(err, &refused) {
		return err
	}
	if refused.ErrorCode == codeUnknownRole && e.c.Role != "" {
		e.result.Status = NotImplemented
		return nil
	}
	if e.c.initError == nil {
		return err
	}
	c := checker{step: &Step{where: "load", dialect: e.c.dialect}, outcome: &Outcome{Err: refused}}
	if d := c.operationError(e.c.initError); d != nil {
		e.fail(*d)
	}
	return nil
}

func (e *execution) observe(r *aril.Report) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reports = append(e.reports, r)
}

// do does a step as often as it says.
func (e *execution) do(ctx context.Context, s *Step) {
	for range s.repeat {
		outcomes := make([]*Outcome, s.atOnce)
		var all sync.WaitGroup
		for i := range outcomes {
			all.Go(func() { outcomes[i] = s.Do(ctx, e.session) })
		}
		all.Wait()
		for _, o := range outcomes {
			if e.fail(s.check(o, e.seen)...); e.failed() {
				return
			}
		}
	}
}

// compareState compares what the extension kept.
func (e *execution) compareState(ctx context.Context) {
	if e.c.kept == nil {
		return
	}
	keys, err := e.state.List(ctx, "", "", 1<<20)
	if err != nil {
		e.broke("state", err)
		return
	}
	got := map[string]any{}
	for _, key := range keys {
		value, _, err := e.state.Get(ctx, key)
		if err != nil {
			e.broke("state", err)
			return
		}
		got[key] = e.kept(key, value)
	}
	if m := e.c.dialect.compare(e.c.kept, got); m != nil {
		e.fail(Difference{"state", "what is kept", m.path, m.want, m.got})
	}
}

// kept reads bytes of the state as what is expected there: a message, or bytes
// as they are.
func (e *execution) kept(key string, value []byte) any {
	if _, raw := e.c.kept[key].(stored); raw {
		return stored(value)
	}
	v, err := new(aril.Values).Decode(value, nil, nil)
	if err != nil {
		return stored(value)
	}
	return v
}

// measure runs the first operation again and again.
func (e *execution) measure(ctx context.Context) {
	f := &Figures{}
	e.mu.Lock()
	if len(e.reports) > 0 {
		f.Fuel, f.Bytes = e.reports[0].Fuel, e.reports[0].Moved
	}
	e.mu.Unlock()
	logged := e.log.count()
	s := e.c.steps[0]
	took := make([]time.Duration, 0, e.rounds)
	for range e.rounds {
		took = append(took, s.Do(ctx, e.session).Took)
	}
	slices.Sort(took)
	f.Median = took[len(took)/2]
	e.result.Figures = f
	e.log.cut(logged)
}
