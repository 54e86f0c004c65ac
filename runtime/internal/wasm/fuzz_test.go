package wasm_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// smallCaps keep what a fuzz run compiles small.
var smallCaps = wasm.Caps{
	ModuleBytes: 64 << 10, Types: 100, Functions: 200, Imports: 100, Exports: 100, Globals: 100,
	ElementSegments: 50, ElementEntries: 1_000, DataSegments: 100, Locals: 300, LocalsTotal: 2_000, BodyBytes: 16 << 10,
}

// seeds are the modules of testdata, those of the tests here, and some that
// are no modules.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	var list [][]byte
	root := filepath.Join("..", "..", "..", "testdata")
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".wasm") {
			return err
		}
		b, err := os.ReadFile(path)
		if len(b) <= smallCaps.ModuleBytes {
			list = append(list, b)
		}
		return err
	}))
	require.NotEmpty(t, list, "no seed under testdata")
	list = append(list, extension().Bytes())
	for _, u := range uses() {
		list = append(list, host(true, append(u.body(u.params), drops(u.results)...)...))
	}
	return append(list, nil, []byte("\x00asm"), []byte("\x00asm\x01\x00\x00\x00\x02\x05\xff\xff\xff\xff\x0f"))
}

// TestSeedsAreAccepted keeps the corpus worth its name: most seeds get past
// every check, so that mutations of them reach every check.
func TestSeedsAreAccepted(t *testing.T) {
	t.Parallel()
	all, accepted := seeds(t), 0
	for _, b := range all {
		if check(b, wasm.Caps{}) == nil {
			accepted++
		}
	}
	require.Greater(t, accepted, len(all)/2)
}

// FuzzParse: nothing that is parsed, validated, admitted or asked for its
// names panics or allocates more than a small multiple of its length, and
// every refusal has its type.
func FuzzParse(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := allocated(func() {
			m, err := wasm.Parse(b, wasm.Caps{})
			if err == nil {
				err = m.Validate()
			}
			var format *wasm.FormatError
			if err != nil {
				require.ErrorAs(t, err, &format)
				require.LessOrEqual(t, format.Offset, len(b))
				return
			}
			report, err := wasm.Admit(m, len(b), policy)
			require.NotEmpty(t, report.String())
			var refused *wasm.AdmissionError
			require.True(t, err == nil || errors.As(err, &refused))
		})
		require.Less(t, n, uint64(200*len(b)+(2<<20)))
	})
}

// FuzzAcceptedByWazero: what Parse and Validate accept, the engine accepts.
// Custom sections are left out, as the rewriter leaves them out.
func FuzzAcceptedByWazero(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if check(b, smallCaps) != nil {
			return
		}
		require.NoError(t, engineAccepts(t, withoutCustom(b)))
	})
}

// withoutCustom is a module without its custom sections. Its sections must be
// sound.
func withoutCustom(b []byte) []byte {
	out := append([]byte(nil), b[:8]...)
	for pos := 8; pos < len(b); {
		start, id := pos, b[pos]
		pos++
		size := 0
		for shift := 0; ; shift += 7 {
			c := b[pos]
			pos++
			size |= int(c&0x7f) << shift
			if c < 0x80 {
				break
			}
		}
		pos += size
		if id != 0 {
			out = append(out, b[start:pos]...)
		}
	}
	return out
}

// FuzzBodies makes bodies from whole instructions, which random bytes hardly
// ever do: each byte picks one, right or wrong where it stands. Both judge the
// same, but that the engine does not hold select t to its type.
func FuzzBodies(f *testing.F) {
	var pieces [][]any
	for _, t := range types(wasm.I32, wasm.I32, wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.V128, wasm.FuncRef, wasm.ExternRef) {
		pieces = append(pieces, []any{push(t)}, []any{wasm.OpBlock, t}, []any{wasm.OpLoop, t}, []any{wasm.OpIf, t})
	}
	for depth := range 4 {
		pieces = append(pieces, []any{wasm.OpEnd}, []any{wasm.OpElse}, []any{wasm.OpBr, depth}, []any{wasm.OpBrIf, depth}, []any{wasm.OpBrTable, 1, 0, depth},
			[]any{wasm.OpBlock, depth}, []any{wasm.OpLoop, depth}, []any{wasm.OpIf, depth})
	}
	for _, u := range uses() {
		if info := u.op.Info(); info.Class != wasm.ClassNumeric && info.Class != wasm.ClassVector {
			pieces = append(pieces, append([]any{u.op}, u.imm...))
		}
	}
	require.Less(f, len(pieces), 256)
	f.Add([]byte{0, 0, 0, 36, 36})
	f.Add([]byte("a body of a function"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 100 {
			return
		}
		var body []any
		typedSelect := false
		for _, c := range choices {
			piece := pieces[int(c)%len(pieces)]
			body = append(body, piece...)
			typedSelect = typedSelect || piece[0] == wasm.OpSelectT
		}
		for range 3 {
			body = append(body, wasm.OpEnd)
			b := host(true, body...)
			ours, engine := check(b, wasm.Caps{}), engineAccepts(t, b)
			if ours == nil {
				require.NoError(t, engine)
			} else if !typedSelect {
				require.Error(t, engine, "ours says: %v", ours)
			}
		}
	})
}
