package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A Config configures the handler. In every number zero means the default
// written beside it; a negative one is an error.
type Config struct {
	// Enricher has the definitions. Its Config.Attach must be flow.Parse.
	Enricher *enrich.Enricher

	// Store has the instances.
	Store *store.Store

	// Logger gets what is answered with status 500 or 503, and extensions
	// that failed a write's answer. Default: nothing is logged.
	Logger *slog.Logger

	// Timeout is how long one request may take, the items of a page taken
	// together. What is not done is answered 503. Default 30 s. A publish,
	// which loads mappings, may take PublishTimeout; default 2 min.
	Timeout        time.Duration
	PublishTimeout time.Duration

	// Items caps the items of a page. Default 100, which is also the most.
	Items int

	// BodyBytes caps the body of a start or a transition, and what an
	// instance's attributes may grow to. Default 1 MiB. PublishBytes caps the
	// body of a publish. Default 16 MiB.
	BodyBytes    int
	PublishBytes int

	// Published, where it is set, is told of each publish that got to the
	// Enricher: nil, or why nothing changed.
	Published func(err error)

	// CacheBytes caps the bodies that are kept. Default 64 MiB.
	CacheBytes int

	// Explain says whether ?explain=true of functions/extensions tells why
	// extensions failed. Default: callers with the role "publish" are told.
	Explain func(r *http.Request) bool

	// TraceID names a request in problem details and logs. Default:
	// guard.TraceID.
	TraceID func(r *http.Request) string
}

// prefix is what every path begins with.
const prefix = "/api/v1"

// A service answers requests.
type service struct {
	Config
	routes   http.Handler
	enriched http.Handler
}

