package guard

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// LocalOnly is for a service without tokens that only its own machine can
// reach. A page in a browser there can send requests as well, so each must be
// for this machine by name ("localhost", a loopback address, or one of hosts;
// else the page's own name may have been pointed here: DNS rebinding), and must
// not be from a page of another origin, reads included, for those run
// extensions. What is refused gets a problem with status 403.
func LocalOnly(hosts ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case !localHost(r.Host, hosts):
				notFromHere.write(w, r, "Without tokens only requests to localhost are answered; the header Host has another name.")
			case !sameOrigin(r):
				notFromHere.write(w, r, "Without tokens no requests of other sites' pages are answered.")
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// localHost reports whether a Host header names this machine, whatever the port.
func localHost(host string, more []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	} else {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "localhost" {
		return true
	}
	for _, m := range more {
		if strings.EqualFold(name, m) {
			return true
		}
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

// sameOrigin reports whether a request is not from another origin's page. Of
// what a browser says of itself Sec-Fetch-Site is the most reliable; older ones
// have Origin on what can change anything.
// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
func sameOrigin(r *http.Request) bool {
	for _, site := range r.Header["Sec-Fetch-Site"] {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	for _, origin := range r.Header["Origin"] {
		u, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(u.Host, r.Host) {
			return false // "null" too
		}
	}
	return true
}
