// Package capability has the host functions that a guest may be granted
// beside aril_v1: log, clock, random, state, the virtual WASI, and
// AssemblyScript's abort. What each does is in abi/ABI.md; names, types and
// phases come from package abi.
//
// No function believes what a guest passes, and none panics on it. Pairs are
// checked before anything else, lengths before anything is allocated, bytes
// are billed before they are moved and copied before they are used.
package capability

import (
	"context"
	"io"
	"log/slog"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/state"
)

// An Owner is what host functions need of whoever runs the activation. It is
// found in sandbox.Activation.Owner, and used by the activation's goroutine
// alone.
type Owner interface {
	// Logger is where the guest's lines go. It carries who speaks.
	Logger() *slog.Logger

	// LogBytes is how many bytes this activation may still log. Functions
	// subtract from it.
	LogBytes() *int64

	// LogDropped counts a line that was not logged for lack of LogBytes.
	LogDropped()

	// Logged hears the text of every line, logged or not, but for what follows
	// the last words on stderr: the language's own trace.
	Logged(text string)

	// Stdio keeps what the guest wrote to its streams without ending the
	// line. Call FlushStdio when the activation is over.
	Stdio() *Stdio

	// State is the extension's, or nil: the functions answer UNAVAILABLE.
	State() state.State

	// Random gives bytes that cannot be predicted.
	Random() io.Reader

	// PanicMessage takes a guest's last words: it is about to be ended.
	PanicMessage(string)
}

// A guest is what host functions use of *sandbox.Activation.
type guest interface {
	Context() context.Context
	Canceled() bool
	Read(ptr, n uint64) ([]byte, bool)
	Write(ptr uint64, b []byte) bool
	ChargeBytes(n uint64)
	Wait(func(context.Context) error) error
	Outside(func())
	Abort(error)
}

// A call is one call of a host function.
type call struct {
	guest
	owner Owner
}

// A hostFunc is a function that answers with a status and n. Its arguments
// are as in abi/ABI.md, those of type i32 without upper half.
type hostFunc func(c call, args []uint64) (abi.Status, uint32)

// hostFuncs is what guests can reach, by module and name.
// TestEveryFunctionOfTheABIIsThere compares it with package abi.
var hostFuncs = map[string]map[string]hostFunc{
	names.ModuleLog:    {"write": logWrite},
	names.ModuleClock:  {"now": clockNow, "sleep": clockSleep},
	names.ModuleRandom: {"fill": randomFill},
	names.ModuleState: {
		"get": stateGet, "put": statePut, "delete": stateDelete, "list": stateList,
		"add": stateAdd, "append": stateAppend, "compare_and_swap": stateCompareAndSwap,
	},
}

// Modules gives the import modules of every capability of this package.
func Modules() []sandbox.HostModule {
	var modules []sandbox.HostModule
	add := func(spec abi.Import, f sandbox.HostFunc) {
		f.Name, f.Phases = spec.Name, spec.Phases
		f.Essential = f.Essential || spec.AfterCancel
		f.Params, f.Results = make([]wasm.ValueType, len(spec.Params)), make([]wasm.ValueType, len(spec.Results))
		for i, p := range spec.Params {
			f.Params[i] = wasm.ValueType(p.Type)
		}
		for i, t := range spec.Results {
			f.Results[i] = wasm.ValueType(t)
		}
		last := len(modules) - 1
		if last < 0 || modules[last].Name != spec.Module {
			modules = append(modules, sandbox.HostModule{Name: spec.Module, Deny: Deny(spec.Module)})
			last++
		}
		modules[last].Funcs = append(modules[last].Funcs, f)
	}
	for _, spec := range abi.Imports() {
		if spec.Module == names.ModuleEnv {
			add(spec, sandbox.HostFunc{Call: bind(spec, abort), Refuse: refuseSilently})
		} else if f, ours := hostFuncs[spec.Module][spec.Name]; ours {
			add(spec, sandbox.HostFunc{Call: bind(spec, f.answer)})
		}
	}
	for _, spec := range abi.WASI() {
		add(spec, wasiHostFunc(spec))
	}
	return modules
}

// answer calls f and leaves what it says where the result belongs.
func (f hostFunc) answer(c call, stack []uint64) {
	status, n := f(c, stack)
	stack[0] = abi.Pack(status, n)
}

// bind makes what the sandbox calls. It clears the upper half of parameters
// of type i32.
func bind(spec abi.Import, f func(c call, stack []uint64)) func(*sandbox.Activation, []uint64) {
	return func(a *sandbox.Activation, stack []uint64) {
		for i, p := range spec.Params {
			if p.Type == abi.I32 {
				stack[i] &= 0xffff_ffff
			}
		}
		f(call{guest: a, owner: a.Owner.(Owner)}, stack)
	}
}

// refuseSilently is for functions without a result.
func refuseSilently([]uint64, abi.Status) {}

// pair views n bytes of the guest's at ptr. Of an empty pair the pointer is
// not looked at.
func (c call) pair(ptr, n uint64) ([]byte, bool) {
	if n == 0 {
		return nil, true
	}
	return c.Read(ptr, n)
}

// inside reports whether a pair lies within memory.
func (c call) inside(ptr, n uint64) bool {
	_, ok := c.pair(ptr, n)
	return ok
}

// put bills b and writes it at ptr, where there must be room.
func (c call) put(ptr uint64, b []byte) {
	if len(b) > 0 {
		c.ChargeBytes(uint64(len(b)))
		c.Write(ptr, b)
	}
}

// Deny is the bit of sandbox.Budget.Denied that stands for a module which a
// guest may name as optional; 0 for any other module.
func Deny(module string) uint8 {
	switch module {
	case names.ModuleLog:
		return 1
	case names.ModuleClock:
		return 2
	case names.ModuleRandom:
		return 4
	case names.ModuleState:
		return 8
	case names.ModuleDynamic:
		return 16
	case names.ModuleWASI:
		return 32
	case names.ModuleEnv:
		return 64
	}
	return 0
}
