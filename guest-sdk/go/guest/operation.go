package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// An Operation is what is being wrapped. It is valid until Wrap returns.
type Operation struct{ a *activation }

// Kind tells what sort of operation it is, such as "execution"; the host's
// documentation lists them.
func (op *Operation) Kind() string {
	h := op.a.header.parse()
	return same(h.kind, &h.kindText)
}

// Name is the operation's name among those of its kind.
func (op *Operation) Name() string {
	h := op.a.header.parse()
	return same(h.name, &h.nameText)
}

// Key is the journal or cache key, or "".
func (op *Operation) Key() string { return string(op.a.header.parse().key) }

// ID is unique among all operations of the host's Runtime.
func (op *Operation) ID() uint64 { return op.a.header.parse().id }

// Root is the ID of the operation that began the chain this one belongs to.
func (op *Operation) Root() uint64 { return op.a.header.parse().root }

// Depth is 0 for the root operation of a chain.
func (op *Operation) Depth() int { return int(op.a.header.parse().depth) }

// MaxNext is how often next may be called.
func (op *Operation) MaxNext() int { return int(op.a.header.parse().maxNext) }

// Powers tells what the extension may do to the operation.
func (op *Operation) Powers() Powers { return Powers(op.a.header.parse().powers) }

// Meta is a map of the operation's tags, nil when there are none.
func (op *Operation) Meta() Value {
	return Value{raw: append([]byte(nil), op.a.header.parse().meta...)}
}

// Input is what the operation was called with. It stays with the host until it
// is looked at.
func (op *Operation) Input() Value { return op.a.input.value() }

// Params is what the host attached to the operation besides the input. It
// stays with the host until it is looked at.
func (op *Operation) Params() Value { return op.a.params.value() }

// Powers is a set of things that an extension may do to an operation. Beyond
// its powers it gets [ErrDenied].
type Powers uint32

// The powers.
const (
	ReadInput     Powers = names.PowerReadInput
	ReadResult    Powers = names.PowerReadResult
	ReadErrorText Powers = names.PowerReadErrorText // else only public error messages
	ChangeInput   Powers = names.PowerChangeInput
	ChangeResult  Powers = names.PowerChangeResult
	Skip          Powers = names.PowerSkip   // end the operation without calling next
	Repeat        Powers = names.PowerRepeat // call next more than once
)

// Has tells whether all of want are among p.
func (p Powers) Has(want Powers) bool { return p&want == want }

// Next runs the rest of the pipeline, and in the end the operation itself, and
// gives its outcome. The result stays with the host until it is looked at;
// once next is called again, a result that nobody looked at can still be
// returned but no longer read. An error that the rest ended with is an
// [*Error]. A [Status] means that the rest did not run: the extension lacks a
// power (ErrDenied), has called next too often (ErrLimit), or the caller has
// given up (ErrCanceled).
//
// It must be called from the goroutine that Wrap runs on, as every function of
// this package that reaches the host. A mutex that is held across it deadlocks
// when the host enters this extension again.
type Next func(options ...Option) (Value, error)

// An Option changes what a call of [Next] does.
type Option struct {
	replace bool
	fetch   bool
	input   Value
}

// With makes the rest run on x in place of the input. x is anything that [Of]
// takes; [Value.Set] changes one part of the input.
func With(x any) Option { return Option{replace: true, input: Of(x)} }

// Fetch brings the result along, which saves a call into the host when it will
// be read anyway. It needs the power ReadResult.
var Fetch = Option{fetch: true}

func (a *activation) callNext(options ...Option) (Value, error) {
	if !a.live {
		return Value{}, ErrStale
	}
	if a != a.in.running() {
		return Value{}, ErrPhase
	}
	var message []byte
	var flags uint32
	for _, o := range options {
		if o.fetch {
			flags |= names.NextRead
		}
		if !o.replace || o.input.lazy == &a.input && o.input.err == nil {
			continue
		}
		b, err := o.input.bytes()
		if err != nil {
			return Value{}, err
		}
		message = b
		flags |= names.NextReplace
	}
	status, n := host.Unpack(host.Next(message, flags))
	if status != names.StatusOK && status != names.StatusFailed {
		return Value{}, Status(status)
	}
	index := a.calls
	a.calls++
	c := &a.result
	if index > 0 {
		c = new(cell)
	}
	*c = cell{a: a, generation: a.generation, slot: names.SlotResult, index: index}
	inMailbox := flags&names.NextRead != 0 && n > 0 && n <= mailboxSize
	if status == names.StatusFailed {
		return Value{}, a.failure(index, n, inMailbox)
	}
	if inMailbox {
		c.raw, c.read = append(make([]byte, 0, n), a.in.mailbox[:n]...), true
	}
	return c.value(), nil
}

// failure reads the error that the index-th next ended with.
func (a *activation) failure(index, n uint32, inMailbox bool) error {
	var b []byte
	var err error
	if inMailbox {
		b = append([]byte(nil), a.in.mailbox[:n]...)
	} else if b, err = a.in.slot(names.SlotError, nil); err != nil {
		return err
	}
	e, err := decodeError(b)
	if err != nil {
		return err
	}
	e.origin = origin{a: a, generation: a.generation, index: index, as: e.visible()}
	return e
}
