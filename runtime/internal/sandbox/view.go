package sandbox

// Read gives the guest's bytes [ptr, ptr+n), or false when they are not all
// in its memory. It is a view: copy it before anything else runs in or for
// this guest, since the guest can change or move what is under it.
func (a *Activation) Read(ptr, n uint64) ([]byte, bool) {
	return a.inst.slice(ptr, n)
}

// Write copies b into the guest's memory at ptr, whole or not at all.
func (a *Activation) Write(ptr uint64, b []byte) bool {
	dst, ok := a.inst.slice(ptr, uint64(len(b)))
	if ok {
		copy(dst, b)
		a.inst.mark(ptr, uint64(len(b)))
	}
	return ok
}

// Mailbox is the region for messages, as a view of guest memory. Who writes to
// it says so with Wrote.
func (a *Activation) Mailbox() []byte { return a.inst.mailboxView() }

// Wrote says that the first n bytes of the mailbox were written.
func (a *Activation) Wrote(n int) { a.inst.mark(uint64(a.inst.mailbox.ptr), uint64(n)) }

// Deliver writes a message into the mailbox and reports whether it fitted.
func (a *Activation) Deliver(msg []byte) bool {
	box := a.inst.mailboxView()
	if len(msg) > len(box) {
		return false
	}
	copy(box, msg)
	a.Wrote(len(msg))
	return true
}

// slice is the one place where guest memory is taken. ptr and n come as
// unsigned 32-bit numbers widened to 64, so their sum does not wrap.
func (i *Instance) slice(ptr, n uint64) ([]byte, bool) {
	if n == 0 {
		return nil, true // the pointer of an empty slice may dangle
	}
	if ptr > i.memory.length || n > i.memory.length-ptr {
		return nil, false
	}
	mem := i.memory.region.bytes()[i.memory.hidden:]
	return mem[ptr : ptr+n : ptr+n], true
}

func (i *Instance) mailboxView() []byte {
	b, _ := i.slice(uint64(i.mailbox.ptr), uint64(i.mailbox.cap)) // checked when it was asked for; memory never shrinks under it
	return b
}
