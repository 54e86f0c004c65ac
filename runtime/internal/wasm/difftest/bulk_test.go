package difftest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

const bulkPages = 16

// bulkModule has exports fill, copy and init on 1 MiB of memory, and spread,
// which fills it with something that shows a byte out of place.
func bulkModule() []byte {
	m := wasmtest.New().Memory(bulkPages, bulkPages).ExportMemory("memory").DataCount()
	passive := make([]byte, 3*abi.FuelBulkChunk+77)
	for i := range passive {
		passive[i] = byte(i ^ i>>8 ^ i>>16)
	}
	m.PassiveData(string(passive))
	three := func(name string, parts ...any) {
		m.ExportFunc(name, m.Func("iii:", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpLocalGet, 2, wasmtest.Code(parts...), wasm.OpEnd))
	}
	three("fill", wasm.OpMemoryFill, byte(0))
	three("copy", wasm.OpMemoryCopy, byte(0), byte(0))
	three("init", wasm.OpMemoryInit, 0, byte(0))
	m.ExportFunc("spread", m.Func(":", "i",
		wasm.OpLoop, byte(0x40),
		wasm.OpLocalGet, 0, wasm.OpLocalGet, 0, wasm.OpI32Const, int32(-1640531527), wasm.OpI32Mul, wasm.OpI32Store, 0, 0,
		wasm.OpLocalGet, 0, wasm.OpI32Const, int32(4), wasm.OpI32Add, wasm.OpLocalTee, 0, wasm.OpI32Const, int32(bulkPages<<16), wasm.OpI32LtU, wasm.OpBrIf, 0,
		wasm.OpEnd, wasm.OpEnd))
	return m.Bytes()
}

func TestBulkOperationsInChunksAreAsOne(t *testing.T) {
	t.Parallel()
	const end = bulkPages << 16
	const chunk = abi.FuelBulkChunk
	calls := []call{{export: "spread"}}
	for _, n := range []uint64{0, chunk, chunk + 1, 3*chunk + 77, end, end + 1, 0xffffffff} {
		for _, from := range [][2]uint64{{0, 0}, {1, 0}, {0, 1}, {100, 100 + chunk}, {100 + chunk, 100}, {5, 77}, {chunk/2 + 3, 9}, {end - n, 0}, {0, end - n}, {end - n + 1, 0}, {0, end - n + 1}, {0xffffffff, 0}, {0, 0xffffffff}, {1 << 31, 0}} {
			dst, src := uint64(uint32(from[0])), uint64(uint32(from[1]))
			for _, op := range []string{"fill", "copy", "init"} {
				calls = append(calls, call{op, []uint64{dst, src, n}})
			}
		}
		calls = append(calls, call{export: "spread"})
	}
	got := comparison{}.run(t, bulkModule(), calls)
	moved := 0
	for i, c := range calls {
		if n := c.args; n != nil && got[i].trap == "" {
			moved++
			require.EqualValues(t, 3+1+n[2]/abi.FuelBulkBytes, got[i].fuel, fmt.Sprint(c))
		}
	}
	require.Greater(t, moved, 100)
}

func TestABulkOperationIsStoppedBetweenChunks(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		m := start(t, e, bulkModule())
		m.budget.left = 4 + 2*abi.FuelBulkChunk/abi.FuelBulkBytes + 100
		m.budget.slice = 1000
		_, err := m.call("fill", 0, 0xaa, bulkPages<<16)
		require.ErrorContains(t, err, "unreachable")
		require.Equal(t, uint32(wasm.RefuelFuel), m.budget.code)
		view, _ := m.mod.Memory().Read(0, bulkPages<<16)
		filled := 0
		for filled < len(view) && view[filled] == 0xaa {
			filled++
		}
		require.Equal(t, 2*abi.FuelBulkChunk, filled)
	}
}

func TestALongBulkOperationAsksForFuelOnItsWay(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		m := start(t, e, bulkModule())
		m.budget.slice = 0 // each refuel gives what is missing
		_, err := m.call("copy", 0, 1, bulkPages<<16-1)
		require.NoError(t, err)
		require.Equal(t, 1+bulkPages<<16/abi.FuelBulkChunk, m.budget.asked) // at entry, and before each chunk
	}
}
