package dwarf

// Standard opcodes of a line program, and what extends them.
const (
	lnsCopy           = 1
	lnsAdvancePC      = 2
	lnsAdvanceLine    = 3
	lnsSetFile        = 4
	lnsConstAddPC     = 8
	lnsFixedAdvancePC = 9

	lneEndSequence = 1
	lneSetAddress  = 2
)

// Content of a file entry in version 5.
const (
	lnctPath           = 1
	lnctDirectoryIndex = 2
)

// readLines reads the line tables. Each says its own length, so one that is
// malformed does not hide the others.
func (d *data) readLines() {
	r := reader{b: d.line}
	for r.left() > 0 && d.spend(1) {
		start := uint64(r.pos)
		length, offsetSize := r.unitLength()
		b := r.take(length)
		if r.bad {
			return
		}
		l := lineUnit{data: d, r: reader{b: b}, offsetSize: offsetSize}
		if l.header() {
			d.files[start] = l.files
			l.run()
		}
	}
}

// A lineUnit is one line table.
type lineUnit struct {
	*data
	r          reader
	offsetSize int
	files      []uint32 // texts by file number

	program    int
	minimum    uint64 // bytes of an instruction
	lineBase   int64
	lineRange  uint64
	opcodeBase byte
	lengths    []byte // how many numbers follow standard opcodes, from the first

	sequence []row
}

func (l *lineUnit) header() bool {
	r := &l.r
	version := r.word(2)
	if version < 2 || version > 5 {
		return false
	}
	if version == 5 {
		r.take(2) // sizes of addresses and segments
	}
	rest := r.word(l.offsetSize)
	if rest > uint64(r.left()) {
		return false
	}
	l.program = r.pos + int(rest)
	l.minimum = uint64(r.u8())
	if version >= 4 {
		r.u8() // operations of an instruction; more than one only where there is VLIW
	}
	r.u8() // whether rows are statements
	l.lineBase, l.lineRange, l.opcodeBase = int64(int8(r.u8())), uint64(r.u8()), r.u8()
	if l.lineRange == 0 || l.opcodeBase == 0 {
		return false
	}
	l.lengths = r.take(uint64(l.opcodeBase) - 1)
	if version == 5 {
		l.entries5()
	} else {
		l.entries()
	}
	l.r = reader{b: l.r.b, pos: l.program}
	return true
}

// entries reads the directories and files of versions before 5, of which the
// directory 0 is the unit's own.
func (l *lineUnit) entries() {
	dirs := []string{""}
	for {
		dir := l.r.str()
		if len(dir) == 0 || !l.spend(1) {
			break
		}
		if len(dirs) == maxDirs {
			continue
		}
		dirs = append(dirs, string(dir[:min(len(dir), maxText)]))
	}
	l.files = []uint32{0}
	for !l.r.bad {
		name := l.r.str()
		if len(name) == 0 || l.filesKept == maxFiles || !l.spend(1) {
			return
		}
		dir := l.r.uleb()
		l.r.uleb() // time
		l.r.uleb() // size
		l.addFile(dirs, dir, string(name[:min(len(name), maxText)]))
	}
}

func (l *lineUnit) addFile(dirs []string, dir uint64, name string) {
	in := ""
	if dir < uint64(len(dirs)) && name != "" && name[0] != '/' {
		in = dirs[dir]
	}
	l.spend(1 + (len(in)+len(name))>>4)
	l.files = append(l.files, l.file(in, name))
	l.filesKept++
}

// entries5 reads those of version 5, which say how they are written.
func (l *lineUnit) entries5() {
	var dirs []string
	l.list5(func(name string, _ uint64) {
		if len(dirs) < maxDirs {
			dirs = append(dirs, name)
		}
	})
	l.list5(func(name string, dir uint64) {
		if l.filesKept == maxFiles {
			return
		}
		if dir == 0 { // the unit's own; a name that was given to the compiler
			l.addFile(nil, 0, name)
		} else {
			l.addFile(dirs, dir, name)
		}
	})
}

func (l *lineUnit) list5(add func(name string, dir uint64)) {
	r := &l.r
	type part struct{ content, form uint64 }
	parts := make([]part, r.u8())
	for i := range parts {
		parts[i] = part{r.uleb(), r.uleb()}
	}
	u := &unit{version: 5, offsetSize: l.offsetSize, addressSize: 4}
	for range r.uleb() {
		if !l.spend(1+len(parts)) || r.bad {
			return
		}
		var name string
		var dir uint64
		for _, p := range parts {
			v, ok := l.value(r, u, p.form, 0)
			if !ok {
				r.bad = true
				return
			}
			switch p.content {
			case lnctPath:
				name = l.string(u, v)
			case lnctDirectoryIndex:
				dir = v.n
			}
		}
		add(name, dir)
	}
}

// run runs the program, which makes the rows.
func (l *lineUnit) run() {
	r := &l.r
	var address, file, line uint64 = 0, 1, 1
	emit := func(end bool) {
		n := len(l.sequence)
		now := row{address: uint32(address), line: uint32(line), end: end}
		if file < uint64(len(l.files)) {
			now.file = l.files[file]
		}
		switch {
		case address >= 1<<32:
			return
		case n > 0 && now.address < l.sequence[n-1].address && !end:
			return // within a sequence addresses only rise
		case n > 0 && l.sequence[n-1].address == now.address: // the later one holds
			l.sequence = l.sequence[:n-1]
		case n > 0 && !end && l.sequence[n-1].file == now.file && l.sequence[n-1].line == now.line:
			return
		}
		l.sequence = append(l.sequence, now)
	}
	for r.left() > 0 && len(l.rows)+len(l.sequence) < maxRows && l.spend(1) {
		op := r.u8()
		if op >= l.opcodeBase {
			by := uint64(op - l.opcodeBase)
			address += by / l.lineRange * l.minimum
			line += uint64(l.lineBase + int64(by%l.lineRange))
			emit(false)
			continue
		}
		switch op {
		case 0:
			n := r.uleb()
			extended := reader{b: r.take(n)}
			switch extended.u8() {
			case lneEndSequence:
				emit(true)
				l.keep()
				address, file, line = 0, 1, 1
			case lneSetAddress:
				address = extended.word(min(extended.left(), 8))
			}
		case lnsCopy:
			emit(false)
		case lnsAdvancePC:
			address += r.uleb() * l.minimum
		case lnsAdvanceLine:
			line += uint64(r.sleb())
		case lnsSetFile:
			file = r.uleb()
		case lnsConstAddPC:
			address += uint64(255-l.opcodeBase) / l.lineRange * l.minimum
		case lnsFixedAdvancePC:
			address += r.word(2)
		default:
			for range l.lengths[op-1] {
				r.uleb()
			}
		}
	}
}

// keep takes over a sequence that has ended. Code that the linker left out is
// at an address where no code can be.
func (l *lineUnit) keep() {
	s := l.sequence
	if n := len(s); n > 1 && s[n-1].end && s[0].address > 0 && s[n-2].address < s[n-1].address && uint64(s[n-1].address) <= l.codeSize {
		l.rows = append(l.rows, s...)
	}
	l.sequence = s[:0]
}
