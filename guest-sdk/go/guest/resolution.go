package guest

import "github.com/aril-wasm/aril/abi/names"

// A Resolution is an [Operation] of kind "resolve": an executor that is being
// resolved or updated. It is valid until WrapResolve returns.
type Resolution struct{ seen }

// ResolutionOf gives the view of an operation that is a resolution or an
// update, for a [Wrapper] of all kinds; ok is false for another.
func ResolutionOf(op *Operation) (r *Resolution, ok bool) {
	return &Resolution{seen{op: op}}, op.isKind(names.KindResolve)
}

// Operation is "resolve" or "update"; "" without the power ReadInput.
func (r *Resolution) Operation() string { return param[string](r.op, names.KeyOperation) }

// Name is the executor's name, "" if it has none.
func (r *Resolution) Name() string { return r.op.Name() }

// Scope is where it happens; nil without the power ReadInput.
func (r *Resolution) Scope() *Scope { return scopeOf(r.op) }

// Executor is what is resolved or updated. Without the power ReadInput only
// its name is known.
func (r *Resolution) Executor() Executor {
	p := r.op.Params()
	e := Executor{name: r.op.Name()}
	if e.id, e.err = As[uint64](p.Get(names.KeyExecutor)); e.err == nil {
		e.scope, e.err = As[uint64](p.Get(names.KeyScope))
	}
	return e
}

// Input is the new value of an update, nil for a resolution.
func (r *Resolution) Input() Value { return r.current() }

// Meta is a map of the executor's tags by their labels, nil when there are
// none.
func (r *Resolution) Meta() Value { return r.op.Meta() }

// Header is the operation as [Wrapper] sees it.
func (r *Resolution) Header() *Operation { return r.op }
