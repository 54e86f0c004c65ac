package enrich

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A MiddlewareConfig says how an API that stands is enriched. Zero values are
// the defaults written beside the fields.
type MiddlewareConfig struct {
	// Prefix is before /{domain}/workflows/{workflow}/instances. Default
	// "/api/v1".
	Prefix string

	// Caller says on whose behalf a request is. The default names nobody, and
	// keeps those apart whose Authorization, Cookie or user_reference differ.
	Caller func(r *http.Request) Caller

	// FilterData limits an instance's data by the caller, in the response
	// alone: extensions see all of it. It gets the instance, or the item of a
	// history, as far as the response describes it, and the JSON value, of which
	// it gives what is to be seen. Default: nothing is taken away.
	FilterData func(ctx context.Context, r *Request, i *Instance, data json.RawMessage) (json.RawMessage, error)

	// BodyTTL is how long a response of the wrapped handler to a request that
	// names no extensions is kept, for its caller and URL, and for the
	// definitions that are loaded. A request that is not a GET, below the same
	// workflow, forgets them before its own answer is sent; so does
	// "Cache-Control: no-cache" for its own. Default: nothing is kept.
	// BodyTTLOf, where it is set, says it for each request instead.
	BodyTTL   time.Duration
	BodyTTLOf func(r *Request) time.Duration

	// BodyBytes caps a response that is enriched, CacheBytes all that are
	// kept. Defaults 8 MiB and 64 MiB. A larger response fails with status
	// 502.
	BodyBytes  int
	CacheBytes int

	// Items caps the items of one page. Default 100.
	Items int

	// Explain says who gets an answer to ?explain=true, which shows why
	// extensions failed. Default: everybody.
	Explain func(r *http.Request) bool

	// TraceID names a request in problem details. Default: the trace id of
	// the header traceparent.
	TraceID func(r *http.Request) string
}

// UnknownHeader names the keys of ?extensions= that name nothing.
const UnknownHeader = "Aril-Unknown-Extensions"

// Middleware wraps an API whose reads answer JSON in the shapes of the system
// described, and adds the member "extensions" to them:
//
//	GET {prefix}/{domain}/workflows/{workflow}/instances/{instance}
//	GET …/instances/{instance}/functions/data
//	GET …/instances                            (a member "items", or a list)
//	GET …/instances/{instance}/transitions     (likewise)
//	GET …/instances/{instance}/functions/extensions
//
// The last is answered from functions/data of the wrapped handler; with
// ?explain=true it says of each extension why it is there or not. An instance's
// data is its member "data", else "attributes". Everything else passes
// through. It panics when cfg has a negative number.
//
// A response of one instance has a weak ETag, in the header and in the member
// eTag alike. It changes with the instance's own tag (or with its data, where
// it has none), with its caller and with the definitions, and not with what
// extensions make: a request whose If-None-Match has it is answered 304, and no
// extension runs. Clients that want those fresh leave If-None-Match out or send
// "Cache-Control: no-cache". Unless the wrapped handler says no-store, enriched
// responses have "Cache-Control: private, no-cache".
func (e *Enricher) Middleware(cfg MiddlewareConfig) func(http.Handler) http.Handler {
	if cfg.BodyTTL < 0 || cfg.BodyBytes < 0 || cfg.CacheBytes < 0 || cfg.Items < 0 {
		panic("enrich: a number of MiddlewareConfig is below 0; 0 is its default")
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "/api/v1"
	}
	cfg.Prefix = "/" + strings.Trim(cfg.Prefix, "/")
	if cfg.BodyBytes == 0 {
		cfg.BodyBytes = 8 << 20
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = 64 << 20
	}
	if cfg.Items == 0 {
		cfg.Items = 100
	}
	if cfg.Caller == nil {
		cfg.Caller = anonymous
	}
	if cfg.TraceID == nil {
		cfg.TraceID = traceOf
	}
	return func(next http.Handler) http.Handler {
		return &middleware{enricher: e, cfg: cfg, next: next, bodies: newBodyCache(cfg.CacheBytes)}
	}
}

// anonymous tells callers apart without knowing who they are.
func anonymous(r *http.Request) Caller {
	h := sha256.New()
	some := false
	for _, name := range []string{"Authorization", "Cookie", "User_reference"} {
		for _, v := range r.Header[name] {
			some = true
			fmt.Fprintf(h, "%s %d %s\n", name, len(v), v)
		}
	}
	if !some {
		return Caller{}
	}
	return Caller{ID: "anonymous-" + hex.EncodeToString(h.Sum(nil)[:8])}
}

