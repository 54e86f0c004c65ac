package capability

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

func TestEveryFunctionOfTheABIIsThere(t *testing.T) {
	t.Parallel()
	got := map[string]sandbox.HostFunc{}
	for _, m := range Modules() {
		for _, f := range m.Funcs {
			require.NotContains(t, got, m.Name+"."+f.Name)
			got[m.Name+"."+f.Name] = f
		}
	}
	specs := abi.WASI()
	for _, spec := range abi.Imports() {
		if spec.Module != names.ModuleAril && spec.Module != names.ModuleDynamic {
			specs = append(specs, spec)
		}
	}
	require.Len(t, got, len(specs))
	for _, spec := range specs {
		f, found := got[spec.Module+"."+spec.Name]
		require.True(t, found, "%s.%s", spec.Module, spec.Name)
		require.NotNil(t, f.Call)
		require.Equal(t, spec.Phases, f.Phases)
		require.Equal(t, spec.AfterCancel, f.Essential, spec.Name)
		params, results := []wasm.ValueType{}, []wasm.ValueType{}
		for _, p := range spec.Params {
			params = append(params, wasm.ValueType(p.Type))
		}
		for _, r := range spec.Results {
			results = append(results, wasm.ValueType(r))
		}
		require.Equal(t, params, f.Params, spec.Name)
		require.Equal(t, results, f.Results, spec.Name)
	}
	for _, name := range []string{"poll_oneoff", "random_get"} {
		require.True(t, got[names.ModuleWASI+"."+name].Essential, name)
	}
	for _, spec := range abi.WASI() {
		_, served := wasiFuncs[spec.Name]
		require.Equal(t, spec.Served, served || spec.Name == procExit, spec.Name)
	}
	ours := 0
	for _, funcs := range hostFuncs {
		ours += len(funcs)
	}
	const abortAlone = 1
	require.Len(t, specs, ours+abortAlone+len(abi.WASI()))
}

func TestWhatIsNotServedAnswersNosys(t *testing.T) {
	t.Parallel()
	count := 0
	for _, spec := range abi.WASI() {
		if spec.Served {
			continue
		}
		count++
		b := newBench(t)
		stack := make([]uint64, max(len(spec.Params), 1))
		wasiHostFunc(spec).Call(&sandbox.Activation{Owner: b.owner}, stack)
		require.EqualValues(t, nosys, stack[0], spec.Name)
	}
	require.NotZero(t, count)
}

func TestTheUpperHalfOfA32BitArgumentIsIgnored(t *testing.T) {
	t.Parallel()
	spec := abi.Import{Params: []abi.Param{{Name: "a", Type: abi.I32}, {Name: "b", Type: abi.I64}}}
	const wide = 0xdead_beef_0000_0001
	var got []uint64
	f := bind(spec, func(_ call, args []uint64) { got = append(got, args...) })
	f(&sandbox.Activation{Owner: newBench(t).owner}, []uint64{wide, wide})
	require.Equal(t, []uint64{1, wide}, got)
}

func TestARefusalIsAnErrnoInWASIAndNothingWhereThereIsNoResult(t *testing.T) {
	t.Parallel()
	for _, m := range Modules() {
		for _, f := range m.Funcs {
			for status, want := range map[abi.Status]errno{abi.Limit: ioError, abi.Canceled: canceled, abi.Phase: inval} {
				stack := []uint64{77}
				switch {
				case len(f.Results) == 0:
					f.Refuse(stack, status)
					require.Equal(t, []uint64{77}, stack, f.Name)
				case m.Name == names.ModuleWASI:
					f.Refuse(stack, status)
					require.Equal(t, []uint64{uint64(want)}, stack, f.Name)
				default:
					require.Nil(t, f.Refuse, "%s: the sandbox packs the status", f.Name)
				}
			}
		}
	}
}
