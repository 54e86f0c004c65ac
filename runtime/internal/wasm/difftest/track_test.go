package difftest

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// watchWrites takes all marks away; check then fails the test if a byte of
// memory changed for which no mark speaks.
func (m *machine) watchWrites(r *wasm.Rewritten) (check func(*testing.T)) {
	if r == nil || r.MemoryBase == 0 {
		return func(*testing.T) {}
	}
	all := func() []byte {
		b, _ := m.mod.Memory().Read(0, m.mod.Memory().Size())
		return b
	}
	clear(all()[:r.MemoryBase])
	before := bytes.Clone(all()[r.MemoryBase:])
	return func(t *testing.T) {
		t.Helper()
		requireMarked(t, all()[:r.MemoryBase], before, all()[r.MemoryBase:])
	}
}

// requireMarked holds what Rewritten.MemoryBase promises.
func requireMarked(t *testing.T, marks, before, after []byte) {
	t.Helper()
	for lo := 0; lo < len(after); lo += wasm.TrackPage {
		page, hi := lo/wasm.TrackPage, min(lo+wasm.TrackPage, len(after))
		was := make([]byte, hi-lo)
		if lo < len(before) {
			copy(was, before[lo:])
		}
		if marks[page] == 1 || bytes.Equal(was, after[lo:hi]) {
			continue
		}
		for i := range was {
			spoken := i < wasm.TrackReach+16 && page > 0 && marks[page-1] == 1 ||
				i >= wasm.TrackPage-wasm.TrackReach && marks[page+1] == 1
			if was[i] != after[lo+i] && !spoken {
				t.Fatalf("the byte at %d changed and no mark speaks for it", lo+i)
			}
		}
	}
}

// A scribbler makes functions that write through pointers in locals, changed
// in blocks, arms and loops, so that one mark may speak for many stores.
type scribbler struct {
	*rand.Rand
	code []byte
	left int
}

// Locals of a scribbler's function: pointers, the loops' counters by depth,
// and a value of each type.
const (
	scribblePointers = 4
	scribbleDepth    = 4
	scribbleLocals   = "iiiiiiiiIfFv"
	scribbleValues   = scribblePointers + scribbleDepth
	scribbleMask     = 1<<17 - 1
)

var scribbleStores = []struct {
	op    wasm.Opcode
	local int // of the value
	lanes int // 0: no lane
}{
	{wasm.OpI32Store, 0, 0}, {wasm.OpI32Store8, 0, 0}, {wasm.OpI32Store16, 0, 0},
	{wasm.OpI64Store, scribbleValues, 0}, {wasm.OpI64Store8, scribbleValues, 0}, {wasm.OpI64Store16, scribbleValues, 0}, {wasm.OpI64Store32, scribbleValues, 0},
	{wasm.OpF32Store, scribbleValues + 1, 0}, {wasm.OpF64Store, scribbleValues + 2, 0}, {wasm.OpV128Store, scribbleValues + 3, 0},
	{wasm.OpV128Store8Lane, scribbleValues + 3, 16}, {wasm.OpV128Store16Lane, scribbleValues + 3, 8},
	{wasm.OpV128Store32Lane, scribbleValues + 3, 4}, {wasm.OpV128Store64Lane, scribbleValues + 3, 2},
}

func (s *scribbler) emit(parts ...any) { s.code = append(s.code, wasmtest.Code(parts...)...) }

func (s *scribbler) pointer() int { return s.IntN(scribblePointers) }

// near is a small number, now and then a large one.
func (s *scribbler) near() int { return s.IntN([]int{16, 700, 9000}[s.IntN(3)]) }

func (s *scribbler) statements(depth int) {
	for range 1 + s.IntN(6) {
		if s.left--; s.left < 0 {
			return
		}
		s.statement(depth)
	}
}

func (s *scribbler) statement(depth int) {
	p := s.pointer()
	switch s.IntN(12) {
	case 0:
		s.emit(wasm.OpI32Const, int32(s.IntN(scribbleMask)), wasm.OpLocalSet, p)
	case 1:
		s.emit(wasm.OpLocalGet, s.pointer(), wasm.OpI32Const, int32(s.near()), []wasm.Opcode{wasm.OpI32Add, wasm.OpI32Sub, wasm.OpI32Mul}[s.IntN(3)])
		s.emit(wasm.OpI32Const, int32(scribbleMask), wasm.OpI32And, wasm.OpLocalSet, p)
	case 2:
		// Unmasked: what is near it may be another page.
		s.emit(wasm.OpLocalGet, p, wasm.OpI32Const, int32(s.IntN(64)), wasm.OpI32Add, wasm.OpI32Const, int32(scribbleMask), wasm.OpLocalGet, p, wasm.OpI32Const, int32(scribbleMask-100), wasm.OpI32LtU, wasm.OpSelect, wasm.OpLocalTee, p, wasm.OpDrop)
	case 3, 4, 5, 6:
		store := scribbleStores[s.IntN(len(scribbleStores))]
		switch s.IntN(4) {
		case 0:
			s.emit(wasm.OpI32Const, int32(s.IntN(scribbleMask)))
		case 1:
			s.emit(wasm.OpLocalGet, p, wasm.OpI32Const, int32(s.near()), wasm.OpI32Add)
		default:
			s.emit(wasm.OpLocalGet, p)
		}
		s.emit(wasm.OpLocalGet, store.local, store.op, 0, s.near())
		if store.lanes > 0 {
			s.emit(byte(s.IntN(store.lanes)))
		}
	case 7:
		s.emit(wasm.OpLocalGet, p, wasm.OpI32Const, int32(s.IntN(256)), wasm.OpI32Const, int32(s.near()), wasm.OpMemoryFill, byte(0))
	case 8:
		s.emit(wasm.OpLocalGet, p, wasm.OpLocalGet, s.pointer(), wasm.OpI32Const, int32(s.near()), wasm.OpMemoryCopy, byte(0), byte(0))
	case 9:
		s.emit(wasm.OpI32Const, int32(s.IntN(2)), wasm.OpMemoryGrow, byte(0), wasm.OpMemorySize, byte(0), wasm.OpI32Add, wasm.OpLocalSet, p)
	default:
		s.structured(depth)
	}
}

