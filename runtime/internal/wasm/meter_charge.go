package wasm

// splice appends the body with the charges of its regions, whose costs are
// known by now.
func (w *bodyWriter) splice(dst []byte) []byte {
	at, steps := 0, w.trail
	// part appends w.b up to a place.
	part := func(to int) {
		for len(steps) > 0 && steps[0].at < to {
			steps[0].at += len(dst) - at
			steps = steps[1:]
		}
		dst = append(dst, w.b[at:to]...)
		at = to
	}
	for i := range w.marks {
		if w.opt.Unmetered {
			break
		}
		m := &w.marks[i]
		part(m.at)
		cost := w.costs[m.region]
		if m.kind == markEntry {
			dst = w.appendEntry(dst, cost)
			continue
		}
		if m.local {
			dst = appendCharge(dst, OpLocalGet, OpLocalSet, w.fuelL, cost)
		} else {
			dst = appendCharge(dst, OpGlobalGet, OpGlobalSet, w.fuel, cost)
		}
		switch {
		case m.kind != markLoop:
		case m.local:
			dst = appendLocalCheck(dst, w.fuelL, w.helpers.emptyLocal)
		default:
			dst = appendCheck(dst, w.fuel, w.helpers.empty)
		}
	}
	part(len(w.b))
	return dst
}

// appendEntry charges what a function costs to enter, in fuel and in stack,
// and looks at both at once: the sign of either is the sign of their union.
func (w *bodyWriter) appendEntry(b []byte, cost uint64) []byte {
	b = appendCharge(b, OpGlobalGet, OpGlobalSet, w.fuel, cost)
	left := func() {
		b = appendU32(append(b, byte(OpGlobalGet)), w.stack)
		b = appendSigned(append(b, byte(OpI64Const)), int64(w.graph.need[w.index]))
		b = append(b, byte(OpI64Sub))
	}
	if !w.graph.chargeable[w.index] {
		if w.stackL != noLocal {
			b = appendU32(append(b, byte(OpGlobalGet)), w.stack)
			b = appendU32(append(b, byte(OpLocalSet)), w.stackL)
		}
		// A function that only returns costs nothing; all others look, even if
		// nothing was charged yet: they may call each other without a loop.
		if cost > 0 || len(w.marks) > 1 {
			b = appendCheck(b, w.fuel, w.helpers.empty)
		}
		return b
	}
	left()
	if w.stackL != noLocal {
		b = appendU32(append(b, byte(OpLocalTee)), w.stackL)
	}
	b = appendU32(append(b, byte(OpGlobalGet)), w.fuel)
	b = append(b, byte(OpI64Or))
	b = appendNotNegative(b)
	if w.stackL != noLocal {
		b = appendU32(append(b, byte(OpLocalGet)), w.stackL)
	} else {
		left()
	}
	b = appendU32(append(b, byte(OpCall)), w.helpers.enter)
	return append(b, byte(OpEnd))
}

// appendCharge takes cost from a global or a local.
func appendCharge(b []byte, get, set Opcode, index uint32, cost uint64) []byte {
	if cost == 0 {
		return b
	}
	b = appendU32(append(b, byte(get)), index)
	b = appendSigned(append(b, byte(OpI64Const)), int64(cost))
	b = append(b, byte(OpI64Sub))
	return appendU32(append(b, byte(set)), index)
}

// appendNotNegative begins the branch for a negative i64. The branch for the
// others is first, and empty.
func appendNotNegative(b []byte) []byte {
	return append(b, byte(OpI64Const), 0, byte(OpI64GeS), byte(OpIf), 0x40, byte(OpElse))
}

// appendCheck calls a helper when the global balance is negative.
func appendCheck(b []byte, fuel, empty uint32) []byte {
	b = appendU32(append(b, byte(OpGlobalGet)), fuel)
	b = appendNotNegative(b)
	b = appendU32(append(b, byte(OpCall)), empty)
	return append(b, byte(OpEnd))
}

// appendLocalCheck is appendCheck for a balance in a local.
func appendLocalCheck(b []byte, local, empty uint32) []byte {
	b = appendU32(append(b, byte(OpLocalGet)), local)
	b = appendNotNegative(b)
	b = appendU32(append(b, byte(OpLocalGet)), local)
	b = appendU32(append(b, byte(OpCall)), empty)
	b = appendU32(append(b, byte(OpLocalSet)), local)
	return append(b, byte(OpEnd))
}
