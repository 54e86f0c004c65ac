package msgpack

// extTimestamp is the extension type that the msgpack specification reserves.
const extTimestamp = -1

// A Timestamp is an instant, exact to the nanosecond. Its methods are those of
// time.Time, which this package does not import since it would add 260 KB to
// each guest: time.Unix(t.Unix(), int64(t.Nanosecond())) converts.
type Timestamp struct {
	Seconds     int64  // since 1970-01-01 UTC
	Nanoseconds uint32 // 0 to 999,999,999
}

// TimestampOf gives the instant that is ns nanoseconds after 1970-01-01 UTC.
func TimestampOf(ns int64) Timestamp {
	s, n := ns/1e9, ns%1e9
	if n < 0 {
		s, n = s-1, n+1e9
	}
	return Timestamp{s, uint32(n)}
}

// Unix gives the seconds since 1970-01-01 UTC.
func (t Timestamp) Unix() int64 { return t.Seconds }

// Nanosecond gives the part of a second, 0 to 999,999,999.
func (t Timestamp) Nanosecond() int { return int(t.Nanoseconds) }

// UnixNano gives the nanoseconds since 1970-01-01 UTC. It is undefined before
// the year 1678 and after 2262.
func (t Timestamp) UnixNano() int64 { return t.Seconds*1e9 + int64(t.Nanoseconds) }

// AppendMsgpack appends t in the shortest of the three timestamp formats.
func (t Timestamp) AppendMsgpack(b []byte) []byte {
	if t.Seconds < 0 || t.Seconds >= 1<<34 {
		b = append32(append(b, ext8, 12, 0xff), t.Nanoseconds)
		return append64(b, uint64(t.Seconds))
	}
	if t.Nanoseconds == 0 && t.Seconds < 1<<32 {
		return append32(append(b, fixExt1+2, 0xff), uint32(t.Seconds))
	}
	return append64(append(b, fixExt1+3, 0xff), uint64(t.Nanoseconds)<<34|uint64(t.Seconds))
}

// goTime is what this package needs to know of time.Time to write one.
type goTime interface {
	Unix() int64
	Nanosecond() int
}

func timestampOf(data []byte) (Timestamp, bool) {
	var t Timestamp
	switch len(data) {
	case 4:
		t.Seconds = int64(bigEndian32(data))
	case 8:
		v := bigEndian64(data)
		t = Timestamp{int64(v & (1<<34 - 1)), uint32(v >> 34)}
	case 12:
		t = Timestamp{int64(bigEndian64(data[4:])), bigEndian32(data)}
	default:
		return t, false
	}
	return t, t.Nanoseconds < 1e9
}
