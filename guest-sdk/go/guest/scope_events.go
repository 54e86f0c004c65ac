package guest

import "github.com/aril-wasm/aril/abi/names"

func (e *Event) scope() *Scope { return &Scope{ID: e.Scope()} }

// happening is what a [Change] and a [Release] have in common.
type happening struct{ e *Event }

// Scope is where it happened.
func (h happening) Scope() *Scope { return h.e.scope() }

// Executor is what it happened to. Without the power ReadInput only its name
// is known.
func (h happening) Executor() Executor { return executorOf(h.e) }

func executorOf(e *Event) Executor {
	id, err := As[uint64](e.Data().Get(names.KeyExecutor))
	return Executor{scope: e.Scope(), id: id, name: e.Name(), err: err}
}

// A Change is a value that is about to be stored. It is valid until the hook
// returns.
type Change struct{ happening }

// Operation is "resolve" or "update"; "" without the power ReadInput.
func (c *Change) Operation() string {
	operation, _ := As[string](c.e.Data().Get(names.KeyChange))
	return operation
}

// Value is the new value.
func (c *Change) Value() Value { return c.e.Data().Get(names.KeyValue) }

// A Release says that the scope has let go of a value. It is valid until the
// hook returns.
type Release struct{ happening }

// A Tick says that time has passed. It is valid until the hook returns.
type Tick struct{ e *Event }

// Scope is the scope that it was asked of.
func (t *Tick) Scope() *Scope { return t.e.scope() }

// Subscription is the ID of what [Scope.Every] returned.
func (t *Tick) Subscription() uint64 { return t.number(names.KeySubscription) }

// Every is what was asked for.
func (t *Tick) Every() Duration { return Duration(t.number(names.KeyEvery)) }

// Missed is how many ticks fell out before this one, because the scope or the
// extension was busy.
func (t *Tick) Missed() int { return int(t.number(names.KeyMissed)) }

func (t *Tick) number(key string) uint64 {
	n, _ := As[uint64](t.e.Data().Get(key))
	return n
}

// A Failure is an error in a scope. It is valid until OnError returns.
type Failure struct{ e *Event }

// Scope is where it happened.
func (f *Failure) Scope() *Scope { return f.e.scope() }

// Executor is what did not resolve. Its ID is 0 where it was none, and without
// the power ReadInput.
func (f *Failure) Executor() Executor { return executorOf(f.e) }

// Err is the error: an [*Error], or [ErrDenied] without the power ReadInput.
func (f *Failure) Err() error { return f.e.failure() }
