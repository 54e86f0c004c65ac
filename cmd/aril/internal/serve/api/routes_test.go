package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
)

func TestPathsAreTakenApartAfterDecoding(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/api/v1/core/workflows/w/instances/a%2Fb":                "getInstance core w a/b ",
		"/api/v1/core/workflows/w/instances/a%2Fb/functions/data": "getData core w a/b ",
		"/api/v1/core/workflows/w/instances/%F0%9F%98%80":         "getInstance core w 😀 ",
		"/api/v1/core/workflows/w/instances/start":                "getInstance core w start ",
		"/api/v1/core/workflows/w/instances/i/transitions":        "listTransitions core w i ",
		"/api/v1/%63ore/workflows/w/instances":                    "listInstances core w  ",
		"/api/v1/core/workflows/w/instances/":                     "",
		"/api/v1/core/workflows//instances":                       "",
		"/api/v1/core/workflows/w/instances/i/functions":          "",
		"/api/v1/core/workflows/w/instances/i/functions/data/":    "",
		"/api/v1//core/workflows/w/instances":                     "",
		"/api/v1/core/workflows/w/instances/i%2Ffunctions%2Fdata": "getInstance core w i/functions/data ",
		"/api%2Fv1/core/workflows/w/instances":                    "",
		"/api/v1/core/workflows/w/instances/%zz":                  "",
		"":                                                        "",
		"/":                                                       "",
	} {
		require.Equal(t, want, matchedBy("GET", path), path)
	}
	require.Equal(t, "startInstance core w  ", matchedBy("POST", "/api/v1/core/workflows/w/%69nstances/%73tart"))
	require.Equal(t, "makeTransition core w i a b", matchedBy("PATCH", "/api/v1/core/workflows/w/instances/i/transitions/a%20b"))
}

// matchedBy is the route that a request gets to, with the values of its path.
func matchedBy(method, path string) (got string) {
	m := chi.NewMux()
	for i := range routes {
		m.MethodFunc(routes[i].Method, routes[i].Path, func(_ http.ResponseWriter, r *http.Request) {
			if m, ok := matchOf(r, &routes[i]); ok {
				got = strings.Join([]string{m.Operation, m.domain, m.workflow, m.instanceName, m.transitionName}, " ")
			}
		})
	}
	u, err := url.Parse(path)
	if err != nil {
		return ""
	}
	m.ServeHTTP(httptest.NewRecorder(), byEscapedPath(&http.Request{Method: method, URL: u}))
	return got
}

func TestEveryRouteHasARoleAndAnOperationOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Routes() {
		require.Contains(t, []string{RoleRead, RoleWrite, RolePublish}, r.Role)
		require.True(t, strings.HasPrefix(r.Path, prefix+"/"))
		require.Equal(t, r.Method == "GET", r.Role == RoleRead, r.Operation)
		for _, name := range []string{r.Operation, r.Method + r.Path} {
			require.False(t, seen[name], name)
			seen[name] = true
		}
	}
	require.NotEmpty(t, seen)
}