// New makes the handler of all paths below /api/v1. The error lists everything
// that is wrong with cfg.
func New(cfg Config) (http.Handler, error) {
	var errs []error
	if cfg.Enricher == nil || cfg.Store == nil {
		errs = append(errs, errors.New("set Enricher and Store"))
	} else if c, ok := cfg.Enricher.Attached().(*flow.Catalogue); !ok || c == nil {
		errs = append(errs, errors.New("the Enricher's Config.Attach is not flow.Parse"))
	}
	for _, n := range []struct {
		name string
		v    *int
		def  int
	}{{"Items", &cfg.Items, 100}, {"BodyBytes", &cfg.BodyBytes, 1 << 20}, {"PublishBytes", &cfg.PublishBytes, 16 << 20}, {"CacheBytes", &cfg.CacheBytes, 64 << 20}} {
		if *n.v < 0 {
			errs = append(errs, fmt.Errorf("%s is below 0; 0 is the default, %d", n.name, n.def))
		}
		*n.v = cmp.Or(*n.v, n.def)
	}
	if cfg.Items > 100 {
		errs = append(errs, fmt.Errorf("want at most 100 Items, not %d", cfg.Items))
	}
	if cfg.Timeout < 0 || cfg.PublishTimeout < 0 {
		errs = append(errs, errors.New("want no Timeout and no PublishTimeout below 0; 0 is the default, 30s and 2m"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	cfg.Timeout, cfg.PublishTimeout = cmp.Or(cfg.Timeout, 30*time.Second), cmp.Or(cfg.PublishTimeout, 2*time.Minute)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Explain == nil {
		cfg.Explain = func(r *http.Request) bool { return slices.Contains(guard.CallerOf(r.Context()).Roles, RolePublish) }
	}
	if cfg.TraceID == nil {
		cfg.TraceID = guard.TraceID
	}
	s := &service{Config: cfg}
	s.routes = s.mux()
	s.enriched = cfg.Enricher.Middleware(enrich.MiddlewareConfig{
		Prefix:     prefix,
		Caller:     func(r *http.Request) enrich.Caller { return callerOf(guard.CallerOf(r.Context())) },
		FilterData: s.visible,
		BodyTTLOf:  bodyTTL(cfg.Enricher),
		BodyBytes:  pageBytes,
		CacheBytes: cfg.CacheBytes,
		Items:      cfg.Items,
		Explain:    cfg.Explain,
		TraceID:    cfg.TraceID,
	})(http.HandlerFunc(s.answer))
	return s, nil
}

// callerOf names a caller for what is kept and tagged: one whose roles or
// domains change is another.
func callerOf(c guard.Caller) enrich.Caller {
	var rights strings.Builder
	for _, list := range [][]string{c.Roles, c.Domains} {
		list = slices.Compact(slices.Sorted(slices.Values(list)))
		rights.WriteString(strconv.Itoa(len(list)) + ";")
		for _, v := range list {
			rights.WriteString(strconv.Quote(v))
		}
	}
	return enrich.Caller{ID: c.ID, Rights: rights.String(), Attributes: map[string]any{"roles": c.Roles, "domains": c.Domains}}
}

// A call is one request, taken apart.
type call struct {
	*match
	caller    guard.Caller
	catalogue *flow.Catalogue
	about     *enrich.Request // for problem details
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// ServeHTTP answers panics too.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &sent{ResponseWriter: w}
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler { //nolint:errorlint // it is compared so by net/http
			panic(v)
		}
		about := s.about(r)
		s.Logger.Error("panic", "method", r.Method, "path", r.URL.Path, "trace", about.TraceID, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		if out.begun {
			panic(http.ErrAbortHandler) // what was sent must not look whole
		}
		enrich.NewProblem("failure", "App:900000", "The service failed to answer.", about).Write(w)
	}()
	s.routes.ServeHTTP(out, byEscapedPath(r))
}

// A sent knows whether an answer has begun.
type sent struct {
	http.ResponseWriter
	begun bool
}

func (s *sent) WriteHeader(status int) {
	s.begun = true
	s.ResponseWriter.WriteHeader(status)
}

func (s *sent) Write(b []byte) (int, error) {
	s.begun = true
	return s.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (s *sent) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// about is what problem details say of a request.
func (s *service) about(r *http.Request) *enrich.Request {
	return &enrich.Request{Path: r.URL.EscapedPath(), TraceID: s.TraceID(r)}
}

// matched answers a request that a route is for, if the caller may use it.
func (s *service) matched(w http.ResponseWriter, r *http.Request, found *route) {
	m, ok := matchOf(r, found)
	if !ok {
		s.nothing(w, r)
		return
	}
	c := &call{match: m, caller: guard.CallerOf(r.Context()), catalogue: catalogueOf(s.Enricher), about: s.about(r)}
	err := c.authorized()
	if err == nil {
		err = c.wellFormed(r)
	}
	if err != nil {
		s.fail(w, r, c, err)
		return
	}
	timeout := s.Timeout
	if m.Operation == "publishDefinitions" {
		timeout = s.PublishTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), callKey{}, c), timeout)
	defer cancel()
	s.enriched.ServeHTTP(w, r.WithContext(ctx))
}

// answer is what the middleware wraps.
func (s *service) answer(w http.ResponseWriter, r *http.Request) {
	c := callOf(r.Context())
	if err := c.handle(s, w, r, c); err != nil {
		s.fail(w, r, c, err)
	}
}

// authorized says whether the caller may use the route, before anything is
// looked up: what is in a domain that is not the caller's is not told.
func (c *call) authorized() error {
	if !slices.Contains(c.caller.Roles, c.Role) {
		return refuse("forbidden", "Authorization:110001", "This needs the role %q, which the caller does not have.", c.Role)
	}
	if c.domain != "" && len(c.caller.Domains) > 0 && !slices.Contains(c.caller.Domains, c.domain) {
		return refuse("forbidden", "Authorization:110001", "The caller may not use the domain %q.", clean(c.domain))
	}
	return nil
}

// catalogueOf has the machines that are served now. New found that there are.
func catalogueOf(e *enrich.Enricher) *flow.Catalogue { return e.Attached().(*flow.Catalogue) }
