package sandbox

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// An Instance is one linear memory of a Code. One goroutine at a time may use
// it.
type Instance struct {
	code   *Code
	module api.Module
	memory *linearMemory

	fuelGlobal, stackGlobal api.MutableGlobal
	globals                 []api.MutableGlobal // as in Rewritten.Globals
	mailbox                 mailbox
	hooks                   [len(phaseNames)]hook

	// poisoned says that the instance must not run any more. Whoever may have
	// re-entered looks at it before the guest goes on.
	poisoned *atomic.Bool

	// Of an instance that may be re-entered: see Stack. Else nil and 0.
	levels *levels
	level  int32

	// Act is the activation that is running, or the last one.
	Act Activation
}

type mailbox struct{ ptr, cap uint32 }

// A hook is an export that the host calls. One api.Function must never be
// entered twice at once, which one operation per instance ensures.
type hook struct {
	name      string
	fn        api.Function
	stackNeed uint32
	stack     nativeStack // of fn, once somebody asked
	paid      int64       // bytes of its stack that were taken from the quota
}

var hookExports = [len(phaseNames)]string{
	PhaseInit: names.ExportInit, PhaseResume: names.ExportResume, PhaseWrap: names.ExportWrap,
	PhaseEvent: names.ExportEvent, PhaseCall: names.ExportCall, PhaseDispose: names.ExportDispose,
}

// instantiate makes an instance whose memory is still empty. prepaid bytes,
// and c.overhead, were taken from the quota before, for share, and belong to it
// now, also on failure.
func (c *Code) instantiate(share *Share, limit, prepaid uint64) (i *Instance, err error) {
	limit = min(limit, uint64(c.rewritten.MemoryMax)*wasm.PageSize)
	mem := &linearMemory{pressure: c.engine.config.Pressure, quota: c.engine.quota, share: share, limit: limit, prepaid: prepaid, overhead: c.overhead}
	mem.hidden = uint64(c.rewritten.MemoryBase)
	if mem.region, err = reserve(mem.hidden + limit); err != nil {
		mem.Free()
		return nil, fmt.Errorf("%w: reserving %d bytes: %w", ErrMemory, limit, err)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("instantiate: %v", r)
		}
		if err != nil {
			if i != nil && i.module != nil {
				err = errors.Join(err, i.module.Close(context.Background()))
			}
			mem.Free()
			i = nil
		}
	}()
	ctx := experimental.WithMemoryAllocator(context.Background(),
		experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return mem }))
	i = &Instance{code: c, memory: mem, poisoned: new(atomic.Bool)}
	i.Act.inst = i
	i.module, err = c.engine.wazero.InstantiateModule(ctx, c.shared.module,
		wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return i, fmt.Errorf("instantiate: %w", err)
	}
	i.fuelGlobal = i.mutableGlobal(wasm.FuelGlobal)
	i.stackGlobal = i.mutableGlobal(wasm.StackGlobal)
	i.globals = make([]api.MutableGlobal, len(c.rewritten.Globals))
	for k, g := range c.rewritten.Globals {
		i.globals[k] = i.mutableGlobal(g.Name)
	}
	i.findHooks()
	return i, nil
}

func (i *Instance) findHooks() {
	for p, name := range hookExports {
		if name != "" {
			i.hooks[p] = i.hook(name)
		}
	}
}

func (i *Instance) mutableGlobal(name string) api.MutableGlobal {
	return i.module.ExportedGlobal(name).(api.MutableGlobal) // added by the rewriter
}

func (i *Instance) hook(name string) hook {
	need, ok := i.code.rewritten.StackNeed[name]
	if !ok {
		return hook{}
	}
	return hook{name: name, fn: i.module.ExportedFunction(name), stackNeed: need}
}

// Has reports whether the guest exports the hook of a phase.
func (i *Instance) Has(p Phase) bool { return i.hooks[p].fn != nil }

// Run calls the hook of a phase with one argument and reports its answer.
// The error, if any, is one of this package's, or a *Fault around one; after
// it the instance is poisoned and must be closed.
func (i *Instance) Run(ctx context.Context, p Phase, b Budget, arg uint64) (uint64, Usage, error) {
	return i.run(ctx, p, &i.hooks[p], &b, arg)
}

func (i *Instance) run(ctx context.Context, p Phase, h *hook, b *Budget, arg uint64) (result uint64, u Usage, err error) {
	a := &i.Act
	if i.poisoned.Load() {
		return 0, Usage{}, ErrClosed
	}
	if h.fn == nil {
		return 0, Usage{}, ErrABI // admission has seen to it that this cannot be
	}
	if i.level > 1 {
		defer i.keepMeters()()
	}
	if !a.begin(ctx, p, b, h.stackNeed) {
		return 0, Usage{}, a.ended
	}
	// A host function that panics with another's panic, or exits the
	// goroutine, leaves the guest's frames half-way.
	clean := false
	defer func() {
		if !clean {
			i.poisoned.Store(true)
		}
	}()
	a.stack[0], a.hook = arg, h
	err = h.fn.CallWithStack(a, a.stack[:])
	u = a.finish(err != nil && a.ended == nil)
	if err != nil || a.ended != nil {
		return 0, u, i.fault(err)
	}
	clean = true
	i.settleStack(h)
	return a.stack[0], u, nil
}

// Poison makes the instance end at its next chance.
func (i *Instance) Poison() { i.poisoned.Store(true) }

// Poisoned reports whether the instance must not be used again.
func (i *Instance) Poisoned() bool { return i.poisoned.Load() }

// MemoryBytes is the size of the linear memory.
func (i *Instance) MemoryBytes() int64 { return int64(i.memory.length) }

// Close frees the instance. No frame of it may be live.
func (i *Instance) Close() error {
	i.poisoned.Store(true)
	if i.module == nil {
		return nil
	}
	err := i.module.Close(context.Background())
	i.module = nil
	return err
}
