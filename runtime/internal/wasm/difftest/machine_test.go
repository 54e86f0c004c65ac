package difftest

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// load parses and validates a module that must be right.
func load(t testing.TB, code []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Parse(code, wasm.Caps{})
	require.NoError(t, err)
	require.NoError(t, m.Validate())
	return m
}

// rewrite rewrites a module that must be right.
func rewrite(t testing.TB, code []byte, opt wasm.RewriteOptions) *wasm.Rewritten {
	t.Helper()
	r, err := wasm.Rewrite(load(t, code), opt)
	require.NoError(t, err)
	return r
}

// An engine is one of wazero's two.
type engine struct {
	name   string
	config func() wazero.RuntimeConfig
}

var engines = []engine{
	{"compiler", wazero.NewRuntimeConfigCompiler},
	{"interpreter", wazero.NewRuntimeConfigInterpreter},
}

// A budget is what a machine's refuel function hands out.
type budget struct {
	left  int64 // what was not handed out yet
	slice int64 // what one refuel adds; 0 means all that is needed
	stack int64 // bytes of native stack
	asked int   // how often refuel was called
	code  uint32
}

const outOfBounds = "out of bounds memory access"

const plenty = math.MaxInt64 / 4

// A machine is an instance and its host.
type machine struct {
	mod     api.Module
	budget  budget
	started int64
	need    map[string]uint32
}

// newMachine instantiates code, rewritten or not. Closing is left to the test.
func newMachine(t testing.TB, e engine, code []byte, r *wasm.Rewritten) (*machine, error) {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, e.config())
	t.Cleanup(func() { rt.Close(ctx) })
	m := &machine{budget: budget{left: plenty, slice: 100_000, stack: 1 << 20}}
	i32 := []api.ValueType{api.ValueTypeI32}
	_, err := rt.NewHostModuleBuilder(wasm.MeterModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(m.refuel), i32, i32).Export(wasm.MeterRefuel).Instantiate(ctx)
	require.NoError(t, err)
	_, err = rt.NewHostModuleBuilder("env").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, _ api.Module, s []uint64) { s[0] = uint64(uint32(s[0]) + 1) }), i32, i32).Export("inc").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) {}), nil, nil).Export("nothing").
		Instantiate(ctx)
	require.NoError(t, err)
	m.mod, err = rt.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithStartFunctions().WithName(""))
	if err != nil {
		return nil, err
	}
	if r != nil {
		m.need = r.StackNeed
		if r.ImageEnd > uint64(r.MemoryMin)<<16 {
			return nil, errors.New(outOfBounds)
		}
		for _, s := range r.Image {
			m.mod.Memory().Write(r.MemoryBase+s.Offset, s.Bytes)
		}
		if r.Start != "" {
			if _, err := m.call(r.Start); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

func (m *machine) global(name string) api.MutableGlobal {
	g, _ := m.mod.ExportedGlobal(name).(api.MutableGlobal)
	return g
}

func (m *machine) refuel(_ context.Context, mod api.Module, s []uint64) {
	b := &m.budget
	b.asked++
	b.code = api.DecodeU32(s[0]) // the upper half is not defined
	s[0] = 1<<32 - 1
	if b.code != wasm.RefuelFuel {
		return
	}
	fuel := mod.ExportedGlobal(wasm.FuelGlobal).(api.MutableGlobal)
	for balance := int64(fuel.Get()); balance < 0; {
		add := b.slice
		if add == 0 {
			add = -balance
		}
		if add = min(add, b.left); add == 0 {
			return
		}
		b.left -= add
		balance += add
		fuel.Set(uint64(balance))
	}
	s[0] = 0
}

// call runs an export as one activation.
func (m *machine) call(name string, args ...uint64) ([]uint64, error) {
	if stack := m.global(wasm.StackGlobal); stack != nil {
		stack.Set(uint64(m.budget.stack - int64(m.need[name])))
		m.global(wasm.FuelGlobal).Set(0)
		m.started = m.budget.left
	}
	return m.mod.ExportedFunction(name).Call(context.Background(), args...)
}

// fuel is what the last call used.
func (m *machine) fuel() int64 {
	return m.started - m.budget.left - int64(m.global(wasm.FuelGlobal).Get())
}
