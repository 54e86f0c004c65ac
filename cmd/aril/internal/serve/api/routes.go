package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// The roles that say which routes a caller may use.
const (
	RoleRead    = "read"
	RoleWrite   = "write"
	RolePublish = "publish"
)

// A Route is one method of one path. A path with GET also answers HEAD; every
// path answers OPTIONS.
type Route struct {
	Method    string
	Path      string // such as "/api/v1/{domain}/workflows/{workflow}/instances"
	Operation string // its name, such as "listInstances"
	Role      string // what a caller must have
}

type route struct {
	Route
	handle func(s *service, w http.ResponseWriter, r *http.Request, c *call) error
}

const (
	instancesPath = prefix + "/{domain}/workflows/{workflow}/instances"
	instancePath  = instancesPath + "/{instance}"
)

var routes = []route{
	{Route{http.MethodGet, instancesPath, "listInstances", RoleRead}, (*service).list},
	{Route{http.MethodPost, instancesPath + "/start", "startInstance", RoleWrite}, (*service).start},
	{Route{http.MethodGet, instancePath, "getInstance", RoleRead}, (*service).instance},
	{Route{http.MethodGet, instancePath + "/transitions", "listTransitions", RoleRead}, (*service).history},
	{Route{http.MethodPatch, instancePath + "/transitions/{transition}", "makeTransition", RoleWrite}, (*service).transition},
	{Route{http.MethodGet, instancePath + "/functions/data", "getData", RoleRead}, (*service).data},
	{Route{http.MethodGet, instancePath + "/functions/extensions", "getExtensions", RoleRead}, (*service).data},
	{Route{http.MethodGet, instancePath + "/functions/state", "getState", RoleRead}, (*service).state},
	{Route{http.MethodGet, instancePath + "/functions/schema", "getSchema", RoleRead}, (*service).schema},
	{Route{http.MethodPost, prefix + "/definitions/publish", "publishDefinitions", RolePublish}, (*service).publish},
}

// Routes lists what the handler answers.
func Routes() []Route {
	out := make([]Route, len(routes))
	for i, r := range routes {
		out[i] = r.Route
	}
	return out
}

// A match is a route with the values of its path.
type match struct {
	*route
	domain, workflow, instanceName, transitionName string
}

// mux routes by escaped paths: a key may have a slash in it.
func (s *service) mux() *chi.Mux {
	m := chi.NewMux()
	for i := range routes {
		route := &routes[i]
		h := func(w http.ResponseWriter, r *http.Request) { s.matched(w, r, route) }
		m.Method(route.Method, route.Path, http.HandlerFunc(h))
		if route.Method == http.MethodGet {
			m.Method(http.MethodHead, route.Path, http.HandlerFunc(h))
		}
	}
	m.NotFound(func(w http.ResponseWriter, r *http.Request) { s.nothing(w, r) })
	m.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) { s.otherMethod(w, r, m) })
	return m
}

// escapedPath is the path of a request with escapes only where there must be
// some: "%61" is "a", and "%2F" stays.
func escapedPath(r *http.Request) string {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			parts[i] = url.PathEscape(plain)
		}
	}
	return strings.Join(parts, "/")
}

// byEscapedPath has chi look at that path.
func byEscapedPath(r *http.Request) *http.Request {
	at := chi.NewRouteContext()
	at.RoutePath = escapedPath(r)
	u := *r.URL
	u.RawPath = at.RoutePath // the middleware must see the route that chi does
	r = r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, at))
	r.URL = &u
	return r
}

// matchOf unescapes the values of a path. ok is false where one is empty or
// cannot be.
func matchOf(r *http.Request, found *route) (m *match, ok bool) {
	m, ok = &match{route: found}, true
	for name, value := range map[string]*string{"domain": &m.domain, "workflow": &m.workflow, "instance": &m.instanceName, "transition": &m.transitionName} {
		if !strings.Contains(found.Path, "{"+name+"}") {
			continue
		}
		var err error
		if *value, err = url.PathUnescape(chi.URLParam(r, name)); err != nil || *value == "" {
			return nil, false
		}
	}
	return m, true
}

func (s *service) nothing(w http.ResponseWriter, r *http.Request) {
	notHere(r.URL.EscapedPath(), s.about(r)).Write(w)
}

// otherMethod answers OPTIONS, and methods that a path does not have.
func (s *service) otherMethod(w http.ResponseWriter, r *http.Request, m *chi.Mux) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost} {
		if m.Match(chi.NewRouteContext(), method, escapedPath(r)) {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		s.nothing(w, r)
		return
	}
	allow := strings.Join(append(allowed, http.MethodOptions), ", ")
	w.Header().Set("Allow", allow)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	enrich.NewProblem("notsupported", "App:900004", fmt.Sprintf("%s is no method of this path; it has %s.", clean(r.Method), allow), s.about(r)).
		WithStatus(http.StatusMethodNotAllowed).Write(w)
}

// notHere says what of a path is not there.
func notHere(escaped string, about *enrich.Request) enrich.Problem {
	parts := strings.Split(strings.TrimPrefix(escaped, prefix+"/"), "/")
	if n := len(parts); n >= 3 && parts[n-2] == "functions" {
		return enrich.NewProblem("notfound", "Function:800001", "There is no function "+quote(parts[n-1])+" here. Custom functions are not run by this service.", about)
	}
	if n := len(parts); n >= 3 && parts[n-1] == "retry" {
		return enrich.NewProblem("notfound", "Instance:100027", "Instances are not retried: none can fault here.", about)
	}
	return enrich.NewProblem("notfound", "App:900004", "There is nothing at this path. /openapi.json lists what there is.", about)
}
