package guard

import (
	"fmt"
	"net/http"
	"strings"
)

// otherRoute names every request that no pattern is for.
const otherRoute = "other"

// A router names a request by the pattern of its route, for logs and metrics.
// It asks a mux of its own: what runs behind may answer from a cache, or not
// at all.
type router struct{ mux *http.ServeMux }

func newRouter(patterns []string) (*router, error) {
	ro := &router{http.NewServeMux()}
	seen := map[string]bool{}
	for _, p := range patterns {
		if _, path, ok := strings.Cut(p, " "); ok {
			p = path // one route whatever the method
		}
		if !seen[p] {
			if err := ro.add(p); err != nil {
				return nil, err
			}
			seen[p] = true
		}
	}
	return ro, nil
}

func (ro *router) add(pattern string) (err error) {
	defer func() {
		if v := recover(); v != nil { // how a ServeMux says that a pattern is wrong
			err = fmt.Errorf("route %q: %v", pattern, v)
		}
	}()
	ro.mux.Handle(pattern, http.NotFoundHandler())
	return nil
}

// withRoutes names each request by the one of these patterns, as [http.ServeMux]
// has them, that matches; "other" where none does.
func withRoutes(ro *router) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := begin(w, r)
			x.router = ro
			next.ServeHTTP(w, r)
		})
	}
}

// routeOr is the route of a request, looked up once.
func (x *exchange) routeOr(r *http.Request) string {
	if x.route == "" {
		x.route = otherRoute
		if x.router != nil {
			if _, pattern := x.router.mux.Handler(r); pattern != "" {
				x.route = pattern
			}
		}
	}
	return x.route
}
