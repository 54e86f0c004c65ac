package scope

import (
	"context"
	"errors"
	"reflect"
	"sync"
)

// Stats count the items of a parallel execution.
type Stats struct{ Total, Succeeded, Failed int }

// A Settled is the outcome of one item.
type Settled[T any] struct {
	Value T
	Err   error
}

// A Together is what [Parallel] and [ParallelSettled] yield. Results are in
// the order of the items.
type Together[T any] struct {
	Results []Settled[T]
	Stats   Stats
}

// Values are the values of the items that succeeded, in order.
func (t Together[T]) Values() []T {
	var out []T
	for _, r := range t.Results {
		if r.Err == nil {
			out = append(out, r.Value)
		}
	}
	return out
}

// Errs are the errors of the items that failed, in order.
func (t Together[T]) Errs() []error {
	var out []error
	for _, r := range t.Results {
		if r.Err != nil {
			out = append(out, r.Err)
		}
	}
	return out
}

// Parallel runs functions at once, as one operation of the execution that ctx
// belongs to: extensions wrap it, and what they do before next happens before
// the items begin ([CompatGen2]: the items begin first). Flows that items
// execute are told that they run in parallel.
//
// The first error is returned at once; the other items go on, and the
// context waits for them before it closes. A panic of an item is its error, a
// [*PanicError].
func Parallel[T any](ctx context.Context, items ...func(ctx context.Context) (T, error)) (Together[T], error) {
	return together(ctx, InParallel, items)
}

// ParallelSettled is [Parallel] that waits for all items and has no error of
// theirs: the outcomes have them.
func ParallelSettled[T any](ctx context.Context, items ...func(ctx context.Context) (T, error)) (Together[T], error) {
	return together(ctx, ParallelAndWait, items)
}

func together[T any](ctx context.Context, mode Mode, items []func(ctx context.Context) (T, error)) (Together[T], error) {
	at, err := enter(ctx)
	if err != nil {
		return Together[T]{}, err
	}
	c := at.current
	defer func() { c.end(nil) }()
	run := func(ctx context.Context, _ any) (any, error) {
		return startItems(ctx, c, items).outcome(ctx, mode)
	}
	var around *plan
	if c.list.wraps != nil {
		out := reflect.TypeFor[Together[T]]()
		around = c.list.plan(togetherPlan{mode, out}, KindExecution, string(mode), nil, out)
	}
	if around == nil || around.fn == nil {
		v, err := run(ctx, nil)
		return v.(Together[T]), err
	}
	op := &ExecutionOperation{Name: string(mode), Mode: mode, Context: c, Count: len(items),
		FlowName: c.FlowName(), Depth: c.depth, IsParallel: at.parallel, ParentFlowName: c.ParentFlowName()}
	if c.scope.compat.ItemsFirst {
		started := startItems(ctx, c, items)
		run = func(ctx context.Context, _ any) (any, error) { return started.outcome(ctx, mode) }
	}
	v, err := around.fn(&call{ctx, op, runnerFunc(run)}, nil)
	return as[Together[T]](v), err
}

// A togetherPlan names the plan of a parallel operation.
type togetherPlan struct {
	mode Mode
	out  reflect.Type
}

// started are items under way.
type started[T any] struct {
	mu      sync.Mutex
	results []Settled[T]
	done    []bool
	left    int
	failed  chan struct{} // closed at the first failure
	all     chan struct{} // closed when all are over
	first   error
}

// startItems begins the items. The context counts each, and so waits for them
// when it closes.
func startItems[T any](ctx context.Context, c *Context, items []func(ctx context.Context) (T, error)) *started[T] {
	s := &started[T]{results: make([]Settled[T], len(items)), done: make([]bool, len(items)), left: len(items),
		failed: make(chan struct{}), all: make(chan struct{})}
	if s.left == 0 {
		close(s.all)
	}
	inside := &located{ctx, location{c, true}}
	for i, item := range items {
		if err := c.begin(); err != nil {
			s.settle(i, Settled[T]{Err: err})
			continue
		}
		go func() {
			r := Settled[T]{Err: errGoexit}
			defer func() {
				c.scope.logPanic("parallel", r.Err)
				s.settle(i, r)
				c.end(r.Err)
			}()
			r.Err = recovered(func() (err error) {
				if item == nil {
					return errNilItem
				}
				r.Value, err = item(inside)
				return err
			})
		}()
	}
	return s
}

var errNilItem = errors.New("a parallel item is nil")

