package wasm

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Section numbers of the binary format.
// https://www.w3.org/TR/wasm-core-2/#sections%E2%91%A0
const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
	sectionLimit
)

// sections are what a section is called, where it stands in the order, and
// who reads it.
var sections = [sectionLimit]struct {
	name  string
	order int
	read  func(*parser)
}{
	sectionCustom:    {"custom section", 0, (*parser).custom},
	sectionType:      {"type section", 1, (*parser).types},
	sectionImport:    {"import section", 2, (*parser).imports},
	sectionFunction:  {"function section", 3, (*parser).functions},
	sectionTable:     {"table section", 4, (*parser).tables},
	sectionMemory:    {"memory section", 5, (*parser).memories},
	sectionGlobal:    {"global section", 6, (*parser).globals},
	sectionExport:    {"export section", 7, (*parser).exports},
	sectionStart:     {"start section", 8, (*parser).start},
	sectionElement:   {"element section", 9, (*parser).elements},
	sectionDataCount: {"data count section", 10, (*parser).dataCount},
	sectionCode:      {"code section", 11, (*parser).code},
	sectionData:      {"data section", 12, (*parser).data},
}

// Parse decodes a module. Every count is checked against what is left of the
// section and against caps before anything is allocated for it: what Parse
// allocates is a small multiple of len(b). Function bodies are not looked into
// but for their locals; Validate does that.
//
// An error is a *FormatError at the first offset that is wrong. The module
// aliases b, which must not change afterwards.
func Parse(b []byte, caps Caps) (m *Module, err error) {
	p := &parser{
		b:       b,
		end:     len(b),
		caps:    caps.withDefaults(),
		section: "module",
		m:       &Module{Start: -1, DataCount: -1},
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *FormatError:
			m, err = nil, r
		default:
			panic(r)
		}
	}()
	p.module()
	return p.m, nil
}

// A parser is at pos of b and may read up to end. It leaves with a panic of a
// *FormatError, which Parse turns into its error.
type parser struct {
	b        []byte
	pos, end int
	caps     Caps
	section  string
	m        *Module

	entries     int // element entries so far
	totalLocals int // of the bodies so far

	valueTypes []ValueType // slabs that parts of m are cut from
	localRuns  []LocalRun
}

func (p *parser) failAt(offset int, format string, args ...any) {
	panic(&FormatError{Offset: offset, Section: p.section, Reason: fmt.Sprintf(format, args...)})
}

func (p *parser) module() {
	if len(p.b) > p.caps.ModuleBytes {
		p.failAt(p.caps.ModuleBytes, "%d bytes are more than %d", len(p.b), p.caps.ModuleBytes)
	}
	if len(p.b) < 8 || string(p.b[:4]) != "\x00asm" {
		p.failAt(0, "no WebAssembly module: it does not begin with \\0asm")
	}
	if v := binary.LittleEndian.Uint32(p.b[4:]); v != 1 {
		p.failAt(4, "version %#x is not 1: no core module", v)
	}
	p.pos = 8
	last := 0
	for p.pos < len(p.b) {
		p.section, p.end = "module", len(p.b)
		start := p.pos
		id := p.byte()
		if id >= sectionLimit {
			p.failAt(start, "unknown section %d", id)
		}
		section := &sections[id]
		if section.order != 0 && section.order <= last {
			p.failAt(start, "%s is repeated or out of order", section.name)
		}
		last = max(last, section.order)
		sizeAt := p.pos
		size := p.u32()
		if int64(size) > int64(p.end-p.pos) {
			p.failAt(sizeAt, "%s of %d bytes is longer than the module", section.name, size)
		}
		p.end = p.pos + int(size)
		p.section = section.name
		section.read(p)
		if p.pos != p.end {
			p.failAt(p.pos, "%d bytes too many in the section", p.end-p.pos)
		}
	}
	p.section = "module"
	if len(p.m.Funcs) != len(p.m.Bodies) {
		p.failAt(len(p.b), "%d functions are declared and %d have a body", len(p.m.Funcs), len(p.m.Bodies))
	}
	if p.m.DataCount >= 0 && p.m.DataCount != len(p.m.Datas) {
		p.failAt(len(p.b), "%d data segments are announced and %d are there", p.m.DataCount, len(p.m.Datas))
	}
}

