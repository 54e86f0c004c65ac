package wasm_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// lineEachByte is DWARF by which the code at each offset is in the line of the
// same number.
func lineEachByte(codeSize int) []byte {
	sized := func(b []byte) []byte { return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...) }
	header := []byte{1, 1, 1, 0, 2, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 'a', '.', 'c', 0, 0, 0, 0, 0}
	const copied, nextByteAndLine = 1, 13
	unit := append([]byte{4, 0}, sized(header)...)
	unit = append(unit, 0, 5, 2, 1, 0, 0, 0, copied)
	unit = append(unit, bytes.Repeat([]byte{nextByteAndLine}, codeSize-2)...)
	return sized(append(unit, 2, 1, 0, 1, 1)) // one byte on, the end
}

// withLines gives a module such DWARF.
func withLines(t testing.TB, code []byte) ([]byte, *wasm.Module) {
	t.Helper()
	m := parse(t, code)
	lines := lineEachByte(m.CodeSize)
	section := append(wasmtest.Name(".debug_line"), lines...)
	code = append(append(bytes.Clone(code), wasmtest.Code(0, len(section))...), section...)
	return code, parse(t, code)
}

// guests are the committed guests that may be rewritten.
func guests(t testing.TB) map[string][]byte {
	t.Helper()
	bulk := wasmtest.New().Memory(1, 1)
	bulk.Func("iii:", "", wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpLocalGet, 2, wasm.OpMemoryFill, byte(0),
		wasm.OpLocalGet, 0, wasm.OpLocalGet, 1, wasm.OpLocalGet, 2, wasm.OpMemoryCopy, byte(0), byte(0), wasm.OpEnd)
	guests := map[string][]byte{"indices": indices().Bytes(), "bulk": bulk.Bytes()}
	for _, pattern := range []string{"guests/*.wasm", "toolchains/*/*.wasm", "kernels/*.wasm"} {
		files, err := filepath.Glob(filepath.Join("../../../testdata", pattern))
		require.NoError(t, err)
		for _, file := range files {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			guests[file] = b
		}
	}
	require.Greater(t, len(guests), 30)
	return guests
}

// instructions are those of all bodies, by their offset in the code section.
func instructions(t testing.TB, m *wasm.Module) map[uint32]wasm.Instruction {
	t.Helper()
	all := map[uint32]wasm.Instruction{}
	for _, b := range m.Bodies {
		for code := wasm.NewCode(b.Code); ; {
			var in wasm.Instruction
			if code.Next(&in) != nil {
				break
			}
			all[uint32(b.Offset-m.CodeStart+in.Start)] = in
		}
	}
	return all
}

// stays tells whether the rewriter keeps an instruction, and adds none such.
func stays(op wasm.Opcode) bool {
	return op == wasm.OpCallIndirect || op.Info().Class == wasm.ClassLoad ||
		op >= wasm.OpI32DivS && op <= wasm.OpI32RemU || op >= wasm.OpI32TruncF32S && op <= wasm.OpI32TruncF64U
}

