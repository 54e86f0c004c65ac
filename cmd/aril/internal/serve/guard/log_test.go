package guard

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// logged gives the lines that requests left, as JSON.
func logged(t *testing.T, cfg Config, next http.Handler, do func(h http.Handler)) []map[string]any {
	t.Helper()
	b := &bytes.Buffer{}
	cfg.Logger = slog.New(slog.NewJSONHandler(b, nil))
	h, err := New(cfg, next)
	require.NoError(t, err)
	do(h)
	var lines []map[string]any
	for line := range strings.Lines(b.String()) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m), line)
		lines = append(lines, m)
	}
	return lines
}

func TestARequestIsOneLine(t *testing.T) {
	t.Parallel()
	secret, line := entry(t, "ci", nil)
	tokens, err := LoadTokens(tokenFile(t, line))
	require.NoError(t, err)
	lines := logged(t, Config{Tokens: tokens, Routes: []string{"GET /api/v1/{d}/instances/{i}", "PATCH /api/v1/{d}/instances/{i}"}}, text("hello"), func(h http.Handler) {
		w := serve(h, "GET", "/api/v1/banking/instances/iban-DE89?filter=secret", "", "Authorization", "Bearer "+secret, "Cookie", "secret", "Traceparent", "00-"+traceA+"-"+spanA+"-01")
		require.Equal(t, 200, w.Code)
	})
	require.Len(t, lines, 1)
	l := lines[0]
	for name, want := range map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "/api/v1/{d}/instances/{i}", "status": 200.0, "bytes": 5.0, "caller": "ci", "trace": traceA,
	} {
		require.Equal(t, want, l[name], name)
	}
	require.Contains(t, l, "micros")
	require.Contains(t, l, "waitMicros")
	b, err := json.Marshal(l)
	require.NoError(t, err)
	for _, private := range []string{"secret", "DE89", "aril_", spanA} {
		require.NotContains(t, string(b), private)
	}
}

func TestNothingThatAClientMakesUpGetsIntoTheLog(t *testing.T) {
	t.Parallel()
	lines := logged(t, Config{Routes: []string{"/a/{x}"}}, text("ok"), func(h http.Handler) {
		serve(h, "EVIL", "/a/%0A%1b[31m", "", "Host", "localhost", "User-Agent", "\x1b[31m")
		serve(h, "GET", "/nowhere/evil", "", "Host", "localhost")
	})
	require.Len(t, lines, 2)
	require.Equal(t, []any{"other", "/a/{x}"}, []any{lines[0]["method"], lines[0]["route"]})
	require.Equal(t, "other", lines[1]["route"])
	for _, l := range lines {
		b, err := json.Marshal(l)
		require.NoError(t, err)
		require.NotContains(t, strings.ToLower(string(b)), "evil")
		require.NotContains(t, string(b), "31m")
	}
}

func TestTheLevelIsThatOfTheStatus(t *testing.T) {
	t.Parallel()
	for status, level := range map[int]string{200: "INFO", 404: "INFO", 503: "WARN", 500: "ERROR", 502: "ERROR"} {
		lines := logged(t, Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }), func(h http.Handler) {
			serve(h, "GET", "/", "", "Host", "localhost")
		})
		require.Equal(t, level, lines[0]["level"])
		require.EqualValues(t, status, lines[0]["status"])
	}
}

func TestRefusalsAreALineASecond(t *testing.T) {
	t.Parallel()
	l := &limiter{every: time.Second}
	now := time.Now()
	missed, ok := l.allow("a", now)
	require.Equal(t, []any{int64(0), true}, []any{missed, ok})
	for range 5 {
		_, ok = l.allow("a", now.Add(time.Second-1))
		require.False(t, ok)
	}
	_, ok = l.allow("b", now)
	require.True(t, ok, "kinds do not hide each other")
	missed, ok = l.allow("a", now.Add(time.Second))
	require.Equal(t, []any{int64(5), true}, []any{missed, ok})

	lines := logged(t, Config{}, text("ok"), func(h http.Handler) {
		for range 100 {
			serve(h, "GET", "/", "", "Host", "attacker.example")
		}
	})
	require.Less(t, len(lines), 10)
	require.Equal(t, "origin", lines[0]["refused"])
	require.Equal(t, "192.0.2.1", lines[0]["from"])
}

func TestWhatACallerIsRefusedIsALineEach(t *testing.T) {
	t.Parallel()
	lines := logged(t, Config{Admission: AdmissionConfig{BodyBytes: 1}}, text("ok"), func(h http.Handler) {
		for range 5 {
			serve(h, "POST", "/", "xx", "Host", "localhost")
		}
	})
	require.Len(t, lines, 5)
	require.Equal(t, []any{"body_too_large", "anonymous"}, []any{lines[4]["refused"], lines[4]["caller"]})
}

func TestAPanicIsAProblemAndTheProcessLives(t *testing.T) {
	t.Parallel()
	m := NewMetrics(MetricsConfig{})
	lines := logged(t, Config{Metrics: m, Routes: []string{"/x"}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"half"`)
		_, _ = io.WriteString(w, "half of it")
		panic("the secret reason")
	}), func(h http.Handler) {
		w := serve(h, "GET", "/x", "", "Host", "localhost", "Traceparent", "00-"+traceA+"-"+spanA+"-01")
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Empty(t, w.Header().Get("ETag"))
		require.NotContains(t, w.Body.String(), "half")
		require.NotContains(t, w.Body.String(), "secret")
		require.Contains(t, problemOf(t, w).TraceID, traceA)
		require.Contains(t, w.Header().Get("Traceparent"), traceA)
	})
	require.Len(t, lines, 2)
	require.Equal(t, []any{"panic", "the secret reason", traceA, "/x"}, []any{lines[0]["msg"], lines[0]["panic"], lines[0]["trace"], lines[0]["route"]})
	require.Contains(t, lines[0]["stack"], "log_test.go")
	require.Equal(t, 500.0, lines[1]["status"])
	require.Zero(t, counted(t, m, `aril_refused_total{reason="panic"}`), "it ran")
	require.Equal(t, 1.0, counted(t, m, "aril_panics_total"))
}

func TestAPanicLeavesNothingOfWhatWasToBeSaid(t *testing.T) {
	t.Parallel()
	h := Trace(TraceConfig{})(Recover(slog.New(slog.DiscardHandler), nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"half"`)
		w.Header().Set("Content-Length", "9")
		panic("x")
	})))
	w := serve(h, "GET", "/", "")
	require.Empty(t, w.Header().Get("ETag"))
	require.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"))
	require.NotEmpty(t, w.Header().Get("Traceparent"))
	require.Equal(t, 500, problemOf(t, w).Status)
}

// Half a response must not pass for a whole one.
func TestAPanicInTheMiddleOfAResponseEndsTheConnection(t *testing.T) {
	t.Parallel()
	l := slog.New(slog.DiscardHandler)
	h := Recover(l, nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half of it")
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		panic("x")
	}))
	for _, path := range []string{"/", "/abort"} {
		require.PanicsWithValue(t, http.ErrAbortHandler, func() { serve(h, "GET", path, "") })
	}
}
