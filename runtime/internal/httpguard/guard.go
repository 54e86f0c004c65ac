package httpguard

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"time"
)

// A Config says what may be fetched. Every number must be set.
type Config struct {
	Hosts         []Host
	RequestBytes  int64         // of a request's body
	ResponseBytes int64         // of a response's body, unpacked
	HeaderBytes   int64         // of the headers of one message
	Redirects     int           // that are followed
	NoRedirects   bool          // a redirect is a response
	Time          time.Duration // of a fetch, waiting for a place included
	Concurrent    int           // fetches at once with one key
	ConcurrentAll int           // fetches at once
	RootCAs       *x509.CertPool
}

// A Guard fetches what its Config grants. It may be used by many goroutines
// at once, and it holds nothing that needs closing.
type Guard struct {
	Config
	grants []grant
	gate   *gate
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	dial   func(context.Context, netip.AddrPort, permit) (net.Conn, error)
}

// New makes a Guard. An error lists everything that is wrong with the hosts.
func New(cfg Config) (*Guard, error) {
	grants, err := parseGrants(cfg.Hosts)
	if err != nil {
		return nil, err
	}
	if cfg.Concurrent < 1 || cfg.ConcurrentAll < 1 {
		return nil, errors.New("nothing may run")
	}
	return &Guard{
		Config: cfg, grants: grants, gate: newGate(cfg.Concurrent, cfg.ConcurrentAll),
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		dial: dialTCP,
	}, nil
}
