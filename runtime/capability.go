package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/reserved"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// Grants says which capabilities an extension may import. Module aril_v1 is
// always there. An import of anything else is refused at Load, by name.
type Grants struct {
	// None takes the default grants away: Log, Clock, Random, WASI and Dynamic.
	None bool

	// Capabilities are granted beside the default ones: [State], or an
	// embedder's own.
	Capabilities []Capability
}

// A Capability is a group of host functions that a guest imports by module
// name. Build one with a composite literal and [Func]:
//
//	aril.Capability{Module: "acme_stock_v1", Functions: []aril.Function{
//		aril.Func("reserve", func(ctx context.Context, c *aril.Call, r Reserve) (Receipt, error) { … }),
//	}}
//
// Names that begin with "aril_" are Aril's own.
type Capability struct {
	Module    string
	Functions []Function
	builtin   bool
	reserved  bool
}

// Reserved is a capability of this module's other packages, whose name may
// begin with "aril_": nobody else can name the type of its first argument.
func Reserved(_ reserved.Key, module string, functions ...Function) Capability {
	return Capability{Module: module, Functions: functions, reserved: true}
}

// The capabilities that Aril itself offers. abi/ABI.md describes their
// functions.
var (
	Log    = Capability{Module: names.ModuleLog, builtin: true}
	Clock  = Capability{Module: names.ModuleClock, builtin: true}
	Random = Capability{Module: names.ModuleRandom, builtin: true}
	WASI   = Capability{Module: names.ModuleWASI, builtin: true}
	State  = Capability{Module: names.ModuleState, builtin: true} // not granted by default

	// Dynamic lets a guest that is an interpreter call functions of the granted
	// capabilities by name. It adds nothing to them.
	Dynamic = Capability{Module: names.ModuleDynamic, builtin: true}
)

// A Function is one function of a capability. Make it with [Func].
type Function struct {
	name string
	call func(a *activation, src []byte, dst []byte) ([]byte, error)
}

// A Call says for whom a capability's function runs.
type Call struct {
	Extension string
	Tenant    string
	Operation string // name of the operation being wrapped, "" in other hooks
	Hook      string // "wrap", "event", "call" or "dispose"
	guest     *Guest
}

// Guest is the extension that calls.
func (c *Call) Guest() *Guest { return c.guest }

