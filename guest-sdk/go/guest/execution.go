package guest

import "github.com/aril-wasm/aril/abi/names"

// Kinds of operations in a host that has scopes: [Operation.Kind].
const (
	KindResolve   = names.KindResolve   // an executor is resolved or updated
	KindExecution = names.KindExecution // a flow, a step of one, or several at once
	KindLifecycle = names.KindLifecycle // an execution context begins or ends
)

// How an execution runs: [Execution.Mode].
const (
	Sequential      = names.ModeSequential      // a flow or a step
	Parallel        = names.ModeParallel        // several at once, until one fails
	ParallelSettled = names.ModeParallelSettled // several at once, whether they fail or not
)

// An Execution is an [Operation] of kind "execution": a flow, a step of one,
// or several items at once. It is valid until WrapExecute returns. Without the
// power ReadInput only its name and key are known.
type Execution struct{ seen }

// ExecutionOf gives the view of an operation that is an execution, for a
// [Wrapper] of all kinds; ok is false for another.
func ExecutionOf(op *Operation) (x *Execution, ok bool) {
	return &Execution{seen{op: op}}, op.isKind(names.KindExecution)
}

// Name is the flow's name, "fn" of a step, "parallel" or "parallel-settled".
func (x *Execution) Name() string { return x.op.Name() }

// Key is the key under which the outcome is journalled, "" for none.
func (x *Execution) Key() string { return x.op.Key() }

// Mode is Sequential, Parallel or ParallelSettled.
func (x *Execution) Mode() string { return param[string](x.op, names.KeyMode) }

// Input is what a flow was called with, before it is validated; nil else.
func (x *Execution) Input() Value { return x.current() }

// Flow is what runs; zero of a step and of several at once.
func (x *Execution) Flow() Flow { return flowOf(x.op.Params()) }

// Params is an array of what a step was called with; it carries [ErrNotFound]
// when there is nothing.
func (x *Execution) Params() Value { return x.op.Params().Get(names.KeyParams) }

// Count is how many items run at once; 0 of a flow or step.
func (x *Execution) Count() int { return param[int](x.op, names.KeyCount) }

// FlowName is the name of the flow that it is, or is a part of.
func (x *Execution) FlowName() string { return param[string](x.op, names.KeyFlowName) }

// ParentFlowName is the name of the flow around that one, "" at the root.
func (x *Execution) ParentFlowName() string { return param[string](x.op, names.KeyParent) }

// Depth is how many flows are around the one of FlowName.
func (x *Execution) Depth() int { return param[int](x.op, names.KeyDepth) }

// IsParallel reports whether it is in an item that runs at once with others.
func (x *Execution) IsParallel() bool { return param[bool](x.op, names.KeyParallel) }

// Context is the ID of the execution context: of a flow its own, else the one
// that it runs in. It is unique in the host's process.
func (x *Execution) Context() uint64 { return param[uint64](x.op, names.KeyContext) }

// Scope is where it runs; nil if it is not known.
func (x *Execution) Scope() *Scope { return scopeOf(x.op) }

// Tags is a map of the tags of the execution context by their labels: its own,
// else those of the contexts around it, else the scope's. It carries
// [ErrNotFound] when there are none.
func (x *Execution) Tags() Value { return x.op.Params().Get(names.KeyTags) }

// Header is the operation as [Wrapper] sees it.
func (x *Execution) Header() *Operation { return x.op }

// A Flow describes a flow.
type Flow struct {
	Name    string
	Version string // "" for none
}

func flowOf(v Value) (f Flow) {
	f.Name, _ = As[string](v.Get(names.KeyFlow, names.KeyName))
	f.Version, _ = As[string](v.Get(names.KeyFlow, names.KeyVersion))
	return f
}

// Steps in the life of an execution context: [Lifecycle.Phase].
const (
	PhaseCreate  = names.PhaseCreate
	PhaseClosing = names.PhaseClosing
	PhaseClosed  = names.PhaseClosed
)

// How an execution context closes: [Lifecycle.Mode].
const (
	Graceful = names.CloseGraceful // what runs is waited for
	Abort    = names.CloseAbort    // what runs is told to end
)

// A Lifecycle is an [Operation] of kind "context-lifecycle": an execution
// context begins or ends. There is nothing inside of it: what a [Wrapper]
// answers changes nothing, and its error is told. It is valid until Wrap
// returns. Without the power ReadInput only the phase is known.
type Lifecycle struct{ op *Operation }

// LifecycleOf gives the view of an operation that is one; ok is false for
// another.
func LifecycleOf(op *Operation) (l Lifecycle, ok bool) {
	return Lifecycle{op}, op.isKind(names.KindLifecycle)
}

// Phase is PhaseCreate, PhaseClosing or PhaseClosed.
func (l Lifecycle) Phase() string { return l.op.Name() }

// Mode is Graceful or Abort, "" of a context that begins.
func (l Lifecycle) Mode() string { return param[string](l.op, names.KeyMode) }

// Name is the context's: that of its flow, or another that the host gave.
func (l Lifecycle) Name() string { return param[string](l.op, names.KeyName) }

// Context is the context's ID, as [Execution.Context].
func (l Lifecycle) Context() uint64 { return param[uint64](l.op, names.KeyContext) }

// Scope is where it lives; nil if it is not known.
func (l Lifecycle) Scope() *Scope { return scopeOf(l.op) }

// param gives one of the operation's parameters, zero if it is not there.
func param[T any](op *Operation, key string) T {
	t, _ := As[T](op.Params().Get(key))
	return t
}

func scopeOf(op *Operation) *Scope {
	id, err := As[uint64](op.Params().Get(names.KeyScope))
	if err != nil {
		return nil
	}
	return &Scope{ID: id}
}
