package guard

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A TraceConfig configures Trace.
type TraceConfig struct {
	// ServerTiming answers with the header Server-Timing: the whole time, the
	// wait for a place and the time that extensions ran, in milliseconds. It
	// tells callers how long things take, which may tell them what is cached.
	ServerTiming bool
}

// Trace gives each request a trace id, that of its header traceparent where
// that is valid. The header of the request is set for what runs behind, so
// that mappings can hand it on, and the response has it too.
// https://www.w3.org/TR/trace-context/
func Trace(cfg TraceConfig) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := begin(w, r)
			x.timing = cfg.ServerTiming
			h := w.Header()
			h.Set("Traceparent", x.trace)
			h.Set("X-Content-Type-Options", "nosniff")
			next.ServeHTTP(w, r)
		})
	}
}

// TraceID names a request in problem details, in the form of a traceparent. It
// is "" where nothing of this package ran before.
func TraceID(r *http.Request) string {
	if x := exchangeOf(r.Context()); x != nil {
		return x.trace
	}
	return ""
}

// takeTrace gives the traceparent to go on with: the client's trace, where it
// named one, and a span of our own. It is left in h.
func takeTrace(h http.Header) string {
	var trace, flags string
	if lines := h["Traceparent"]; len(lines) == 1 {
		trace, flags = parseTraceparent(lines[0])
	}
	if trace == "" {
		delete(h, "Tracestate") // it belongs to a trace that was not taken
		trace, flags = randomHex(16), "00"
	}
	s := "00-" + trace + "-" + randomHex(8) + "-" + flags
	h["Traceparent"] = []string{s}
	return s
}

// parseTraceparent gives the trace id and flags of a header; "" where it is
// not valid.
func parseTraceparent(s string) (trace, flags string) {
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return "", ""
	}
	version, trace, span, flags := s[:2], s[3:35], s[36:52], s[53:55]
	switch {
	case !lowerHex(version), version == "ff", !lowerHex(trace), !lowerHex(span), !lowerHex(flags),
		strings.Trim(trace, "0") == "", strings.Trim(span, "0") == "",
		len(s) > 55 && (version == "00" || s[55] != '-'):
		return "", ""
	}
	bits, _ := strconv.ParseUint(flags, 16, 8)
	return trace, "0" + strconv.FormatUint(bits&3, 16) // sampled and random; the others mean nothing yet
}

func lowerHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// randomHex gives an id of n bytes. It names, it protects nothing.
func randomHex(n int) string {
	var b [16]byte
	for i := 0; i < n; i += 8 {
		v := rand.Uint64() | 1 // an id of zeros is none
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	return hex.EncodeToString(b[:n])
}

// serverTiming is the header's value. https://www.w3.org/TR/server-timing/
func (x *exchange) serverTiming() string {
	s := "total;dur=" + millis(time.Since(x.started)) + ", wait;dur=" + millis(x.wait)
	if n := x.runs.Load(); n > 0 {
		s += fmt.Sprintf(`, extensions;dur=%s;desc="%d"`, millis(time.Duration(x.extensions.Load())*time.Microsecond), n)
	}
	return s
}

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 3, 64)
}