// Func makes a function that takes one value and returns one; both cross the
// boundary as msgpack by the rules of abi/ABI.md#values. fn may be called from
// many goroutines at once. Its context ends with the operation's, or when the
// activation's WaitTime is used up; the time it takes is billed as wait time.
// An error that it returns is what the guest reads, by the same rules as an
// operation's; a panic is logged, and the guest reads "internal error".
func Func[In, Out any](name string, fn func(context.Context, *Call, In) (Out, error)) Function {
	in, out := codec.For(reflect.TypeFor[In]()), codec.For(reflect.TypeFor[Out]())
	return Function{name: name, call: func(a *activation, src, dst []byte) ([]byte, error) {
		var arg In
		if err := in.Decode(src, &arg, nil, &a.values.handles, a.guest.codecLimits(a.guest.limits.InputBytes)); err != nil {
			return nil, &Error{ErrorCode: "invalid_argument", Message: err.Error()}
		}
		var result Out
		err := a.act.Wait(func(ctx context.Context) (err error) {
			defer func() {
				if r := recover(); r != nil {
					a.guest.owner.logger.Error("capability panicked", "function", name, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
					err = errCapabilityPanicked
				}
			}()
			result, err = fn(ctx, a.describeCall(), arg)
			return err
		})
		if err != nil {
			return nil, err
		}
		l := a.guest.codecLimits(a.guest.limits.ResultBytes)
		if m, ok := any(result).(Message); ok {
			return a.values.append(dst, m, l)
		}
		return out.Append(dst, &result, &a.values.handles, l)
	}}
}

var errCapabilityPanicked = fmt.Errorf("%w in a host function", ErrPanic)

func (a *activation) describeCall() *Call {
	c := &Call{Extension: a.guest.Name(), Tenant: a.guest.Tenant(), Hook: a.act.Phase().String(), guest: a.guest}
	if a.op != nil {
		c.Operation = a.op.Name
	}
	return c
}

// boundModule is what the rewriter binds an embedder's functions to: one
// module for all runtimes and capabilities, whose functions look up what they
// stand for in the guest. So compiled code is the same whatever they do.
const (
	boundModule = "aril.bound"
	boundMax    = 256 // functions of embedders in one module
)

var boundType = wasm.FuncType{Params: []wasm.ValueType{wasm.I32, wasm.I32}, Results: []wasm.ValueType{wasm.I64}}

func hostBound() sandbox.HostModule {
	m := sandbox.HostModule{Name: boundModule}
	for i := range boundMax {
		m.Funcs = append(m.Funcs, sandbox.HostFunc{
			Name: "f" + strconv.Itoa(i), Params: boundType.Params, Results: boundType.Results,
			Phases: abi.PhaseWrap | abi.PhaseEvent | abi.PhaseCall | abi.PhaseDispose,
			Call: func(act *sandbox.Activation, stack []uint64) {
				a := act.Owner.(*activation)
				stack[0] = abi.Pack(a.callBound(a.guest.bound[i], uint64(uint32(stack[0])), uint64(uint32(stack[1]))))
			},
		})
	}
	return m
}

// callBound calls an embedder's function. Its answer is the message in the
// mailbox, or in slot MESSAGE when it does not fit.
func (a *activation) callBound(f *Function, ptr, n uint64) (abi.Status, uint32) {
	view, s := a.take(ptr, n, a.guest.limits.InputBytes)
	if s != abi.OK {
		return s, 0
	}
	a.forget(1 << names.SlotMessage)
	status := abi.OK
	// The view is decoded before fn runs, and nothing runs the guest between.
	dst, err := f.call(a, view, a.room(names.SlotMessage))
	if err != nil {
		if a.act.Canceled() {
			return abi.Canceled, 0
		}
		if errors.Is(err, abi.ErrOverLimit) {
			return abi.TooLarge, 0
		}
		status = abi.Failed
		dst = a.values.appendError(a.room(names.SlotMessage), err, -1)
	}
	msg := &a.slots[names.SlotMessage]
	msg.bytes, msg.ready = dst, true
	if s := a.move(uint64(len(dst))); s != abi.OK {
		return s, 0
	}
	a.act.Deliver(dst)
	return status, uint32(len(dst))
}

// hostDynamic calls an embedder's function that the guest names.
var hostDynamic = sandbox.HostModule{Name: names.ModuleDynamic, Deny: capability.Deny(names.ModuleDynamic), Funcs: []sandbox.HostFunc{{
	Name: "call",
	Call: func(act *sandbox.Activation, stack []uint64) {
		for i := range stack {
			stack[i] &= 0xffff_ffff
		}
		stack[0] = abi.Pack(act.Owner.(*activation).callNamed(stack[0], stack[1], stack[2], stack[3], stack[4], stack[5]))
	},
}}}

// maxBoundName bounds the names that callNamed reads, in bytes.
const maxBoundName = 128

func (a *activation) callNamed(module, mlen, name, nlen, ptr, n uint64) (abi.Status, uint32) {
	m, ok1 := a.act.Read(module, mlen)
	f, ok2 := a.act.Read(name, nlen)
	_, ok3 := a.act.Read(ptr, n)
	if !ok1 || !ok2 || !ok3 || mlen == 0 || nlen == 0 || mlen > maxBoundName || nlen > maxBoundName {
		return abi.Invalid, 0
	}
	functions, granted := a.guest.functions[string(m)]
	if !granted {
		return abi.Denied, 0
	}
	function := functions[string(f)]
	if function == nil {
		return abi.NotFound, 0
	}
	a.act.ChargeBytes(mlen + nlen)
	return a.callBound(function, ptr, n)
}

// A functionTable has the functions of the granted embedders' capabilities, by
// module and name.
type functionTable map[string]map[string]*Function

// granted lists what a guest may import, by module and name.
func (g Grants) granted() (wasm.Granted, functionTable, error) {
	all := wasm.Granted{}
	own := functionTable{}
	builtin := map[string]bool{names.ModuleAril: true}
	if !g.None {
		for _, c := range []Capability{Log, Clock, Random, WASI, Dynamic} {
			builtin[c.Module] = true
		}
	}
	for _, c := range g.Capabilities {
		if c.builtin {
			builtin[c.Module] = true
			continue
		}
		switch {
		case c.Module == "":
			return nil, nil, fmt.Errorf("grants: a capability without a module name")
		case strings.HasPrefix(c.Module, names.ReservedModulePrefix) && (!c.reserved || ownModules()[c.Module]), strings.HasPrefix(c.Module, "aril."), c.Module == names.ModuleWASI, c.Module == names.ModuleEnv:
			return nil, nil, fmt.Errorf("grants: capability %q: the name is reserved", c.Module)
		case all[c.Module] != nil:
			return nil, nil, fmt.Errorf("grants: capability %q is there twice", c.Module)
		}
		all[c.Module] = map[string]wasm.FuncType{}
		own[c.Module] = map[string]*Function{}
		for i := range c.Functions {
			f := &c.Functions[i]
			if f.name == "" || f.call == nil {
				return nil, nil, fmt.Errorf("grants: capability %q: function %d was not made by Func", c.Module, i)
			}
			all[c.Module][f.name] = boundType
			own[c.Module][f.name] = f
		}
	}
	if builtin[names.ModuleWASI] {
		builtin[names.ModuleEnv] = true // env.abort alone
	}
	for module := range builtin {
		all[module] = builtinTypes(module)
	}
	return all, own, nil
}

// builtinTypes has the functions of one of Aril's own modules, by name.
func builtinTypes(module string) map[string]wasm.FuncType {
	types := map[string]wasm.FuncType{}
	for _, spec := range slices.Concat(abi.Imports(), abi.WASI()) {
		if spec.Module == module {
			params, results := wasmTypes(spec)
			types[spec.Name] = wasm.FuncType{Params: params, Results: results}
		}
	}
	return types
}

// ownModules are the modules whose functions this package offers itself.
var ownModules = sync.OnceValue(func() map[string]bool {
	own := map[string]bool{}
	for _, m := range hostModules() {
		own[m.Name] = true
	}
	return own
})

func wasmTypes(spec abi.Import) (params, results []wasm.ValueType) {
	for _, p := range spec.Params {
		params = append(params, wasm.ValueType(p.Type))
	}
	for _, r := range spec.Results {
		results = append(results, wasm.ValueType(r))
	}
	return params, results
}

// guestLogger is the logger that carries who speaks.
func (rt *Runtime) guestLogger(cfg *ExtensionConfig) *slog.Logger {
	l := rt.logger.With("extension", cfg.Name)
	if cfg.Tenant != "" {
		l = l.With("tenant", cfg.Tenant)
	}
	return l
}
