package httpguard

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aril-wasm/aril/abi/names"
)

// A Request is what somebody untrusted asks for.
type Request struct {
	Method  string // "" is GET
	URL     string
	Headers map[string][]string
	Body    []byte
	Timeout time.Duration // 0 is the guard's, which it cannot exceed
}

// A Response is the answer, read whole.
type Response struct {
	Status  int
	Headers map[string][]string // names in lower case
	Body    []byte
}

// A Trace is what a host may want to know of a fetch. It holds no path, no
// query and no header.
type Trace struct {
	Method  string // "" where the request was malformed
	Grant   string // the pattern that covers the last hop; "" where none does
	Origin  string // of that hop, as in https://api.example.com:8443
	Hops    int    // requests sent
	Status  int    // of the response; 0 without one
	Sent    int    // bytes of the body
	Read    int    // bytes of the response's body
	Elapsed time.Duration
}

var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// Fetch sends a request, follows redirects, and reads the response. Its error
// is an *Error, or the context's where that is over. Fetches with the same key
// share the bound Concurrent; the key must be comparable.
func (g *Guard) Fetch(ctx context.Context, key any, r Request) (resp *Response, trace Trace, err error) {
	start := time.Now()
	defer func() { trace.Elapsed = time.Since(start) }()
	f, err := g.prepare(r)
	if err != nil {
		return nil, trace, err
	}
	f.trace = &trace
	trace.Method, trace.Sent = f.method, len(f.body)
	limit := g.Time
	if r.Timeout > 0 {
		limit = min(limit, r.Timeout)
	}
	// Connections are closed when this context ends, so none outlives the fetch.
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if g.gate.enter(inner, key) {
		resp, err = func() (*Response, error) {
			defer g.gate.leave(key) // whatever happens: a place that is lost is lost for good
			return f.run(inner)
		}()
	} else {
		err = inner.Err()
	}
	switch {
	case err == nil:
		return resp, trace, nil
	case ctx.Err() != nil:
		return nil, trace, ctx.Err()
	case inner.Err() != nil:
		return nil, trace, transient(names.CodeTimeout, "no response in time", err)
	}
	return nil, trace, err
}

// A fetch is one request on its way.
type fetch struct {
	guard  *Guard
	trace  *Trace
	method string
	to     *target
	header http.Header
	body   []byte
	left   *atomic.Int64 // bytes that the connection of this hop may still give
}

// prepare checks all of a request that can be checked without a network.
func (g *Guard) prepare(r Request) (*fetch, error) {
	f := &fetch{guard: g, method: r.Method, body: r.Body}
	if f.method == "" {
		f.method = http.MethodGet
	}
	if !slices.Contains(methods, f.method) {
		return nil, invalid("the method is none of " + strings.Join(methods, ", "))
	}
	if r.Timeout < 0 {
		return nil, invalid("the timeout is below 0")
	}
	if int64(len(r.Body)) > g.RequestBytes {
		return nil, NewError(names.CodeTooLarge, "the request's body is too large")
	}
	var err error
	if f.header, err = checkHeaders(r.Headers, g.HeaderBytes); err != nil {
		return nil, err
	}
	f.to, err = parseTarget(r.URL)
	return f, err
}

func (f *fetch) run(ctx context.Context) (*Response, error) {
	for hop := 0; ; hop++ {
		resp, err := f.send(ctx)
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		if f.guard.NoRedirects || !redirects(resp.StatusCode) || location == "" {
			return f.read(resp)
		}
		_ = resp.Body.Close()
		if hop == f.guard.Redirects {
			return nil, NewError(names.CodeTooManyRedirects, "the server redirects too often")
		}
		if err := f.redirect(resp.StatusCode, location); err != nil {
			return nil, err
		}
	}
}

