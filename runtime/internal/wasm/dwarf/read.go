package dwarf

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"
)

// What Read bounds. Past a bound it keeps what it has.
const (
	// Work: opcodes, attributes, entries. Rust's, of 3.3 MB, takes 1.2 million.
	baseSteps = 1 << 16
	byteSteps = 2 // for each byte
	maxSteps  = 8 << 20

	maxRows    = 1 << 20
	maxCalls   = 1 << 18
	maxNames   = 1 << 18 // entries that names were looked for in
	maxTexts   = 1 << 16
	maxDirs    = 1 << 12 // of one line table
	maxFiles   = 1 << 20 // of all line tables
	maxText    = 1 << 10 // bytes of one name
	maxTextSum = 4 << 20 // bytes of all names
	maxUnits   = 1 << 14
	maxAttrs   = 1 << 19 // of all abbreviations that are kept
	pathParts  = 3       // elements of a path that are kept
)

// Read reads the debugging information of a module whose code section has
// codeSize bytes. section gives the content of the custom section of a name,
// nil when there is none. The table is nil when nothing is known.
func Read(section func(name string) []byte, codeSize int) *Table {
	return reading(section, codeSize).table()
}

// reading reads it all.
func reading(section func(name string) []byte, codeSize int) *data {
	d := &data{
		info: section(".debug_info"), abbrev: section(".debug_abbrev"), line: section(".debug_line"),
		str: section(".debug_str"), lineStr: section(".debug_line_str"), strOffsets: section(".debug_str_offsets"),
		addr: section(".debug_addr"), ranges: section(".debug_ranges"), rnglists: section(".debug_rnglists"),
		codeSize: uint64(codeSize),
		texts:    []string{""}, textIDs: map[string]uint32{"": 0},
		files: map[uint64][]uint32{}, abbrevs: map[uint64]abbrevTable{}, names: map[int]functionName{},
	}
	size := 0
	for _, s := range [][]byte{d.info, d.abbrev, d.line, d.str, d.lineStr, d.strOffsets, d.addr, d.ranges, d.rnglists} {
		size += len(s)
	}
	d.steps = min(baseSteps+byteSteps*size, maxSteps)
	d.readLines()
	d.readUnits()
	return d
}

func (d *data) table() *Table {
	if len(d.rows) == 0 && len(d.calls) == 0 {
		return nil
	}
	return &Table{rows: sortRows(d.rows), calls: nest(d.calls), texts: d.texts}
}

// data is the debugging information while it is read.
type data struct {
	info, abbrev, line, str, lineStr, strOffsets, addr, ranges, rnglists []byte

	codeSize uint64
	steps    int // left; below 0 reading ends

	rows    []row
	calls   []inline
	texts   []string
	textIDs map[string]uint32
	textSum int

	files     map[uint64][]uint32 // of a line table, by its offset: texts by file number
	filesKept int
	abbrevs   map[uint64]abbrevTable
	attrsKept int
	units     []unit
	names     map[int]functionName // by the offset of the function's entry
}

// spend reports whether n more steps may be done.
func (d *data) spend(n int) bool {
	d.steps -= n
	return d.steps >= 0
}

// text keeps a name and gives its number, 0 where there is no room.
func (d *data) text(s string) uint32 {
	if id, ok := d.textIDs[s]; ok {
		return id
	}
	if len(d.texts) == maxTexts || len(s) > maxText || d.textSum+len(s) > maxTextSum {
		return 0
	}
	id := uint32(len(d.texts))
	s = strings.Clone(s)
	d.texts, d.textIDs[s] = append(d.texts, s), id
	d.textSum += len(s)
	return id
}

// file keeps the name of a file: the end of its path. Where the whole of it
// leads is the business of whoever built the module.
func (d *data) file(dir, name string) uint32 {
	if len(dir)+len(name) > maxText {
		dir = ""
	}
	if name == "" || len(name) > maxText {
		return 0
	}
	full := path.Clean(strings.ReplaceAll(dir+"/"+name, `\`, "/"))
	parts := strings.Split(strings.TrimPrefix(full, "/"), "/")
	return d.text(strings.Join(parts[max(0, len(parts)-pathParts):], "/"))
}

// stringAt reads a string of a section, "" when it is not there or is longer
// than names are.
func (d *data) stringAt(section []byte, offset uint64) string {
	if offset >= uint64(len(section)) {
		return ""
	}
	b := section[offset:]
	n := bytes.IndexByte(b[:min(len(b), maxText+1)], 0)
	d.spend(1 + maxText>>6)
	if n < 0 {
		return ""
	}
	return string(b[:n])
}

// wordAt reads the number of size bytes with an index behind an offset.
func wordAt(section []byte, offset, index uint64, size int) (uint64, bool) {
	n := uint64(len(section))
	if offset > n || index >= (n-offset)/uint64(size) {
		return 0, false
	}
	r := reader{b: section[offset+index*uint64(size):]}
	return r.word(size), true
}

// A reader reads numbers from b. Past the end it yields zeros and is bad.
type reader struct {
	b   []byte
	pos int
	bad bool
}

func (r *reader) left() int { return len(r.b) - r.pos }

// take gives the next n bytes, nil when there are fewer.
func (r *reader) take(n uint64) []byte {
	if n > uint64(r.left()) {
		r.bad, r.pos = true, len(r.b)
		return nil
	}
	b := r.b[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return b
}

// word reads a number of 1 to 8 bytes.
func (r *reader) word(size int) uint64 {
	var full [8]byte
	copy(full[:], r.take(uint64(size)))
	return binary.LittleEndian.Uint64(full[:])
}

func (r *reader) u8() byte { return byte(r.word(1)) }

func (r *reader) uleb() uint64 {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		c := r.u8()
		if shift < 64 {
			v |= uint64(c&0x7f) << shift
		}
		if c < 0x80 { // and past the end it is 0
			return v
		}
	}
}

func (r *reader) sleb() int64 {
	var v int64
	for shift := uint(0); ; {
		c := r.u8()
		if shift < 64 {
			v |= int64(c&0x7f) << shift
		}
		shift += 7
		if c < 0x80 {
			if shift < 64 && c&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
}

// str reads a string that ends with a zero. The bytes alias b.
func (r *reader) str() []byte {
	n := bytes.IndexByte(r.b[r.pos:], 0)
	if n < 0 {
		r.bad, r.pos = true, len(r.b)
		return nil
	}
	s := r.take(uint64(n))
	r.pos++
	return s
}

// unitLength reads the length that a unit begins with, and the size of
// offsets within it.
func (r *reader) unitLength() (length uint64, offsetSize int) {
	if length = r.word(4); length == 0xffff_ffff {
		return r.word(8), 8
	}
	return length, 4
}
