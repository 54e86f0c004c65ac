package httpguard

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/abi/names"
)

// maxURL is the longest URL, in bytes.
const maxURL = 8 << 10

// A target is where one hop goes. It is made of checked parts alone, and
// whatever is dialled or sent is made of it.
type target struct {
	scheme string
	host   string     // a name in lower case, or an address in its canonical form
	addr   netip.Addr // valid where host is an address
	port   uint16
	path   *url.URL // path and query alone
}

// parseTarget reads an absolute URL. It knows one way to write each thing: no
// user, no characters but those of RFC 3986, no percent signs in the host, and
// addresses as netip writes them, so that nobody reads it in another way than
// this function.
func parseTarget(raw string) (*target, error) {
	if len(raw) > maxURL {
		return nil, invalid("the URL is longer than 8,192 bytes")
	}
	for i := range len(raw) {
		if !urlByte(raw[i]) {
			return nil, invalid("the URL has a character that must be percent-encoded")
		}
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return nil, invalid("the URL does not begin with https:// or http://")
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	t := &target{scheme: scheme}
	if err := t.readAuthority(authority); err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host != authority || u.User != nil || u.Opaque != "" {
		return nil, invalid("the URL is malformed")
	}
	t.path = &url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	return t, nil
}

func (t *target) readAuthority(authority string) error {
	if strings.Contains(authority, "@") {
		return invalid("the URL has a user or a password; send a header")
	}
	host, port, hasPort := authority, "", false
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port, hasPort = authority[:i], authority[i+1:], true
	}
	t.port = 443
	if t.scheme == "http" {
		t.port = 80
	}
	if hasPort {
		n, ok := parsePort(port)
		if !ok {
			return invalid("the URL's port is not a number from 1 to 65535")
		}
		t.port = n
	}
	var ok bool
	if t.host, t.addr, ok = parseHost(host); !ok {
		return invalid("the URL's host is neither a name nor an IP address in its usual form")
	}
	return nil
}

func parsePort(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

// parseHost takes a name of letters, digits, hyphens and underscores, or an
// address. What other software might take for a number, as in 0x7f.1 or
// 2130706433, is neither.
func parseHost(s string) (host string, addr netip.Addr, ok bool) {
	if inner, bracketed := strings.CutPrefix(s, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		if !closed || err != nil || !a.Is6() || a.Zone() != "" || a.Is4In6() {
			return "", netip.Addr{}, false
		}
		return a.String(), a, true
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Is4() {
		return a.String(), a, true
	}
	if len(s) == 0 || len(s) > 253 {
		return "", netip.Addr{}, false
	}
	s = strings.ToLower(s)
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", netip.Addr{}, false
		}
	}
	if c := labels[len(labels)-1][0]; c >= '0' && c <= '9' {
		return "", netip.Addr{}, false
	}
	return s, netip.Addr{}, true
}

func isLabel(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// urlByte reports whether RFC 3986 lets c stand in a URL.
func urlByte(c byte) bool {
	return c > ' ' && c < 0x7f && !strings.ContainsRune("\"<>\\^`{|}", rune(c))
}

// hostport is the authority as it is sent and shown.
func (t *target) hostport() string {
	host := t.host
	if t.addr.Is6() {
		host = "[" + host + "]"
	}
	if t.scheme == "https" && t.port == 443 || t.scheme == "http" && t.port == 80 {
		return host
	}
	return host + ":" + strconv.Itoa(int(t.port))
}

// origin is what decides about headers that are for one server alone.
func (t *target) origin() string { return t.scheme + "://" + t.hostport() }

// url is what is asked of the server.
func (t *target) url() *url.URL {
	u := *t.path
	u.Scheme, u.Host = t.scheme, t.hostport()
	if u.Path == "" {
		u.Path = "/"
	}
	return &u
}

// follow gives the target of a redirect. Servers write what must be encoded
// as it is; that much is mended.
func (t *target) follow(location string) (*target, error) {
	var b strings.Builder
	for i := range len(location) {
		switch c := location[i]; {
		case urlByte(c):
			b.WriteByte(c)
		case c < ' ', c == 0x7f, c == '\\':
			return nil, errRedirect
		default:
			b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)|0x100, 16)[1:]))
		}
	}
	ref, err := url.Parse(b.String())
	if err != nil {
		return nil, errRedirect
	}
	to, err := parseTarget(t.url().ResolveReference(ref).String())
	if err != nil {
		return nil, errRedirect
	}
	return to, nil
}

var errRedirect = NewError(names.CodeBadResponse, "the server redirects to a URL that is malformed or of another scheme")
