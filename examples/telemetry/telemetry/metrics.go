package telemetry

import (
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// Metrics are what is known of one executor. Times are in milliseconds.
type Metrics struct {
	ResolveCount        int64
	LastResolveTime     float64
	LastResolvedAt      guest.Timestamp
	UpdateCount         int64
	LastUpdateTime      float64
	ErrorCount          int64
	LastErrorTime       float64
	LastUpdateErrorTime float64
}

// AppendMsgpack writes the metrics for the state and for the host.
func (m *Metrics) AppendMsgpack(b []byte) []byte {
	b = msgpack.AppendMap(b, 8)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "resolveCount"), m.ResolveCount)
	b = msgpack.AppendFloat(msgpack.AppendStr(b, "lastResolveTime"), m.LastResolveTime)
	b = m.LastResolvedAt.AppendMsgpack(msgpack.AppendStr(b, "lastResolvedAt"))
	b = msgpack.AppendInt(msgpack.AppendStr(b, "updateCount"), m.UpdateCount)
	b = msgpack.AppendFloat(msgpack.AppendStr(b, "lastUpdateTime"), m.LastUpdateTime)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "errorCount"), m.ErrorCount)
	b = msgpack.AppendFloat(msgpack.AppendStr(b, "lastErrorTime"), m.LastErrorTime)
	return msgpack.AppendFloat(msgpack.AppendStr(b, "lastUpdateErrorTime"), m.LastUpdateErrorTime)
}

// DecodeMsgpack reads what AppendMsgpack wrote.
func (m *Metrics) DecodeMsgpack(r *msgpack.Reader) error {
	for key := range r.Fields() {
		switch key {
		case "resolveCount":
			m.ResolveCount = r.Int()
		case "lastResolveTime":
			m.LastResolveTime = r.Float()
		case "lastResolvedAt":
			m.LastResolvedAt = r.Timestamp()
		case "updateCount":
			m.UpdateCount = r.Int()
		case "lastUpdateTime":
			m.LastUpdateTime = r.Float()
		case "errorCount":
			m.ErrorCount = r.Int()
		case "lastErrorTime":
			m.LastErrorTime = r.Float()
		case "lastUpdateErrorTime":
			m.LastUpdateErrorTime = r.Float()
		}
	}
	return r.Err()
}
