package native

import (
	"context"
	"errors"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/inprocess"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
)

// In scopes an Extension is a [scope.Listener], as a guest is: package scope
// attaches it, keeps its subscriptions, and answers what it asks. What is left
// is where its context data lives.

// HearsEvents reports whether the extension has a hook for events.
func (x *Extension) HearsEvents() bool { return x.hears }

// levelKey is where a scope, or the context of an execution, keeps a level of
// the extension's data.
type levelKey struct{ x *Extension }

func (x *Extension) levelIn(d *scope.Data) *inprocess.Level {
	return d.Update(levelKey{x}, func(old any) any {
		if old == nil {
			return new(inprocess.Level)
		}
		return old
	}).(*inprocess.Level)
}

// levelOf is the level of a scope; of none, the extension's own.
func (x *Extension) levelOf(s *scope.Scope) *inprocess.Level {
	if s == nil {
		return &x.level
	}
	return x.levelIn(s.Data())
}

// scopeOfEvent is where an event happened, nil where it was no scope.
func (x *Extension) scopeOfEvent(ctx context.Context, e *aril.Event) *scope.Scope {
	if s := scope.Attached(x, e.Scope); s != nil {
		return s
	}
	if c := scope.Current(ctx); c != nil && c.Scope().ID() == e.Scope {
		return c.Scope() // an extension of one execution is attached to no scope
	}
	return nil
}

// scopeOf is the scope of an operation, nil where there is none.
func scopeOf(op *aril.Invocation) *scope.Scope {
	if r, ok := scope.IsResolve(op); ok {
		return r.Scope
	}
	if e, ok := scope.IsExecution(op); ok {
		return e.Context.Scope()
	}
	if l, ok := scope.IsLifecycle(op); ok {
		return l.Context.Scope()
	}
	return nil
}

// rootOf is the level of the execution that ctx belongs to, which is around
// what happens in it though no operation is; nil where there is none.
func (r *run) rootOf() *inprocess.Level {
	c := scope.Current(r.ctx)
	if c == nil || c.Root().FlowName() == "" {
		return nil // in a context that is no execution each operation is a root
	}
	return r.x.levelIn(c.Root().Data())
}

// scopeCall answers a function of aril_scope_v1.
func (s services) scopeCall(function string, message []byte) uint64 {
	v, err := scope.Serve(s.ctx, s.x, function, message)
	switch {
	case errors.Is(err, aril.ErrNoMethod):
		return abi.Pack(abi.Denied, 0)
	case err != nil:
		return s.Fail(err)
	}
	return s.Answer(v)
}
