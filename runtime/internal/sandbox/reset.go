package sandbox

import (
	"encoding/binary"
	"math/bits"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// TrackMaxBytes is the largest limit of memory whose writes can be tracked.
const TrackMaxBytes = wasm.TrackMaxPages * wasm.PageSize

// Reset brings an instance of the template back to what the template is. No
// frame of it may be live, and it must have ended well: one that trapped may
// have left the engine's own state half-way, and is closed instead.
func (t *Template) Reset(i *Instance) error {
	if i.poisoned.Load() {
		return ErrClosed
	}
	m := i.memory
	if m.hidden > 0 {
		t.resetMarked(m)
	} else {
		t.resetRange(m, 0, t.size)
	}
	if m.length > t.size && !m.shrinkTo(i.module.Memory().Grow, t.size) {
		return ErrMemory
	}
	t.restoreGlobals(i)
	return nil
}

func (t *Template) restoreGlobals(i *Instance) {
	for k, g := range i.globals {
		g.Set(t.globals[k])
	}
}

// resetRange makes the bytes from lo to hi as in the template.
func (t *Template) resetRange(m *linearMemory, lo, hi uint64) {
	mem := m.region.bytes()[m.hidden:]
	if n := uint64(len(t.image)); lo < n {
		lo += uint64(copy(mem[lo:hi], t.image[lo:]))
	}
	clear(mem[min(lo, hi):hi])
}

// What a mark speaks for beyond its page: see wasm.Rewritten.MemoryBase.
const (
	reachBelow = wasm.TrackReach
	reachAbove = wasm.TrackReach + 16
)

// resetMarked makes what is marked as in the template, and takes the marks
// away. What the guest grew is not in the template: there it makes zeros.
func (t *Template) resetMarked(m *linearMemory) {
	top := m.length
	if top-t.size > fewBytes {
		top = t.size // what is above is given back
	}
	done := uint64(0) // everything below is as in the template
	m.eachMarked(func(first, end uint64) {
		lo := max(first*wasm.TrackPage, done+reachBelow) - reachBelow
		hi := min(end*wasm.TrackPage+reachAbove, top)
		if lo < hi {
			t.resetRange(m, lo, hi)
			done = hi
		}
	})
	clear(m.marks())
}

// marks are the bytes that say which pages were written, eight at a time.
func (m *linearMemory) marks() []byte {
	pages := (m.length + wasm.TrackPage - 1) / wasm.TrackPage
	return m.region.bytes()[:(pages+7)&^7]
}

// eachMarked calls f for each run of marked pages, in order.
func (m *linearMemory) eachMarked(f func(first, end uint64)) {
	marks := m.marks()
	first, end := uint64(0), uint64(0)
	for at := 0; at < len(marks); at += 8 {
		for word := binary.LittleEndian.Uint64(marks[at:]); word != 0; {
			page := uint64(at + bits.TrailingZeros64(word)/8)
			word &= word - 1
			if page != end {
				if first < end {
					f(first, end)
				}
				first = page
			}
			end = page + 1
		}
	}
	if first < end {
		f(first, end)
	}
}

// mark notes that the host wrote n bytes from ptr on, all within memory.
func (i *Instance) mark(ptr, n uint64) {
	if i.memory.hidden == 0 || n == 0 {
		return
	}
	marks := i.memory.region.bytes()
	for page := ptr / wasm.TrackPage; page <= (ptr+n-1)/wasm.TrackPage; page++ {
		marks[page] = 1
	}
}

// quickBytes is up to where copying costs less than waking a goroutine.
const quickBytes = 128 << 10

// QuickToReset reports whether a Reset costs less than handing it to another
// goroutine.
func (t *Template) QuickToReset(i *Instance) bool {
	m := i.memory
	switch {
	case m.length > t.size:
		return false
	case m.hidden == 0:
		return t.size <= quickBytes
	}
	pages := 0
	for marks := m.marks(); len(marks) > 0; marks = marks[8:] {
		pages += bits.OnesCount64(binary.LittleEndian.Uint64(marks))
	}
	return pages*wasm.TrackPage <= quickBytes
}

// shrinkTo makes the memory as small as it was, and what lies above zero, as a
// later growth must find it. The engine cannot shrink a memory, but it takes
// what its allocator answers to a growth; rewritten code declares a page more
// than the guest may have, so that there always is one to ask for.
func (m *linearMemory) shrinkTo(grow func(pages uint32) (uint32, bool), size uint64) bool {
	grown := m.length
	m.shrink, m.base = true, size
	_, ok := grow(1)
	m.shrink = false
	if !ok {
		return false
	}
	if m.hidden == 0 || grown-size > fewBytes {
		m.region.zero(m.hidden+size, m.hidden+grown)
	}
	m.quota.give(m.share, int64(m.prepaid-size))
	m.prepaid = size
	return true
}

// fewBytes is up to where clearing memory costs less than giving its pages
// back to the system and having them made anew when they are touched.
const fewBytes = 256 << 10
