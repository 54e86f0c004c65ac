package sandbox

// Reset brings an instance of the template back to what the template is. No
// frame of it may be live, and it must have ended well: one that trapped may
// have left the engine's own state half-way, and is closed instead.
func (t *Template) Reset(i *Instance) error {
	if i.poisoned.Load() {
		return ErrClosed
	}
	if i.memory.length > t.size && !i.memory.shrinkTo(i.module.Memory().Grow, t.size) {
		return ErrMemory
	}
	mem, _ := i.slice(0, t.size)
	clear(mem[copy(mem, t.image):])
	t.restoreGlobals(i)
	return nil
}

func (t *Template) restoreGlobals(i *Instance) {
	for k, g := range i.globals {
		g.Set(t.globals[k])
	}
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
	m.region.zero(size, grown)
	m.quota.give(int64(m.prepaid - size))
	m.prepaid = size
	return true
}

// quickBytes is up to where copying costs less than waking a goroutine.
const quickBytes = 128 << 10

// QuickToReset reports whether a Reset costs less than handing it to another
// goroutine.
func (t *Template) QuickToReset(i *Instance) bool {
	return i.memory.length == t.size && t.size <= quickBytes
}
