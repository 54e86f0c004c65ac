package guest

import (
	"math/rand/v2"
	"runtime"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// An instance is an extension and what it keeps between the host's calls.
type instance struct {
	extension any
	initer    Initer
	wrapper   Wrapper
	events    EventHandler
	scopeHooks
	wraps    bool // operations, in whatever hook
	hears    bool // of events, as well
	caller   Caller
	methods  Methods
	inputs   InputHandler
	outputs  OutputHandler
	resumer  Resumer
	disposer Disposer

	mailbox *[mailboxSize]byte
	stack   []*activation // one for each depth of re-entry reached so far
	depth   int           // how many of them run
	scratch []byte        // for a message to the host; see borrow
	resumed bool          // false in the template
	random  rand.ChaCha8
	seeded  bool // since the last activation began
}

const mailboxSize = 64 << 10

// An activation is one call of one hook. It is reused by later ones at the
// same depth, with another generation.
type activation struct {
	in         *instance
	generation uint32
	live       bool
	header     header
	calls      uint32 // of next that ran
	input      cell
	params     cell
	result     cell // of the first next; later ones get their own
	op         Operation
	event      Event
	next       Next
}

func newActivation(in *instance) *activation {
	a := &activation{in: in}
	a.header.raw = make([]byte, 0, 512)
	a.op.a, a.event.a = a, a
	a.next = a.callNext
	return a
}

// enter begins an activation whose header is n bytes long.
func (in *instance) enter(n uint32) *activation {
	if in.depth == len(in.stack) {
		in.stack = append(in.stack, newActivation(in))
	}
	a := in.stack[in.depth]
	in.depth++
	a.begin()
	raw, err := in.message(n, a.header.raw[:0])
	if err != nil {
		panic("guest: the header cannot be read: " + err.Error())
	}
	a.header.reset(raw)
	in.seeded = false
	if !in.resumed {
		in.resumed = true
		if in.resumer != nil {
			in.resumer.Resume()
		}
	}
	return a
}

func (a *activation) begin() {
	a.generation++
	a.live = true
	a.calls = 0
	a.input = cell{a: a, generation: a.generation, slot: names.SlotInput}
	a.params = cell{a: a, generation: a.generation, slot: names.SlotParams}
}

// leave ends the innermost activation. One that leaves goroutines behind is
// not used again: what they hold must stay dead.
func (in *instance) leave(a *activation, goroutines int) {
	a.live = false
	in.depth--
	if runtime.NumGoroutine() > goroutines {
		in.stack[in.depth] = newActivation(in)
	}
}

// running gives the innermost activation, or nil.
func (in *instance) running() *activation {
	if in == nil || in.depth == 0 {
		return nil
	}
	return in.stack[in.depth-1]
}

// message copies the n bytes that the host left for the guest to the end of b.
func (in *instance) message(n uint32, b []byte) ([]byte, error) {
	if n <= mailboxSize {
		return append(b, in.mailbox[:n]...), nil
	}
	return in.slot(names.SlotMessage, b)
}

// slot reads a whole slot to the end of b.
func (in *instance) slot(slot uint32, b []byte) ([]byte, error) {
	status, n := host.Unpack(host.Read(slot, 0, in.mailbox[:]))
	if status != names.StatusOK {
		return b, Status(status)
	}
	if n <= mailboxSize {
		return append(b, in.mailbox[:n]...), nil
	}
	at := len(b) + mailboxSize
	b = append(append(make([]byte, 0, len(b)+int(n)), b...), in.mailbox[:]...)
	b = b[:cap(b)]
	if status, m := host.Unpack(host.Read(slot, mailboxSize, b[at:])); status != names.StatusOK || m != n {
		return b[:0], ErrStale
	}
	return b, nil
}

// borrow gives an empty buffer for a message to the host; the caller hands it
// back with restore. Whoever needs one meanwhile gets another.
func (in *instance) borrow() []byte {
	if in == nil {
		return nil
	}
	b := in.scratch
	in.scratch = nil
	return b[:0]
}

// keepAtMost bounds the buffer that an instance keeps.
const keepAtMost = 1 << 20

func (in *instance) restore(b []byte) {
	if in != nil && cap(b) <= keepAtMost {
		in.scratch = b
	}
}

// encode gives the bytes of x in a borrowed buffer.
func (in *instance) encode(x any) ([]byte, error) {
	return msgpack.AppendAny(in.borrow(), x)
}
