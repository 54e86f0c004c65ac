package dwarf

// Entries of .debug_rnglists.
const (
	rleEnd          = 0
	rleBaseAddressx = 1
	rleStartxEndx   = 2
	rleStartxLength = 3
	rleOffsetPair   = 4
	rleBaseAddress  = 5
	rleStartEnd     = 6
	rleStartLength  = 7
)

// eachRange gives the ranges of code that an entry is about.
func (d *data) eachRange(u *unit, e *entry, f func(start, end uint64)) {
	if low, ok := d.address(u, e.low); ok {
		switch high, isAddress := d.address(u, e.high); {
		case isAddress:
			f(low, high)
		case e.high.form != 0:
			f(low, low+e.high.n)
		}
	}
	offset := e.ranges.n
	switch {
	case e.ranges.form == 0:
	case u.version < 5:
		d.rangesAt(u, offset, f)
	case e.ranges.form == formRnglistx:
		of, ok := wordAt(d.rnglists, u.rnglists, offset, u.offsetSize)
		if ok {
			d.rnglistAt(u, u.rnglists+of, f)
		}
	default:
		d.rnglistAt(u, offset, f)
	}
}

// rangesAt reads a list of versions before 5.
func (d *data) rangesAt(u *unit, offset uint64, f func(start, end uint64)) {
	if offset > uint64(len(d.ranges)) {
		return
	}
	r, base := reader{b: d.ranges[offset:]}, u.low
	selects := uint64(1)<<(8*u.addressSize) - 1 // the largest address; 64 bits wrap to it
	for d.spend(1) {
		start, end := r.word(u.addressSize), r.word(u.addressSize)
		switch {
		case start == 0 && end == 0: // also past the end
			return
		case start == selects:
			base = end
		default:
			f(base+start, base+end)
		}
	}
}

func (d *data) rnglistAt(u *unit, offset uint64, f func(start, end uint64)) {
	if offset > uint64(len(d.rnglists)) {
		return
	}
	r, base := reader{b: d.rnglists[offset:]}, u.low
	// Without the address there are no ranges from here.
	addressx := func() uint64 {
		v, ok := wordAt(d.addr, u.addresses, r.uleb(), u.addressSize)
		r.bad = r.bad || !ok
		return v
	}
	for !r.bad && d.spend(1) {
		switch r.u8() {
		case rleBaseAddressx:
			base = addressx()
		case rleStartxEndx:
			give(&r, f, addressx(), addressx())
		case rleStartxLength:
			start := addressx()
			give(&r, f, start, start+r.uleb())
		case rleOffsetPair:
			start := base + r.uleb()
			give(&r, f, start, base+r.uleb())
		case rleBaseAddress:
			base = r.word(u.addressSize)
		case rleStartEnd:
			start := r.word(u.addressSize)
			give(&r, f, start, r.word(u.addressSize))
		case rleStartLength:
			start := r.word(u.addressSize)
			give(&r, f, start, start+r.uleb())
		default: // rleEnd, or none that there is
			return
		}
	}
}

// give passes a range on, if all of it could be read.
func give(r *reader, f func(start, end uint64), start, end uint64) {
	if !r.bad {
		f(start, end)
	}
}
