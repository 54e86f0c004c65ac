package guesttest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// The SDK's exports and imports are tested over the fake host, which keeps to
// abi/ABI.md and knows nothing of the runtime: so a mistake that SDK and
// runtime share does not hide.

// wazeroTarget runs a module in bare wazero.
func wazeroTarget(pkg string) Target {
	return Target{"wazero", func(t testing.TB, cfg Config) (backend, error) {
		ctx := context.Background()
		m := &wazeroModule{
			runtime:   wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCompilationCache(cache)),
			instances: map[api.Module]*wazeroInstance{},
		}
		t.Cleanup(func() { _ = m.runtime.Close(ctx) }) // after what the harness does at the end
		wasi_snapshot_preview1.MustInstantiate(ctx, m.runtime)
		m.link(t)
		code, err := buildWasm(t, pkg)
		require.NoError(t, err)
		compiling.Lock() // so that the second to compile finds the first one's work
		defer compiling.Unlock()
		m.code, err = m.runtime.CompileModule(ctx, code)
		require.NoError(t, err)
		return openFake(cfg, m.instantiate)
	}}
}

// cache keeps compiled code between tests.
var (
	cache     = wazero.NewCompilationCache()
	compiling sync.Mutex
)

type wazeroModule struct {
	runtime   wazero.Runtime
	code      wazero.CompiledModule
	instances map[api.Module]*wazeroInstance
}

type wazeroInstance struct {
	mod   api.Module
	hosts []host.Host // of the activations that run, innermost last
}

func (m *wazeroModule) instantiate() (instance, error) {
	mod, err := m.runtime.InstantiateModule(context.Background(), m.code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, err
	}
	i := &wazeroInstance{mod: mod}
	m.instances[mod] = i
	return i, nil
}

// link offers each function of the ABI, and the test's own.
func (m *wazeroModule) link(t testing.TB) {
	builders := map[string]wazero.HostModuleBuilder{}
	define := func(module, name string, params []abi.Param, f func(h host.Host, mem api.Memory, p []uint64) uint64) {
		if builders[module] == nil {
			builders[module] = m.runtime.NewHostModuleBuilder(module)
		}
		var types []api.ValueType
		for _, p := range params {
			types = append(types, map[abi.ValueType]api.ValueType{abi.I32: api.ValueTypeI32, abi.I64: api.ValueTypeI64}[p.Type])
		}
		builders[module].NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, mod api.Module, stack []uint64) {
			i := m.instances[mod]
			if i == nil || len(i.hosts) == 0 {
				stack[0] = abi.Pack(abi.Phase, 0)
				return
			}
			stack[0] = f(i.hosts[len(i.hosts)-1], mod.Memory(), stack)
		}), types, []api.ValueType{api.ValueTypeI64}).Export(name)
	}
	for _, f := range abi.Imports() {
		if f.Module != names.ModuleEnv && f.Module != names.ModuleDynamic { // a compiled guest imports what it calls
			implementation := wazeroImports[f.Module+"."+f.Name]
			require.NotNil(t, implementation, f.Module+"."+f.Name)
			define(f.Module, f.Name, f.Params, implementation)
		}
	}
	define("acme_stock_v1", "reserve", []abi.Param{{Name: "ptr", Type: abi.I32}, {Name: "len", Type: abi.I32}},
		func(h host.Host, mem api.Memory, p []uint64) uint64 {
			return h.Call("acme_stock_v1", "reserve", view(mem, p[0], p[1]))
		})
	for _, b := range builders {
		_, err := b.Instantiate(context.Background())
		require.NoError(t, err)
	}
}

func view(mem api.Memory, ptr, n uint64) []byte {
	b, ok := mem.Read(uint32(ptr), uint32(n))
	if !ok {
		panic("a pointer pair is outside memory")
	}
	return b
}

func text(mem api.Memory, ptr, n uint64) string { return string(view(mem, ptr, n)) }

// optional is view, nil for the length Absent.
func optional(mem api.Memory, ptr, n uint64) []byte {
	if uint32(n) == names.Absent {
		return nil
	}
	return view(mem, ptr, n)
}

func putNumber(mem api.Memory, ptr uint64, v int64, r uint64) uint64 {
	if s, _ := host.Unpack(r); s == names.StatusOK && !mem.WriteUint64Le(uint32(ptr), uint64(v)) {
		panic("a pointer is outside memory")
	}
	return r
}

