package enrich

import (
	"net/url"
	"strings"
)

type routeKind int

const (
	routeOther routeKind = iota
	routeInstance
	routeData
	routeList
	routeHistory
	routeExtensions
)

// A route is what a path reads.
type route struct {
	kind                       routeKind
	domain, workflow, instance string
}

// parseRoute takes an escaped path apart. ok is false for what is not below
// {prefix}/{domain}/workflows/{workflow}.
func parseRoute(prefix, escaped string) (r route, ok bool) {
	rest, ok := strings.CutPrefix(escaped, prefix+"/")
	if !ok {
		return route{}, false
	}
	parts := strings.Split(rest, "/")
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil || parts[i] == "" {
			return route{}, false
		}
	}
	if len(parts) < 3 || parts[1] != "workflows" {
		return route{}, false
	}
	r.domain, r.workflow = parts[0], parts[2]
	parts = parts[3:]
	if len(parts) == 0 || parts[0] != "instances" {
		return r, true
	}
	if len(parts) > 1 {
		r.instance = parts[1]
	}
	switch {
	case len(parts) == 1:
		r.kind = routeList
	case len(parts) == 2:
		r.kind = routeInstance
	case len(parts) == 3 && parts[2] == "transitions":
		r.kind = routeHistory
	case len(parts) == 4 && parts[2] == "functions" && parts[3] == "data":
		r.kind = routeData
	case len(parts) == 4 && parts[2] == "functions" && parts[3] == "extensions":
		r.kind = routeExtensions
	}
	return r, true
}

func (r route) read() Read {
	switch r.kind {
	case routeInstance, routeData, routeExtensions:
		return ReadInstance
	case routeList:
		return ReadList
	case routeHistory:
		return ReadHistory
	}
	return ReadOther
}
