package guard

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// firstRead is the first buffer of a body; it doubles. What a client says its
// length is reserves nothing.
const firstRead = 4096

// A body is what a client sent, and what it takes of the budget.
type body struct {
	bytes  []byte
	budget *budget
	caller string
	taken  int64
}

func (b *body) free() {
	b.budget.give(b.caller, b.taken)
	b.bytes, b.taken = nil, 0
}

// readBody reads all of a body within the bounds of cfg. Where p is not nil it
// is the answer.
func (a *admission) readBody(w http.ResponseWriter, r *http.Request, caller string) (b *body, p *problem, detail string) {
	b = &body{budget: a.bodies, caller: caller}
	if r.Body == nil || r.Body == http.NoBody {
		return b, nil, ""
	}
	most := a.cfg.BodyBytes
	if a.cfg.BodyBytesOf != nil {
		most = cmp.Or(a.cfg.BodyBytesOf(r), most)
	}
	if r.ContentLength > most {
		return b, bodyTooLarge, tooLargeDetail(most)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.cfg.BodyTimeout)) // not every writer can; Server bounds it as well
	for {
		if len(b.bytes) == cap(b.bytes) {
			more := int64(max(firstRead, cap(b.bytes)))
			if r.ContentLength >= 0 {
				more = min(more, max(1, r.ContentLength+1-int64(cap(b.bytes)))) // one for the end of the body
			}
			if !a.bodies.take(caller, more) {
				b.free()
				return b, memoryFull, "Too many bodies of requests are in memory; try again."
			}
			b.taken += more
			larger := make([]byte, len(b.bytes), b.taken) // append would take more than it was given
			copy(larger, b.bytes)
			b.bytes = larger
		}
		n, err := r.Body.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if int64(len(b.bytes)) > most {
			b.free()
			return b, bodyTooLarge, tooLargeDetail(most)
		}
		switch {
		case err == nil:
			continue
		case err == io.EOF:
			return b, nil, "" // net/http takes the deadline back
		case errors.Is(err, os.ErrDeadlineExceeded):
			b.free()
			return b, bodyTooSlow, "The body did not come in " + a.cfg.BodyTimeout.String() + "."
		default:
			b.free()
			return b, bodyBroken, "The body could not be read."
		}
	}
}

func tooLargeDetail(most int64) string { return fmt.Sprintf("The body is larger than %d bytes.", most) }
