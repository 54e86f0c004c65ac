package enrich

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/internal/httpguard"
)

// A Fetch does one request of an HTTP task, within ctx and r.Timeout. It must
// bound what it reads. An error that is a timeout has a method Code that
// answers "timeout", or matches context.DeadlineExceeded.
type Fetch func(ctx context.Context, r *FetchRequest) (*FetchResponse, error)

// A FetchRequest is what an HTTP task asks for.
type FetchRequest struct {
	Extension string // whose task it is
	Method    string
	URL       string
	Headers   map[string]string
	Body      []byte
	Timeout   time.Duration // 0 for the client's own
}

// A FetchResponse is the answer, read whole.
type FetchResponse struct {
	Status  int
	Headers map[string][]string // names in lower case
	Body    []byte
}

// NewFetch makes the client that HTTPConfig describes, with the checks of
// every hop that runtime's own capability has: what Config.HTTP makes, for a
// Config.Fetch that does more around it.
func NewFetch(cfg aril.HTTPConfig) (Fetch, error) {
	hosts := make([]httpguard.Host, len(cfg.Hosts))
	for i, h := range cfg.Hosts {
		hosts[i] = httpguard.Host(h)
	}
	for _, n := range []int64{cfg.RequestBytes, cfg.ResponseBytes, cfg.HeaderBytes, int64(cfg.Redirects), int64(cfg.Time), int64(cfg.Concurrent), int64(cfg.ConcurrentAll)} {
		if n < 0 {
			return nil, errors.New("HTTP: a number is below 0; 0 is its default")
		}
	}
	guard, err := httpguard.New(httpguard.Config{
		Hosts: hosts, RequestBytes: cmp.Or(cfg.RequestBytes, 1<<20), ResponseBytes: cmp.Or(cfg.ResponseBytes, 4<<20),
		HeaderBytes: cmp.Or(cfg.HeaderBytes, 64<<10), Redirects: cmp.Or(cfg.Redirects, 5), NoRedirects: cfg.NoRedirects,
		Time: cmp.Or(cfg.Time, 30*time.Second), RootCAs: cfg.RootCAs,
		Concurrent: cmp.Or(cfg.Concurrent, 64), ConcurrentAll: cmp.Or(cfg.ConcurrentAll, 256),
	})
	if err != nil {
		return nil, fmt.Errorf("HTTP: %w", err)
	}
	return func(ctx context.Context, r *FetchRequest) (*FetchResponse, error) {
		headers := make(map[string][]string, len(r.Headers))
		for name, v := range r.Headers {
			headers[name] = []string{v}
		}
		resp, trace, err := guard.Fetch(ctx, r.Extension, httpguard.Request{
			Method: r.Method, URL: r.URL, Headers: headers, Body: r.Body, Timeout: r.Timeout,
		})
		if cfg.Observe != nil {
			cfg.Observe(ctx, aril.HTTPFetch{
				Extension: r.Extension, Hook: "task", Method: trace.Method, Host: trace.Grant, Origin: trace.Origin,
				Status: trace.Status, Hops: trace.Hops, Sent: trace.Sent, Read: trace.Read, Elapsed: trace.Elapsed, Err: err,
			})
		}
		if err != nil {
			return nil, err
		}
		return &FetchResponse{Status: resp.Status, Headers: resp.Headers, Body: resp.Body}, nil
	}, nil
}

// timedOut reports whether a fetch ended because its time was over.
func timedOut(err error) bool {
	var coded interface{ Code() string }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &coded) && coded.Code() == "timeout"
}

// reason is the text of a status, "Not Found".
func reason(status int) string {
	if t := http.StatusText(status); t != "" {
		return t
	}
	return "status " + itoa(status)
}

// isJSON reports whether a body is said to be JSON.
func isJSON(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.ToLower(strings.TrimSpace(t))
	return t == "application/json" || strings.HasSuffix(t, "+json") || t == ""
}
