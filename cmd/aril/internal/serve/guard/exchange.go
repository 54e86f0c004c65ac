package guard

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// An exchange is what is known of one request and its response. The first
// handler of this package that sees a request makes it; the others find it in
// the context. But for what is atomic it belongs to the request's goroutine.
type exchange struct {
	http.ResponseWriter
	started time.Time
	trace   string // a whole traceparent
	timing  bool   // answer with Server-Timing
	router  *router
	route   string // a pattern; "" until somebody asked
	status  int    // 0 until the header is written
	bytes   int64
	wait    time.Duration // for a place
	refused string        // why this package answered itself

	caller     atomic.Pointer[string]
	extensions atomic.Int64 // time of all runs, in microseconds
	runs       atomic.Int64
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// begin gives the exchange of a request, and the writer and request to go on
// with.
func begin(w http.ResponseWriter, r *http.Request) (*exchange, http.ResponseWriter, *http.Request) {
	if x := exchangeOf(r.Context()); x != nil {
		return x, w, r
	}
	x := &exchange{ResponseWriter: w, started: time.Now()}
	x.trace = takeTrace(r.Header)
	return x, x, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
}

// WriteHeader notes the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
		if x.timing {
			x.Header().Set("Server-Timing", x.serverTiming())
		}
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) callerID() string {
	if id := x.caller.Load(); id != nil {
		return *id
	}
	return ""
}
