package wasm

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	functionNameBytes = 256     // of one name, after cleaning
	nameTableBytes    = 4 << 20 // of all names together

	subsectionFunctions = 1
)

// A NameTable holds the names of functions, by function index: what the
// custom section "name" gave, cleaned for messages and logs. It is immutable
// and keeps nothing of the module alive. The nil table is empty.
type NameTable struct {
	indices []uint32
	ends    []uint32 // of the i-th name in text
	text    string
}

// Len is the number of functions that have a name.
func (t *NameTable) Len() int {
	if t == nil {
		return 0
	}
	return len(t.indices)
}

// Function is the name of a function, or "" when it has none.
func (t *NameTable) Function(index uint32) string {
	if t == nil {
		return ""
	}
	i := sort.Search(len(t.indices), func(i int) bool { return t.indices[i] >= index })
	if i == len(t.indices) || t.indices[i] != index {
		return ""
	}
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.text[start:t.ends[i]]
}

// Shift is the table with every index from first on raised by by: how a
// function that was put before others renumbers them. The names are shared.
func (t *NameTable) Shift(first, by uint32) *NameTable {
	if t == nil {
		return nil
	}
	shifted := &NameTable{indices: make([]uint32, len(t.indices)), ends: t.ends, text: t.text}
	for i, index := range t.indices {
		if index >= first {
			index += by
		}
		shifted.indices[i] = index
	}
	return shifted
}

// Names reads the names of functions from the custom section "name". Names
// are advice: a section that is malformed gives no names and no error.
// Invalid UTF-8 and control characters are replaced, a name is cut after 256
// bytes, and names past 4 MiB in all are left out.
// https://www.w3.org/TR/wasm-core-2/#name-section%E2%91%A0
func (m *Module) Names() *NameTable {
	for _, c := range m.Custom {
		if c.Name == "name" {
			return readNames(c.Bytes, uint32(len(m.Bodies)+m.importedFunctions()))
		}
	}
	return nil
}

// importedFunctions is how many function indices the imports take.
func (m *Module) importedFunctions() int {
	n := 0
	for i := range m.Imports {
		if m.Imports[i].Kind == ExternFunc {
			n++
		}
	}
	return n
}

func readNames(b []byte, functions uint32) *NameTable {
	for pos := 0; pos < len(b); {
		id := b[pos]
		size, next, reason := readU32(b, pos+1)
		if reason != "" || int64(size) > int64(len(b)-next) {
			return nil
		}
		pos = next + int(size)
		if id == subsectionFunctions {
			return readNameMap(b[next:pos], functions)
		}
	}
	return nil
}

func readNameMap(b []byte, functions uint32) *NameTable {
	n, pos, reason := readU32(b, 0)
	if reason != "" || int64(n)*2 > int64(len(b)-pos) || n > functions {
		return nil
	}
	t := &NameTable{indices: make([]uint32, 0, n), ends: make([]uint32, 0, n)}
	var text strings.Builder
	text.Grow(min(len(b), nameTableBytes))
	last := int64(-1)
	for range n {
		var index, size uint32
		if index, pos, reason = readU32(b, pos); reason != "" || int64(index) <= last || index >= functions {
			return nil
		}
		last = int64(index)
		if size, pos, reason = readU32(b, pos); reason != "" || int64(size) > int64(len(b)-pos) {
			return nil
		}
		name := b[pos : pos+int(size)]
		pos += int(size)
		if text.Len()+functionNameBytes > nameTableBytes {
			continue
		}
		writeClean(&text, []byte(demangle(string(name))))
		t.indices = append(t.indices, index)
		t.ends = append(t.ends, uint32(text.Len()))
	}
	if pos != len(b) {
		return nil
	}
	t.text = strings.Clone(text.String())
	return t
}

// writeClean appends name without what could forge a line of a log or
// confuse a terminal.
func writeClean(w *strings.Builder, name []byte) {
	limit := w.Len() + functionNameBytes
	for len(name) > 0 {
		r, n := utf8.DecodeRune(name)
		name = name[n:]
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		if w.Len()+utf8.RuneLen(r) > limit {
			return
		}
		w.WriteRune(r)
	}
}
