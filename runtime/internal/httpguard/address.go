package httpguard

import (
	"net/netip"
	"slices"
)

// A reach says for whom an address is.
type reach uint8

const (
	never   reach = iota // nobody's, or one that gives out secrets: only by a grant of that very address
	private              // somebody's own network: only where a grant allows it
	public
)

// privateNets are networks that belong to whoever runs the host.
var privateNets = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"127.0.0.0/8",   // RFC 1122, loopback
	"100.64.0.0/10", // RFC 6598, between a provider and its customers
	"::1/128",       // RFC 4291, loopback
	"fc00::/7",      // RFC 4193, unique local
)

// secrets are addresses at which clouds answer with credentials and that do
// not stand out by their network.
var secrets = []netip.Addr{
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("168.63.129.16"),   // Azure, in public space
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd00:ec2::23"),    // AWS, credentials of containers
	netip.MustParseAddr("fd20:ce::254"),    // Google
}

// neverNets is what of the public space is not for hosts on the internet.
// https://www.iana.org/assignments/iana-ipv4-special-registry
// https://www.iana.org/assignments/iana-ipv6-special-registry
var neverNets = prefixes(
	"0.0.0.0/8",       // this network
	"169.254.0.0/16",  // link-local, with most clouds' metadata
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
	"2001::/23",       // protocol assignments, Teredo among them
	"2001:db8::/32",   // documentation
	"3fff::/20",       // documentation
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last four bytes are IPv4
	sixToFour     = netip.MustParsePrefix("2002::/16")    // RFC 3056: bytes 2 to 5 are IPv4
)

func prefixes(texts ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, t := range texts {
		p = append(p, netip.MustParsePrefix(t))
	}
	return p
}

func within(a netip.Addr, nets []netip.Prefix) bool {
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

// reachOf says for whom an address is. IPv6 addresses that a router turns into
// IPv4 are what they turn into.
func reachOf(a netip.Addr) reach {
	if a.Zone() != "" {
		return never
	}
	a = a.Unmap()
	if v4, ok := embedded(a); ok {
		return reachOf(v4)
	}
	switch {
	case !a.IsValid(), slices.Contains(secrets, a), within(a, neverNets):
		return never
	case within(a, privateNets):
		return private
	case a.Is6() && !globalUnicast.Contains(a):
		return never
	}
	return public
}

// embedded gives the IPv4 address within an IPv6 one, if it is of a kind that
// has one.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return a, false
	}
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP, RFC 5214
		return netip.AddrFrom4([4]byte(b[12:16])), true
	}
	return a, false
}
