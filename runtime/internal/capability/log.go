package capability

import (
	"log/slog"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

const (
	// logLine is how many bytes of message and attributes one line has.
	logLine = 4 << 10

	// logOverhead is what a line costs beside its text, so that empty lines
	// are not free.
	logOverhead = 64

	// logAttrsBytes is the longest attrs message that is looked at.
	logAttrsBytes = 64 << 10

	// logGroup keeps a guest's attributes apart from the host's own.
	logGroup = "guest"
)

// logWrite is aril_log_v1.write(level, msg, mlen, attrs, alen).
func logWrite(c call, args []uint64) (abi.Status, uint32) {
	level := slog.Level(min(max(int32(uint32(args[0])), names.LogDebug), names.LogError))
	msg, ok := c.pair(args[1], args[2])
	if !ok {
		return abi.Invalid, 0
	}
	packed, ok := c.pair(args[3], args[4])
	if !ok || len(packed) > logAttrsBytes {
		return abi.Invalid, 0
	}
	msg = msg[:min(len(msg), logLine+1)] // one more, so that it is seen to be cut
	c.ChargeBytes(uint64(len(msg) + len(packed)))
	text, kept := printable(msg, logLine)
	attrs, dropped, ok := logAttrs(packed, logLine-len(text))
	if !ok {
		return abi.Invalid, 0
	}
	c.owner.Logged(text)
	if level >= slog.LevelError {
		c.owner.Stdio().hear(c.owner, text)
	}
	if !logLineTo(c, c.owner, level, text, guestAttrs(attrs, dropped)...) {
		return abi.Limit, 0
	}
	return abi.OK, uint32(kept)
}

// guestAttrs puts a guest's attributes where they cannot be taken for the
// host's own.
func guestAttrs(attrs []slog.Attr, dropped int) []slog.Attr {
	var line []slog.Attr
	if len(attrs) > 0 {
		line = append(line, slog.Attr{Key: logGroup, Value: slog.GroupValue(attrs...)})
	}
	if dropped > 0 {
		line = append(line, slog.Int("attrs_dropped", dropped))
	}
	return line
}

// logLineTo logs one line, or drops and counts it if the activation has
// logged its share. A line that the logger does not want costs nothing.
func logLineTo(s speaker, o Owner, level slog.Level, text string, attrs ...slog.Attr) bool {
	ctx, logger := s.Context(), o.Logger()
	if !logger.Enabled(ctx, level) {
		return true
	}
	left := o.LogBytes()
	if *left <= 0 {
		o.LogDropped()
		return false
	}
	*left = max(*left-int64(logOverhead+len(text)+attrsSize(attrs)), 0)
	// A slow log is no reason to end a guest; what it can cost is bounded by
	// LogBytes.
	s.Outside(func() { logger.LogAttrs(ctx, level, text, attrs...) })
	return true
}
