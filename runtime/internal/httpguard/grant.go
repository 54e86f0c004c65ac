package httpguard

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// A Host is what a grant covers.
type Host struct {
	Pattern      string
	AllowPrivate bool
}

// A grant is a Host, read.
type grant struct {
	scheme       string
	suffix       bool       // names that end in host, which begins with a dot
	host         string     // as in target
	addr         netip.Addr // as in target
	port         uint16
	allowPrivate bool
}

// parseGrant reads [scheme://]host[:port]. Without a scheme it is https,
// without a port the scheme's own.
func parseGrant(h Host) (grant, error) {
	g := grant{scheme: "https", allowPrivate: h.AllowPrivate}
	rest := h.Pattern
	if scheme, after, ok := strings.Cut(rest, "://"); ok {
		if scheme != "http" && scheme != "https" {
			return g, fmt.Errorf("host %q: the scheme is neither https nor http", h.Pattern)
		}
		g.scheme, rest = scheme, after
	}
	if strings.ContainsAny(rest, "/?#") {
		return g, fmt.Errorf("host %q: a grant is for a whole host; leave the path out", h.Pattern)
	}
	name, wildcard := strings.CutPrefix(rest, "*.")
	t := target{scheme: g.scheme}
	if err := t.readAuthority(name); err != nil {
		return g, fmt.Errorf("host %q is not [scheme://]host[:port], with *. before the host for all names below it", h.Pattern)
	}
	g.host, g.addr, g.port = t.host, t.addr, t.port
	if wildcard {
		if g.addr.IsValid() {
			return g, fmt.Errorf("host %q: there is nothing below an address", h.Pattern)
		}
		g.suffix, g.host = true, "."+g.host
	}
	if g.addr.IsValid() && (g.addr.IsUnspecified() || g.addr.IsMulticast()) {
		return g, fmt.Errorf("host %q: nobody is reached at that address", h.Pattern)
	}
	return g, nil
}

func parseGrants(hosts []Host) ([]grant, error) {
	var all []grant
	var errs []error
	for _, h := range hosts {
		g, err := parseGrant(h)
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, g)
	}
	if len(hosts) == 0 {
		errs = append(errs, errors.New("no hosts are granted"))
	}
	return all, errors.Join(errs...)
}

func (g *grant) covers(t *target) bool {
	if g.scheme != t.scheme || g.port != t.port {
		return false
	}
	if g.suffix {
		return !t.addr.IsValid() && strings.HasSuffix(t.host, g.host)
	}
	return g.host == t.host
}

// A permit is what the grants say of one target.
type permit struct {
	pattern      string     // of the grant
	addr         netip.Addr // the one address that was granted as such
	allowPrivate bool
}

// permit reports whether a target is granted, and which addresses it may have.
func (g *Guard) permit(t *target) (permit, bool) {
	var p permit
	granted := false
	for i := range g.grants {
		if g.grants[i].covers(t) {
			granted, p.pattern = true, g.Hosts[i].Pattern
			p.allowPrivate = p.allowPrivate || g.grants[i].allowPrivate
			p.addr = g.grants[i].addr
		}
	}
	return p, granted
}

// allows reports whether an address may be dialled.
func (p permit) allows(a netip.Addr) bool {
	if p.addr.IsValid() && p.addr == a {
		return true
	}
	switch reachOf(a) {
	case public:
		return true
	case private:
		return p.allowPrivate
	}
	return false
}
