package guard

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aril-wasm/aril/runtime/enrich"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A MetricsConfig configures Metrics.
type MetricsConfig struct {
	// Extensions is how many extensions have counts of their own; those seen
	// after them count as "other". Default 200.
	Extensions int

	// Logger gets what goes wrong when metrics are read. Default: nobody.
	Logger *slog.Logger
}

// Metrics counts. All methods may be called from any goroutine, and on a nil
// Metrics, which counts nothing.
type Metrics struct {
	registry *prometheus.Registry
	logger   *slog.Logger

	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	wait     prometheus.Histogram
	refused  *prometheus.CounterVec
	auth     *prometheus.CounterVec
	panics   prometheus.Counter

	runs      *prometheus.CounterVec
	runTime   *prometheus.HistogramVec
	published prometheus.Gauge
	publishes *prometheus.CounterVec
	lastTry   prometheus.Gauge

	mu         sync.Mutex
	extensions map[string]bool
	most       int
}

// NewMetrics makes the metrics, those of the Go runtime and of the process
// among them, in a registry of their own.
func NewMetrics(cfg MetricsConfig) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), logger: cfg.Logger, extensions: map[string]bool{}, most: cfg.Extensions}
	if m.most <= 0 {
		m.most = 200
	}
	seconds := []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	m.requests = counters("aril_http_requests_total", "Requests that were answered.", "route", "method", "status")
	m.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "aril_http_request_duration_seconds", Help: "From the header of a request to the end of its response.", Buckets: seconds,
	}, []string{"route"})
	m.inFlight = gauge("aril_http_requests_in_flight", "Requests that are being read, wait, run or are being answered.")
	m.wait = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "aril_admission_wait_seconds", Help: "How long requests waited for a place.", Buckets: seconds,
	})
	m.refused = counters("aril_refused_total", "Requests that were answered before they reached the API, by reason.", "reason")
	m.auth = counters("aril_authentication_failures_total", "Requests without a token that counts, by reason.", "reason")
	m.panics = prometheus.NewCounter(prometheus.CounterOpts{Name: "aril_panics_total", Help: "Requests that broke the service's own code."})
	m.runs = counters("aril_extension_runs_total", "Runs of extensions, by what became of them.", "extension", "outcome")
	m.runTime = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "aril_extension_duration_seconds", Help: "How long one run of an extension took, with its task.", Buckets: seconds,
	}, []string{"extension"})
	m.published = gauge("aril_definitions_last_publish_ok", "1 where the last change of the definitions was taken, 0 where it was refused.")
	m.publishes = counters("aril_definitions_publishes_total", "Changes of the definitions, by result.", "result")
	m.lastTry = gauge("aril_definitions_last_publish_timestamp_seconds", "When the definitions were last changed, or were to be.")
	m.registry.MustRegister(
		m.requests, m.duration, m.inFlight, m.wait, m.refused, m.auth, m.panics,
		m.runs, m.runTime, m.published, m.publishes, m.lastTry,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// Handler serves the metrics, for a listener that only the operator reaches.
func (m *Metrics) Handler() http.Handler {
	opts := promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second, Registry: m.registry}
	if m.logger != nil {
		opts.ErrorLog = slog.NewLogLogger(m.logger.Handler(), slog.LevelError)
	}
	return promhttp.HandlerFor(m.registry, opts)
}

// Middleware counts requests by route, method and class of status.
func (m *Metrics) Middleware(next http.Handler) http.Handler {
	if m == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, w, r := begin(w, r)
		m.inFlight.Inc()
		defer func() {
			m.inFlight.Dec()
			route := x.routeOr(r)
			m.requests.WithLabelValues(route, methodOf(r.Method), statusClass(x.status)).Inc()
			m.duration.WithLabelValues(route).Observe(time.Since(x.started).Seconds())
			if x.refused != "" {
				m.refused.WithLabelValues(x.refused).Inc()
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// statusClass is "2xx" and the like; "none" for a request that got no answer.
func statusClass(status int) string {
	if status < 100 || status > 599 {
		return "none"
	}
	return strconv.Itoa(status/100) + "xx"
}

// ObserveRun counts one run of an extension. It is enrich.Config.Observe.
func (m *Metrics) ObserveRun(ctx context.Context, r *enrich.Run) {
	if x := exchangeOf(ctx); x != nil {
		x.runs.Add(1)
		x.extensions.Add(r.Duration)
	}
	if m == nil {
		return
	}
	name := m.extensionName(r)
	m.runs.WithLabelValues(name, outcomeOf(r.Outcome)).Inc()
	if r.Outcome != enrich.OutcomeSkipped {
		m.runTime.WithLabelValues(name).Observe(float64(r.Duration) / 1e6)
	}
}

// extensionName bounds how many names there are. Only what is loaded has one
// at all: a request can name anything.
func (m *Metrics) extensionName(r *enrich.Run) string {
	if r.Version == "" || r.Cause == enrich.CauseNotLoaded {
		return "other"
	}
	name := r.Domain + "/" + r.Key
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.extensions[name] {
		if len(m.extensions) >= m.most {
			return "other"
		}
		m.extensions[name] = true
	}
	return name
}

func outcomeOf(o enrich.Outcome) string {
	switch o {
	case enrich.OutcomeValue, enrich.OutcomeCached, enrich.OutcomeFallback, enrich.OutcomeEmpty, enrich.OutcomeFailed,
		enrich.OutcomeTimeout, enrich.OutcomeInvalid, enrich.OutcomeCanceled, enrich.OutcomeSkipped:
		return string(o)
	}
	return "other"
}

// Published notes the result of a change of the definitions; nil is success.
func (m *Metrics) Published(err error) {
	if m == nil {
		return
	}
	m.lastTry.SetToCurrentTime()
	if err != nil {
		m.published.Set(0)
		m.publishes.WithLabelValues("refused").Inc()
		return
	}
	m.published.Set(1)
	m.publishes.WithLabelValues("taken").Inc()
}

// Generation has the generation of the definitions read when metrics are. Call
// it once.
func (m *Metrics) Generation(read func() uint64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "aril_definitions_generation", Help: "How often the definitions have changed in this process.",
		}, func() float64 { return float64(read()) }))
	}
}

// Database has the connections to the database read when metrics are. Call it
// once.
func (m *Metrics) Database(read func() (used, idle, most int)) {
	if m == nil {
		return
	}
	for _, c := range []struct {
		name, help string
		pick       func() int
	}{
		{"used", "Connections to the database that somebody uses.", func() int { n, _, _ := read(); return n }},
		{"idle", "Connections to the database that wait to be used.", func() int { _, n, _ := read(); return n }},
		{"max", "Connections to the database that there may be.", func() int { _, _, n := read(); return n }},
	} {
		m.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "aril_database_connections_" + c.name, Help: c.help}, func() float64 { return float64(c.pick()) }))
	}
}

// Register adds other metrics. They must bound their labels themselves.
func (m *Metrics) Register(c prometheus.Collector) {
	if m != nil {
		m.registry.MustRegister(c)
	}
}

func (m *Metrics) panicked() {
	if m != nil {
		m.panics.Inc()
	}
}

func (m *Metrics) unauthenticated(reason string) {
	if m != nil {
		m.auth.WithLabelValues(reason).Inc()
	}
}

func (m *Metrics) waited(d time.Duration) {
	if m != nil {
		m.wait.Observe(d.Seconds())
	}
}
