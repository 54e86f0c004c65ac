package guest

import "github.com/aril-wasm/aril/abi/names"

// A Pod is a root execution of a flow, and the scope that it runs in. It is
// valid until the hook returns; without the power ReadInput only the flow's
// name is known. What a hook keeps at level [Root] the execution's operations
// find there.
type Pod struct{ e *Event }

// Scope is where the execution runs: a scope of its own if the host replaced
// executors for it.
func (p *Pod) Scope() *Scope { return p.e.scope() }

// Flow is what is executed.
func (p *Pod) Flow() Flow {
	f := flowOf(p.e.Data())
	f.Name = p.e.Name()
	return f
}

// Context is the ID of the execution's context, as [Execution.Context].
func (p *Pod) Context() uint64 {
	id, _ := As[uint64](p.e.Data().Get(names.KeyContext))
	return id
}

// A PodFailure is the error that an execution ended with. It is valid until
// OnPodError returns.
type PodFailure struct{ Pod }

// Err is the error: an [*Error], or [ErrDenied] without the power ReadInput.
func (f *PodFailure) Err() error { return f.e.failure() }

func (e *Event) failure() error {
	failure, err := As[Error](e.Data().Get(names.KeyError))
	if err != nil {
		return err
	}
	return &failure
}
