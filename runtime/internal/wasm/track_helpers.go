package wasm

// toMemory turns the guest's address in a local into the engine's. One that
// has none becomes the last that 32 bits can say, which is past every memory.
func (a *asm) toMemory(local int64) {
	a.op(OpI32Const, -1)
	a.op(OpLocalGet, local)
	a.op(OpI32Const, TrackBase)
	a.op(OpI32Add)
	a.op(OpLocalGet, local)
	a.op(OpI32Const, -TrackBase)
	a.op(OpI32GeU)
	a.op(OpSelect)
	a.op(OpLocalSet, local)
}

// markRange marks the pages of n bytes that were written from the engine's
// address first on; both are locals. It changes them.
func (a *asm) markRange(first, n int64) {
	page := func() {
		a.op(OpI32Const, trackShift)
		a.op(OpI32ShrU)
	}
	a.op(OpLocalGet, n)
	a.op(OpIf)
	// n becomes the last page, first the first one.
	a.op(OpLocalGet, first)
	a.op(OpI32Const, TrackBase+1)
	a.op(OpI32Sub)
	a.op(OpLocalGet, n)
	a.op(OpI32Add)
	page()
	a.op(OpLocalSet, n)
	a.op(OpLocalGet, first)
	a.op(OpI32Const, TrackBase)
	a.op(OpI32Sub)
	page()
	a.op(OpLocalTee, first)
	a.op(OpI32Const, 1)
	a.b = append(a.b, byte(OpI32Store8), 0, 0)
	a.op(OpLocalGet, n)
	a.op(OpLocalGet, first)
	a.op(OpI32Ne)
	a.op(OpIf)
	a.op(OpLocalGet, first)
	a.op(OpI32Const, 1)
	a.op(OpLocalGet, n)
	a.op(OpLocalGet, first)
	a.op(OpI32Sub)
	a.op(OpI32Const, 1)
	a.op(OpI32Add)
	a.op(OpMemoryFill)
	a.op(OpEnd)
	a.op(OpEnd)
}

// grow is memory.grow, which answers with the guest's pages alone.
func (a *asm) grow() []byte {
	const pages = 0
	a.locals(0)
	a.op(OpLocalGet, pages)
	a.op(OpMemoryGrow)
	a.op(OpLocalTee, pages)
	a.op(OpLocalGet, pages)
	a.op(OpI32Const, -1)
	a.op(OpI32Ne)
	a.op(OpI32Sub)
	return a.end()
}

var _ = [1]struct{}{}[TrackBase/PageSize-1]
