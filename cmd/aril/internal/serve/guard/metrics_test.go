package guard

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aril-wasm/aril/runtime/enrich"
	"github.com/stretchr/testify/require"
)

func TestRequestsAreCountedByRouteMethodAndStatus(t *testing.T) {
	t.Parallel()
	m := NewMetrics(MetricsConfig{})
	h, err := New(Config{Metrics: m, Routes: []string{"GET /a/{x}", "PATCH /a/{x}"}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Contains(t, exposition(t, m), "aril_http_requests_in_flight 1\n")
		require.Contains(t, exposition(t, m), "aril_admission_places_held 1\n")
		if r.Method != "GET" {
			w.WriteHeader(http.StatusConflict)
		}
	}))
	require.NoError(t, err)
	for i := range 3 {
		serve(h, "GET", fmt.Sprintf("/a/%d", i), "", "Host", "localhost")
	}
	serve(h, "PATCH", "/a/1", "", "Host", "localhost")
	serve(h, "GET", "/a/1", "", "Host", "attacker.example")
	require.Equal(t, 3.0, counted(t, m, `aril_http_requests_total{method="GET",route="/a/{x}",status="2xx"}`))
	require.Equal(t, 1.0, counted(t, m, `aril_http_requests_total{method="PATCH",route="/a/{x}",status="4xx"}`))
	require.Equal(t, 1.0, counted(t, m, `aril_refused_total{reason="origin"}`))
	require.Equal(t, 5.0, counted(t, m, `aril_http_request_duration_seconds_count{route="/a/{x}"}`))
	require.Equal(t, 4.0, counted(t, m, `aril_admission_wait_seconds_count`))
	require.Contains(t, exposition(t, m), "aril_http_requests_in_flight 0\n")
	require.Contains(t, exposition(t, m), "go_goroutines ")
}

// Whatever clients send, the number of series stays.
func TestClientsCannotMakeMetricsGrow(t *testing.T) {
	t.Parallel()
	m := NewMetrics(MetricsConfig{Extensions: 3})
	h, err := New(Config{Metrics: m, Routes: []string{"/a/{x}"}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }))
	require.NoError(t, err)
	flood := func(from int) {
		for i := range 200 {
			i += from
			serve(h, fmt.Sprintf("M%d", i), fmt.Sprintf("/x/%d", i), "", "Host", "localhost", "Authorization", fmt.Sprint(i))
			serve(h, "GET", fmt.Sprintf("/a/%d", i), "", "Host", fmt.Sprintf("h%d", i))
			m.ObserveRun(t.Context(), &enrich.Run{Domain: "d", Key: fmt.Sprint(i), Version: "1.0.0", Outcome: enrich.OutcomeValue})
			m.ObserveRun(t.Context(), &enrich.Run{Key: fmt.Sprint(i), Outcome: enrich.OutcomeSkipped, Cause: enrich.CauseNotLoaded})
			m.ObserveRun(t.Context(), &enrich.Run{Domain: "d", Key: "0", Version: "1.0.0", Outcome: enrich.Outcome(fmt.Sprint(i))})
		}
	}
	series := func() (n int) {
		for line := range strings.Lines(exposition(t, m)) {
			if strings.HasPrefix(line, "aril_") {
				n++
			}
		}
		return n
	}
	flood(0)
	before := series()
	flood(1000)
	require.Equal(t, before, series())
	require.Less(t, before, 250)
	require.Positive(t, counted(t, m, `aril_extension_runs_total{extension="d/2",outcome="value"}`))
	require.Zero(t, counted(t, m, `aril_extension_runs_total{extension="d/3",outcome="value"}`))
	require.Positive(t, counted(t, m, `aril_extension_runs_total{extension="other",outcome="value"}`))
	require.Positive(t, counted(t, m, `aril_extension_runs_total{extension="d/0",outcome="other"}`))
}

func TestPublishesAndTheirGenerationAreSeen(t *testing.T) {
	t.Parallel()
	m := NewMetrics(MetricsConfig{})
	generation := uint64(7)
	m.Generation(func() uint64 { return generation })
	m.Published(nil)
	require.Equal(t, 1.0, counted(t, m, "aril_definitions_last_publish_ok"))
	m.Published(errors.New("x"))
	generation = 8
	require.Equal(t, 0.0, counted(t, m, "aril_definitions_last_publish_ok"))
	require.Equal(t, 8.0, counted(t, m, "aril_definitions_generation"))
	require.Equal(t, 1.0, counted(t, m, `aril_definitions_publishes_total{result="refused"}`))
	require.Equal(t, 1.0, counted(t, m, `aril_definitions_publishes_total{result="taken"}`))
	require.Positive(t, counted(t, m, "aril_definitions_last_publish_timestamp_seconds"))
}

func TestTheConnectionsOfTheDatabaseAreSeen(t *testing.T) {
	t.Parallel()
	m := NewMetrics(MetricsConfig{})
	m.Database(func() (used, idle, most int) { return 3, 1, 8 })
	require.Equal(t, 3.0, counted(t, m, "aril_database_connections_used"))
	require.Equal(t, 1.0, counted(t, m, "aril_database_connections_idle"))
	require.Equal(t, 8.0, counted(t, m, "aril_database_connections_max"))
}

func TestNoMetricsCountNothing(t *testing.T) {
	t.Parallel()
	var m *Metrics
	m.Published(nil)
	m.Generation(nil)
	m.Database(nil)
	m.ObserveRun(t.Context(), &enrich.Run{})
	require.Equal(t, 200, serve(m.Middleware(text("ok")), "GET", "/", "").Code)
}

func TestARouteThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for _, routes := range [][]string{{""}, {"/{"}, {"/a/{x}", "/a/{y}"}} {
		_, err := New(Config{Routes: routes}, text(""))
		require.ErrorContains(t, err, "guard: route")
	}
}
