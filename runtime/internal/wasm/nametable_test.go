package wasm_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// named is a module of an import, then functions, with this section "name".
func named(t *testing.T, functions int, section []byte) *wasm.NameTable {
	t.Helper()
	w := wasmtest.New()
	w.Import("env", "f", ":")
	for range functions {
		w.Func(":", "", wasm.OpEnd)
	}
	m, err := wasm.Parse(w.Custom("name", section).Bytes(), wasm.Caps{})
	require.NoError(t, err)
	return m.Names()
}

// functionNames is the subsection of names: index, name, index, name …
func functionNames(parts ...any) []byte {
	content := []any{len(parts) / 2}
	for _, p := range parts {
		if s, ok := p.(string); ok {
			p = wasmtest.Name(s)
		}
		content = append(content, p)
	}
	return wasmtest.Section(1, content...)
}

func TestNamesAreReadByFunctionIndex(t *testing.T) {
	t.Parallel()
	names := named(t, 4, append(wasmtest.Section(0, wasmtest.Name("module")), functionNames(0, "f", 2, "two", 4, "fünf")...))
	require.Equal(t, 3, names.Len())
	require.Equal(t, "f", names.Function(0))
	require.Equal(t, "", names.Function(1))
	require.Equal(t, "two", names.Function(2))
	require.Equal(t, "fünf", names.Function(4))
	require.Equal(t, "", names.Function(5))

	shifted := names.Shift(1, 3)
	require.Equal(t, "f", shifted.Function(0))
	require.Equal(t, "", shifted.Function(2))
	require.Equal(t, "two", shifted.Function(5))
	require.Equal(t, "fünf", shifted.Function(7))
	require.Equal(t, "two", names.Function(2), "the first table is as it was")
}

func TestNamesAreCleaned(t *testing.T) {
	t.Parallel()
	names := named(t, 5, functionNames(
		0, "line\nbreak\x1b[31m", 1, "\xff\xfe", 2, "right\u202eleft\u200b", 3, strings.Repeat("é", 300), 4, strings.Repeat("a", 255)+"é"))
	require.Equal(t, "line�break�[31m", names.Function(0))
	require.Equal(t, "��", names.Function(1))
	require.Equal(t, "right�left�", names.Function(2))
	require.Equal(t, strings.Repeat("é", 128), names.Function(3))
	require.Equal(t, strings.Repeat("a", 255), names.Function(4), "no half of a character")
}

func TestNamesAreBoundedInAll(t *testing.T) {
	t.Parallel()
	const functions = 20_000
	var parts []any
	for i := range functions {
		parts = append(parts, i, strings.Repeat("n", 256))
	}
	names := named(t, functions, functionNames(parts...))
	require.Equal(t, 4<<20/256, names.Len())
	require.Len(t, names.Function(0), 256)
	require.Empty(t, names.Function(functions-1))
}

func TestBadNamesAreDroppedWithoutAnError(t *testing.T) {
	t.Parallel()
	for name, section := range map[string][]byte{
		"empty":                              {},
		"a subsection alone":                 {1},
		"a subsection that is too long":      {1, 5, 0},
		"4 billion names":                    {1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a name that is too long":            {1, 4, 1, 0, 9, 'a'},
		"indices that fall":                  functionNames(1, "a", 0, "b"),
		"an index twice":                     functionNames(1, "a", 1, "b"),
		"a function that is not there":       functionNames(9, "a"),
		"bytes left over":                    {1, 5, 1, 0, 1, 'a', 0},
		"more names than there are funcs":    functionNames(0, "a", 1, "b", 2, "c", 3, "d"),
		"a size that is no number":           {1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80},
		"only other subsections":             wasmtest.Section(2, 0),
		"an index that is longer than it is": {1, 9, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 1, 'a'},
	} {
		names := named(t, 1, section)
		require.Zero(t, names.Len(), name)
		require.Empty(t, names.Function(0), name)
		require.Zero(t, names.Shift(0, 1).Len(), name)
	}
}

func FuzzNames(f *testing.F) {
	f.Add(functionNames(0, "a", 1, "b\xff"))
	f.Add([]byte{1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, section []byte) {
		names := named(t, 3, section)
		for i := range uint32(5) {
			name := names.Function(i)
			require.True(t, utf8.ValidString(name))
			require.LessOrEqual(t, len(name), 256)
			require.NotContains(t, name, "\n")
		}
	})
}
