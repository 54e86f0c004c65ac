package retry

import (
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// A Stat is what became of an executor's last resolution.
type Stat struct {
	Attempts      int
	LastError     string
	LastAttemptAt guest.Timestamp
}

// AppendMsgpack writes it for the state and for the host.
func (s *Stat) AppendMsgpack(b []byte) []byte {
	b = msgpack.AppendMap(b, 3)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "attempts"), int64(s.Attempts))
	b = msgpack.AppendStr(msgpack.AppendStr(b, "lastError"), s.LastError)
	return s.LastAttemptAt.AppendMsgpack(msgpack.AppendStr(b, "lastAttemptAt"))
}

// DecodeMsgpack reads what AppendMsgpack wrote.
func (s *Stat) DecodeMsgpack(r *msgpack.Reader) error {
	for key := range r.Fields() {
		switch key {
		case "attempts":
			s.Attempts = int(r.Int())
		case "lastError":
			s.LastError = r.Str()
		case "lastAttemptAt":
			s.LastAttemptAt = r.Timestamp()
		}
	}
	return r.Err()
}
