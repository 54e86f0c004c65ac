package httpguard

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aril-wasm/aril/abi/names"
)

// maxAddresses is how many of a name's addresses are tried.
const maxAddresses = 4

// resolve gives the addresses of a target that may be dialled.
func (g *Guard) resolve(ctx context.Context, t *target, p permit) ([]netip.Addr, error) {
	found := []netip.Addr{t.addr}
	if !t.addr.IsValid() {
		var err error
		if found, err = g.lookup(ctx, t.host); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, transient(names.CodeUnresolved, "the name "+t.host+" cannot be resolved", err)
		}
	}
	var allowed []netip.Addr
	for _, a := range found {
		// An address is judged and dialled in one form.
		if a = a.Unmap(); p.allows(a) && len(allowed) < maxAddresses {
			allowed = append(allowed, a)
		}
	}
	if len(allowed) == 0 && len(found) == 0 {
		return nil, transient(names.CodeUnresolved, "the name "+t.host+" has no address", nil)
	}
	if len(allowed) == 0 {
		return nil, NewError(names.CodeDeniedAddress, "the address of "+t.host+" is not one that extensions may reach")
	}
	return allowed, nil
}

// dialAny connects to the first address that answers. Each gets its share of
// the time that is left.
func (g *Guard) dialAny(ctx context.Context, addrs []netip.Addr, port uint16, p permit) (net.Conn, error) {
	var errs []error
	for i, a := range addrs {
		attempt, cancel := ctx, context.CancelFunc(func() {})
		if deadline, ok := ctx.Deadline(); ok {
			share := time.Until(deadline) / time.Duration(len(addrs)-i)
			attempt, cancel = context.WithTimeout(ctx, share)
		}
		conn, err := g.dial(attempt, netip.AddrPortFrom(a, port), p)
		cancel()
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// dialTCP dials an address that was allowed, and looks once more at what the
// system is about to connect to.
func dialTCP(ctx context.Context, to netip.AddrPort, p permit) (net.Conn, error) {
	d := net.Dialer{
		KeepAlive: -1,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			real, err := netip.ParseAddrPort(address)
			if err != nil || real.Port() != to.Port() || !p.allows(real.Addr().Unmap()) {
				return errNotAllowed
			}
			return nil
		},
	}
	return d.DialContext(ctx, "tcp", to.String())
}

var errNotAllowed = errors.New("about to connect to an address that was not allowed")

// A boundConn gives out no more than so many bytes, whatever they are: the
// limits of HTTP itself do not see chunk headers, endless informational
// responses, or compressed data that unpacks to nothing.
type boundConn struct {
	net.Conn
	left *atomic.Int64
}

var errTooMuch = errors.New("the server sent more than a response may have")

func (c *boundConn) Read(b []byte) (int, error) {
	left := c.left.Load()
	if left <= 0 {
		return 0, errTooMuch
	}
	n, err := c.Conn.Read(b[:min(int64(len(b)), left)])
	if c.left.Add(-int64(n)) <= 0 && err == io.EOF {
		return n, errTooMuch
	}
	return n, err
}
