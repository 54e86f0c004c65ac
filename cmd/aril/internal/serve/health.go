package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// pingTime is how long the database may take to say that it is there, pingAge
// how old its word may be: who asks needs no token, and should cost nothing.
const (
	pingTime = 2 * time.Second
	pingAge  = 250 * time.Millisecond
)

// A pinger asks the database now and then.
type pinger struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

func (s *Service) ping() error {
	p := &s.pinger
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.at) < pingAge {
		return p.err
	}
	// Not the context of who asks: others get the word too.
	ctx, cancel := context.WithTimeout(context.Background(), pingTime)
	defer cancel()
	if p.err = s.store.Ping(ctx); p.err != nil {
		s.config.Logger.Warn("not ready", "database", DatabaseName(s.config.Database), "error", p.err)
	}
	p.at = time.Now()
	return p.err
}

// reading lets GET and HEAD through.
func reading(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			enrich.NewProblem("notsupported", "App:900004", "This path has GET and HEAD.", &enrich.Request{Path: r.URL.Path}).
				WithStatus(http.StatusMethodNotAllowed).Write(w)
			return
		}
		next(w, r)
	}
}

// healthz says that the process answers.
func (s *Service) healthz(w http.ResponseWriter, _ *http.Request) {
	state(w, http.StatusOK, map[string]any{"status": "ok", "version": s.config.Version})
}

// readyz says whether requests should come here. It names no cause beyond a
// word: the rest is in the log.
func (s *Service) readyz(w http.ResponseWriter, _ *http.Request) {
	checks := map[string]string{"definitions": "ok", "database": "ok"}
	code := http.StatusOK
	if s.catalogue() == nil {
		checks["definitions"], code = "none were loaded", http.StatusServiceUnavailable
	}
	if s.ping() != nil {
		checks["database"], code = "does not answer", http.StatusServiceUnavailable
	}
	word := "ready"
	if !s.ready.Load() {
		word, code = "ending", http.StatusServiceUnavailable
	} else if code != http.StatusOK {
		word = "not ready"
	}
	state(w, code, map[string]any{"status": word, "checks": checks})
}

func state(w http.ResponseWriter, code int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(append(raw, '\n')) // the client may have gone
}