func (s *started[T]) settle(i int, r Settled[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[i], s.done[i] = r, true
	if r.Err != nil && s.first == nil {
		s.first = r.Err
		close(s.failed)
	}
	if s.left--; s.left == 0 {
		close(s.all)
	}
}

// outcome waits: for the first failure, or for all.
func (s *started[T]) outcome(ctx context.Context, mode Mode) (Together[T], error) {
	failed := s.failed
	if mode == ParallelAndWait {
		failed = nil
	}
	select {
	case <-s.all:
	case <-failed:
	case <-ctx.Done():
		select {
		case <-s.all:
		default:
			return Together[T]{}, context.Cause(ctx)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mode == InParallel && s.first != nil {
		return Together[T]{}, s.first
	}
	t := Together[T]{Results: s.results, Stats: Stats{Total: len(s.results)}}
	for _, r := range s.results {
		if r.Err == nil {
			t.Stats.Succeeded++
		} else {
			t.Stats.Failed++
		}
	}
	return t, nil
}

// A BatchMode says how [ExecuteParallel] runs its items.
type BatchMode string

// The modes.
const (
	AllSettled BatchMode = "all-settled" // at once; all outcomes
	AllOrKo    BatchMode = "all"         // one after the other, until one fails
	Race       BatchMode = "race"        // at once; the first that is over
)

// A Batch is what [ExecuteParallel] yields. An item failed if it had an error
// or its value is a [Result] that is ko.
type Batch[T any] struct {
	Type    string // "all-ok", "partial" or "all-ko"
	Results []Settled[T]
	Stats   Stats
}

// A BatchConfig says how [ExecuteParallel] runs. The zero value settles all.
type BatchConfig struct {
	Mode BatchMode

	// MapError changes the errors of items. Default none.
	MapError func(err error, item int) error

	// OnItem is told of each item that is over, in the order in which they end,
	// from any goroutine. Default none.
	OnItem func(item int, err error)
}

// ExecuteParallel runs items in one of the first generation's modes, as one
// operation like [Parallel]. Errors and panics of items are outcomes; it has
// an error of its own only when it could not run.
func ExecuteParallel[T any](ctx context.Context, cfg BatchConfig, items ...func(ctx context.Context) (T, error)) (Batch[T], error) {
	wrapped := make([]func(context.Context) (T, error), len(items))
	for i, item := range items {
		wrapped[i] = func(ctx context.Context) (v T, err error) {
			err = recovered(func() (err error) {
				if item == nil {
					return errNilItem
				}
				v, err = item(ctx)
				return err
			})
			if err != nil && cfg.MapError != nil {
				err = cfg.MapError(err, i)
			}
			if cfg.OnItem != nil {
				cfg.OnItem(i, err)
			}
			return v, err
		}
	}
	var results []Settled[T]
	switch cfg.Mode {
	case Race:
		if len(items) == 0 {
			_, err := ParallelSettled[T](ctx)
			return newBatch[T](nil), err
		}
		first := make(chan Settled[T], len(items))
		racing := make([]func(context.Context) (T, error), len(items))
		for i, item := range wrapped {
			racing[i] = func(ctx context.Context) (T, error) {
				v, err := item(ctx)
				first <- Settled[T]{v, err}
				return v, err
			}
		}
		raced := make(chan error, 1)
		at := whereabouts(ctx)
		if at == nil {
			return Batch[T]{}, ErrNoContext
		}
		if err := at.current.begin(); err != nil {
			return Batch[T]{}, err
		}
		go func() {
			_, err := ParallelSettled(ctx, racing...)
			raced <- err
			at.current.end(nil)
		}()
		select {
		case r := <-first:
			results = []Settled[T]{r}
		case err := <-raced:
			select {
			case r := <-first:
				results = []Settled[T]{r}
			default:
				return Batch[T]{}, err
			}
		}
	case AllOrKo:
		one := func(ctx context.Context) (T, error) {
			var none T
			for _, item := range wrapped {
				v, err := item(ctx)
				results = append(results, Settled[T]{v, err})
				if err != nil || isKo(v) {
					break
				}
			}
			return none, nil
		}
		if _, err := ParallelSettled(ctx, one); err != nil {
			return Batch[T]{}, err
		}
	default:
		all, err := ParallelSettled(ctx, wrapped...)
		if err != nil {
			return Batch[T]{}, err
		}
		results = all.Results
	}
	return newBatch(results), nil
}

func newBatch[T any](results []Settled[T]) Batch[T] {
	b := Batch[T]{Results: results, Stats: Stats{Total: len(results)}}
	for _, r := range results {
		if r.Err != nil || isKo(r.Value) {
			b.Stats.Failed++
		} else {
			b.Stats.Succeeded++
		}
	}
	switch {
	case b.Stats.Failed == 0:
		b.Type = "all-ok"
	case b.Stats.Succeeded == 0:
		b.Type = "all-ko"
	default:
		b.Type = "partial"
	}
	return b
}
