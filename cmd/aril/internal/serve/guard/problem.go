package guard

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// A problem is one kind of refusal, in the shape of enrich.Problem. What is the
// same each time is made once: refusals must cost less than what they refuse.
type problem struct {
	status int
	reason string // in metrics and logs
	head   string // up to the detail
	tail   string // from the detail to the trace id
}

func newProblem(status int, prefix, code, reason string) *problem {
	s := strconv.Itoa(status)
	kind := "https://errors.vnext.io/" + s + "/" + prefix + "/" + strings.ReplaceAll(code, ":", "/")
	return &problem{
		status: status, reason: reason,
		head: `{"type":"` + kind + `","title":"` + http.StatusText(status) + `","status":` + s + `,"detail":`,
		tail: `,"errors":{},"errorCode":"` + prefix + "." + code + `","prefix":"` + prefix + `","code":"` + code + `"`,
	}
}

var (
	unauthorized    = newProblem(http.StatusUnauthorized, "unauthorized", "Authorization:110001", "unauthorized")
	roleDenied      = newProblem(http.StatusForbidden, "forbidden", "Authorization:110001", "role")
	notFromHere     = newProblem(http.StatusForbidden, "forbidden", "Authorization:110001", "origin")
	bodyTooLarge    = newProblem(http.StatusRequestEntityTooLarge, "validation", "App:900002", "body_too_large")
	bodyTooSlow     = newProblem(http.StatusRequestTimeout, "validation", "App:900002", "body_too_slow")
	bodyBroken      = newProblem(http.StatusBadRequest, "validation", "App:900002", "body_broken")
	queueFull       = newProblem(http.StatusServiceUnavailable, "transient", "App:900000", "queue_full")
	waitedTooLong   = newProblem(http.StatusServiceUnavailable, "transient", "App:900000", "waited_too_long")
	memoryFull      = newProblem(http.StatusServiceUnavailable, "transient", "App:900000", "memory_full")
	answerTooLarge  = newProblem(http.StatusBadGateway, "dependency", "App:900000", "response_too_large")
	internalFailure = newProblem(http.StatusInternalServerError, "failure", "App:900000", "panic")
)

// pathBytes is how much of a path a problem repeats.
const pathBytes = 1024

// write answers with the problem. It notes the reason, if nothing ran.
func (p *problem) write(w http.ResponseWriter, r *http.Request, detail string) {
	path := r.URL.Path
	if len(path) > pathBytes {
		path = path[:pathBytes]
	}
	body := make([]byte, 0, len(p.head)+len(p.tail)+len(detail)+len(path)+128)
	body = append(append(body, p.head...), quote(detail)...)
	body = append(append(body, `,"instance":`...), quote(path)...)
	body = append(body, p.tail...)
	if x := exchangeOf(r.Context()); x != nil {
		if p.status != http.StatusInternalServerError && p.status != http.StatusBadGateway {
			x.refused = p.reason
		}
		body = append(append(append(body, `,"traceId":"`...), x.trace...), '"')
	}
	body = append(body, '}')
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch p.status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusRequestTimeout:
		h.Set("Connection", "close")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.status)
	_, _ = w.Write(body) // the client may have gone
}

// quote gives a text as JSON; what is no UTF-8 becomes U+FFFD.
func quote(s string) []byte {
	b, _ := json.Marshal(s) // a string never fails
	return b
}
