package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

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
	handle   func(s *service, w http.ResponseWriter, r *http.Request, c *call) error
	segments []string
}

const (
	instancesPath = prefix + "/{domain}/workflows/{workflow}/instances"
	instancePath  = instancesPath + "/{instance}"
)

var routes = table(
	route{Route: Route{http.MethodGet, instancesPath, "listInstances", RoleRead}, handle: (*service).list},
	route{Route: Route{http.MethodPost, instancesPath + "/start", "startInstance", RoleWrite}, handle: (*service).start},
	route{Route: Route{http.MethodGet, instancePath, "getInstance", RoleRead}, handle: (*service).instance},
	route{Route: Route{http.MethodGet, instancePath + "/transitions", "listTransitions", RoleRead}, handle: (*service).history},
	route{Route: Route{http.MethodPatch, instancePath + "/transitions/{transition}", "makeTransition", RoleWrite}, handle: (*service).transition},
	route{Route: Route{http.MethodGet, instancePath + "/functions/data", "getData", RoleRead}, handle: (*service).data},
	route{Route: Route{http.MethodGet, instancePath + "/functions/extensions", "getExtensions", RoleRead}, handle: (*service).data},
	route{Route: Route{http.MethodGet, instancePath + "/functions/state", "getState", RoleRead}, handle: (*service).state},
	route{Route: Route{http.MethodGet, instancePath + "/functions/schema", "getSchema", RoleRead}, handle: (*service).schema},
	route{Route: Route{http.MethodPost, prefix + "/definitions/publish", "publishDefinitions", RolePublish}, handle: (*service).publish},
)

func table(all ...route) []route {
	for i := range all {
		all[i].segments = strings.Split(all[i].Path, "/")
	}
	return all
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

// find gives the route of a request, and the methods that its path has.
func find(method, escaped string) (found *match, allowed []string) {
	parts := strings.Split(escaped, "/")
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil || parts[i] == "" && i > 0 {
			return nil, nil
		}
	}
	for i := range routes {
		m := &match{route: &routes[i]}
		if !m.fits(parts) {
			continue
		}
		allowed = append(allowed, m.Method)
		if m.Method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
		if m.Method == method || m.Method == http.MethodGet && method == http.MethodHead {
			found = m
		}
	}
	if len(allowed) > 0 {
		allowed = append(allowed, http.MethodOptions)
		slices.Sort(allowed)
	}
	return found, allowed
}

func (m *match) fits(parts []string) bool {
	if len(parts) != len(m.segments) {
		return false
	}
	for i, s := range m.segments {
		switch s {
		case "{domain}":
			m.domain = parts[i]
		case "{workflow}":
			m.workflow = parts[i]
		case "{instance}":
			m.instanceName = parts[i]
		case "{transition}":
			m.transitionName = parts[i]
		default:
			if s != parts[i] {
				return false
			}
		}
	}
	return true
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
