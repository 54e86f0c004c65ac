package abi

import "github.com/tinylib/msgp/msgp"

// A Raw is one msgpack value, as bytes; none means that the key is left out.
// It is msgp.Raw but for that: msgp writes an empty one as nil.
type Raw []byte

// IsZero reports whether there is no value.
func (r Raw) IsZero() bool { return len(r) == 0 }

// MarshalMsg implements [msgp.Marshaler].
func (r Raw) MarshalMsg(b []byte) ([]byte, error) { return msgp.Raw(r).MarshalMsg(b) }

// UnmarshalMsg implements [msgp.Unmarshaler]. It copies; a nil becomes none.
func (r *Raw) UnmarshalMsg(b []byte) ([]byte, error) { return (*msgp.Raw)(r).UnmarshalMsg(b) }

// EncodeMsg implements [msgp.Encodable].
func (r Raw) EncodeMsg(w *msgp.Writer) error { return msgp.Raw(r).EncodeMsg(w) }

// DecodeMsg implements [msgp.Decodable].
func (r *Raw) DecodeMsg(d *msgp.Reader) error { return (*msgp.Raw)(r).DecodeMsg(d) }

// Msgsize implements [msgp.Sizer].
func (r Raw) Msgsize() int { return msgp.Raw(r).Msgsize() }
