package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// A Guest is a loaded extension. Put it into a [Pipeline]; it is safe for
// concurrent use. Unload it when it is no longer needed.
type Guest struct {
	rt       *Runtime
	config   ExtensionConfig
	limits   Limits
	powers   Powers
	program  *program
	template *sharedTemplate
	pool     *sandbox.Pool[*sandbox.Instance]
	filters  []Filter // of its manifest
	hooks    uint8    // bits of sandbox.Phase: what it exports and its manifest names
	owner    ownerShared
	manifest *abi.Manifest // nil without section "aril"
	report   *AdmissionReport
	script   []byte

	functions functionTable // that it was granted
	bound     []*Function   // those that it imports, as the rewritten imports number them

	breaker  breaker
	init     Usage
	unloaded atomic.Bool
	single   *single // of a Single extension
	restarts atomic.Int64

	instances sync.Map // *sandbox.Instance → *activation: all there are

	configBytes             []byte // ExtensionConfig.Config, encoded
	wrapBudget, eventBudget sandbox.Budget
}

// Name is the name given to Load.
func (g *Guest) Name() string { return g.config.Name }

// Tenant is the tenant given to Load.
func (g *Guest) Tenant() string { return g.config.Tenant }

// Powers are the powers given to Load; AllPowers where none were named.
func (g *Guest) Powers() Powers {
	if g.powers == 0 {
		return ObserveOnly
	}
	return g.powers
}

// HearsEvents reports whether the extension has a hook for events: it exports
// one, and its manifest leaves it in.
func (g *Guest) HearsEvents() bool { return g.has(sandbox.PhaseEvent) }

// InitUsage is what bringing the extension up used.
func (g *Guest) InitUsage() Usage { return g.init }

// Admission is what admission found in the module.
func (g *Guest) Admission() *AdmissionReport { return g.report }

// has reports whether the hook of a phase is to be called.
func (g *Guest) has(p sandbox.Phase) bool { return g.hooks&(1<<p) != 0 }

// interested reports whether the guest's wrap wants to see op.
func (g *Guest) interested(op *Operation) bool {
	return g.has(sandbox.PhaseWrap) && matches(g.filters, op) && matches(g.config.Filters, op)
}

// take gets an instance for a run of node n, in layer l of a pipeline or in
// none. Only a chain that holds no instance may wait: one that holds an
// instance and waits for another could wait for itself.
func (g *Guest) take(ctx context.Context, n *node, l *layer) (i *sandbox.Instance, err error) {
	if g.single != nil {
		i, err = g.takeSingle(ctx, n, l)
	} else {
		i, err = g.pool.Take(ctx, n.chain.held.Load() == 0)
	}
	if err == nil {
		n.chain.held.Add(1)
	}
	return i, err
}

func (g *Guest) giveBack(i *sandbox.Instance, c *chain) {
	c.held.Add(-1)
	i.Act.Forget()
	i.Act.Owner.(*activation).holder.Store(nil)
	switch {
	case g.single != nil:
		g.giveBackSingle(i)
	case i.Poisoned():
		g.pool.Discard(i)
	default:
		g.pool.Give(i)
		if g.rt.engine.Quota().Waiting() > 0 {
			g.rt.evictIdle()
		}
	}
}

// newInstance is the pool's New.
func (g *Guest) newInstance(ctx context.Context, wait bool) (*sandbox.Instance, error) {
	i, err := g.template.template.NewInstance(ctx, wait)
	if err != nil {
		return nil, err
	}
	a := newActivation(g, &i.Act)
	i.Act.Owner = a
	if err := g.resume(ctx, i); err != nil {
		return nil, errors.Join(err, i.Close())
	}
	g.instances.Store(i, a)
	return i, nil
}

// holders says which operations are inside the instances, most first.
func (g *Guest) holders() string {
	counts := map[string]int{}
	g.instances.Range(func(_, a any) bool {
		if op := a.(*activation).holder.Load(); op != nil {
			counts[op.Name]++
		}
		return true
	})
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	var b strings.Builder
	for i, name := range names[:min(len(names), mostHolders)] {
		b.WriteString([]string{", held by ", ", "}[min(i, 1)])
		fmt.Fprintf(&b, "%d of %q", counts[name], quoteName(name))
	}
	return b.String()
}

// mostHolders bounds what an error lists.
const mostHolders = 4

// resume tells a guest that it is as its template was.
func (g *Guest) resume(ctx context.Context, i *sandbox.Instance) error {
	if !g.has(sandbox.PhaseResume) {
		return nil
	}
	i.Act.Owner.(*activation).reset(nil, nil, nil)
	if _, _, err := i.Run(ctx, sandbox.PhaseResume, g.eventBudget, g.rt.random.uint64()); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return nil
}

// clean is the pool's Clean, of a Fresh extension.
func (g *Guest) clean(i *sandbox.Instance) error {
	if err := g.template.template.Reset(i); err != nil {
		return err
	}
	return g.resume(context.Background(), i)
}

// quickToClean is the pool's Quick.
func (g *Guest) quickToClean(i *sandbox.Instance) bool {
	return !g.has(sandbox.PhaseResume) && g.template.template.QuickToReset(i)
}

