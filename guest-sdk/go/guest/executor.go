package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// An Executor names an executor of a [Scope]: something that the host resolves
// to a value. It may be kept as long as the scope lives.
type Executor struct {
	scope, id uint64
	name      string
	err       error
}

// ID is the executor's number, unique in its scope; 0 if it is only known by
// name, or not at all.
func (e Executor) ID() uint64 { return e.id }

// Name is the executor's name, "" if it has none.
func (e Executor) Name() string { return e.name }

// NameOr is the executor's name, or otherwise if it has none.
func (e Executor) NameOr(otherwise string) string {
	if e.name == "" {
		return otherwise
	}
	return e.name
}

// request begins a message with scope, executor and more keys.
func (e Executor) request(more int) ([]byte, error) {
	scope := Scope{ID: e.scope}
	b := scope.request(1 + more)
	if e.id != 0 {
		return msgpack.AppendUint(appendKey(b, names.KeyExecutor), e.id), e.err
	}
	return appendText(b, names.KeyName, e.name), e.err
}

// What a scope has for an executor: [Entry.State].
const (
	Unresolved = names.ExecutorNone // nothing yet, or not any more
	Pending    = names.ExecutorPending
	Resolved   = names.ExecutorResolved
	Rejected   = names.ExecutorRejected
)

// An Entry is what a scope has for an executor.
type Entry struct {
	Executor
	State string // Unresolved, Pending, Resolved or Rejected
	Value Value  // when resolved; nil without the power ReadResult
	Err   *Error // when rejected
}

// readEntry reads one map that lookup and entries answer.
func (s *Scope) readEntry(r *msgpack.Reader) Entry {
	e := Entry{Executor: Executor{scope: s.ID}, State: Unresolved}
	for key := range r.Fields() {
		switch key {
		case names.KeyID:
			e.id = r.Uint()
		case names.KeyName:
			e.name = r.Str()
		case names.KeyState:
			e.State = r.Str()
		case names.KeyValue:
			e.Value = Value{raw: r.Raw()}
		case names.KeyError:
			if !r.Nil() {
				e.Err = new(Error)
				e.Err.read(r, 1)
			}
		}
	}
	return e
}

// Lookup tells what the scope has for the executor, and changes nothing.
func (e Executor) Lookup() (Entry, error) {
	b, err := e.request(0)
	if err != nil {
		return Entry{Executor: e}, err
	}
	answer, err := Invoke(scopeLookup, Raw(b))
	if err != nil {
		return Entry{Executor: e}, err
	}
	r := msgpack.NewReader(answer.raw)
	s := Scope{ID: e.scope}
	found := s.readEntry(r)
	return found, r.End()
}

// Resolve resolves the executor as any resolver does, through all extensions,
// this one included; within its own WrapResolve of that executor it is
// "reentrant", and next is what to call. The value is nil without the power
// ReadResult.
func (e Executor) Resolve() (Value, error) { return e.resolve(false) }

// Reload is Resolve that runs the factory again though there is a value.
func (e Executor) Reload() (Value, error) { return e.resolve(true) }

func (e Executor) resolve(force bool) (Value, error) {
	b, err := e.request(1)
	if err != nil {
		return Value{}, err
	}
	return Invoke(scopeResolve, Raw(msgpack.AppendBool(appendKey(b, names.KeyForce), force)))
}

// Update replaces the value of a resolved executor by x, which is anything
// that [Of] takes. Fields that x leaves out keep their value. It needs the
// power ChangeInput.
func (e Executor) Update(x any) error {
	b, err := e.request(1)
	if err == nil {
		b, err = msgpack.AppendAny(appendKey(b, names.KeyValue), x)
	}
	if err == nil {
		_, err = Invoke(scopeUpdate, Raw(b))
	}
	return err
}

// Release lets go of the executor's value: its cleanups run, and the next
// resolution begins anew. It needs the power Skip.
func (e Executor) Release() error {
	b, err := e.request(0)
	if err == nil {
		_, err = Invoke(scopeRelease, Raw(b))
	}
	return err
}
