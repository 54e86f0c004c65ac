package guard

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A discard is a client that costs nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkGuard is what everything in this package costs a request.
func BenchmarkGuard(b *testing.B) {
	secret, digest := NewToken()
	set, err := parseTokens(jsonOf(TokenEntry{ID: "ci", SHA256: digest, Roles: []string{"read"}}))
	if err != nil {
		b.Fatal(err)
	}
	tokens := &Tokens{now: now}
	tokens.set.Store(set)
	h, err := New(Config{
		Tokens: tokens, Metrics: NewMetrics(MetricsConfig{}), Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
		Routes: []string{"/api/v1/{domain}/workflows/{workflow}/instances", "/api/v1/{domain}/workflows/{workflow}/instances/{instance}"},
	}, text("hello"))
	if err != nil {
		b.Fatal(err)
	}
	for name, header := range map[string]string{"Admitted": "Bearer " + secret, "WrongToken": "Bearer " + secret[:20] + flip(secret[20]) + secret[21:]} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", "/api/v1/banking/workflows/transfers/instances/1", http.NoBody)
				r.Header.Set("Authorization", header)
				h.ServeHTTP(&discard{http.Header{}}, r)
			}
		})
	}
}

// BenchmarkShed is what it costs to turn a request away, without the pause.
func BenchmarkShed(b *testing.B) {
	a, h := admitted(AdmissionConfig{ResponsesBytes: 1}, nil)
	a.answers.force("", 1)
	h = Trace(TraceConfig{})(h)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(&discard{http.Header{}}, httptest.NewRequest("GET", "/api/v1/banking/workflows/transfers/instances/1", http.NoBody))
	}
}
