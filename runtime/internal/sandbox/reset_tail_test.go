package sandbox

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// tail is a guest that grows to as much memory as there are marks for. Its
// wrap writes up to the last byte and answers with its pages; its call stores
// at what its argument makes of an address near 2³².
func tail(t *testing.T) *Template {
	t.Helper()
	const (
		start = 2
		last  = TrackMaxBytes - 1
	)
	m := wasmtest.New().Memory(start, wasmtest.NoMax).ExportMemory("memory").Data(0, "first").Data(100_000, "second")
	m.ExportFunc("aril_abi_v1", m.Func(":I", "", wasm.OpI64Const, int64(70_000), wasm.OpEnd))
	fill := func(at, n int32) []byte {
		return wasmtest.Code(wasm.OpI32Const, at, wasm.OpI32Const, int32(7), wasm.OpI32Const, n, wasm.OpMemoryFill, byte(0))
	}
	trapIf := wasmtest.Code(wasm.OpIf, byte(0x40), wasm.OpUnreachable, wasm.OpEnd)
	m.ExportFunc("aril_wrap", m.Func("i:i", "",
		wasm.OpI32Const, int32(wasm.TrackMaxPages-start), wasm.OpMemoryGrow, byte(0), wasm.OpI32Const, int32(start), wasm.OpI32Ne, trapIf,
		wasm.OpI32Const, int32(last-7), wasm.OpI64Load, 0, 0, wasm.OpI64Eqz, wasm.OpI32Eqz, trapIf,
		wasm.OpI32Const, int32(last-15), wasm.OpV128Const, bytes.Repeat([]byte{0xee}, 16), wasm.OpV128Store, 0, 0,
		wasm.OpI32Const, int32(0), wasm.OpI32Const, int32(255), wasm.OpI32Store8, 0, last-5_000,
		wasm.OpLocalGet, 0, wasm.OpI32Const, int32(255), wasm.OpI32Store8, 0, last-100_000,
		fill(last+1, 0), fill(last-9_000, 9_001), fill(start*wasm.PageSize-1, 600_000),
		wasm.OpI32Const, int32(1), wasm.OpMemoryGrow, byte(0), wasm.OpI32Const, int32(-1), wasm.OpI32Ne, trapIf,
		wasm.OpMemorySize, byte(0), wasm.OpEnd))
	m.ExportFunc("aril_call", m.Func("i:i", "",
		wasm.OpLocalGet, 0, wasm.OpI32Const, int32(-1), wasm.OpI32Add, wasm.OpI32Const, int32(1),
		wasm.OpI32Store8, 0, 1<<32-wasm.TrackBase, wasm.OpI32Const, int32(0), wasm.OpEnd))
	parsed, err := wasm.Parse(m.Bytes(), wasm.Caps{})
	require.NoError(t, err)
	require.NoError(t, parsed.Validate())
	rw, err := wasm.Rewrite(parsed, wasm.RewriteOptions{Track: true, SparePage: true})
	require.NoError(t, err)
	e, err := NewEngine(t.Context(), Config{MemoryQuota: -1, CompileTime: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close(context.Background())) })
	code, err := e.Compile(t.Context(), rw, 0, 2, 4)
	require.NoError(t, err)
	tpl, _, err := code.NewTemplate(t.Context(), Init{MemoryBytes: TrackMaxBytes, Budget: generous})
	require.NoError(t, err)
	return tpl
}

func TestTheLastPageThatHasAMarkIsReset(t *testing.T) {
	tpl := tail(t)
	i, err := tpl.NewInstance(t.Context(), false)
	require.NoError(t, err)
	for range 2 {
		require.True(t, i.Act.Deliver([]byte("hello")))
		pages, _, err := i.Run(t.Context(), PhaseWrap, generous, 0)
		require.NoError(t, err)
		require.EqualValues(t, wasm.TrackMaxPages, pages)
		require.True(t, i.Act.Write(TrackMaxBytes-3, []byte("abc")))
		require.False(t, i.Act.Write(TrackMaxBytes-2, []byte("abc")))
		require.NoError(t, tpl.Reset(i))
		requireTemplate(t, tpl, i)
	}
	require.NoError(t, i.Close())
}

func TestAnAddressThatWrapsReachesNoMark(t *testing.T) {
	tpl := tail(t)
	for _, argument := range []uint64{0, 1, 2, wasm.TrackBase, wasm.TrackBase + 1, wasm.TrackBase + 2, 2 * wasm.TrackBase, 1<<32 - wasm.TrackBase, 1<<32 - 1} {
		i, err := tpl.NewInstance(t.Context(), false)
		require.NoError(t, err)
		_, _, err = i.Run(t.Context(), PhaseCall, generous, argument)
		require.ErrorIs(t, err, ErrTrap, "%#x", argument)
		require.Zero(t, len(bytes.Trim(i.memory.region.bytes()[:i.memory.hidden], "\x00")), "%#x", argument)
		require.NoError(t, i.Close())
	}
}