func TestEveryInstructionKnowsWhereItWas(t *testing.T) {
	t.Parallel()
	found, filled := 0, 0
	for file, plain := range guests(t) {
		for _, opt := range []wasm.RewriteOptions{{}, {Track: true}, {Unmetered: true}} {
			code, before := withLines(t, plain)
			opt.Debug = true
			r, after := rewriteModule(t, code, opt)
			require.NotNil(t, r.Lines, file)
			last := after.Bodies[len(before.Bodies)-1]
			helpers := uint32(last.Offset - after.CodeStart + len(last.Code))
			old, taken := instructions(t, before), map[int]bool{}
			for offset, in := range instructions(t, after) {
				added := offset >= helpers
				places := r.Lines.At(offset)
				if added || len(places) == 0 {
					require.True(t, added || before.CodeSize < 3, "%s: %#x has no line", file, offset)
					continue
				}
				require.Len(t, places, 1)
				line := places[0].Line
				was, ok := old[uint32(line)]
				require.True(t, ok, "%s: %#x was at %#x, where no instruction begins", file, offset, line)
				switch {
				case stays(in.Op):
					require.Equal(t, in.Op.String(), was.Op.String(), "%s: %#x was at %#x", file, offset, line)
					require.False(t, taken[line], "%s: %#x has become two", file, line)
					taken[line] = true
					found++
				case in.Op == wasm.OpCall && r.Names.Function(in.A) == "aril.fill":
					require.Equal(t, wasm.OpMemoryFill.String(), was.Op.String())
					filled++
				case in.Op == wasm.OpCall && r.Names.Function(in.A) == "aril.copy":
					require.Equal(t, wasm.OpMemoryCopy.String(), was.Op.String())
					filled++
				case in.Op == wasm.OpCall && was.Op == wasm.OpCall && in.A != uint32(r.ImportCount-1) && in.A < uint32(r.ImportCount+len(before.Bodies)):
					want := was.A
					if want >= uint32(len(before.Imports)) {
						want++
					}
					require.Equal(t, want, in.A, "%s: the call at %#x was at %#x", file, offset, line)
				}
			}
		}
	}
	require.Greater(t, found, 1000)
	require.GreaterOrEqual(t, filled, 2)
}

func TestLinesAreAddedToTheCodeAndChangeNothingOfIt(t *testing.T) {
	t.Parallel()
	for file, plain := range guests(t) {
		code, _ := withLines(t, plain)
		want, _ := rewriteModule(t, plain, wasm.RewriteOptions{})
		got, m := rewriteModule(t, code, wasm.RewriteOptions{Debug: true})
		require.Equal(t, want.Code, got.Code[:len(want.Code)], file)
		require.Greater(t, len(got.Code), len(want.Code), file)
		require.Len(t, m.Custom, 3, file)
		require.NotEqual(t, want.Digest, got.Digest, file)
	}
}

func TestWithoutDebugOrWithoutLinesNothingIsAdded(t *testing.T) {
	t.Parallel()
	plain := indices().Bytes()
	want, _ := rewriteModule(t, plain, wasm.RewriteOptions{})
	require.Nil(t, want.Lines)
	code, _ := withLines(t, plain)
	for name, r := range map[string]func() (*wasm.Rewritten, *wasm.Module){
		"not asked for": func() (*wasm.Rewritten, *wasm.Module) { return rewriteModule(t, code, wasm.RewriteOptions{}) },
		"none there": func() (*wasm.Rewritten, *wasm.Module) {
			return rewriteModule(t, plain, wasm.RewriteOptions{Debug: true})
		},
	} {
		got, _ := r()
		require.Nil(t, got.Lines, name)
		require.Equal(t, want.Digest, got.Digest, name)
		require.Nil(t, got.Lines.At(20), name)
	}
}

func TestNamesInLinesAreCleaned(t *testing.T) {
	t.Parallel()
	plain := indices().Bytes()
	code, m := withLines(t, plain)
	at := bytes.LastIndex(code, []byte("a.c\x00"))
	copy(code[at:], "\x1b\n\xff")
	r, _ := rewriteModule(t, code, wasm.RewriteOptions{Debug: true})
	places := r.Lines.At(uint32(m.CodeSize))
	require.NotEmpty(t, places)
	require.Equal(t, "\ufffd\ufffd\ufffd", places[0].File)
}

func TestOffsetsOutsideTheCodeHaveNoLine(t *testing.T) {
	t.Parallel()
	code, _ := withLines(t, indices().Bytes())
	r, _ := rewriteModule(t, code, wasm.RewriteOptions{Debug: true})
	require.Nil(t, r.Lines.At(0))
	require.NotPanics(t, func() { r.Lines.At(1<<32 - 1) })
}
