package serve

import (
	"net/http"
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/api"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/openapi"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// guarded puts together what answers Config.Listen. Health and the description
// of the API stand before the guard: they need no token and no place.
func (s *Service) guarded() (http.Handler, error) {
	cfg := s.config
	rest, err := api.New(api.Config{
		Enricher: s.enricher, Store: s.store, Logger: cfg.Logger, Timeout: cfg.Timeout, BodyBytes: int(cfg.BodyBytes), PublishBytes: publishBytes, TraceID: guard.TraceID, Published: s.metrics.Published,
	})
	if err != nil {
		return nil, err
	}
	var routes []string
	for _, r := range api.Routes() {
		routes = append(routes, r.Method+" "+r.Path)
	}
	inner, err := guard.New(guard.Config{
		Tokens: s.tokens, Roles: s.roles, Routes: routes, ServerTiming: cfg.ServerTiming, Metrics: s.metrics, Logger: cfg.Logger,
		Admission: guard.AdmissionConfig{Places: cfg.Concurrent, Queue: cfg.Queue, BodyBytes: cfg.BodyBytes, BodyBytesOf: bodyBytesOf},
	}, below(rest))
	if err != nil {
		return nil, err
	}
	described, page := openapi.Handler(), openapi.Page()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			reading(s.healthz)(w, r)
		case "/readyz":
			reading(s.readyz)(w, r)
		case "/openapi.json":
			described.ServeHTTP(w, r)
		case "/docs":
			page.ServeHTTP(w, r)
		default:
			inner.ServeHTTP(w, r)
		}
	}), nil
}

// publishBytes caps the body of a publish.
const publishBytes = 16 << 20

func bodyBytesOf(r *http.Request) int64 {
	if r.URL.Path == "/api/v1/definitions/publish" {
		return publishBytes
	}
	return 0 // as configured
}

// below answers everything outside of /api/v1. It is no http.ServeMux, which
// would redirect paths that it finds unclean.
func below(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/") {
			rest.ServeHTTP(w, r)
			return
		}
		enrich.NewProblem("notfound", "App:900004", "There is nothing at this path. /openapi.json lists what there is.",
			&enrich.Request{Path: r.URL.EscapedPath(), TraceID: guard.TraceID(r)}).Write(w)
	})
}

// roles are the business's, which a caller has who needs no token.
func (s *Service) roles() []string {
	if c := s.catalogue(); c != nil {
		return c.Roles()
	}
	return nil
}

// mainServer answers Config.Listen.
func (s *Service) mainServer() *guard.Server {
	return guard.NewServer(guard.ServerConfig{Connections: s.config.Connections, Logger: s.config.Logger}, s.handler)
}

// adminServer answers Config.Admin.
func (s *Service) adminServer() *guard.Server {
	admin := s.admin()
	if local, err := loopback(s.config.Admin); err == nil && local {
		admin = guard.LocalOnly()(admin) // against pages in a browser of this machine
	}
	return guard.NewServer(guard.ServerConfig{Connections: adminConnections, Logger: s.config.Logger}, admin)
}

// adminConnections are enough for who watches a service.
const adminConnections = 64
