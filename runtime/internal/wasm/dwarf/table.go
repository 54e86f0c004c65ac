package dwarf

import (
	"cmp"
	"slices"
	"sort"
)

// A Table says of an offset in the code section where it came from. It is
// immutable and keeps nothing of the module alive.
type Table struct {
	rows  []row    // in order of address
	calls []inline // properly nested, in order of start; who encloses comes first
	texts []string // file and function names; the first is ""
}

// A Place is a line of a source. Its strings are the module's: anything may
// stand in them.
type Place struct {
	Function string // that was inlined; "" for the function itself, and where it has no name
	Linkage  string // the same as linkers know it, "" where it is known by no other name
	File     string // the last elements of its path, separated by '/'; "" when unknown
	Line     uint32 // 0 when unknown
}

// A row says what the code from an address on came from, up to the next row.
type row struct {
	address    uint32
	file, line uint32
	end        bool // nothing is known from here on
}

// An inline is a range of code that an inlined call became.
type inline struct {
	start, end uint32
	functionName
	file, line uint32 // of the call
	parent     int32  // the one around it, or -1
	depth      int32
}

// maxInlined bounds how deep inlined calls nest.
const maxInlined = 32

// At tells where the instruction at an offset came from: the place itself,
// then, for each call around it that was inlined, the place of the call. The
// last one has no Function: it is in the function that the module knows. There
// is none when nothing is known.
func (t *Table) At(offset uint32) []Place {
	if t == nil {
		return nil
	}
	here := Place{}
	next := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].address > offset })
	if next > 0 && !t.rows[next-1].end {
		r := &t.rows[next-1]
		here.File, here.Line = t.texts[r.file], r.line
	}
	at := int32(sort.Search(len(t.calls), func(i int) bool { return t.calls[i].start > offset })) - 1
	for at >= 0 && t.calls[at].end <= offset {
		at = t.calls[at].parent
	}
	var places []Place
	for ; at >= 0; at = t.calls[at].parent {
		c := &t.calls[at]
		here.Function, here.Linkage = t.texts[c.own], t.texts[c.linkage]
		places = append(places, here)
		here = Place{File: t.texts[c.file], Line: c.line}
	}
	if len(places) == 0 && here.File == "" && here.Line == 0 {
		return nil
	}
	return append(places, here)
}

// sortRows puts the rows in order. Where one sequence ends and the next
// begins, the end comes first.
func sortRows(rows []row) []row {
	slices.SortStableFunc(rows, func(a, b row) int {
		if c := cmp.Compare(a.address, b.address); c != 0 || a.end == b.end {
			return c
		}
		if a.end {
			return -1
		}
		return 1
	})
	return rows
}

// nest finds which range is in which. One that begins in another and ends
// outside, as no compiler says, is cut.
func nest(calls []inline) []inline {
	slices.SortStableFunc(calls, func(a, b inline) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	kept := calls[:0]
	around := int32(-1)
	for _, c := range calls {
		for around >= 0 && kept[around].end <= c.start {
			around = kept[around].parent
		}
		c.parent, c.depth = around, 1
		if around >= 0 {
			c.depth += kept[around].depth
			c.end = min(c.end, kept[around].end)
		}
		if c.depth > maxInlined {
			continue
		}
		around = int32(len(kept))
		kept = append(kept, c)
	}
	return kept
}
