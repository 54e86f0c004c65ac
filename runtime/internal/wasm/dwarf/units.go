package dwarf

import "sort"

const (
	tagCompileUnit       = 0x11
	tagInlinedSubroutine = 0x1d

	attrName           = 0x03
	attrStmtList       = 0x10
	attrLowPC          = 0x11
	attrHighPC         = 0x12
	attrAbstractOrigin = 0x31
	attrSpecification  = 0x47
	attrRanges         = 0x55
	attrCallFile       = 0x58
	attrCallLine       = 0x59
	attrLinkageName    = 0x6e
	attrStrOffsetsBase = 0x72
	attrAddrBase       = 0x73
	attrRnglistsBase   = 0x74

	unitCompile = 1
	unitPartial = 3
)

// A unit is one unit of .debug_info.
type unit struct {
	start, end  int // in the section
	entries     int // where they begin
	version     int
	offsetSize  int
	addressSize int
	abbrevs     abbrevTable

	// What its first entry says.
	low                             uint64
	strOffsets, addresses, rnglists uint64
	files                           []uint32
}

// An abbrevTable says how entries are written, by their code.
type abbrevTable map[uint64]abbrev

type abbrev struct {
	tag      uint64
	children bool
	attrs    []attr
}

type attr struct {
	name, form uint64
	implicit   int64
}

// An entry is what of an entry is of interest.
type entry struct {
	tag      uint64
	children bool
	null     bool // the end of its siblings

	name, linkageName, low, high, ranges, origin, callFile, callLine, stmtList, strOffsets, addresses, rnglists value
}

// readUnits finds the inlined calls. An entry may refer to one of any unit, so
// the units come first.
func (d *data) readUnits() {
	r := reader{b: d.info}
	for r.left() > 0 && len(d.units) < maxUnits && d.spend(1) {
		u := unit{start: r.pos}
		length, offsetSize := r.unitLength()
		if length > uint64(r.left()) || r.bad {
			break
		}
		u.offsetSize, u.end = offsetSize, r.pos+int(length)
		if d.readUnit(&u, r.pos) {
			d.units = append(d.units, u)
		}
		r.pos = u.end
	}
	for i := range d.units {
		d.readEntries(&d.units[i])
	}
}

// readUnit reads what a unit begins with.
func (d *data) readUnit(u *unit, pos int) bool {
	r := reader{b: d.info[:u.end], pos: pos}
	var abbrevs uint64
	u.version = int(r.word(2))
	switch {
	case u.version == 5:
		kind := r.u8()
		u.addressSize = int(r.u8())
		abbrevs = r.word(u.offsetSize)
		if kind != unitCompile && kind != unitPartial {
			return false
		}
	case u.version >= 2 && u.version <= 4:
		abbrevs = r.word(u.offsetSize)
		u.addressSize = int(r.u8())
	default:
		return false
	}
	if u.addressSize != 4 && u.addressSize != 8 || r.bad {
		return false
	}
	u.entries = r.pos
	u.abbrevs = d.abbrevTable(abbrevs)
	var e entry
	if !d.entry(&r, u, &e) || e.null {
		return false
	}
	// The tables begin behind their headers, unless the entry says else.
	header := uint64(2 * u.offsetSize)
	u.strOffsets, u.addresses, u.rnglists = header, header, header+4
	for _, base := range []struct {
		of    *uint64
		value value
	}{{&u.strOffsets, e.strOffsets}, {&u.addresses, e.addresses}, {&u.rnglists, e.rnglists}} {
		if base.value.form != 0 {
			*base.of = base.value.n
		}
	}
	u.low, _ = d.address(u, e.low)
	if e.stmtList.form != 0 {
		u.files = d.files[e.stmtList.n]
	}
	return true
}

