package scope

import (
	"context"
	"reflect"

	aril "github.com/aril-wasm/aril/runtime"
)

// The kinds of operations of executions, beside [KindResolve].
const (
	KindExecution = "execution"
	KindLifecycle = "context-lifecycle"
)

// A Mode says how an execution runs.
type Mode string

// The modes.
const (
	Sequential      Mode = "sequential"       // a flow, or a step
	InParallel      Mode = "parallel"         // Parallel
	ParallelAndWait Mode = "parallel-settled" // ParallelSettled
)

// An ExecutionOperation is what an extension sees of an execution: the
// [aril.Operation].Params of its wrap, where Kind is [KindExecution]. The
// operation's name is Name, its key Key, its input Input.
type ExecutionOperation struct {
	Name    string // the flow's; "fn" of a step; "parallel", "parallel-settled"
	Mode    Mode
	Input   any      // of a flow, as it was given, before validation
	Key     string   // of a keyed execution
	Context *Context // of a flow its own; else the one that it runs in
	Flow    AnyFlow  // nil of a step and of parallel
	Params  []any    // of a step, if it has any
	Count   int      // of parallel: how many items

	// FlowName, Depth, IsParallel and ParentFlowName tell where it runs.
	FlowName       string
	Depth          int
	IsParallel     bool
	ParentFlowName string
}

// Definition is the flow's, and whether there is one.
func (op *ExecutionOperation) Definition() (Definition, bool) {
	if op.Flow == nil {
		return Definition{}, false
	}
	return op.Flow.Definition(), true
}

// A LifecycleOperation is what an extension sees of a context that begins or
// ends: the Params of its wrap, where Kind is [KindLifecycle].
type LifecycleOperation struct {
	Phase   Phase
	Context *Context
	Mode    CloseMode // of closing and closed
}

// A Phase is a step in the life of a context.
type Phase string

// The phases.
const (
	PhaseCreate  Phase = "create"
	PhaseClosing Phase = "closing"
	PhaseClosed  Phase = "closed"
)

// A CloseMode says what becomes of work under way when a context closes.
type CloseMode string

// The modes.
const (
	Graceful CloseMode = "graceful" // it is waited for
	Abort    CloseMode = "abort"    // its context ends, then it is waited for
)

// IsExecution finds the ExecutionOperation of a wrap, and reports whether it
// is one.
func IsExecution(op *aril.Invocation) (*ExecutionOperation, bool) {
	e, ok := op.Params.(*ExecutionOperation)
	return e, ok
}

// IsLifecycle finds the LifecycleOperation of a wrap, and reports whether it
// is one.
func IsLifecycle(op *aril.Invocation) (*LifecycleOperation, bool) {
	e, ok := op.Params.(*LifecycleOperation)
	return e, ok
}

// An ExecuteWrapper stands around executions, and nothing else. An extension
// that is an [aril.Wrapper] too has its Wrap outside of it.
type ExecuteWrapper interface {
	WrapExecute(ctx context.Context, op *ExecutionOperation, next aril.Next) (any, error)
}

// A call is one operation of an execution under way, and the context of its
// extensions. Plans are shared by all executions of a flow: they find here
// what is different.
type call struct {
	context.Context
	params any // *ExecutionOperation or *LifecycleOperation
	runner
}

// A runner is the operation itself.
type runner interface {
	run(ctx context.Context, in any) (any, error)
}

// A runnerFunc is a function as a runner.
type runnerFunc func(ctx context.Context, in any) (any, error)

func (f runnerFunc) run(ctx context.Context, in any) (any, error) { return f(ctx, in) }

type callKey struct{}

// Value gives the call itself, and else what the context around it has.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func paramsOf(ctx context.Context) any {
	if c, _ := ctx.Value(callKey{}).(*call); c != nil {
		return c.params
	}
	return nil
}

// innermost is the operation itself, in every plan.
func innermost(ctx context.Context, in any) (any, error) {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil {
		return nil, ErrNoContext // an extension gave next a context of its own making
	}
	return c.run(ctx, in)
}

// A plan is what stands around one kind of operation. Without fn nobody is
// interested in it.
type plan struct {
	fn func(context.Context, any) (any, error)
}

// plan gives what stands around an operation without a key. It is made once
// for each of the values that name the kind, name and types: a flow, the type
// of a step's result, a phase.
func (l *extensionList) plan(of any, kind, name string, in, out reflect.Type) *plan {
	if p, ok := l.plans.Load(of); ok {
		return p.(*plan)
	}
	p := &plan{}
	op := aril.Operation{Kind: kind, Name: name, InputType: in, ResultType: out, ParamsOf: paramsOf}
	if l.wraps.Interested(op) {
		p.fn = aril.Wrap(l.wraps, op, innermost)
	}
	actual, _ := l.plans.LoadOrStore(of, p)
	return actual.(*plan)
}

// keyed runs an operation with a key. Filters look at keys, so each has a plan
// of its own; there may be any number of them.
func (l *extensionList) keyed(c *call, kind, name, key string, in, out reflect.Type, input any) (any, error) {
	return l.wraps.Do(c, aril.Operation{Kind: kind, Name: name, Key: key, InputType: in, ResultType: out, ParamsOf: paramsOf}, input, innermost)
}
