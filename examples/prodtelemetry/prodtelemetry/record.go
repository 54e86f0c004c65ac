package prodtelemetry

import (
	"time"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// Executor is what is known of one executor. Durations are milliseconds.
type Executor struct {
	Name            string    `json:"name"`
	ResolveCount    int64     `json:"resolveCount"`
	UpdateCount     int64     `json:"updateCount"`
	ErrorCount      int64     `json:"errorCount"`
	TotalDuration   float64   `json:"totalDuration"`
	AverageDuration float64   `json:"averageDuration"`
	LastResolvedAt  time.Time `json:"lastResolvedAt,omitzero"`
	CacheHitRate    float64   `json:"cacheHitRate"`
	Dependencies    []string  `json:"dependencies"`
}

// AppendMsgpack and DecodeMsgpack make it a type that the State keeps.
func (e Executor) AppendMsgpack(b []byte) []byte {
	b = msgpack.AppendMap(b, 9)
	b = msgpack.AppendStr(msgpack.AppendStr(b, "name"), e.Name)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "resolveCount"), e.ResolveCount)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "updateCount"), e.UpdateCount)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "errorCount"), e.ErrorCount)
	b = msgpack.AppendFloat(msgpack.AppendStr(b, "totalDuration"), e.TotalDuration)
	b = msgpack.AppendFloat(msgpack.AppendStr(b, "averageDuration"), e.AverageDuration)
	b = msgpack.AppendFloat(msgpack.AppendStr(b, "cacheHitRate"), e.CacheHitRate)
	b = appendTime(msgpack.AppendStr(b, "lastResolvedAt"), e.LastResolvedAt)
	b = msgpack.AppendArray(msgpack.AppendStr(b, "dependencies"), len(e.Dependencies))
	for _, name := range e.Dependencies {
		b = msgpack.AppendStr(b, name)
	}
	return b
}

// DecodeMsgpack reads what AppendMsgpack wrote.
func (e *Executor) DecodeMsgpack(r *msgpack.Reader) error {
	for key := range r.Fields() {
		switch key {
		case "name":
			e.Name = r.Str()
		case "resolveCount":
			e.ResolveCount = r.Int()
		case "updateCount":
			e.UpdateCount = r.Int()
		case "errorCount":
			e.ErrorCount = r.Int()
		case "totalDuration":
			e.TotalDuration = r.Float()
		case "averageDuration":
			e.AverageDuration = r.Float()
		case "cacheHitRate":
			e.CacheHitRate = r.Float()
		case "lastResolvedAt":
			e.LastResolvedAt = readTime(r)
		case "dependencies":
			for range r.Items() {
				e.Dependencies = append(e.Dependencies, r.Str())
			}
		}
	}
	return r.Err()
}

// Error is one line of the error log.
type Error struct {
	Timestamp time.Time `json:"timestamp"`
	Executor  string    `json:"executor,omitempty"`
	Flow      string    `json:"flow,omitempty"`
	Operation string    `json:"operation"` // "resolve", "update" or "execute"
	Code      string    `json:"code"`
	Message   string    `json:"message"`
}

// AppendMsgpack and DecodeMsgpack make it a type that the State keeps.
func (e Error) AppendMsgpack(b []byte) []byte {
	b = appendTime(msgpack.AppendStr(msgpack.AppendMap(b, 6), "timestamp"), e.Timestamp)
	b = msgpack.AppendStr(msgpack.AppendStr(b, "executor"), e.Executor)
	b = msgpack.AppendStr(msgpack.AppendStr(b, "flow"), e.Flow)
	b = msgpack.AppendStr(msgpack.AppendStr(b, "operation"), e.Operation)
	b = msgpack.AppendStr(msgpack.AppendStr(b, "code"), e.Code)
	return msgpack.AppendStr(msgpack.AppendStr(b, "message"), e.Message)
}

// DecodeMsgpack reads what AppendMsgpack wrote.
func (e *Error) DecodeMsgpack(r *msgpack.Reader) error {
	for key := range r.Fields() {
		switch key {
		case "timestamp":
			e.Timestamp = readTime(r)
		case "executor":
			e.Executor = r.Str()
		case "flow":
			e.Flow = r.Str()
		case "operation":
			e.Operation = r.Str()
		case "code":
			e.Code = r.Str()
		case "message":
			e.Message = r.Str()
		}
	}
	return r.Err()
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return msgpack.AppendNil(b)
	}
	return guest.Timestamp{Seconds: t.Unix(), Nanoseconds: uint32(t.Nanosecond())}.AppendMsgpack(b)
}

func readTime(r *msgpack.Reader) time.Time {
	if r.Nil() {
		return time.Time{}
	}
	return goTime(r.Timestamp())
}

func goTime(t guest.Timestamp) time.Time { return time.Unix(t.Unix(), int64(t.Nanosecond())).UTC() }
