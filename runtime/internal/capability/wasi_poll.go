package capability

import (
	"encoding/binary"
	"math"
)

const (
	pollMax          = 64 // subscriptions of one call
	subscriptionSize = 48
	eventSize        = 32
)

// pollOneoff is poll_oneoff(in, out, nsubscriptions, nevents).
//
// A caller that gives up ends the wait as if the time were over: the runtimes
// of Go and Rust would answer an errno with a panic, and the guest learns from
// its next call of the host why it woke.
func pollOneoff(c call, args []uint64) errno {
	in, out, n := args[0], args[1], args[2]
	if n == 0 || n > pollMax {
		return inval
	}
	packed, ok := c.pair(in, n*subscriptionSize)
	if !ok || !c.inside(out, n*eventSize) || !c.inside(args[3], 4) {
		return fault
	}
	c.ChargeBytes(n * (subscriptionSize + eventSize))
	p, ok := newPoll(packed, wallNow(), monotonicNow())
	if !ok {
		return inval
	}
	c.sleep(p.wait())
	events, count := p.events()
	c.Write(out, events)
	return c.result32(args[3], count)
}

// A poll is what a guest waits for.
type poll []pollItem

type pollItem struct {
	userdata uint64
	kind     byte
	ready    errno  // success for a clock, else what is wrong with it
	left     uint64 // ns until a clock is due
}

// Kinds of subscriptions and events.
const (
	pollClock   = 0
	pollFdRead  = 1
	pollFdWrite = 2
)

// newPoll reads subscriptions; ok is false if one has no known kind.
//
//	userdata  kind  -  clock  -   timeout  precision  flags  -
//	0         8     9  16     20  24       32         40     42  48
func newPoll(packed []byte, wall, monotonic uint64) (p poll, ok bool) {
	const absolute = 1
	for b := packed; len(b) >= subscriptionSize; b = b[subscriptionSize:] {
		item := pollItem{userdata: binary.LittleEndian.Uint64(b), kind: b[8]}
		switch item.kind {
		case pollClock:
			var now uint64
			switch binary.LittleEndian.Uint32(b[16:]) {
			case clockRealtime:
				now = wall
			case clockMonotonic:
				now = monotonic
			default:
				item.ready = inval
			}
			item.left = binary.LittleEndian.Uint64(b[24:])
			if binary.LittleEndian.Uint16(b[40:])&absolute != 0 {
				item.left -= min(now, item.left)
			}
		case pollFdRead, pollFdWrite:
			item.ready = notsup
		default:
			return nil, false
		}
		p = append(p, item)
	}
	return p, true
}

// wait is how long nothing is ready, in ns.
func (p poll) wait() uint64 {
	first := uint64(math.MaxUint64)
	for _, item := range p {
		if item.ready != success {
			return 0
		}
		first = min(first, item.left)
	}
	return first
}

// events gives an event for what is ready after the wait.
//
//	userdata  errno  kind  -   for descriptors
//	0         8      10    11  16               32
func (p poll) events() (packed []byte, count uint32) {
	waited := p.wait()
	for _, item := range p {
		if item.ready == success && item.left > waited {
			continue
		}
		var e [eventSize]byte
		binary.LittleEndian.PutUint64(e[:], item.userdata)
		binary.LittleEndian.PutUint16(e[8:], uint16(item.ready))
		e[10] = item.kind
		packed = append(packed, e[:]...)
		count++
	}
	return packed, count
}
