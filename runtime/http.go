package runtime

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/httpguard"
	"github.com/aril-wasm/aril/runtime/internal/reserved"
)

// HTTPConfig says what extensions may fetch through the capability that [HTTP]
// makes. In every number zero means the default written beside it; a negative
// one is an error, for there is no way to ask for no limit.
type HTTPConfig struct {
	// Hosts are what may be asked, redirects included. At least one.
	Hosts []HTTPHost

	// RequestBytes and ResponseBytes cap a body. A host that grants much needs
	// memory for ConcurrentAll bodies at once, some three times over. Defaults 1 MiB and 4 MiB;
	// past them the guest gets an error with the code too_large. Of a
	// compressed response the bytes that it unpacks to are counted. The whole
	// answer is bounded by Limits.ResultBytes as well.
	RequestBytes  int64
	ResponseBytes int64

	// HeaderBytes caps the headers of one request or response. Default 64 KiB.
	// A request may have 64 header lines, a response 256. Past them too_large.
	HeaderBytes int64

	// Redirects is how many are followed. Default 5; past it the guest gets
	// too_many_redirects. NoRedirects gives the guest the redirect itself as
	// its response.
	Redirects   int
	NoRedirects bool

	// Time is how long one fetch may take with everything in it. A guest may
	// ask for less. Default 10 s; past it timeout. It counts as wait time:
	// Limits.WaitTime and the operation's context end a fetch too.
	Time time.Duration

	// Requests is how many fetches one activation may begin. Default 100; past
	// it limit.
	Requests int64

	// Concurrent is how many fetches of one extension run at once,
	// ConcurrentAll how many of all extensions that were granted this
	// Capability. Defaults 8 and 64; those past it wait, within their time.
	Concurrent    int
	ConcurrentAll int

	// RootCAs are whom to trust for https. Default: those of the system.
	RootCAs *x509.CertPool

	// Observe is called after each fetch, on the goroutine of the operation.
	// Nil costs nothing. Each fetch is a line of the log as well, at level
	// debug.
	Observe func(context.Context, HTTPFetch)
}

// An HTTPHost is one host, or the hosts below a name, that may be asked.
type HTTPHost struct {
	// Pattern is [scheme://]host[:port]. Without a scheme it means https, and
	// plain HTTP is granted by writing http:// alone. Without a port it means
	// the scheme's own. The host is a name, *. and a name for every name below
	// it (not itself), or an IP address, which is then reached whatever
	// network it is in: "api.example.com", "*.example.com",
	// "http://127.0.0.1:9000".
	Pattern string

	// AllowPrivate lets the names of this pattern lead to private, loopback,
	// shared and unique local addresses. Addresses that are link-local, that
	// are known to give out a cloud's credentials, or that are nobody's stay
	// out of reach; grant them one by one, if it must be, by IP. Where several
	// patterns cover a host, one with AllowPrivate is enough.
	AllowPrivate bool
}

// An HTTPFetch is what one fetch came to. It holds no path, query or header.
type HTTPFetch struct {
	Extension string
	Tenant    string
	Hook      string
	Method    string        // "" where the request was malformed
	Host      string        // the Pattern that covers the last hop, fit for a metric's label; "" where none does
	Origin    string        // of the last hop, as in https://api.example.com:8443
	Status    int           // of the response; 0 without one
	Hops      int           // requests sent
	Sent      int           // bytes of the request's body
	Read      int           // bytes of the response's body
	Elapsed   time.Duration // with all hops and waiting
	Err       error         // what the guest read; nil for a response, whatever its status
}

