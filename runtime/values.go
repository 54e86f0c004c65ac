package runtime

import (
	"reflect"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/internal/codec"
)

// ErrStale means that a message names a value or an error by a handle that is
// not of these [Values].
var ErrStale = codec.ErrStale

// Values turns Go values and errors into messages as a guest sees them, and
// what a guest answers back into Go: what happens at the boundary of every
// guest, for code that plays the host without WebAssembly. It keeps what
// travels by handle, so use one for each run of a hook: a handle is stale in
// another. The zero value is ready. It is not for concurrent use.
//
// Messages, both ways, are at most 4 MiB long, 64 deep, and 1,048,576 values.
type Values struct {
	// Extension is who made the errors of DecodeError.
	Extension string

	// Powers decide what AppendError shows. Zero means all of them.
	Powers Powers

	// Hidden is told the text of an error that was shown as an id alone. Nil
	// drops it.
	Hidden func(id string, err error)

	handles codec.Handles // of opaque values
	errors  codec.Handles // of *shownError
}

// Append appends the message of value, which may be a [Message], to dst: abi/ABI.md#values. What cannot be
// encoded, an error too, becomes an opaque value, whose handle v is kept
// under. On an error dst comes back as it was.
func (v *Values) Append(dst []byte, value any) ([]byte, error) {
	return v.append(dst, value, codec.Limits{})
}

func (v *Values) append(dst []byte, value any, l codec.Limits) ([]byte, error) {
	m, ok := value.(Message)
	if !ok {
		return codec.AppendValue(dst, value, &v.handles, l)
	}
	out, err := m.AppendMessage(dst, v)
	switch {
	case err != nil:
		return dst, err
	case l.Bytes > 0 && len(out)-len(dst) > l.Bytes:
		return dst, abi.ErrOverLimit
	}
	return out, nil
}

// A Message is a value that says itself what a guest reads of it: the Params
// of an operation, the data of an event, what a capability's function returns.
// It appends exactly one message to dst, with v's help for the values and
// errors in it.
type Message interface {
	AppendMessage(dst []byte, v *Values) ([]byte, error)
}

// Decode reads one message into a value of type t. What the message leaves
// out keeps its value from base, where that is one of type t; base itself is
// not changed. With a nil t the value is generic: it takes the type of base if
// it fits, else nil, bool, int64, uint64, float64, string, []byte, time.Time,
// []any or map[string]any. An opaque value comes back as itself.
func (v *Values) Decode(src []byte, t reflect.Type, base any) (any, error) {
	return codec.DecodeAs(src, t, base, &v.handles, codec.Limits{})
}

// AppendError appends the Error message of err to dst: abi/ABI.md#errors. err
// is kept under the handle in it. A guest without ReadErrorText sees the text
// of public errors alone.
func (v *Values) AppendError(dst []byte, err error) []byte { return v.appendError(dst, err, -1) }

// DecodeError reads an Error message of a guest. An error of AppendError that
// it gives back as it was is that very error; one that it changed, or named
// as a cause, is wrapped in the new *Error, so that errors.Is finds it. It
// fails when the message is malformed or names a handle that is not of these
// Values.
func (v *Values) DecodeError(src []byte) (made, err error) {
	msg, err := abi.DecodeError(src)
	if err != nil {
		return nil, err
	}
	return v.goError(msg, codec.Limits{})
}

// reset lets go of everything that is held.
func (v *Values) reset() {
	v.handles.Reset()
	v.errors.Reset()
}