func (p *parser) byte() byte {
	if p.pos >= p.end {
		p.failAt(p.pos, reasonEnd)
	}
	b := p.b[p.pos]
	p.pos++
	return b
}

func (p *parser) u32() uint32 {
	v, next, reason := readU32(p.b[:p.end], p.pos)
	if reason != "" {
		p.failAt(next, "%s", reason)
	}
	p.pos = next
	return v
}

func (p *parser) bytes(n int) []byte {
	if n > p.end-p.pos {
		p.failAt(p.end, reasonEnd)
	}
	b := p.b[p.pos : p.pos+n : p.pos+n]
	p.pos += n
	return b
}

// count reads how many things follow, each of which takes least bytes or more.
func (p *parser) count(what string, least, limit int) int {
	at := p.pos
	n := p.u32()
	if int64(n)*int64(least) > int64(p.end-p.pos) {
		p.failAt(at, "%d %s do not fit into %d bytes", n, what, p.end-p.pos)
	}
	if int64(n) > int64(limit) {
		p.failAt(at, "%d %s are more than %d", n, what, limit)
	}
	return int(n)
}

func (p *parser) name(what string) string {
	n := p.count("bytes of "+what, 1, p.caps.NameBytes)
	at := p.pos
	b := p.bytes(n)
	if !utf8.Valid(b) {
		p.failAt(at, "%s is not UTF-8", what)
	}
	return string(b)
}

func (p *parser) valueType() ValueType {
	b := p.byte()
	if !valueType(b) {
		p.failAt(p.pos-1, "%#02x is no value type", b)
	}
	return ValueType(b)
}

func (p *parser) refType() ValueType {
	b := p.byte()
	if !ValueType(b).IsRef() {
		p.failAt(p.pos-1, "%#02x is no reference type", b)
	}
	return ValueType(b)
}

func (p *parser) custom() {
	if len(p.m.Custom) == p.caps.CustomSections {
		p.failAt(p.pos, "more than %d custom sections", p.caps.CustomSections)
	}
	name := p.name("name of a custom section")
	p.m.Custom = append(p.m.Custom, CustomSection{Name: name, Bytes: p.bytes(p.end - p.pos)})
}

func (p *parser) limit() Limit {
	var l Limit
	switch flag := p.byte(); flag {
	case 0:
		l.Min = p.u32()
	case 1:
		l.HasMax = true
		l.Min = p.u32()
		l.Max = p.u32()
	case 2, 3:
		p.failAt(p.pos-1, "shared memory is not supported")
	case 4, 5, 6, 7:
		p.failAt(p.pos-1, "64-bit memory is not supported")
	default:
		p.failAt(p.pos-1, "%#02x is no kind of limits", flag)
	}
	return l
}

// constExpr reads one constant instruction and its end. Which of them are
// allowed where is Validate's matter.
func (p *parser) constExpr() ConstExpr {
	at := p.pos
	c := Code{code: p.b[:p.end], pos: p.pos}
	var in Instruction
	if err := c.Next(&in); err != nil {
		p.failCode(err)
	}
	e := ConstExpr{Op: in.Op}
	switch in.Op {
	case OpI32Const, OpI64Const, OpF32Const, OpF64Const:
		e.Bits = in.Bits
	case OpV128Const:
		e.Bits, e.Bits2 = in.Bits, in.Bits2
	case OpGlobalGet, OpRefFunc, OpRefNull:
		e.Bits = uint64(in.A)
	default:
		p.failAt(at, "%s is no constant instruction", in.Op)
	}
	p.pos = in.End
	if b := p.byte(); Opcode(b) != OpEnd {
		p.failAt(p.pos-1, "a constant expression has more than one instruction")
	}
	return e
}

// failCode leaves with an error of Next over the whole module.
func (p *parser) failCode(err error) {
	if f, ok := err.(*FormatError); ok {
		p.failAt(f.Offset, "%s", f.Reason)
	}
	p.failAt(p.pos, reasonEnd)
}
