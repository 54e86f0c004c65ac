package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// An AdmissionConfig configures Admission. In every field zero means the
// default written beside it.
type AdmissionConfig struct {
	// Places is how many requests run at once. Default 2 × GOMAXPROCS. Those
	// that wait for another system do not count; see Outside.
	Places int

	// Queue is how many may wait for a place, Burst how many may for 20 ms
	// after a second in which Queue was enough. Defaults 3 and 8 × Places.
	// With the default a request on busy processors takes some 8 times what it
	// takes of them alone; that is what a longer queue costs everybody.
	Queue int
	Burst int

	// Wait is how long a request may wait. Default 1 s.
	Wait time.Duration

	// Away is how many requests may be Outside at once. Default 64 × Places.
	Away int

	// BodyBytes caps the body of a request, BodiesBytes all that are in memory
	// at once. Defaults 1 MiB and 64 MiB. BodyTimeout is how long a body may
	// take to come. Default 10 s. BodyBytesOf, where it is set, says the cap of
	// each request; 0 is BodyBytes.
	BodyBytes   int64
	BodyBytesOf func(r *http.Request) int64
	BodiesBytes int64
	BodyTimeout time.Duration

	// ResponseBytes caps a response; a larger one is a problem with status
	// 502. Default 16 MiB. While ResponsesBytes wait for clients to read them,
	// nobody new is let in. Default 128 MiB. So responses take at most
	// ResponsesBytes + Places × ResponseBytes.
	ResponseBytes  int
	ResponsesBytes int64

	// WriteTimeout is how long a client may take to read a response. Default
	// 30 s; then the connection is closed.
	WriteTimeout time.Duration

	// Metrics counts. Default: nobody counts.
	Metrics *Metrics
}

// Admission bounds what requests take of the process. A body is read whole
// before the request takes a place, and the response is kept whole and the
// place given back before any of it is sent: a slow client holds a connection
// and a bounded share of memory, never a place. One caller with a token holds
// at most three quarters of the places and half of the memory. Who finds no
// place gets a problem with status 503 and Retry-After, before anything was
// done. It panics when cfg has a negative number.
func Admission(cfg AdmissionConfig) func(http.Handler) http.Handler {
	a := newAdmission(cfg)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, next) })
	}
}

type admission struct {
	cfg     AdmissionConfig
	gate    *gate
	bodies  *budget
	answers *budget
}

func newAdmission(cfg AdmissionConfig) *admission {
	if cfg.Places == 0 {
		cfg.Places = 2 * runtime.GOMAXPROCS(0)
	}
	setInt(&cfg.Queue, 3*cfg.Places)
	setInt(&cfg.Burst, max(cfg.Queue, 8*cfg.Places))
	setInt(&cfg.Away, 64*cfg.Places)
	setInt(&cfg.Wait, time.Second)
	setInt(&cfg.BodyBytes, 1<<20)
	setInt(&cfg.BodiesBytes, 64<<20)
	setInt(&cfg.BodyTimeout, 10*time.Second)
	setInt(&cfg.ResponseBytes, 16<<20)
	setInt(&cfg.ResponsesBytes, 128<<20)
	setInt(&cfg.WriteTimeout, 30*time.Second)
	if cfg.Places < 0 {
		panic("guard: a number of AdmissionConfig is below 0; 0 is its default")
	}
	share := cfg.Places
	if share > 1 {
		share -= max(1, share/4)
	}
	a := &admission{
		cfg: cfg,
		gate: &gate{
			places: cfg.Places, share: share, queue: cfg.Queue, burst: cfg.Burst, away: cfg.Away, patience: cfg.Wait, parties: map[string]*party{},
		},
		bodies: newBudget(cfg.BodiesBytes), answers: newBudget(cfg.ResponsesBytes),
	}
	a.observe(cfg.Metrics)
	return a
}

func setInt[T ~int | ~int64](v *T, def T) {
	if *v < 0 {
		panic("guard: a number of AdmissionConfig is below 0; 0 is its default")
	}
	if *v == 0 {
		*v = def
	}
}

func (a *admission) observe(m *Metrics) {
	for name, read := range map[string]func() float64{
		"places_held": func() float64 { n, _, _ := a.gate.state(); return float64(n) },
		"queue":       func() float64 { _, n, _ := a.gate.state(); return float64(n) },
		"outside":     func() float64 { _, _, n := a.gate.state(); return float64(n) },
		"places":      func() float64 { return float64(a.cfg.Places) },
	} {
		m.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "aril_admission_" + name, Help: admissionHelp[name]}, read))
	}
}

var admissionHelp = map[string]string{
	"places_held": "Requests that run.", "queue": "Requests that wait for a place.",
	"outside": "Requests that wait for another system, without a place.", "places": "Requests that may run at once.",
}

func (a *admission) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	x, w, r := begin(w, r)
	caller := CallerOf(r.Context()).ID
	if a.answers.full(caller) {
		memoryFull.write(w, r, "Too many responses wait for their readers; try again.")
		return
	}
	body, p, detail := a.readBody(w, r, caller)
	if p != nil {
		p.write(w, r, detail)
		return
	}
	answer, err := a.run(x, r, next, body, caller)
	switch {
	case errors.Is(err, errQueueFull):
		select {
		case <-time.After(refusalPause):
		case <-r.Context().Done():
		}
		queueFull.write(w, r, "The service is busy and its queue is full; try again.")
		return
	case errors.Is(err, errWaited):
		waitedTooLong.write(w, r, "The service is busy; no place came free in "+a.cfg.Wait.String()+". Try again.")
		return
	case err != nil: // the client went
		return
	}
	defer answer.free()
	if answer.over {
		answerTooLarge.write(w, r, fmt.Sprintf("The response is larger than %d bytes; ask for less, such as a smaller page.", a.cfg.ResponseBytes))
		return
	}
	size := int64(len(answer.body))
	a.answers.force(caller, size)
	defer a.answers.give(caller, size)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(a.cfg.WriteTimeout)) // not every writer can; Server bounds it as well
	answer.send(w, r)
}

// refusalPause is how long a refusal for a full queue is held back. It was
// decided at once, and costs only a connection; but hundreds of clients who try
// again the moment they are refused would keep the processors busy with
// refusals, and what was admitted would wait behind them each time it yields.
const refusalPause = 50 * time.Millisecond

// run is what happens with a place.
func (a *admission) run(x *exchange, r *http.Request, next http.Handler, b *body, caller string) (*answer, error) {
	defer b.free()
	begun := time.Now()
	place, err := a.gate.take(r.Context(), caller)
	x.wait = time.Since(begun)
	if err != nil {
		return nil, err
	}
	defer place.done()
	a.cfg.Metrics.waited(x.wait)
	r = r.WithContext(context.WithValue(r.Context(), placeKey{}, place))
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = io.NopCloser(bytes.NewReader(b.bytes))
		r.ContentLength, r.TransferEncoding = int64(len(b.bytes)), nil
	}
	out := newAnswer(a.cfg.ResponseBytes)
	next.ServeHTTP(out, r)
	return out, nil
}
