//go:build !wasip1

package guest

import (
	"unsafe"

	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// A native is an instance outside Wasm; packages guesttest and native make and
// drive it.
type native struct {
	instance
	shared bool // its extension has other instances too
}

func init() {
	host.NewGuest = func(extension any, shared bool) host.Guest {
		n := &native{shared: shared}
		n.resumed = shared
		n.mailbox = new([mailboxSize]byte)
		n.init(extension)
		return n
	}
}

// self gives the instance whose activation runs, or nil.
func self() *instance {
	if n, ok := host.Running().(*native); ok {
		return &n.instance
	}
	return nil
}

func (n *native) Init(size uint32) uint32 {
	result := n.runInit(size)
	n.resumed = n.shared
	return result
}

func (n *native) Hears() bool              { return n.hears }
func (n *native) Mailbox() []byte          { return n.mailbox[:] }
func (n *native) Wrap(size uint32) uint32  { return n.runWrap(size) }
func (n *native) Event(size uint32) uint32 { return n.runEvent(size) }
func (n *native) Call(size uint32) uint32  { return n.runCall(size) }
func (n *native) Dispose() uint32          { return n.runDispose() }

// Native stands in for an imported function where there is no Wasm, so that an
// extension that calls it can be tested, and run within the host program: the
// author declares, in a file that is not built for wasip1,
//
//	var reserve = guest.Native("acme_stock_v1", "reserve")
//
// and package guesttest or native answers.
func Native(module, function string) func(message unsafe.Pointer, length uint32) uint64 {
	return func(message unsafe.Pointer, length uint32) uint64 {
		return host.Call(module, function, unsafe.Slice((*byte)(message), length))
	}
}
