package guard

import (
	"context"
	"net/http"
	"slices"
)

// The roles that say what a caller may do with the service. Any other role is
// the definitions' own.
const (
	RoleRead    = "read"
	RoleWrite   = "write"
	RolePublish = "publish"
)

// anonymous is the id of everybody where there are no tokens.
const anonymous = "anonymous"

// named reports whether an id tells callers apart.
func named(id string) bool { return id != "" && id != anonymous }

// A Caller is on whose behalf a request is. The zero value may do nothing.
type Caller struct {
	ID      string
	Roles   []string
	Domains []string // empty: all
}

// Has reports whether the caller has a role.
func (c Caller) Has(role string) bool { return slices.Contains(c.Roles, role) }

// InDomain reports whether the caller may see that there is such a domain.
// Where not, answer what a domain that does not exist gets.
func (c Caller) InDomain(domain string) bool {
	return len(c.Domains) == 0 || slices.Contains(c.Domains, domain)
}

type callerKey struct{}

// WithCaller gives a context with a caller.
func WithCaller(ctx context.Context, c Caller) context.Context {
	if x := exchangeOf(ctx); x != nil {
		x.caller.Store(&c.ID)
	}
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf is the caller of a request, the zero Caller where nobody said who
// it is.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Require lets those through who have a role. The others get a problem with
// status 403.
func Require(role string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !CallerOf(r.Context()).Has(role) {
				roleDenied.write(w, r, "This needs the role "+role+".")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// WithoutTokens makes everybody the caller "anonymous", who may read, write
// and publish in every domain, with the further roles that more lists; nil for
// none. It is for a service that only its own machine can reach, behind
// LocalOnly.
func WithoutTokens(more func() []string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := Caller{ID: anonymous, Roles: []string{RoleRead, RoleWrite, RolePublish}}
			if more != nil {
				c.Roles = append(c.Roles, more()...)
			}
			next.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), c)))
		})
	}
}