var wazeroImports = map[string]func(h host.Host, mem api.Memory, p []uint64) uint64{
	"aril_v1.next": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		if p[2]&names.NextReplace == 0 {
			return h.Next(nil, uint32(p[2]))
		}
		return h.Next(view(mem, p[0], p[1]), uint32(p[2]))
	},
	"aril_v1.read": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.Read(uint32(p[0]), uint32(p[1]), view(mem, p[2], p[3]))
	},
	"aril_v1.outcome": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		if p[0] == names.OutcomeNext {
			return h.OutcomeNext(uint32(p[1]))
		}
		return h.Outcome(uint32(p[0]), view(mem, p[1], p[2]))
	},
	"aril_v1.context_get": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.ContextGet(uint32(p[0]), text(mem, p[1], p[2]), view(mem, p[3], p[4]))
	},
	"aril_v1.context_set": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.ContextSet(uint32(p[0]), text(mem, p[1], p[2]), view(mem, p[3], p[4]))
	},
	"aril_v1.context_append": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.ContextAppend(uint32(p[0]), text(mem, p[1], p[2]), view(mem, p[3], p[4]))
	},
	"aril_v1.context_swap": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.ContextSwap(uint32(p[0]), text(mem, p[1], p[2]), view(mem, p[3], p[4]), view(mem, p[5], p[6]))
	},
	"aril_log_v1.write": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.Log(int32(p[0]), text(mem, p[1], p[2]), view(mem, p[3], p[4]))
	},
	"aril_clock_v1.now": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		v, r := h.Now(uint32(p[0]))
		return putNumber(mem, p[1], v, r)
	},
	"aril_clock_v1.sleep": func(h host.Host, _ api.Memory, p []uint64) uint64 { return h.Sleep(int64(p[0])) },
	"aril_random_v1.fill": func(h host.Host, mem api.Memory, p []uint64) uint64 { return h.Random(view(mem, p[0], p[1])) },
	"aril_state_v1.get": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.StateGet(text(mem, p[0], p[1]), view(mem, p[2], p[3]))
	},
	"aril_state_v1.put": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.StatePut(text(mem, p[0], p[1]), view(mem, p[2], p[3]))
	},
	"aril_state_v1.delete": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.StateDelete(text(mem, p[0], p[1]))
	},
	"aril_state_v1.list": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.StateList(text(mem, p[0], p[1]), text(mem, p[2], p[3]), view(mem, p[4], p[5]))
	},
	"aril_state_v1.add": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		v, r := h.StateAdd(text(mem, p[0], p[1]), int64(p[2]))
		return putNumber(mem, p[3], v, r)
	},
	"aril_state_v1.append": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.StateAppend(text(mem, p[0], p[1]), view(mem, p[2], p[3]))
	},
	"aril_state_v1.compare_and_swap": func(h host.Host, mem api.Memory, p []uint64) uint64 {
		return h.StateSwap(text(mem, p[0], p[1]), optional(mem, p[2], p[3]), optional(mem, p[4], p[5]))
	},
}

func (i *wazeroInstance) Mailbox() []byte {
	// The memory may have grown, and moved.
	res, _ := i.mod.ExportedFunction(names.ExportABI).Call(context.Background())
	b, _ := i.mod.Memory().Read(uint32(res[0]>>32), uint32(res[0]))
	return b
}

var hookExports = map[abi.Phases]string{
	abi.PhaseInit: names.ExportInit, abi.PhaseWrap: names.ExportWrap, abi.PhaseEvent: names.ExportEvent,
	abi.PhaseCall: names.ExportCall, abi.PhaseDispose: names.ExportDispose,
}

func (i *wazeroInstance) Run(h host.Host, hook abi.Phases, n uint32) (uint32, error) {
	i.hosts = append(i.hosts, h)
	defer func() { i.hosts = i.hosts[:len(i.hosts)-1] }()
	args := []uint64{uint64(n)}
	if hook == abi.PhaseDispose {
		args = nil
	}
	res, err := i.mod.ExportedFunction(hookExports[hook]).Call(context.Background(), args...)
	if err != nil {
		var exit *sys.ExitError
		if errors.As(err, &exit) {
			return 0, &Broken{Reason: exit.Error(), Err: err}
		}
		return 0, &Broken{Reason: err.Error(), Err: err}
	}
	return uint32(res[0]), nil
}