// HTTP makes the capability aril_http_v1, with which an extension fetches URLs
// of granted hosts. Extensions that are granted one Capability share its bound
// ConcurrentAll and nothing else: each hop of each fetch has a connection of
// its own, with HTTP/1.1, no cookies, and no proxy whatever the environment
// says. An error lists everything that is wrong with cfg.
//
// Each hop is checked: its scheme, host and port against Hosts, and each
// address of the host before it is dialled. To test against a server of the
// test's own, grant its address: "http://" + server.Listener.Addr().String().
//
// Requests, responses and the codes of errors: abi/ABI.md#aril_http_v1fetch.
func HTTP(cfg HTTPConfig) (Capability, error) {
	h, err := newHTTP(cfg)
	if err != nil {
		return Capability{}, err
	}
	fetch := Func("fetch", func(ctx context.Context, c *Call, in httpRequest) (httpResponse, error) {
		return h.fetch(ctx, c, c.guest.owner.logger, in)
	})
	counted := Function{name: fetch.name, call: func(a *activation, src, dst []byte) ([]byte, error) {
		if a.fetches++; a.fetches > h.requests {
			return nil, httpguard.NewError(names.CodeLimit, "this activation has fetched as often as it may")
		}
		return fetch.call(a, src, dst)
	}}
	return Reserved(reserved.Key{}, names.ModuleHTTP, counted), nil
}

