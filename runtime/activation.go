package runtime

import (
	"encoding/binary"
	"io"
	"log/slog"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/state"
)

// An activation is this package's half of sandbox.Activation: what the guest
// sees of an operation, and what it answered. It belongs to an instance and is
// used again.
type activation struct {
	guest *Guest
	act   *sandbox.Activation
	node  *node  // nil outside wrap
	frame frame  // nil outside wrap
	layer *layer // nil outside wrap
	op    *Operation

	holder atomic.Pointer[Operation] // op while the instance is taken, for others to read

	input any // of event and call

	nexts   int
	past    int // calls of next past the limit
	inNext  bool
	moved   int64 // bytes across the boundary
	fetches int64 // calls of aril_http_v1.fetch
	changed bool  // input or outcome

	slots   [7]slot
	filled  slotSet
	values  Values
	entropy *rand.ChaCha8 // of headers; nil: the Runtime's

	answer      answerKind
	answerErr   error
	answerValue any          // of event and call
	answerType  reflect.Type // of event: what answerValue is to be, nil for generic
	answerBase  any          // of event: what answerValue begins as
	answerWhy   error        // of answerBad
	answerIndex int

	panicked   bool // the operation itself panicked
	panicValue any
	guestPanic string // the guest's own last words

	logLeft, logDropped int64
	stdio               capability.Stdio
	tail                logTail
}

// A slot is one value that the guest can read: encoded at the first read, the
// same bytes at later ones.
type slot struct {
	bytes  []byte
	ready  bool
	large  bool       // the last value was larger than keepSlot
	why    abi.Status // of ready: what encoding it came to, if not OK
	shared *[]byte    // of largeBuffers, where bytes was taken from
}

// A slotSet is which slots have something to forget, a bit each.
type slotSet uint8

// slotsOfNext are no longer current after a call of next.
const slotsOfNext = slotSet(1<<names.SlotMessage | 1<<names.SlotResult | 1<<names.SlotError)

type answerKind uint8

const (
	answerNone answerKind = iota
	answerValue
	answerError
	answerNext
	answerBad
)

// keepSlot is the largest buffer that an idle activation keeps. Larger ones are
// shared by all, so that large values cost no allocation and idle instances no
// memory.
const keepSlot = 4 << 10

var largeBuffers sync.Pool // of *[]byte

// room is where slot i's next value is encoded.
func (a *activation) room(i int) []byte {
	a.filled |= 1 << i
	s := &a.slots[i]
	if s.large && s.bytes == nil {
		if b, ok := largeBuffers.Get().(*[]byte); ok {
			s.bytes, s.shared = *b, b
		}
	}
	return s.bytes[:0]
}

// newActivation makes the activation of one of g's instances.
func newActivation(g *Guest, act *sandbox.Activation) *activation {
	return &activation{guest: g, act: act, entropy: g.rt.random.stream(), values: Values{
		Extension: g.Name(), Powers: g.Powers(), Hidden: func(id string, err error) { g.rt.logHidden(g, id, err) },
	}}
}

// reset prepares for a run.
func (a *activation) reset(n *node, f frame, l *layer) {
	a.node, a.frame, a.layer, a.op, a.input = n, f, l, nil, nil
	a.nexts, a.past, a.inNext, a.moved, a.fetches, a.changed = 0, 0, false, 0, 0, false
	a.answer, a.answerErr, a.answerValue, a.answerWhy, a.answerIndex = answerNone, nil, nil, nil, 0
	a.panicked, a.panicValue, a.guestPanic = false, nil, ""
	a.logLeft, a.logDropped = a.guest.limits.LogBytes, 0
	a.tail.clear()
	if a.logLeft < 0 {
		a.logLeft = 1 << 62
	}
}

// release lets go of everything that belongs to the caller.
func (a *activation) release() {
	a.node, a.frame, a.layer, a.op = nil, nil, nil, nil
	a.answerErr, a.answerValue, a.answerWhy, a.panicValue, a.input = nil, nil, nil, nil, nil
	a.answerType, a.answerBase = nil, nil
	a.tail.clear()
	a.values.reset()
	a.forget(a.filled)
}

// forget drops the values of slots that are no longer current.
func (a *activation) forget(which slotSet) {
	which &= a.filled
	a.filled &^= which
	for ; which != 0; which &= which - 1 {
		s := &a.slots[bits.TrailingZeros8(uint8(which))]
		s.ready, s.why = false, abi.OK
		if cap(s.bytes) > keepSlot {
			s.large = len(s.bytes) > keepSlot
			if s.shared == nil {
				s.shared = new([]byte)
			}
			*s.shared = s.bytes
			largeBuffers.Put(s.shared)
			s.bytes, s.shared = nil, nil
		}
	}
}

