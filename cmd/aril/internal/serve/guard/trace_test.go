package guard

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aril-wasm/aril/runtime/enrich"
	"github.com/stretchr/testify/require"
)

const (
	traceA = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanA  = "00f067aa0ba902b7"
)

func TestAClientsTraceGoesOnUnderASpanOfOurOwn(t *testing.T) {
	t.Parallel()
	var inside, header, state string
	h := Trace(TraceConfig{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside, header, state = TraceID(r), r.Header.Get("Traceparent"), r.Header.Get("Tracestate")
	}))
	for in, flags := range map[string]string{
		"00-" + traceA + "-" + spanA + "-01":       "01",
		"00-" + traceA + "-" + spanA + "-00":       "00",
		"00-" + traceA + "-" + spanA + "-ff":       "03",
		"cc-" + traceA + "-" + spanA + "-0a-later": "02",
		"01-" + traceA + "-" + spanA + "-01":       "01",
	} {
		w := serve(h, "GET", "/", "", "Traceparent", in, "Tracestate", "a=b")
		require.Regexp(t, "^00-"+traceA+"-[0-9a-f]{16}-"+flags+"$", inside, in)
		require.NotContains(t, inside, spanA)
		require.Equal(t, inside, header)
		require.Equal(t, inside, w.Header().Get("Traceparent"))
		require.Equal(t, "a=b", state)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	}
}

func TestAHeaderThatIsNoTraceIsNotTaken(t *testing.T) {
	t.Parallel()
	valid := "00-" + traceA + "-" + spanA + "-01"
	var inside, state string
	h := Trace(TraceConfig{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside, state = TraceID(r), r.Header.Get("Tracestate")
	}))
	seen := map[string]bool{}
	for _, lines := range [][]string{
		nil, {""}, {"x"}, {valid, valid}, {valid + "-"}, {valid + "x"}, {" " + valid}, {strings.ToUpper(valid)},
		{"ff" + valid[2:]}, {"0g" + valid[2:]}, {strings.Replace(valid, traceA, strings.Repeat("0", 32), 1)},
		{strings.Replace(valid, spanA, strings.Repeat("0", 16), 1)}, {strings.ReplaceAll(valid, "-", "_")}, {valid[:54]},
		{"01" + valid[2:] + "x"}, {strings.Replace(valid, traceA, traceA[:31]+"\"", 1)}, {strings.Replace(valid, traceA, traceA[:31]+"\n", 1)},
		{valid[:53] + "+1"}, {strings.Repeat("0", 100_000)},
	} {
		var header []string
		for _, l := range lines {
			header = append(header, "Traceparent", l)
		}
		serve(h, "GET", "/", "", append(header, "Tracestate", "a=b")...)
		require.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$", inside, lines)
		require.NotContains(t, inside, traceA)
		require.False(t, seen[inside])
		seen[inside] = true
		require.Empty(t, state, "it is of a trace that was not taken")
	}
}

func TestServerTimingIsThereWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	var m *Metrics // counts nothing, and still tells the exchange
	ran := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ObserveRun(r.Context(), &enrich.Run{Key: "a", Duration: 1500})
		m.ObserveRun(r.Context(), &enrich.Run{Key: "b", Duration: 500})
	})
	require.Empty(t, serve(Trace(TraceConfig{})(Admission(AdmissionConfig{})(ran)), "GET", "/", "").Header().Get("Server-Timing"))
	w := serve(Trace(TraceConfig{ServerTiming: true})(Admission(AdmissionConfig{})(ran)), "GET", "/", "")
	require.Regexp(t, `^total;dur=[0-9.]+, wait;dur=[0-9.]+, extensions;dur=2\.000;desc="2"$`, w.Header().Get("Server-Timing"))
	m.ObserveRun(context.Background(), &enrich.Run{})
}

func FuzzTraceparent(f *testing.F) {
	f.Add("00-" + traceA + "-" + spanA + "-01")
	f.Add("cc-" + traceA + "-" + spanA + "-01-x")
	f.Fuzz(func(t *testing.T, s string) {
		h := http.Header{"Traceparent": {s}}
		got := takeTrace(h)
		require.Regexp(t, "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$", got)
		again, _ := parseTraceparent(got)
		require.Equal(t, got[3:35], again, "what is made is valid")
	})
}
