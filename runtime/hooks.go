package runtime

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// Call calls a method of the extension: one that it serves itself, such as
// "getMetrics". args and the answer are generic values, as in a message; see
// abi/ABI.md#values. Errors: ErrNoMethod, the *Error that the method answered
// with, a *CallError when the extension broke.
func (g *Guest) Call(ctx context.Context, method string, args any) (any, error) {
	return g.CallIn(ctx, nil, method, args)
}

// CallIn is Call with the store whose data the method reaches at level scope;
// nil is an empty one of its own.
func (g *Guest) CallIn(ctx context.Context, store *Store, method string, args any) (any, error) {
	return g.CallAs(ctx, store, method, args, nil)
}

// CallAs is CallIn with the type that the answer is to have; one that does not
// fit is ErrType. nil is a generic value.
func (g *Guest) CallAs(ctx context.Context, store *Store, method string, args any, answer reflect.Type) (any, error) {
	if !g.has(sandbox.PhaseCall) {
		return nil, fmt.Errorf("extension %q: %w: %q", g.Name(), ErrNoMethod, quoteName(method))
	}
	v, answered, err := g.hook(ctx, sandbox.PhaseCall, g.wrapBudget, &Event{Store: store, Data: args, AnswerType: answer}, func(id uint64, dst []byte) ([]byte, error) {
		msg := abi.Call{Method: method, ID: id, Entropy: g.rt.random.appendEntropy(nil)}
		return msg.MarshalMsg(dst)
	})
	if err == nil && !answered {
		err = fmt.Errorf("extension %q: %w: %q", g.Name(), ErrNoMethod, quoteName(method))
	}
	return v, err
}

// An Event is something that happened, told to an extension.
type Event struct {
	Type  string // "attach", "detach", "error", "change", "tick", or the host's own
	Scope uint64 // whose event it is, 0 for none
	Name  string // what it is about, "" for nothing
	Data  any    // what the guest reads as INPUT; a Go error as an Error message

	// Store has what the guest reaches as context of level scope. Nil is an
	// empty one that ends with the event.
	Store *Store

	// AnswerType is the type of the answer, decoded onto a copy of AnswerBase
	// where that is one: the new value of a change, say. An answer that does
	// not fit is ErrType. Nil: the answer is a generic value.
	AnswerType reflect.Type
	AnswerBase any
}

// Event tells the extension of an event and waits for its answer, under the
// limits EventFuel and EventTime. answered says whether it gave a value. An
// extension without the hook hears nothing.
func (g *Guest) Event(ctx context.Context, e Event) (answer any, answered bool, err error) {
	if !g.has(sandbox.PhaseEvent) {
		return nil, false, nil
	}
	return g.hook(ctx, sandbox.PhaseEvent, g.eventBudget, &e, func(id uint64, dst []byte) ([]byte, error) {
		msg := abi.Event{Event: e.Type, ID: id, Scope: e.Scope, Name: e.Name, Entropy: g.rt.random.appendEntropy(nil)}
		return msg.MarshalMsg(dst)
	})
}

func (g *Guest) dispose(ctx context.Context) error {
	if !g.has(sandbox.PhaseDispose) {
		return nil
	}
	_, _, err := g.hook(ctx, sandbox.PhaseDispose, g.eventBudget, &Event{}, nil)
	return err
}

// hook runs a hook other than wrap as an operation of its own, nested in the
// one that ctx belongs to.
func (g *Guest) hook(ctx context.Context, p sandbox.Phase, b sandbox.Budget, e *Event, header func(id uint64, dst []byte) ([]byte, error)) (_ any, answered bool, err error) {
	store := e.Store
	if store == nil {
		store = &Store{}
	}
	n, err := enter(ctx, g.rt, &store.level)
	if err != nil {
		return nil, false, err
	}
	defer n.leave()
	if err := n.chain.activate(); err != nil {
		return nil, false, err
	}
	inst, err := g.take(ctx, n, nil)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, context.Cause(ctx)
		}
		return nil, false, &CallError{Extension: g.Name(), Hook: p.String(), Err: err, Limits: g.limits}
	}
	defer g.giveBack(inst, n.chain)
	a := inst.Act.Owner.(*activation)
	a.reset(n, nil, nil)
	defer a.release()
	a.input, a.answerType, a.answerBase = e.Data, e.AnswerType, e.AnswerBase
	var arg uint64
	if header != nil {
		msg, err := header(n.id, a.room(names.SlotMessage))
		if err != nil {
			return nil, false, err
		}
		arg = uint64(a.giveMessage(msg))
	}
	n.chain.budget(&b, g.limits.TotalTime)
	result, usage, err := inst.Run(n, p, b, arg)
	capability.FlushStdio(n, a)
	if err == nil {
		switch uint32(result) {
		case names.HookPass:
			return nil, false, nil
		case names.HookDone:
			switch a.answer {
			case answerValue:
				return a.answerValue, true, nil
			case answerError:
				return nil, true, a.answerErr
			case answerBad:
				err = a.answerWhy
			default:
				err = fmt.Errorf("%w: DONE without an outcome", ErrABI)
			}
		default:
			err = fmt.Errorf("%w: %s returned %d", ErrABI, p, int32(result))
		}
	}
	if errors.Is(err, sandbox.ErrCanceled) {
		return nil, false, context.Cause(ctx)
	}
	broken := a.broken(p.String(), usage, err)
	g.rt.logBroken(a, broken)
	return nil, false, broken
}