// wrap runs aril_wrap around one operation. rest says that the caller runs
// the rest of the pipeline now: the guest passed without calling next, or it
// broke before and fails open. Otherwise the frame has the outcome, or err is
// the guest's breakage.
func (g *Guest) wrap(ctx context.Context, n *node, f frame, l *layer, op *Operation) (rest bool, err error) {
	var started time.Time
	if g.rt.observe != nil {
		started = time.Now()
	}
	if err := n.chain.activate(); err != nil {
		return false, err
	}
	if !g.breaker.allow() {
		return g.unavailable(op, ErrBreaker)
	}
	inst, err := g.take(ctx, n, l)
	if err != nil {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		return g.unavailable(op, err)
	}
	a := inst.Act.Owner.(*activation)
	a.reset(n, f, l)
	a.op = op
	a.holder.Store(op)
	settled := false
	defer func() {
		if !settled { // a panic or Goexit of the operation itself
			inst.Poison()
			g.giveBack(inst, n.chain)
		}
	}()

	budget := g.wrapBudget
	n.chain.budget(&budget, g.limits.TotalTime)
	length := a.writeHeader()
	result, usage, err := inst.Run(ctx, sandbox.PhaseWrap, budget, uint64(length))
	if a.panicked {
		panic(a.panicValue) // settled is false: the instance goes
	}
	capability.FlushStdio(ctx, a)
	rest, err = a.settle(result, usage, err)
	if g.rt.observe != nil {
		g.rt.observe(ctx, a.report(usage, started, err))
	}
	a.release()
	settled = true
	g.giveBack(inst, n.chain)
	return rest, err
}

// unavailable applies the policy for a guest that could not even begin.
func (g *Guest) unavailable(op *Operation, why error) (rest bool, err error) {
	if g.config.OnFailure == FailOpen {
		return true, nil
	}
	return false, &CallError{Extension: g.Name(), Operation: op.Name, Hook: "wrap", Err: why, Limits: g.limits}
}

// settle turns what aril_wrap returned into the frame's outcome.
func (a *activation) settle(result uint64, usage Usage, err error) (rest bool, _ error) {
	if err == nil {
		switch uint32(result) {
		case names.HookPass:
			a.guest.breaker.success()
			if a.nexts == 0 {
				return true, nil
			}
			a.frame.answerOutcome(a.nexts - 1)
			return false, nil
		case names.HookDone:
			err = a.done()
			if err == nil {
				a.guest.breaker.success()
				return false, nil
			}
		default:
			err = fmt.Errorf("%w: %s returned %d", ErrABI, names.ExportWrap, int32(result))
		}
	}
	if errors.Is(err, sandbox.ErrCanceled) {
		return false, context.Cause(a.act.Context())
	}
	broken := a.broken("wrap", usage, err)
	a.guest.breaker.failure()
	a.guest.rt.logBroken(a, broken)
	switch {
	case a.nexts == 0 && a.guest.config.OnFailure == FailOpen:
		return true, nil
	case a.nexts > 0 && a.guest.config.AfterNext == KeepInner:
		a.frame.answerOutcome(a.nexts - 1)
		return false, nil
	}
	return false, broken
}

// done checks the answer against the extension's powers and gives it.
func (a *activation) done() error {
	switch a.answer {
	case answerNone:
		return fmt.Errorf("%w: DONE without an outcome", ErrABI)
	case answerBad:
		return a.answerWhy
	case answerNext:
		a.frame.answerOutcome(a.answerIndex)
		return nil
	}
	need := Skip
	if a.nexts > 0 {
		need = ChangeResult
	}
	if !a.powers().has(need) {
		return fmt.Errorf("%w: the answer needs the power %v", ErrDenied, need)
	}
	if a.answer == answerError {
		a.frame.answerErr(a.answerErr)
	} else {
		a.frame.answerStaged()
	}
	return nil
}

// broken makes the CallError of this activation.
func (a *activation) broken(hook string, usage Usage, err error) *CallError {
	e := &CallError{Extension: a.guest.Name(), Hook: hook, Err: err, Usage: usage, Limits: a.guest.limits}
	if a.op != nil {
		e.Operation = a.op.Name
	}
	var fault *sandbox.Fault
	if errors.As(err, &fault) {
		e.Err, e.Detail, e.Trace = fault.Err, fault.Detail, fault.Trace
	}
	if errors.Is(e.Err, ErrTrap) {
		if at := blamed(e.Trace); a.guestPanic != "" {
			e.Detail = a.guestPanic // of another end they are not the reason: it lived on
		} else if at != "" && e.Detail != "" {
			e.Detail += " in " + at
		}
	}
	e.Log = a.tail.lines()
	if a.frame != nil && a.nexts > 0 {
		e.Inner = Inner{Calls: a.nexts, Running: a.inNext}
		if !a.inNext {
			e.Inner.Value, e.Inner.Err = a.frame.lastValue(), a.frame.lastErr()
		}
	}
	return e
}

func (a *activation) powers() Powers { return a.guest.powers }

// codecLimits bounds one message of at most n bytes.
func (g *Guest) codecLimits(n int64) codec.Limits { return codec.Limits{Bytes: int(n)} }

// A ShutdownError tells that an unload did not end in time: operations are
// still inside. They end by themselves, and what they hold is freed then.
type ShutdownError struct {
	Extension string
	Err       error
}

func (e *ShutdownError) Error() string { return fmt.Sprintf("extension %q: %v", e.Extension, e.Err) }

// Unwrap gives the cause, the context's.
func (e *ShutdownError) Unwrap() error { return e.Err }
