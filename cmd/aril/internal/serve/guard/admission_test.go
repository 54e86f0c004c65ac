package guard

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// admitted puts Admission in front of a handler and gives its inside too.
func admitted(cfg AdmissionConfig, h http.HandlerFunc) (*admission, http.Handler) {
	a := newAdmission(cfg)
	return a, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, h) })
}

// idle waits until nothing of any request is left.
func (a *admission) idle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		h, w, o := a.gate.state()
		a.bodies.mu.Lock()
		defer a.bodies.mu.Unlock()
		a.answers.mu.Lock()
		defer a.answers.mu.Unlock()
		return h+w+o == 0 && a.bodies.taken+a.answers.taken == 0 && len(a.bodies.by)+len(a.answers.by) == 0
	}, 20*time.Second, time.Millisecond)
}

func TestWhatIsAdmittedGetsItsWholeBodyAndItsAnswer(t *testing.T) {
	t.Parallel()
	a, h := admitted(AdmissionConfig{}, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(b)) {
			http.Error(w, fmt.Sprint(err, r.ContentLength), http.StatusTeapot)
			return
		}
		w.Header().Set("X-Made", "yes")
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusBadGateway) // too late, as ever
		_, _ = w.Write(b)
	})
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 3*firstRead + 7, 1 << 20} {
		body := strings.Repeat("x", size)
		w := serve(h, "POST", "/", body)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		require.Equal(t, "yes", w.Header().Get("X-Made"))
		require.Equal(t, fmt.Sprint(size), w.Header().Get("Content-Length"))
		require.Equal(t, body, w.Body.String())
	}
	a.idle(t)
}

