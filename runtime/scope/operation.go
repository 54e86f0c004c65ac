package scope

import (
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
)

// KindResolve is the kind of operations that resolve or update an executor.
const KindResolve = "resolve"

// A ResolveOperation is what an extension sees of a resolution or an update:
// the [aril.Operation].Params of its wrap, where Kind is [KindResolve]. The
// operation's name is the executor's, and its input nil; that of an update is
// the new value.
type ResolveOperation struct {
	Operation string // "resolve" or "update"
	Executor  AnyExecutor
	Scope     *Scope
}

// AppendMessage is what an extension in the sandbox reads of it.
func (op *ResolveOperation) AppendMessage(dst []byte, _ *aril.Values) ([]byte, error) {
	dst = msgp.AppendMapHeader(dst, 3)
	dst = msgp.AppendString(msgp.AppendString(dst, names.KeyOperation), op.Operation)
	dst = msgp.AppendUint64(msgp.AppendString(dst, names.KeyExecutor), op.Executor.ID())
	return msgp.AppendUint64(msgp.AppendString(dst, names.KeyScope), op.Scope.ID()), nil
}

// The values of ResolveOperation.Operation and Change.Event.
const (
	OpResolve = "resolve"
	OpUpdate  = "update"
)

// IsResolve finds the ResolveOperation of a wrap, and reports whether it is
// one.
func IsResolve(op *aril.Invocation) (*ResolveOperation, bool) {
	r, ok := op.Params.(*ResolveOperation)
	return r, ok
}
