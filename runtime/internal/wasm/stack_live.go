package wasm

import "math/bits"

// A localSet is a set of locals.
type localSet [livenessLocals / 64]uint64

func (s *localSet) add(i uint32)           { s[i/64%uint32(len(s))] |= 1 << (i % 64) }
func (s *localSet) remove(i uint32)        { s[i/64%uint32(len(s))] &^= 1 << (i % 64) }
func (s *localSet) has(i uint32) bool      { return s[i/64%uint32(len(s))]>>(i%64)&1 != 0 }
func (s *localSet) addAll(other *localSet) { s.grow(other) }

// grow adds what is in other, and tells whether that is more than there was.
func (s *localSet) grow(other *localSet) bool {
	more := uint64(0)
	for i, word := range other {
		more |= word &^ s[i]
		s[i] |= word
	}
	return more != 0
}

// each calls f for every local in the set.
func (s *localSet) each(f func(i int)) {
	for at, word := range s {
		for ; word != 0; word &= word - 1 {
			f(at*64 + bits.TrailingZeros64(word))
		}
	}
}

// liveness finds the locals that live at each place where values are counted.
// It is false when it gives up.
func (f *frameEstimate) liveness() bool {
	f.headers = append(f.headers[:0], make([]localSet, len(f.blocks))...)
	f.vectors = localSet{}
	for i, class := range f.locals {
		if class >= classFloat {
			f.vectors.add(uint32(i))
		}
	}
	loops := false
	for i := range f.blocks {
		loops = loops || f.blocks[i].op == OpLoop && f.blocks[i].targeted
	}
	if loops {
		f.backwards(false)
	}
	// Each pass from here on may turn out to be the last.
	for range livenessPasses {
		if !f.backwards(true) {
			return true
		}
	}
	return false
}

// A liveBlock is a block seen from its end.
type liveBlock struct {
	block uint32
	label localSet // what lives where a branch to it goes
	live  localSet // behind it
	arm   localSet // at the begin of its else
	twoed bool     // it has an else
}

// backwards goes through the events from the last to the first with the set
// of live locals. It tells whether a loop turned out to need more than was
// known. With record, it keeps the sets where values are counted.
func (f *frameEstimate) backwards(record bool) (changed bool) {
	f.points, f.pointAt = f.points[:0], f.pointAt[:0]
	open := f.closing[:0]
	var live localSet
	behind := false // the event behind is crowded
	for i := len(f.events) - 1; i >= 0; i-- {
		e := &f.events[i]
		if record {
			behind = f.record(i, e, &live, behind)
		}
		switch e.kind {
		case eventGet:
			live.add(e.arg)
		case eventSet, eventTee:
			live.remove(e.arg)
		case eventEnd:
			open = append(open, liveBlock{block: e.arg, label: live, live: live})
			if f.blocks[e.arg].op == OpLoop {
				open[len(open)-1].label = f.headers[e.arg]
			}
		case eventElse:
			b := &open[len(open)-1]
			b.arm, b.twoed = live, true
			live = b.live
		case eventIf:
			if b := &open[len(open)-1]; b.twoed {
				live.addAll(&b.arm)
			} else {
				live.addAll(&b.live)
			}
			open = open[:len(open)-1]
		case eventBlock:
			open = open[:len(open)-1]
		case eventLoop:
			changed = f.headers[e.arg].grow(&live) || changed
			open = open[:len(open)-1]
		case eventBranch:
			live = open[len(open)-1-int(e.arg)].label
		case eventBranchIf:
			live.addAll(&open[len(open)-1-int(e.arg)].label)
		case eventBranchTable:
			live = localSet{}
			n := f.lists[e.arg]
			for _, depth := range f.lists[e.arg+1 : e.arg+1+n] {
				live.addAll(&open[len(open)-1-int(depth)].label)
			}
		case eventLeave:
			live = localSet{}
		}
	}
	f.closing = open
	return changed
}

// record keeps what lives behind an event if values are counted there: at
// calls and headers of loops, where paths join, where it becomes crowded, and,
// while it is, at each assignment.
func (f *frameEstimate) record(at int, e *stackEvent, live *localSet, behind bool) (crowded bool) {
	crowded = f.crowded(e, live)
	becomes := behind && !crowded
	e.crowded = crowded || becomes
	keep := becomes
	switch e.kind {
	case eventCross, eventLoop:
		keep = true
	case eventEnd:
		keep = keep || f.blocks[e.arg].targeted
	case eventSet, eventTee:
		keep = keep || crowded
	}
	if keep {
		f.points = append(f.points, *live)
		f.pointAt = append(f.pointAt, uint32(at))
	}
	return crowded
}

// crowded tells whether there are more values behind an event than registers.
func (f *frameEstimate) crowded(e *stackEvent, live *localSet) bool {
	integers, vectors := int(e.ints), int(e.floats)
	for i, word := range live {
		if word != 0 {
			integers += bits.OnesCount64(word &^ f.vectors[i])
			vectors += bits.OnesCount64(word & f.vectors[i])
		}
	}
	return integers > freeRegisters || vectors > freeVectors
}
