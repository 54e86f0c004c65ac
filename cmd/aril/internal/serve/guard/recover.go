package guard

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// Recover answers a panic with a problem of status 500 and logs it with its
// stack. Where the response had begun the connection is closed, so that no
// client takes half of it for all. m may be nil.
func Recover(l *slog.Logger, m *Metrics) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := begin(w, r)
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler {
					panic(v)
				}
				m.panicked()
				l.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("route", x.routeOr(r)), slog.String("trace", x.trace[3:35]),
					slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
				if x.status != 0 {
					panic(http.ErrAbortHandler)
				}
				h := w.Header()
				for name := range h {
					if name != "Traceparent" && name != "X-Content-Type-Options" && name != "Connection" {
						delete(h, name) // what was said of a response that does not come
					}
				}
				internalFailure.write(w, r, "The service broke on this request; its log has the trace id.")
			}()
			next.ServeHTTP(w, r)
		})
	}
}