func (s *scribbler) structured(depth int) {
	if depth == scribbleDepth {
		return
	}
	leave := func() { // now and then, out of what is open
		if s.IntN(3) == 0 {
			s.emit(wasm.OpLocalGet, s.pointer(), wasm.OpI32Const, int32(1+s.IntN(7)), wasm.OpI32And, wasm.OpBrIf, 0)
		}
	}
	switch s.IntN(3) {
	case 0:
		s.emit(wasm.OpBlock, byte(0x40))
		s.statements(depth + 1)
		leave()
		s.statements(depth + 1)
		s.emit(wasm.OpEnd)
	case 1:
		s.emit(wasm.OpLocalGet, s.pointer(), wasm.OpI32Const, int32(1), wasm.OpI32And, wasm.OpIf, byte(0x40))
		s.statements(depth + 1)
		if s.IntN(2) == 0 {
			s.emit(wasm.OpElse)
			s.statements(depth + 1)
		}
		s.emit(wasm.OpEnd)
	case 2:
		counter := scribblePointers + depth
		s.emit(wasm.OpI32Const, int32(3), wasm.OpLocalSet, counter, wasm.OpLoop, byte(0x40))
		s.statements(depth + 1)
		s.emit(wasm.OpLocalGet, counter, wasm.OpI32Const, int32(1), wasm.OpI32Sub, wasm.OpLocalTee, counter, wasm.OpBrIf, 0, wasm.OpEnd)
	}
}

// scribbles is a module with an export f that writes here and there.
func scribbles(seed uint64) []byte {
	s := &scribbler{Rand: rand.New(rand.NewPCG(seed, 7)), left: 60}
	for i := range scribblePointers {
		s.emit(wasm.OpI32Const, int32(s.IntN(scribbleMask)), wasm.OpLocalSet, i)
	}
	s.emit(wasm.OpI64Const, int64(-0x0123456789abcdef), wasm.OpLocalSet, scribbleValues)
	s.emit(wasm.OpF32Const, byte(1), byte(2), byte(3), byte(4), wasm.OpLocalSet, scribbleValues+1)
	s.emit(wasm.OpF64Const, bytes.Repeat([]byte{5}, 8), wasm.OpLocalSet, scribbleValues+2)
	s.emit(wasm.OpLocalGet, scribbleValues, wasm.OpI64x2Splat, wasm.OpLocalSet, scribbleValues+3)
	for s.left > 0 {
		s.statements(0)
	}
	s.emit(wasm.OpEnd)
	m := wasmtest.New().Memory(4, 6).ExportMemory("memory").Data(0, strings.Repeat("data", 300)).Data(70_000, "more")
	m.ExportFunc("f", m.FuncRaw(":", wasmtest.Locals(scribbleLocals), s.code))
	return m.Bytes()
}

func scribble(t *testing.T, seed uint64) {
	t.Helper()
	code := scribbles(seed)
	var want []byte
	for _, opt := range []wasm.RewriteOptions{{}, {Track: true}} {
		r := rewrite(t, code, opt)
		require.Equal(t, opt.Track, r.MemoryBase > 0)
		require.NoError(t, load(t, r.Code).Validate())
		m, err := newMachine(t, engines[0], r.Code, r)
		require.NoError(t, err)
		check := m.watchWrites(r)
		_, err = m.call("f")
		require.NoError(t, err, "seed %d", seed)
		check(t)
		memory, _ := m.mod.Memory().Read(r.MemoryBase, m.mod.Memory().Size()-r.MemoryBase)
		if want == nil {
			want = bytes.Clone(memory)
			continue
		}
		require.True(t, bytes.Equal(want, memory), "seed %d: the memories differ", seed)
		require.NoError(t, m.mod.Close(t.Context()))
	}
}

func TestAMarkSpeaksForEveryByteThatWasWritten(t *testing.T) {
	t.Parallel()
	n := uint64(300)
	if testing.Short() {
		n = 30
	}
	for seed := range n {
		scribble(t, seed)
	}
}

func FuzzMarks(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(scribble)
}
