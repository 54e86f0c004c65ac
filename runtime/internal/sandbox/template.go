package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// A Template is what an instance is after init: every instance of the
// extension begins from it. It is immutable.
type Template struct {
	code    *Code
	share   *Share
	limit   uint64 // bytes of linear memory an instance may have
	image   []byte // memory, without the zeros at its end
	written []span // of image, in order: whole pages that are not zero
	size    uint64 // of memory
	globals []uint64
	mailbox mailbox
	resume  bool
}

// An Init says how to bring a first instance up.
type Init struct {
	MemoryBytes uint64 // limit of linear memory
	Budget      Budget
	Owner       any // of the activations

	// Message gives the Init message for aril_init once the mailbox is known.
	// deliver reports its length. Nil: aril_init is not called.
	Message func(a *Activation) (length uint32)

	// Answer looks at what aril_init returned.
	Answer func(result uint32) error
}

// NewTemplate brings up a first instance — data, start section, _initialize,
// aril_abi_v1, aril_init, all under one budget — and keeps what it is then.
func (c *Code) NewTemplate(ctx context.Context, in Init) (t *Template, u Usage, err error) {
	need := uint64(c.rewritten.MemoryMin) * wasm.PageSize
	share := new(Share)
	if err := c.engine.quota.wait(ctx, share, int64(need)+c.overhead, c.engine.config.Pressure); err != nil {
		return nil, u, err
	}
	i, err := c.instantiate(share, in.MemoryBytes, need)
	if err != nil {
		return nil, u, err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	i.Act.Owner = in.Owner
	if err := i.writeImage(); err != nil {
		return nil, u, err
	}
	budget := in.Budget
	step := func(name string, p Phase, h hook, arg uint64) (uint64, error) {
		r, used, err := i.run(ctx, p, &h, &budget, arg)
		u.add(used)
		budget.spend(used)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		return r, nil
	}
	for _, name := range []string{c.rewritten.Start, names.ExportInitialize} {
		if h := i.hook(name); name != "" && h.fn != nil {
			if _, err := step(name, PhaseInitialize, h, 0); err != nil {
				return nil, u, err
			}
		}
	}
	locate := func() error {
		r, err := step(names.ExportABI, PhaseInitialize, i.hook(names.ExportABI), 0)
		if err != nil {
			return err
		}
		return i.setMailbox(r)
	}
	if err := locate(); err != nil {
		return nil, u, err
	}
	if i.Has(PhaseInit) && in.Message != nil {
		r, err := step(names.ExportInit, PhaseInit, i.hooks[PhaseInit], uint64(in.Message(&i.Act)))
		if err != nil {
			return nil, u, err
		}
		if err := in.Answer(uint32(r)); err != nil {
			return nil, u, err
		}
		if err := locate(); err != nil {
			return nil, u, err
		}
	}
	t = i.snapshot()
	t.share = share
	if !c.engine.quota.take(share, int64(len(t.image))) {
		return nil, u, fmt.Errorf("%w: no %d bytes left for the template", ErrMemory, len(t.image))
	}
	return t, u, nil
}

// Close gives the template's memory back. No instance may be made afterwards.
func (t *Template) Close() { t.code.engine.quota.give(t.share, int64(len(t.image))) }

// writeImage writes the active data segments that the rewriter took out.
func (i *Instance) writeImage() error {
	if i.code.rewritten.ImageEnd > i.memory.length {
		return fmt.Errorf("instantiate: %w: a data segment ends at %d, outside memory", ErrTrap, i.code.rewritten.ImageEnd)
	}
	for _, seg := range i.code.rewritten.Image {
		dst, _ := i.slice(uint64(seg.Offset), uint64(len(seg.Bytes)))
		copy(dst, seg.Bytes)
	}
	return nil
}

// setMailbox checks ptr << 32 | cap in 64 bits.
func (i *Instance) setMailbox(packed uint64) error {
	box := mailbox{ptr: uint32(packed >> 32), cap: uint32(packed)}
	if box.cap < names.MailboxMin || box.cap >= 1<<31 {
		return fmt.Errorf("%s: %w: a mailbox of %d bytes; it must have at least %d and less than 2 GiB", names.ExportABI, ErrABI, box.cap, names.MailboxMin)
	}
	if _, ok := i.slice(uint64(box.ptr), uint64(box.cap)); !ok {
		return fmt.Errorf("%s: %w: the mailbox (%d bytes at %#x) is not within memory", names.ExportABI, ErrABI, box.cap, box.ptr)
	}
	i.mailbox = box
	return nil
}

func (i *Instance) snapshot() *Template {
	mem, _ := i.slice(0, i.memory.length)
	t := &Template{
		code: i.code, limit: i.memory.limit, size: i.memory.length,
		image:   bytes.Clone(bytes.TrimRight(mem, "\x00")),
		mailbox: i.mailbox, globals: make([]uint64, len(i.globals)),
		resume: i.Has(PhaseResume),
	}
	for k, g := range i.globals {
		t.globals[k] = g.Get()
	}
	t.written = spans(t.image)
	return t
}

// A span is [from, to).
type span struct{ from, to uint64 }

// spans finds the pages of image that are not zero.
func spans(image []byte) (found []span) {
	var zero [wasm.TrackPage]byte
	for from := uint64(0); from < uint64(len(image)); from += wasm.TrackPage {
		to := min(from+wasm.TrackPage, uint64(len(image)))
		if bytes.Equal(image[from:to], zero[:to-from]) {
			continue
		}
		if last := len(found) - 1; last >= 0 && found[last].to == from {
			found[last].to = to
		} else {
			found = append(found, span{from, to})
		}
	}
	return found
}

// Size is the linear memory of a new instance, in bytes.
func (t *Template) Size() uint64 { return t.size }

// Has reports whether instances export the hook of a phase.
func (t *Template) Has(p Phase) bool {
	_, ok := t.code.rewritten.StackNeed[hookExports[p]]
	return ok
}

// NewInstance makes an instance that is as the template was. With wait it
// waits for memory, else it fails with ErrMemory at once.
func (t *Template) NewInstance(ctx context.Context, wait bool) (*Instance, error) {
	quota, pressure := t.code.engine.quota, t.code.engine.config.Pressure
	need := int64(t.size) + t.code.overhead
	if quota.take(t.share, need) {
		return t.instance()
	}
	if wait {
		if err := quota.wait(ctx, t.share, need, pressure); err != nil {
			return nil, err
		}
		return t.instance()
	}
	if pressure != nil {
		pressure()
	}
	if !quota.take(t.share, need) {
		return nil, fmt.Errorf("%w: an instance needs %d bytes; all instances of the runtime together may have %d, and %d are taken",
			ErrMemory, need, quota.limit, quota.Used())
	}
	return t.instance()
}

func (t *Template) instance() (*Instance, error) {
	i, err := t.code.instantiate(t.share, t.limit, t.size)
	if err != nil {
		return nil, err
	}
	if err := t.restore(i); err != nil {
		return nil, errors.Join(err, i.Close())
	}
	return i, nil
}

// restore fills a new instance.
func (t *Template) restore(i *Instance) error {
	if have := i.memory.length; have < t.size {
		if _, ok := i.module.Memory().Grow(uint32((t.size - have) / wasm.PageSize)); !ok {
			return fmt.Errorf("%w: growing a new instance to %d bytes", ErrMemory, t.size)
		}
	}
	mem, _ := i.slice(0, t.size)
	if t.code.rewritten.KeepsData {
		clear(mem[copy(mem, t.image):])
	} else {
		for _, p := range t.written {
			copy(mem[p.from:p.to], t.image[p.from:p.to]) // the rest is zero already, and takes no memory
		}
	}
	t.restoreGlobals(i)
	i.mailbox = t.mailbox
	return nil
}

func (u *Usage) add(o Usage) {
	u.Fuel += o.Fuel
	u.SelfTime += o.SelfTime
	u.WaitTime += o.WaitTime
	u.HostCalls += o.HostCalls
	u.Memory = o.Memory
}

// spend takes what one step used out of what the next ones may use.
func (b *Budget) spend(u Usage) {
	if b.Fuel >= 0 {
		b.Fuel = max(b.Fuel-u.Fuel, 0)
	}
	if b.SelfTime >= 0 {
		b.SelfTime = max(b.SelfTime-u.SelfTime, 0)
	}
	if b.WaitTime >= 0 {
		b.WaitTime = max(b.WaitTime-u.WaitTime, 0)
	}
	if b.HostCalls >= 0 {
		b.HostCalls = max(b.HostCalls-u.HostCalls, 0)
	}
}
