package scope

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/reserved"
)

// Capability is aril_scope_v1, the scopes that an extension is attached to:
// looking up, resolving, updating and releasing executors, subscribing, the
// shared part of the store. Grant it at Load. The extension's powers hold here
// too: without ReadResult it sees no values, without ChangeInput it cannot
// update, without Skip it cannot release. abi/ABI.md#aril_scope_v1.
var Capability = aril.Reserved(reserved.Key{}, names.ModuleScope, capabilityFunctions()...)

// functions are what an attached extension may call.
var functions = map[string]func(context.Context, *attachment, query) (any, error){
	"lookup":  lookup,
	"entries": entries,
	"resolve": resolveFor,
	"update":  updateFor,
	"release": releaseFor,
	"subscribe": func(_ context.Context, a *attachment, q query) (any, error) {
		return a.subscribe(q.Event, q.Names, time.Duration(q.Every))
	},
	"unsubscribe": func(_ context.Context, a *attachment, q query) (any, error) {
		return nil, a.cancel(q.Subscription)
	},
	"get": func(_ context.Context, a *attachment, q query) (any, error) {
		if !a.scope.shared[q.Key] {
			return nil, notShared
		}
		return a.scope.Get(q.Key), nil
	},
	"set": func(_ context.Context, a *attachment, q query) (any, error) {
		switch {
		case !a.scope.shared[q.Key]:
			return nil, notShared
		case !a.listener.Powers().Has(aril.ChangeInput):
			return nil, refusal(names.CodeDenied, "it needs the power ChangeInput")
		}
		v, err := generic(q.Value)
		if err == nil {
			a.scope.Set(q.Key, v)
		}
		return nil, err
	},
}

func capabilityFunctions() []aril.Function {
	var all []aril.Function
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		all = append(all, aril.Func(name, func(ctx context.Context, c *aril.Call, q query) (any, error) {
			return serve(ctx, c.Guest(), name, q)
		}))
	}
	return all
}

// Serve answers a function of [Capability] for a Listener that is no guest:
// message is its request, and the answer is a value to append with
// [aril.Values.Append]. The errors are those that a guest reads;
// [aril.ErrNoMethod] means that there is no such function.
func Serve(ctx context.Context, l Listener, function string, message []byte) (any, error) {
	if functions[function] == nil {
		return nil, fmt.Errorf("%w: %s.%s", aril.ErrNoMethod, names.ModuleScope, function)
	}
	q, err := codec.DecodeAs(message, reflect.TypeFor[query](), nil, nil, codec.Limits{})
	if err != nil {
		return nil, refusal(names.CodeInvalidArgument, err.Error())
	}
	return serve(ctx, l, function, q.(query))
}

// serve does it on one of the caller's scopes.
func serve(ctx context.Context, l Listener, function string, q query) (any, error) {
	a := attachments.find(l, q.Scope)
	if a == nil {
		return nil, refusal(names.CodeNotAttached, "the extension is not attached to this scope")
	}
	v, err := functions[function](ctx, a, q)
	switch {
	case errors.Is(err, ErrClosed):
		return nil, refusal(names.CodeClosed, "the scope is disposed")
	case errors.Is(err, ErrReentrant):
		return nil, refusal(names.CodeReentrant, ErrReentrant.Error())
	}
	return v, err
}

// refusal is an error that a guest may read.
func refusal(code, message string) error { return &aril.Error{ErrorCode: code, Message: message} }

var notShared = refusal(names.CodeDenied, "the host does not share this key with extensions")

// A query is the request of any of the functions.
type query struct {
	Scope        uint64   `msg:"scope"`
	Executor     uint64   `msg:"executor"`
	Name         string   `msg:"name"`
	Value        abi.Raw  `msg:"value"`
	Force        bool     `msg:"force"`
	Registered   bool     `msg:"registered"`
	Values       bool     `msg:"values"`
	After        uint64   `msg:"after"`
	Limit        uint64   `msg:"limit"`
	Event        string   `msg:"event"`
	Names        []string `msg:"names"`
	Every        int64    `msg:"every"`
	Subscription uint64   `msg:"subscription"`
	Key          string   `msg:"key"`
}

// An entry is what a guest reads of one executor.
type entry struct {
	executor AnyExecutor
	Lookup[any]
	showValue bool
}