// HTTPFunction gives fetch as a function of Go values, for an extension that
// runs in this process, without a sandbox, under that name. It does what the
// capability of [HTTP] does, but that nobody counts Requests. It may be called
// from many goroutines at once; its lines of the log go to [slog.Default].
func HTTPFunction(extension string, cfg HTTPConfig) (func(ctx context.Context, request any) (any, error), error) {
	h, err := newHTTP(cfg)
	if err != nil {
		return nil, err
	}
	types := codec.For(reflect.TypeFor[httpRequest]())
	call := &Call{Extension: extension}
	return func(ctx context.Context, request any) (any, error) {
		var in httpRequest
		message, err := codec.AppendValue(nil, request, nil, codec.Limits{})
		if err == nil {
			err = types.Decode(message, &in, nil, nil, codec.Limits{})
		}
		if err != nil {
			return nil, &Error{ErrorCode: names.CodeInvalidArgument, Message: err.Error()}
		}
		out, err := h.fetch(ctx, call, slog.Default().With("extension", extension), in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}, nil
}

func newHTTP(cfg HTTPConfig) (*httpCapability, error) {
	cfg, err := cfg.withDefaults()
	hosts := make([]httpguard.Host, len(cfg.Hosts))
	for i, h := range cfg.Hosts {
		hosts[i] = httpguard.Host(h)
	}
	guard, hostsErr := httpguard.New(httpguard.Config{
		Hosts: hosts, RequestBytes: cfg.RequestBytes, ResponseBytes: cfg.ResponseBytes, HeaderBytes: cfg.HeaderBytes,
		Redirects: cfg.Redirects, NoRedirects: cfg.NoRedirects, Time: cfg.Time,
		Concurrent: cfg.Concurrent, ConcurrentAll: cfg.ConcurrentAll, RootCAs: cfg.RootCAs,
	})
	if err := errors.Join(err, hostsErr); err != nil {
		return nil, fmt.Errorf("capability %s: %w", names.ModuleHTTP, err)
	}
	return &httpCapability{guard: guard, requests: cfg.Requests, observe: cfg.Observe}, nil
}

func (c HTTPConfig) withDefaults() (HTTPConfig, error) {
	var errs []error
	set(&errs, "RequestBytes", &c.RequestBytes, 1<<20)
	set(&errs, "ResponseBytes", &c.ResponseBytes, 4<<20)
	set(&errs, "HeaderBytes", &c.HeaderBytes, 64<<10)
	set(&errs, "Redirects", &c.Redirects, 5)
	set(&errs, "Time", &c.Time, 10*time.Second)
	set(&errs, "Requests", &c.Requests, 100)
	set(&errs, "Concurrent", &c.Concurrent, 8)
	set(&errs, "ConcurrentAll", &c.ConcurrentAll, 64)
	return c, errors.Join(errs...)
}

// set puts a default where there is zero. What is below gets it too, beside
// the error, so that everything else can be checked.
func set[T int | int64 | time.Duration](errs *[]error, name string, field *T, def T) {
	if *field < 0 {
		*errs = append(*errs, fmt.Errorf("%s is below 0; 0 is the default, %v", name, def))
	}
	if *field <= 0 {
		*field = def
	}
}

// httpCapability is what stands behind one Capability.
type httpCapability struct {
	guard    *httpguard.Guard
	requests int64 // of an activation
	observe  func(context.Context, HTTPFetch)
}

// An httpRequest is the message of fetch.
type httpRequest struct {
	Method    string         `msg:"method"`
	URL       string         `msg:"url"`
	Headers   map[string]any `msg:"headers"` // text, or an array of it
	Body      any            `msg:"body"`    // bin or text
	TimeoutMS int64          `msg:"timeout_ms"`
}

// An httpResponse is what fetch answers.
type httpResponse struct {
	Status  int                 `msg:"status"`
	Headers map[string][]string `msg:"headers"`
	Body    []byte              `msg:"body"`
}

func (h *httpCapability) fetch(ctx context.Context, c *Call, logger *slog.Logger, in httpRequest) (httpResponse, error) {
	var out httpResponse
	var resp *httpguard.Response
	var trace httpguard.Trace
	r, err := in.read()
	if err == nil {
		resp, trace, err = h.guard.Fetch(ctx, c.guest, r)
	}
	if err == nil {
		out = httpResponse{Status: resp.Status, Headers: resp.Headers, Body: resp.Body}
	}
	logFetch(ctx, logger, c, &trace, err)
	if h.observe != nil {
		h.observe(ctx, HTTPFetch{
			Extension: c.Extension, Tenant: c.Tenant, Hook: c.Hook,
			Method: trace.Method, Host: trace.Grant, Origin: trace.Origin, Status: trace.Status,
			Hops: trace.Hops, Sent: trace.Sent, Read: trace.Read, Elapsed: trace.Elapsed, Err: err,
		})
	}
	return out, err
}

// read turns what the message may say in several ways into one.
func (r *httpRequest) read() (httpguard.Request, error) {
	out := httpguard.Request{Method: r.Method, URL: r.URL, Headers: make(map[string][]string, len(r.Headers))}
	switch body := r.Body.(type) {
	case nil:
	case []byte:
		out.Body = body
	case string:
		out.Body = []byte(body)
	default:
		return out, errHTTPBody
	}
	for name, value := range r.Headers {
		switch value := value.(type) {
		case string:
			out.Headers[name] = []string{value}
		case []any:
			for _, v := range value {
				text, ok := v.(string)
				if !ok {
					return out, errHTTPHeaders
				}
				out.Headers[name] = append(out.Headers[name], text)
			}
		default:
			return out, errHTTPHeaders
		}
	}
	// Longer than any limit that a host sets, and short enough for a Duration.
	const longest = int64(365 * 24 * time.Hour / time.Millisecond)
	out.Timeout = time.Duration(min(r.TimeoutMS, longest)) * time.Millisecond
	if r.TimeoutMS < 0 {
		out.Timeout = -1
	}
	return out, nil
}

var (
	errHTTPBody    = httpguard.NewError(names.CodeInvalidRequest, "the body is neither bin nor text")
	errHTTPHeaders = httpguard.NewError(names.CodeInvalidRequest, "a header is neither text nor an array of text")
)

func logFetch(ctx context.Context, logger *slog.Logger, c *Call, trace *httpguard.Trace, err error) {
	if !logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("hook", c.Hook), slog.String("method", trace.Method), slog.String("origin", trace.Origin),
		slog.Int("status", trace.Status), slog.Int("hops", trace.Hops),
		slog.Int("sent", trace.Sent), slog.Int("read", trace.Read), slog.Duration("elapsed", trace.Elapsed),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	var failed *httpguard.Error
	if errors.As(err, &failed) {
		attrs = append(attrs, slog.String("code", failed.Code()))
		if failed.Detail() != nil {
			attrs = append(attrs, slog.String("detail", failed.Detail().Error()))
		}
	}
	logger.LogAttrs(ctx, slog.LevelDebug, "fetch", attrs...)
}
