package wasm

import (
	"encoding/binary"
	"sort"
	"strings"

	"github.com/aril-wasm/aril/runtime/internal/wasm/dwarf"
)

// A LineTable tells which lines of the sources rewritten code came from. It is
// immutable once Rewrite has returned, and keeps nothing of the module alive.
type LineTable struct {
	source *dwarf.Table
	parts  []originPart
	deltas []byte
}

// An originPart says where some instructions of a function were. Its deltas
// are pairs of numbers, one for each of them: how much further it is than the
// one before in the rewritten code, and in the module's.
type originPart struct {
	start  uint32 // in the rewritten code section; of a function's first part, its own
	origin uint32 // of the first instruction, in the module's
	deltas uint32 // where they begin
}

// partSteps is how many instructions a part has, so that a long function makes
// no trap slow.
const partSteps = 256

// A step is an instruction of a body on its way.
type step struct {
	from int // in the module's body
	at   int // in what is written
}

// A Place is a line of a source.
type Place struct {
	Function string // that the compiler inlined; "" for the function itself
	File     string // the last elements of its path, "" when unknown
	Line     int    // 0 when unknown
}

// readLines begins the table of a module. It is nil when the module has no
// DWARF that can be read. That is advice, as names are: a bug in reading it must
// not refuse the module.
func readLines(m *Module) (t *LineTable) {
	defer func() {
		if recover() != nil {
			t = nil
		}
	}()
	source := dwarf.Read(func(name string) []byte {
		for _, c := range m.Custom {
			if c.Name == name {
				return c.Bytes
			}
		}
		return nil
	}, m.CodeSize)
	if source == nil {
		return nil
	}
	return &LineTable{source: source}
}

// add takes over the steps of a body that begins at start in the rewritten code
// section. To be an offset in its section, what at says is moved bytes too much
// and what from says origin bytes too little.
func (t *LineTable) add(steps []step, start, moved, origin int) {
	var at, from int
	for i, s := range steps {
		now := s.at - moved
		if i%partSteps == 0 {
			at, from = now, s.from
			if i == 0 {
				at = start
			}
			t.parts = append(t.parts, originPart{start: uint32(at), origin: uint32(origin + from), deltas: uint32(len(t.deltas))})
		}
		t.deltas = binary.AppendUvarint(t.deltas, uint64(now-at))
		t.deltas = binary.AppendUvarint(t.deltas, uint64(s.from-from))
		at, from = now, s.from
	}
}

// origin is where in the module's code section the instruction at an offset of
// the rewritten one was; of code that was added, the one before it, or the
// function's first.
func (t *LineTable) origin(offset uint32) (uint32, bool) {
	i := sort.Search(len(t.parts), func(i int) bool { return t.parts[i].start > offset }) - 1
	if i < 0 {
		return 0, false
	}
	p, end := t.parts[i], uint32(len(t.deltas))
	if i+1 < len(t.parts) {
		end = t.parts[i+1].deltas
	}
	at, origin := uint64(p.start), uint64(p.origin)
	for d := t.deltas[p.deltas:end]; len(d) > 0; {
		by, n := binary.Uvarint(d)
		from, m := binary.Uvarint(d[n:])
		d = d[n+m:]
		if at += by; at > uint64(offset) {
			break
		}
		origin += from
	}
	return uint32(origin), true
}

// At tells where the instruction at an offset of the rewritten code section
// came from: the place itself, then, for each call around it that was inlined,
// the place of the call. The last one has no Function. There is none when
// nothing is known.
func (t *LineTable) At(offset uint32) []Place {
	if t == nil {
		return nil
	}
	origin, ok := t.origin(offset)
	if !ok {
		return nil
	}
	found := t.source.At(origin)
	places := make([]Place, len(found))
	for i, p := range found {
		function := demangle(p.Linkage) // has the path to it
		if function == p.Linkage {
			function = p.Function
		}
		places[i] = Place{Function: cleanName(function), File: cleanName(p.File), Line: int(p.Line)}
	}
	return places
}

func cleanName(s string) string {
	var b strings.Builder
	writeClean(&b, []byte(s))
	return b.String()
}

// appendTracer appends sections of DWARF. The engine (wazero v1.12.0) tells
// where a frame is only with a line, and the line only of a module with DWARF,
// version 4 at most. So there is one unit of which all the code is, with one
// line; what is of interest is the offset before it.
func appendTracer(b []byte) []byte {
	const first, last = 1, 1<<31 - 1 // 0 and -1 stand for code that was left out
	abbrev := []byte{
		1, 0x11, 0, // entry 1: a compile unit without children
		0x10, 0x17, // DW_AT_stmt_list, an offset
		0x11, 0x01, // DW_AT_low_pc, an address
		0x12, 0x01, // DW_AT_high_pc, likewise
		0, 0,
		0,
	}
	info := []byte{4, 0, 0, 0, 0, 0, 4, 1} // version 4, abbreviations at 0, addresses of 4 bytes; entry 1
	info = binary.LittleEndian.AppendUint32(info, 0)
	info = binary.LittleEndian.AppendUint32(info, first)
	info = binary.LittleEndian.AppendUint32(info, last)

	header := []byte{
		1, 1, 1, // instructions of 1 byte, one operation each; rows are statements
		0xff, 1, 10, // line base -1, line range 1, first special opcode
		0, 1, 1, 1, 1, 0, 0, 0, 1, // arguments of the standard opcodes
		0,                  // no directories
		'-', 0, 0, 0, 0, 0, // one file
	}
	line := []byte{4, 0}
	line = binary.LittleEndian.AppendUint32(line, uint32(len(header)))
	line = append(line, header...)
	setAddress := func(address uint32) {
		line = binary.LittleEndian.AppendUint32(append(line, 0, 5, 2), address)
	}
	setAddress(first)
	line = append(line, 1) // a row
	setAddress(last)
	line = append(line, 0, 1, 1) // the end

	for _, s := range []struct {
		name    string
		content []byte
		length  bool
	}{{".debug_abbrev", abbrev, false}, {".debug_info", info, true}, {".debug_line", line, true}} {
		var mark int
		b, mark = beginSized(append(b, sectionCustom))
		b = appendName(b, s.name)
		if s.length {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(s.content)))
		}
		b = endSized(append(b, s.content...), mark)
	}
	return b
}
