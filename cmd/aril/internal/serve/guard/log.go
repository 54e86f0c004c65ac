package guard

import (
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Log writes one line for each request when it is over: method, route, status,
// bytes, times in microseconds, caller and trace id. It never writes a path, a
// query or a header. A response with status 500 and above is an error, one with
// 503 a warning. Of requests that this package refused itself, those of nobody
// and those for lack of room are a line a second for each reason, which says how
// many were left out before it.
func Log(l *slog.Logger) func(http.Handler) http.Handler {
	quiet := &limiter{every: time.Second}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := begin(w, r)
			defer func() {
				attrs := []slog.Attr{
					slog.String("method", methodOf(r.Method)), slog.String("route", x.routeOr(r)), slog.Int("status", x.status),
					slog.Int64("bytes", x.bytes), slog.Int64("micros", time.Since(x.started).Microseconds()),
					slog.Int64("waitMicros", x.wait.Microseconds()), slog.String("trace", x.trace[3:35]),
				}
				id := x.callerID()
				if id != "" {
					attrs = append(attrs, slog.String("caller", id))
				}
				if x.refused != "" {
					attrs = append(attrs, slog.String("refused", x.refused), slog.String("from", addressOf(r)))
				}
				if x.refused != "" && (id == "" || x.status == http.StatusServiceUnavailable) {
					missed, ok := quiet.allow(x.refused, time.Now())
					if !ok {
						return
					}
					if missed > 0 {
						attrs = append(attrs, slog.Int64("alike", missed))
					}
				}
				level := slog.LevelInfo
				switch {
				case x.status == http.StatusServiceUnavailable:
					level = slog.LevelWarn
				case x.status >= 500:
					level = slog.LevelError
				}
				l.LogAttrs(r.Context(), level, "request", attrs...)
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// methodOf keeps what a client made up out of logs and metrics.
func methodOf(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return m
	}
	return "other"
}

// addressOf is the client's address without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	return host
}

// A limiter lets one event of each kind through in a time, and counts the
// others. Kinds must be few.
type limiter struct {
	every time.Duration

	mu    sync.Mutex
	kinds map[string]*limited
}

type limited struct {
	next   time.Time
	missed int64
}

// allow reports whether this one goes through, and how many did not before it.
func (l *limiter) allow(kind string, now time.Time) (missed int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kinds[kind]
	if k == nil {
		if l.kinds == nil {
			l.kinds = map[string]*limited{}
		}
		k = &limited{}
		l.kinds[kind] = k
	}
	if now.Before(k.next) {
		k.missed++
		return 0, false
	}
	missed, k.missed, k.next = k.missed, 0, now.Add(l.every)
	return missed, true
}
