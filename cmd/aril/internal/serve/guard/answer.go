package guard

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
)

var errAnswerTooLarge = errors.New("the response is too large")

// An answer is a response that is kept until the handler is through.
type answer struct {
	header http.Header
	status int
	body   []byte
	most   int
	over   bool // it was larger than most
}

// keptBuffer is the largest buffer that is used again: most responses are far
// smaller, and one that was large should not stay so for ever.
const keptBuffer = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

func newAnswer(most int) *answer {
	return &answer{header: http.Header{}, body: (*buffers.Get().(*[]byte))[:0], most: most}
}

// free gives the buffer to the next.
func (a *answer) free() {
	if b := a.body[:0]; cap(b) <= keptBuffer {
		buffers.Put(&b)
	}
	a.body = nil
}

// Header is what will be sent.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the first status that is final.
func (a *answer) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic("guard: status " + strconv.Itoa(status))
	}
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

// Write keeps b, or fails when there is too much.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.over || len(a.body)+len(b) > a.most {
		a.over = true
		a.body = a.body[:0]
		return 0, errAnswerTooLarge
	}
	a.body = append(a.body, b...)
	return len(b), nil
}

// send writes the response to the client.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	bodiless := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	if r.Method != http.MethodHead && !bodiless {
		h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	}
	w.WriteHeader(a.status)
	if !bodiless {
		_, _ = w.Write(a.body) // the client may have gone
	}
}