// abbrevTable reads the abbreviations at an offset.
func (d *data) abbrevTable(offset uint64) abbrevTable {
	if t, ok := d.abbrevs[offset]; ok || offset > uint64(len(d.abbrev)) {
		return t
	}
	t := abbrevTable{}
	d.abbrevs[offset] = t
	r := reader{b: d.abbrev[offset:]}
	for d.spend(1) {
		code := r.uleb()
		if code == 0 {
			break
		}
		a := abbrev{tag: r.uleb(), children: r.u8() != 0}
		for {
			of := attr{name: r.uleb(), form: r.uleb()}
			if of.form == formImplicitConst {
				of.implicit = r.sleb()
			}
			if of.name == 0 && of.form == 0 || r.bad {
				break
			}
			if d.attrsKept++; d.attrsKept > maxAttrs || !d.spend(1) {
				return t
			}
			a.attrs = append(a.attrs, of)
		}
		if d.attrsKept++; d.attrsKept > maxAttrs {
			return t
		}
		if r.bad {
			break
		}
		t[code] = a
	}
	return t
}

// entry reads an entry. It reports false where no other can follow.
func (d *data) entry(r *reader, u *unit, e *entry) bool {
	code := r.uleb()
	if r.bad || !d.spend(1) {
		return false
	}
	if code == 0 {
		*e = entry{null: true}
		return true
	}
	a, ok := u.abbrevs[code]
	if !ok || !d.spend(len(a.attrs)) {
		return false
	}
	*e = entry{tag: a.tag, children: a.children}
	for i := range a.attrs {
		v, ok := d.value(r, u, a.attrs[i].form, a.attrs[i].implicit)
		if !ok {
			return false
		}
		switch a.attrs[i].name {
		case attrName:
			e.name = v
		case attrLinkageName:
			e.linkageName = v
		case attrLowPC:
			e.low = v
		case attrHighPC:
			e.high = v
		case attrRanges:
			e.ranges = v
		case attrAbstractOrigin, attrSpecification:
			e.origin = v
		case attrCallFile:
			e.callFile = v
		case attrCallLine:
			e.callLine = v
		case attrStmtList:
			e.stmtList = v
		case attrStrOffsetsBase:
			e.strOffsets = v
		case attrAddrBase:
			e.addresses = v
		case attrRnglistsBase:
			e.rnglists = v
		}
	}
	return true
}

// readEntries notes the inlined calls of a unit. How they nest follows from
// their ranges, so the tree is of no interest.
func (d *data) readEntries(u *unit) {
	r := reader{b: d.info[:u.end], pos: u.entries}
	var e entry
	for r.left() > 0 && d.entry(&r, u, &e) {
		if e.tag != tagInlinedSubroutine {
			continue
		}
		call := inline{functionName: d.functionName(u, e.origin, 0), line: uint32(e.callLine.n)}
		if n := e.callFile.n; n < uint64(len(u.files)) {
			call.file = u.files[n]
		}
		d.eachRange(u, &e, func(start, end uint64) {
			if start > 0 && start < end && end <= d.codeSize && len(d.calls) < maxCalls {
				call.start, call.end = uint32(start), uint32(end)
				d.calls = append(d.calls, call)
			}
		})
	}
}

// maxOrigins bounds how many entries a name is looked for in.
const maxOrigins = 4

// A functionName is what a function is called, as numbers of texts.
type functionName struct{ own, linkage uint32 }

// functionName is the name of the function whose entry a value refers to.
func (d *data) functionName(u *unit, v value, depth int) (name functionName) {
	var at int
	switch v.form {
	case formRef1, formRef2, formRef4, formRef8, formRefUdata:
		if v.n >= uint64(u.end-u.start) {
			return name
		}
		at = u.start + int(v.n)
	case formRefAddr:
		if v.n >= uint64(len(d.info)) {
			return name
		}
		at = int(v.n)
		i := sort.Search(len(d.units), func(i int) bool { return d.units[i].start > at }) - 1
		if i < 0 || at >= d.units[i].end {
			return name
		}
		u = &d.units[i]
	default:
		return name
	}
	if name, ok := d.names[at]; ok || depth == maxOrigins || len(d.names) == maxNames {
		return name
	}
	var e entry
	if r := (reader{b: d.info[:u.end], pos: at}); at >= u.entries && d.entry(&r, u, &e) {
		name.own, name.linkage = d.text(d.string(u, e.name)), d.text(d.string(u, e.linkageName))
		if name.own == 0 {
			name = d.functionName(u, e.origin, depth+1)
		}
	}
	d.names[at] = name
	return name
}