// AppendMessage is the map of one executor.
func (e entry) AppendMessage(dst []byte, v *aril.Values) ([]byte, error) {
	fields := uint32(3)
	if e.showValue || e.Err != nil {
		fields++
	}
	dst = msgp.AppendMapHeader(dst, fields)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyID), e.executor.ID())
	dst = msgp.AppendString(appendKey(dst, names.KeyName), e.executor.Name())
	dst = msgp.AppendString(appendKey(dst, names.KeyState), e.State.String())
	switch {
	case e.Err != nil:
		return v.AppendError(appendKey(dst, names.KeyError), e.Err), nil
	case e.showValue:
		return v.Append(appendKey(dst, names.KeyValue), e.Value)
	}
	return dst, nil
}

// entryList is the answer of entries.
type entryList []entry

// AppendMessage is the array of them.
func (l entryList) AppendMessage(dst []byte, v *aril.Values) (_ []byte, err error) {
	dst = msgp.AppendArrayHeader(dst, uint32(len(l)))
	for _, e := range l {
		if dst, err = e.AppendMessage(dst, v); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func (a *attachment) find(q *query) (AnyExecutor, error) {
	var e AnyExecutor
	switch {
	case q.Executor != 0:
		e = a.scope.Executor(q.Executor)
	case q.Name != "":
		e = a.scope.ExecutorNamed(q.Name)
	default:
		return nil, refusal(names.CodeInvalidArgument, "neither executor nor name")
	}
	if e == nil {
		return nil, refusal(names.CodeNotFound, "the scope knows no such executor")
	}
	return e, nil
}

func (a *attachment) entry(e AnyExecutor, values bool) entry {
	at := a.scope.Lookup(e)
	return entry{e, at, values && at.State == Resolved && a.listener.Powers().Has(aril.ReadResult)}
}

func lookup(_ context.Context, a *attachment, q query) (any, error) {
	e, err := a.find(&q)
	if err != nil {
		return nil, err
	}
	return a.entry(e, true), nil
}

func entries(_ context.Context, a *attachment, q query) (any, error) {
	limit := uint64(names.MaxEntries)
	if q.Limit > 0 {
		limit = min(limit, q.Limit)
	}
	out := entryList{}
	if q.After == math.MaxUint64 {
		return out, nil
	}
	for _, e := range a.scope.page(q.After, int(limit), q.Registered) {
		out = append(out, a.entry(e, q.Values))
	}
	return out, nil
}

func resolveFor(ctx context.Context, a *attachment, q query) (any, error) {
	e, err := a.find(&q)
	if err != nil {
		return nil, err
	}
	var v any
	if q.Force {
		v, err = a.scope.reload(ctx, e.core(), false)
	} else {
		v, err = a.scope.resolve(ctx, e.core(), false, false)
	}
	if err != nil {
		return nil, err
	}
	if !a.listener.Powers().Has(aril.ReadResult) {
		return nil, nil
	}
	return v, nil
}

func updateFor(ctx context.Context, a *attachment, q query) (any, error) {
	e, err := a.find(&q)
	if err != nil {
		return nil, err
	}
	if !a.listener.Powers().Has(aril.ChangeInput) {
		return nil, refusal(names.CodeDenied, "an update needs the power ChangeInput")
	}
	at := a.scope.Lookup(e)
	if at.State != Resolved {
		return nil, refusal(names.CodeNotResolved, ErrNotResolved.Error())
	}
	v, err := codec.DecodeAs(q.Value, e.core().typ, at.Value, nil, codec.Limits{})
	if err != nil {
		return nil, refusal(names.CodeInvalidArgument, "the value does not fit the executor: "+err.Error())
	}
	return nil, a.scope.update(ctx, e.core(), v)
}

func releaseFor(ctx context.Context, a *attachment, q query) (any, error) {
	e, err := a.find(&q)
	if err != nil {
		return nil, err
	}
	if !a.listener.Powers().Has(aril.Skip) {
		return nil, refusal(names.CodeDenied, "a release needs the power Skip")
	}
	if err := a.scope.Release(ctx, e); errors.Is(err, ErrNotResolved) {
		return nil, refusal(names.CodeNotResolved, ErrNotResolved.Error())
	} else if err != nil {
		return nil, err
	}
	return nil, nil
}

func generic(raw abi.Raw) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	v, err := codec.DecodeAs(raw, reflect.TypeFor[any](), nil, nil, codec.Limits{})
	if err != nil {
		return nil, refusal(names.CodeInvalidArgument, err.Error())
	}
	return v, nil
}