func redirects(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// redirect turns the fetch to where the server sends it. What becomes of the
// method is as browsers have it: https://fetch.spec.whatwg.org/#http-redirect-fetch
func (f *fetch) redirect(status int, location string) error {
	to, err := f.to.follow(location)
	if err != nil {
		return err
	}
	if f.to.scheme == "https" && to.scheme == "http" {
		return NewError(names.CodeDeniedHost, "the server redirects from https to http")
	}
	if f.to.origin() != to.origin() {
		f.header = elsewhere(f.header)
	}
	if (status == 301 || status == 302) && f.method == http.MethodPost || status == 303 && f.method != http.MethodHead {
		f.method, f.body = http.MethodGet, nil
		for _, name := range bodyHeaders {
			delete(f.header, name)
		}
	}
	f.to = to
	return nil
}

// send does one hop: grant, addresses, connection, request.
func (f *fetch) send(ctx context.Context) (*http.Response, error) {
	g, to := f.guard, f.to
	p, granted := g.permit(to)
	f.trace.Grant, f.trace.Origin = p.pattern, ""
	if !granted {
		return nil, NewError(names.CodeDeniedHost, to.origin()+" is not granted")
	}
	f.trace.Origin = to.origin()
	addrs, err := g.resolve(ctx, to, p)
	if err != nil {
		return nil, err
	}
	// Twice the body, since a response may pay a byte for each byte that it
	// carries, and room for a TLS handshake.
	f.left = new(atomic.Int64)
	left := f.left
	left.Store(2*g.ResponseBytes + g.HeaderBytes + 256<<10)
	transport := &http.Transport{
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: g.HeaderBytes,
		TLSClientConfig:        &tls.Config{RootCAs: g.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		// The context is the fetch's own: the one that Transport gives
		// outlives the request.
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			conn, err := g.dialAny(ctx, addrs, to.port, p)
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			return &boundConn{conn, left}, nil
		},
	}
	req := (&http.Request{
		Method: f.method, URL: to.url(), Host: to.hostport(), Header: f.header.Clone(),
		Body: http.NoBody, ContentLength: int64(len(f.body)),
	}).WithContext(ctx)
	if len(f.body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(f.body))
	}
	if _, set := req.Header["User-Agent"]; !set {
		req.Header["User-Agent"] = []string{"aril"}
	}
	f.trace.Hops++
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, f.failed(err)
	}
	if resp.StatusCode < 200 { // 101, for which nobody asked
		_ = resp.Body.Close()
		return nil, NewError(names.CodeBadResponse, to.host+" did not answer as HTTP says")
	}
	if size, lines := headerSize(resp.Header); size > g.HeaderBytes || lines > 4*maxHeaders {
		_ = resp.Body.Close()
		return nil, NewError(names.CodeTooLarge, "the response has too many headers, or too long ones")
	}
	return resp, nil
}

// read takes the body, up to its limit.
func (f *fetch) read(resp *http.Response) (*Response, error) {
	defer func() { _ = resp.Body.Close() }()
	limit := f.guard.ResponseBytes
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	f.trace.Read = len(body)
	if int64(len(body)) > limit {
		return nil, NewError(names.CodeTooLarge, "the response is too large")
	}
	if err != nil {
		return nil, f.failed(err)
	}
	f.trace.Status = resp.StatusCode
	return &Response{Status: resp.StatusCode, Headers: answerHeaders(resp.Header), Body: body}, nil
}

// failed says in public words why there is no response, or not the whole of
// it.
func (f *fetch) failed(err error) error {
	host := f.to.host
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var network *net.OpError
	switch {
	case errors.Is(err, errNotAllowed):
		return &Error{code: names.CodeDeniedAddress, message: "the address of " + host + " is not one that extensions may reach", detail: err}
	// net/http has no name for that error.
	case f.left.Load() <= 0, strings.Contains(err.Error(), "server response headers exceeded"):
		return &Error{code: names.CodeTooLarge, message: "the response is too large", detail: err}
	case errors.As(err, &verification), errors.As(err, &alert), errors.As(err, &record):
		return &Error{code: names.CodeTLS, message: host + " did not prove who it is", detail: err}
	case errors.As(err, &network) && network.Op == "dial":
		return transient(names.CodeRefused, "no connection to "+host, err)
	case network != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return transient(names.CodeRefused, "the connection to "+host+" broke", err)
	}
	return &Error{code: names.CodeBadResponse, message: host + " did not answer as HTTP says", detail: err}
}