func TestAnswersWithoutABodyHaveNone(t *testing.T) {
	t.Parallel()
	_, h := admitted(AdmissionConfig{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"x"`)
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Length", "1234")
			return
		}
		w.WriteHeader(http.StatusNotModified)
	})
	w := serve(h, "GET", "/", "")
	require.Equal(t, http.StatusNotModified, w.Code)
	require.Empty(t, w.Header().Get("Content-Length"))
	require.Equal(t, `"x"`, w.Header().Get("ETag"))
	require.Equal(t, "1234", serve(h, "HEAD", "/", "").Header().Get("Content-Length"))
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	ran := false
	a, h := admitted(AdmissionConfig{BodyBytes: 10_000}, func(w http.ResponseWriter, r *http.Request) { ran = true })
	require.Equal(t, http.StatusOK, serve(h, "POST", "/", strings.Repeat("x", 10_000)).Code)
	ran = false
	w := serve(h, "POST", "/", strings.Repeat("x", 10_001))
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	require.Equal(t, "App:900002", problemOf(t, w).Code)

	r, err := http.NewRequest("POST", "/", io.MultiReader(strings.NewReader(strings.Repeat("x", 10_001)))) // of no known length
	require.NoError(t, err)
	require.Zero(t, r.ContentLength)
	r.ContentLength = -1
	rec := newRecorder()
	h.ServeHTTP(rec, r)
	require.Equal(t, http.StatusRequestEntityTooLarge, rec.Code)
	require.False(t, ran)

	a.cfg.BodyBytesOf = func(r *http.Request) int64 { return map[string]int64{"/large": 20_000, "/small": 10}[r.URL.Path] }
	for path, most := range map[string]int{"/large": 20_000, "/small": 10, "/": 10_000} {
		require.Equal(t, http.StatusOK, serve(h, "POST", path, strings.Repeat("x", most)).Code)
		require.Equal(t, http.StatusRequestEntityTooLarge, serve(h, "POST", path, strings.Repeat("x", most+1)).Code)
	}
	a.idle(t)
}

func TestAnAnswerThatIsTooLargeIsAProblem(t *testing.T) {
	t.Parallel()
	a, h := admitted(AdmissionConfig{ResponseBytes: 1000}, func(w http.ResponseWriter, r *http.Request) {
		for range 11 {
			_, _ = w.Write(make([]byte, 100))
		}
	})
	w := serve(h, "GET", "/", "")
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.Equal(t, "dependency", problemOf(t, w).Prefix)
	a.idle(t)
}

func TestWhoFindsNoPlaceGets503AndNothingWasDone(t *testing.T) {
	t.Parallel()
	hold, in := make(chan bool), make(chan bool)
	var ran atomic.Int64
	a, h := admitted(AdmissionConfig{Places: 1, Queue: 1, Wait: 50 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		ran.Add(1)
		in <- true
		<-hold
	})
	go serve(h, "POST", "/", "{}")
	<-in
	w := serve(h, "POST", "/api/v1/x", "{}")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	p := problemOf(t, w)
	require.Equal(t, "transient.App:900000", p.ErrorCode)
	require.Equal(t, "/api/v1/x", p.Instance)
	require.Len(t, p.TraceID, 55)
	require.EqualValues(t, 1, ran.Load())
	close(hold)
	a.idle(t)
}

// Those who try again at once must not take the processors from who was let in.
func TestARefusalForAFullQueueIsHeldBackButHoldsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, h := admitted(AdmissionConfig{Places: 1, Queue: 1, Burst: 1}, nil)
		a.gate.held, a.gate.waiting = 1, 1
		begun := time.Now()
		done := make(chan int)
		go func() { done <- serve(h, "POST", "/", "{}").Code }()
		synctest.Wait()
		require.Zero(t, a.bodies.taken)
		require.Equal(t, 1, waitingIn(a.gate))
		require.Equal(t, http.StatusServiceUnavailable, <-done)
		require.Equal(t, refusalPause, time.Since(begun))
	})
}

func TestAPanicGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	a, h := admitted(AdmissionConfig{Places: 1}, func(w http.ResponseWriter, r *http.Request) { panic("x") })
	require.Panics(t, func() { serve(h, "POST", "/", "{}") })
	a.idle(t)
}

func TestBodiesInMemoryAreBoundedOverAll(t *testing.T) {
	t.Parallel()
	a, h := admitted(AdmissionConfig{BodiesBytes: 4 * firstRead}, func(w http.ResponseWriter, r *http.Request) {})
	as := func(id string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), Caller{ID: id})))
		})
	}
	require.Equal(t, http.StatusOK, serve(as("a"), "POST", "/", strings.Repeat("x", 2*firstRead-1)).Code)
	require.Equal(t, http.StatusServiceUnavailable, serve(as("a"), "POST", "/", strings.Repeat("x", 3*firstRead)).Code, "half is for others")
	require.True(t, a.bodies.take("other", 2*firstRead))
	require.Equal(t, http.StatusOK, serve(as("a"), "POST", "/", strings.Repeat("x", firstRead-1)).Code)
	require.True(t, a.bodies.take("third", 2*firstRead))
	w := serve(as("a"), "POST", "/", "x")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "transient", problemOf(t, w).Prefix)
	a.bodies.give("other", 2*firstRead)
	a.bodies.give("third", 2*firstRead)
	a.idle(t)
}

// A client that says much and sends nothing takes no memory.
func TestWhatAClientClaimsReservesNothing(t *testing.T) {
	t.Parallel()
	a, h := admitted(AdmissionConfig{BodyTimeout: time.Minute}, func(w http.ResponseWriter, r *http.Request) {})
	address := started(t, ServerConfig{}, h)
	for range 20 {
		dial(t, address).send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx")
	}
	require.Eventually(t, func() bool {
		a.bodies.mu.Lock()
		defer a.bodies.mu.Unlock()
		return a.bodies.taken == 20*firstRead
	}, 10*time.Second, time.Millisecond)
	h0, _, _ := a.gate.state()
	require.Zero(t, h0, "who still sends has no place")
}

func TestASlowBodyHoldsNoPlaceAndEnds(t *testing.T) {
	t.Parallel()
	a, h := admitted(AdmissionConfig{Places: 1, BodyTimeout: 100 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "ok")
	})
	address := started(t, ServerConfig{}, h)
	slow := dial(t, address)
	slow.send(t, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
	healthy := dial(t, address)
	healthy.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, body := healthy.response(t)
	require.Equal(t, []any{200, "ok"}, []any{resp.StatusCode, body})
	resp, body = slow.response(t)
	require.Equal(t, http.StatusRequestTimeout, resp.StatusCode)
	require.Equal(t, "/slow", decodeProblem(t, 408, strings.NewReader(body)).Instance)
	slow.closed(t)
	a.idle(t)
}

// The deadline of a body must not end the request whose body came in time.
func TestAHandlerMayTakeLongerThanABody(t *testing.T) {
	t.Parallel()
	_, h := admitted(AdmissionConfig{BodyTimeout: 50 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusTeapot)
		case <-time.After(200 * time.Millisecond):
			_, _ = io.WriteString(w, "done")
		}
	})
	c := dial(t, started(t, ServerConfig{HeaderTimeout: 50 * time.Millisecond, BodyTimeout: 50 * time.Millisecond}, h))
	for range 2 {
		c.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
		resp, body := c.response(t)
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, "done", body)
	}
}

// The heart of it: who does not read holds no place, and the connection ends.
func TestWhoDoesNotReadHoldsNoPlace(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 8<<20) // more than both sockets take
	a, h := admitted(AdmissionConfig{Places: 1, WriteTimeout: 3 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			_, _ = io.WriteString(w, large)
		}
	})
	address := started(t, ServerConfig{}, h)
	slow := dial(t, address)
	slow.send(t, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
	require.Eventually(t, func() bool {
		a.answers.mu.Lock()
		defer a.answers.mu.Unlock()
		return a.answers.taken == 8<<20
	}, 10*time.Second, time.Millisecond)
	held, _, _ := a.gate.state()
	require.Zero(t, held)
	c := dial(t, address)
	c.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, _ := c.response(t)
	require.Equal(t, 200, resp.StatusCode)
	a.idle(t)
	n, err := io.Copy(io.Discard, slow.r)
	require.NoError(t, ignoreReset(err))
	require.Less(t, n, int64(8<<20), "cut")
}

func TestWhileTooMuchWaitsForItsReadersNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	a, h := admitted(AdmissionConfig{ResponsesBytes: 1000}, func(w http.ResponseWriter, r *http.Request) {})
	a.answers.force("slow", 1000)
	w := serve(h, "GET", "/", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "transient", problemOf(t, w).Prefix)
	a.answers.give("slow", 1)
	require.Equal(t, http.StatusOK, serve(h, "GET", "/", "").Code)
}

func TestOneSlowReaderLeavesMemoryToOthers(t *testing.T) {
	t.Parallel()
	a, _ := admitted(AdmissionConfig{ResponsesBytes: 100}, nil)
	a.answers.force("slow", 60)
	require.True(t, a.answers.full("slow"))
	require.False(t, a.answers.full("other"))
	require.False(t, a.answers.full(anonymous))
	a.answers.force("more", 40)
	require.True(t, a.answers.full("other"))
}

func TestAClientThatGoesWhileItWaitsLeavesTheQueue(t *testing.T) {
	t.Parallel()
	hold, in := make(chan bool), make(chan bool, 1)
	a, h := admitted(AdmissionConfig{Places: 1, Wait: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
		in <- true
		<-hold
	})
	address := started(t, ServerConfig{}, h)
	first := dial(t, address)
	first.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-in
	second := dial(t, address)
	second.send(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	waiting := func() int { _, n, _ := a.gate.state(); return n }
	require.Eventually(t, func() bool { return waiting() == 1 }, 10*time.Second, time.Millisecond)
	second.Close()
	require.Eventually(t, func() bool { return waiting() == 0 }, 10*time.Second, time.Millisecond)
	close(hold)
	a.idle(t)
	require.Empty(t, in, "it never ran")
}

// Requests that only wait for a backend do not need a place each.
func TestBackendsAreWaitedForWithoutAPlace(t *testing.T) {
	t.Parallel()
	var at sync.WaitGroup
	at.Add(20)
	a, h := admitted(AdmissionConfig{Places: 1}, func(w http.ResponseWriter, r *http.Request) {
		back := Outside(r.Context())
		at.Done()
		at.Wait() // all of them are here at once
		back()
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if w := serve(h, "GET", "/", ""); w.Code != 200 {
				t.Error(w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	a.idle(t)
}

func TestNumbersBelowZeroPanic(t *testing.T) {
	t.Parallel()
	for _, cfg := range []AdmissionConfig{{Places: -1}, {Queue: -1}, {Wait: -1}, {BodyBytes: -1}, {ResponsesBytes: -1}} {
		require.Panics(t, func() { Admission(cfg) })
	}
}

func TestOneOfOnePlacesIsNotHalved(t *testing.T) {
	t.Parallel()
	for places, share := range map[int]int{1: 1, 2: 1, 3: 2, 4: 3, 8: 6} {
		require.Equal(t, share, newAdmission(AdmissionConfig{Places: places}).gate.share)
	}
	require.NoError(t, func() error { _, err := newGate(1, 1).take(context.Background(), "x"); return err }())
}