// What host functions of package capability ask of their activation.

var _ capability.Owner = (*activation)(nil)

func (a *activation) Logger() *slog.Logger     { return a.guest.owner.logger }
func (a *activation) LogBytes() *int64         { return &a.logLeft }
func (a *activation) Stdio() *capability.Stdio { return &a.stdio }
func (a *activation) LogDropped()              { a.logDropped++ }
func (a *activation) State() state.State       { return a.guest.owner.state }
func (a *activation) Random() io.Reader        { return a.guest.rt.random.secret }
func (a *activation) PanicMessage(s string)    { a.guestPanic = s }
func (a *activation) Logged(text string)       { a.tail.add(text) }

// ownerShared is what all activations of a guest share.
type ownerShared struct {
	logger *slog.Logger
	state  state.State // nil when it is not granted
}

// The operation header is one map. What does not change from run to run is
// encoded once, in the layer; ids, depth and entropy follow it.
func appendHeaderPrefix(dst []byte, op *Operation, maxNext int64, p Powers) []byte {
	fields := uint32(8)
	if op.Key != "" {
		fields++
	}
	meta := encodeMeta(op.Meta)
	if len(meta) > 0 {
		fields++
	}
	dst = msgp.AppendMapHeader(dst, fields)
	dst = msgp.AppendString(msgp.AppendString(dst, names.KeyKind), op.Kind)
	dst = msgp.AppendString(msgp.AppendString(dst, names.KeyName), op.Name)
	if op.Key != "" {
		dst = msgp.AppendString(msgp.AppendString(dst, names.KeyKey), op.Key)
	}
	if len(meta) > 0 {
		dst = append(msgp.AppendString(dst, names.KeyMeta), meta...)
	}
	if maxNext < 0 {
		maxNext = 1<<31 - 1
	}
	dst = msgp.AppendUint64(msgp.AppendString(dst, names.KeyMaxNext), uint64(maxNext))
	dst = msgp.AppendUint32(msgp.AppendString(dst, names.KeyPowers), uint32(p))
	return dst
}

// encodeMeta gives the tags as a message, nothing when there are none or they
// cannot be encoded: they serve many runs, so they can have no handles.
func encodeMeta(meta map[string]any) []byte {
	if len(meta) == 0 {
		return nil
	}
	b, err := codec.AppendValue(nil, meta, nil, codec.Limits{})
	if err != nil {
		return nil
	}
	return b
}

// headerRoom bounds what writeHeader appends to the prefix.
const headerRoom = 128

// writeHeader puts the operation header into the mailbox, or into slot
// MESSAGE when it does not fit, and reports its length.
func (a *activation) writeHeader() int {
	box := a.act.Mailbox()
	prefix := a.layer.header
	if len(prefix)+headerRoom <= len(box) {
		n := len(a.appendHeader(append(box[:0], prefix...)))
		a.act.Wrote(n)
		return n
	}
	return a.giveMessage(a.appendHeader(append(a.room(names.SlotMessage), prefix...)))
}

// giveMessage makes msg, of slot MESSAGE's room, the current message, puts it
// into the mailbox when it fits, and reports its length.
func (a *activation) giveMessage(msg []byte) int {
	s := &a.slots[names.SlotMessage]
	s.bytes, s.ready = msg, true
	a.act.Deliver(msg)
	return len(msg)
}

// The keys of what changes from run to run, each a fixstr of its length.
const (
	headerID      = "\xa2" + names.KeyID
	headerRoot    = "\xa4" + names.KeyRoot
	headerDepth   = "\xa5" + names.KeyDepth
	headerEntropy = "\xa7" + names.KeyEntropy + "\xc4" // bin 8
)

func (a *activation) appendHeader(dst []byte) []byte {
	n := a.node
	dst = msgp.AppendUint64(append(dst, headerID...), n.id)
	dst = msgp.AppendUint64(append(dst, headerRoot...), n.chain.root.id)
	dst = msgp.AppendUint64(append(dst, headerDepth...), uint64(n.depth))
	dst = append(append(dst, headerEntropy...), names.EntropySize)
	if a.entropy == nil {
		return a.guest.rt.random.appendEntropy(dst)
	}
	for range names.EntropySize / 8 {
		dst = binary.LittleEndian.AppendUint64(dst, a.entropy.Uint64())
	}
	return dst
}
