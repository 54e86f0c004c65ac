package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// A Value is a msgpack value: one that the host holds, which is fetched when
// it is first looked at, or one that the extension made with [Of]. The zero
// Value is nil. A Value never changes; [Value.Set] makes another.
//
// A Value may carry an error instead, so that steps can be written one after
// another: whoever looks at it, returns it, or gives it to next gets the error.
type Value struct {
	lazy       *cell
	generation uint32
	raw        []byte // empty means nil
	err        error
	path       []any // from the value that Get was asked of, for errors
}

// A cell is where the host's value is kept once it has been read.
type cell struct {
	a          *activation
	generation uint32
	slot       uint8
	index      uint32 // which next, for a result
	read       bool
	raw        []byte
}

func (c *cell) value() Value { return Value{lazy: c, generation: c.generation} }

// Pass, returned by a hook, means that it has nothing to say. For Wrap: the
// outcome of the last next stands; if next was not called, the host runs the
// rest once this extension is done with, which is the cheapest way to do
// nothing.
var Pass = Value{err: errPass}

var errPass = errText("guest: Pass has no content")

// An errText is an error that is nothing but its text.
type errText string

func (e errText) Error() string { return string(e) }

// Of encodes x, which may be nil, a bool, a number, a string, bytes; a slice
// or string-keyed map of these; a Value, an [Opaque], a time.Time; or a type
// with the method AppendMsgpack. See [msgpack.AppendAny] for the exact list.
// Another type gives a Value that carries an error.
func Of(x any) Value {
	if v, ok := x.(Value); ok {
		return v
	}
	b, err := msgpack.AppendAny(nil, x)
	if err != nil {
		return Value{err: err}
	}
	return Value{raw: b}
}

// Raw makes a Value of bytes that are one msgpack value. The caller must not
// change them afterwards.
func Raw(b []byte) Value { return Value{raw: b} }

var nilBytes = msgpack.AppendNil(nil)

// bytes gives the msgpack value, which must not be changed.
func (v Value) bytes() ([]byte, error) {
	switch {
	case v.err != nil:
		return nil, v.err
	case v.lazy != nil:
		return v.lazy.bytes(v.generation)
	case len(v.raw) == 0:
		return nilBytes, nil
	}
	return v.raw, nil
}

func (c *cell) bytes(generation uint32) ([]byte, error) {
	a := c.a
	if c.generation != generation || a.generation != generation || !a.live {
		return nil, ErrStale
	}
	if c.read {
		return c.raw, nil
	}
	if a != a.in.running() {
		return nil, ErrPhase
	}
	if c.slot == names.SlotResult && c.index+1 != a.calls {
		return nil, ErrStale
	}
	b, err := a.in.slot(uint32(c.slot), nil)
	if err == ErrNotFound || err == nil && len(b) == 0 {
		b, err = nilBytes, nil
	}
	if err != nil {
		return nil, err
	}
	c.raw, c.read = b, true
	return b, nil
}

// Err tells whether the Value is there: it looks at it and gives the error
// that doing so met. [ErrNotFound] is what [Value.Get] leads to where there is
// nothing.
func (v Value) Err() error {
	_, err := v.bytes()
	return err
}

// Bytes gives the value as msgpack. The caller must not change them, and may
// keep them.
func (v Value) Bytes() ([]byte, error) { return v.bytes() }

// AppendValue appends the value as msgpack. It lets a Value be a part of what
// [Of] is given.
func (v Value) AppendValue(b []byte) ([]byte, error) {
	raw, err := v.bytes()
	return append(b, raw...), err
}

// Any decodes the whole value: nil, bool, int64 (uint64 above its range),
// float64 or float32, string, []byte, []any, map[string]any, [Timestamp],
// [Opaque] or [Ext].
func (v Value) Any() (any, error) {
	b, err := v.bytes()
	if err != nil {
		return nil, err
	}
	r := msgpack.NewReader(b)
	x := r.Any()
	return x, r.End()
}

// Reader gives a reader at the start of the value.
func (v Value) Reader() (*msgpack.Reader, error) {
	b, err := v.bytes()
	if err != nil {
		return nil, err
	}
	return msgpack.NewReader(b), nil
}

// Get steps along path, a string into a map and an int into an array, without
// decoding what lies around it. Where there is nothing, the result carries
// [ErrNotFound].
func (v Value) Get(path ...any) Value {
	b, err := v.bytes()
	if err == nil {
		b, err = msgpack.Find(b, path...)
	}
	if len(v.path) > 0 {
		path = append(v.path[:len(v.path):len(v.path)], path...)
	}
	if err != nil {
		return Value{err: found(err), path: path}
	}
	return Value{raw: b, path: path}
}

// Set gives the value with the last argument at the path that the others make,
// and every other byte as it was:
//
//	v.Set("lines", 0, "count", 7)
//
// Maps that are missing on the way are made, and an int equal to an array's
// length appends to it. What is set is anything that [Of] takes.
func (v Value) Set(pathAndValue ...any) Value {
	b, err := v.bytes()
	if err != nil {
		return Value{err: err}
	}
	last := len(pathAndValue) - 1
	if last < 0 {
		return Value{err: errText("guest: Set without a value")}
	}
	part, err := Of(pathAndValue[last]).bytes()
	if err == nil {
		b, err = msgpack.Set(b, part, pathAndValue[:last]...)
	}
	if err != nil {
		return Value{err: found(err)}
	}
	return Value{raw: b}
}

// Delete gives the value without what is at path and every other byte as it
// was. Where there is nothing, it is the value as it was.
func (v Value) Delete(path ...any) Value {
	b, err := v.bytes()
	if err != nil {
		return Value{err: err}
	}
	without, err := msgpack.Delete(b, path...)
	if err == msgpack.ErrNotFound {
		return v
	}
	return Value{raw: without, err: err}
}

// found turns the codec's way of saying that nothing is there into the
// package's.
func found(err error) error {
	if err == msgpack.ErrNotFound {
		return ErrNotFound
	}
	return err
}

// A Timestamp is an instant, as [Value.Any] gives it.
type Timestamp = msgpack.Timestamp

// An Opaque stands for a value of the host that an extension can hold and give
// back but not open.
type Opaque = msgpack.Opaque

// An Ext is a msgpack extension value that this package does not know.
type Ext = msgpack.Ext
