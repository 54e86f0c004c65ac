// Package msgpack reads and writes the messages that cross the boundary
// between host and guest. It is small on purpose: it uses no reflection and
// imports neither fmt nor time, each of which would add hundreds of KiB to a
// guest.
//
// Reading goes through a [Reader], whose first error sticks, so that a decoder
// reads straight down and checks once:
//
//	func (o *Order) DecodeMsgpack(r *msgpack.Reader) error {
//		for key := range r.Fields() {
//			switch key {
//			case "id":
//				o.ID = r.Str()
//			case "lines":
//				for range r.Items() {
//					o.Lines = append(o.Lines, r.Str())
//				}
//			}
//		}
//		return r.Err()
//	}
//
// Writing appends to a byte slice:
//
//	func (o *Order) AppendMsgpack(b []byte) []byte {
//		b = msgpack.AppendMap(b, 2)
//		b = msgpack.AppendStr(b, "id")
//		b = msgpack.AppendStr(b, o.ID)
//		b = msgpack.AppendStr(b, "lines")
//		b = msgpack.AppendArray(b, len(o.Lines))
//		for _, line := range o.Lines {
//			b = msgpack.AppendStr(b, line)
//		}
//		return b
//	}
//
// The format is https://github.com/msgpack/msgpack/blob/master/spec.md.
package msgpack

// MaxDepth is how deep arrays and maps may nest in what [Reader.Any],
// [AppendAny] and [Set] handle. The host refuses more.
const MaxDepth = 64

// An Appender writes itself as exactly one msgpack value.
type Appender interface {
	AppendMsgpack(b []byte) []byte
}

// A Decoder reads itself from exactly one msgpack value. It may return
// r.Err(), and must skip map keys that it does not know; [Reader.Fields] does
// so by itself.
type Decoder interface {
	DecodeMsgpack(r *Reader) error
}