func traceOf(r *http.Request) string {
	parts := strings.Split(r.Header.Get("Traceparent"), "-")
	if len(parts) == 4 && len(parts[1]) == 32 {
		return r.Header.Get("Traceparent")
	}
	return ""
}

type middleware struct {
	enricher *Enricher
	cfg      MiddlewareConfig
	next     http.Handler
	bodies   *bodyCache
}

func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := parseRoute(m.cfg.Prefix, r.URL.EscapedPath())
	if ok && r.Method != http.MethodGet && r.Method != http.MethodHead {
		write := &forgetting{ResponseWriter: w, forget: func() { m.bodies.forget(route.domain + "/" + route.workflow) }}
		m.next.ServeHTTP(write, r)
		write.once()
		return
	}
	if !ok || route.kind == routeOther {
		m.next.ServeHTTP(w, r)
		return
	}
	if r.Method == http.MethodHead {
		w = headWriter{w}
	}
	req := m.request(r, route)
	err := m.serve(w, r, route, req)
	if err == nil {
		return
	}
	var failed *Error
	switch {
	case errors.Is(context.Cause(r.Context()), context.DeadlineExceeded):
		w.Header().Set("Retry-After", "1")
		NewProblem("transient", "App:900000", "The response was not ready in the time that it may take.", req).Write(w)
	case r.Context().Err() != nil:
		return // nobody is there any more
	case errors.As(err, &failed):
		ProblemOf(err, req).Write(w)
	case errors.Is(err, errTooLarge), errors.Is(err, errShape):
		m.enricher.config.Logger.Error("the wrapped handler's response", "path", r.URL.Path, "error", err)
		NewProblem("dependency", "App:900000", "The response could not be enriched: "+err.Error()+".", req).Write(w)
	case errors.Is(err, ErrTooManyRuns):
		NewProblem("validation", "App:900002", err.Error(), req).Write(w)
	default:
		m.enricher.config.Logger.Error("enriching a response", "path", r.URL.Path, "error", err)
		ProblemOf(err, req).Write(w)
	}
}

// A headWriter answers HEAD: all of the response but the body.
type headWriter struct{ http.ResponseWriter }

func (headWriter) Write(b []byte) (int, error) { return len(b), nil }

// A forgetting makes what is kept of a workflow go before the first byte of the
// answer to a write does: whoever has the answer reads what was written.
type forgetting struct {
	http.ResponseWriter
	forget func()
	done   bool
}

func (f *forgetting) once() {
	if !f.done {
		f.done = true
		f.forget()
	}
}

func (f *forgetting) WriteHeader(status int) {
	if status >= 200 {
		f.once()
	}
	f.ResponseWriter.WriteHeader(status)
}

func (f *forgetting) Write(b []byte) (int, error) {
	f.once()
	return f.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (f *forgetting) Unwrap() http.ResponseWriter { return f.ResponseWriter }

func (m *middleware) request(r *http.Request, route route) *Request {
	query := r.URL.Query()
	return &Request{
		Domain: route.domain, Workflow: route.workflow, WorkflowVersion: workflowVersion(query.Get("version")), Read: route.read(),
		Extensions: query["extensions"], Header: r.Header, Query: query,
		RouteValues: map[string]string{"domain": route.domain, "workflow": route.workflow, "instance": route.instance},
		Caller:      m.cfg.Caller(r), Fresh: noCache(r.Header), Explain: query.Get("explain") == "true" && (m.cfg.Explain == nil || m.cfg.Explain(r)),
		Path: r.URL.Path, TraceID: m.cfg.TraceID(r),
	}
}

// workflowVersion takes what looks like a version; anything else is none that
// is loaded.
func workflowVersion(s string) string {
	if len(s) > 180 {
		return "-"
	}
	return s
}

func noCache(h http.Header) bool {
	for _, v := range h["Cache-Control"] {
		for directive := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
				return true
			}
		}
	}
	return false
}

var errShape = errors.New("it is not JSON in the shape of an instance or a list of them")

func (m *middleware) serve(w http.ResponseWriter, r *http.Request, route route, req *Request) error {
	body, err := m.inner(r, route, req)
	if err != nil {
		return err
	}
	if body.status != http.StatusOK {
		body.write(w)
		return nil
	}
	if route.kind == routeList || route.kind == routeHistory {
		return m.page(w, r, route, req, body)
	}
	return m.one(w, r, route, req, body)
}
