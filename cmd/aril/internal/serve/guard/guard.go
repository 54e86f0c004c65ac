package guard

import (
	"fmt"
	"log/slog"
	"net/http"
)

// A Config configures New.
type Config struct {
	// Tokens says who calls. Nil: everybody who comes from this machine may do
	// everything, and nobody else may be able to connect.
	Tokens *Tokens

	// Roles lists roles that a caller has beside "read", "write" and "publish"
	// where there are no tokens. Hosts are names that a request may be for
	// then, beside those of LocalOnly. Defaults: none.
	Roles func() []string
	Hosts []string

	// Routes are the patterns of the routes, as [http.ServeMux] has them, that
	// logs and metrics name requests by. Methods in them do not count. Default:
	// all requests are "other".
	Routes []string

	ServerTiming bool // see TraceConfig
	Admission    AdmissionConfig
	Metrics      *Metrics     // default: nothing is counted
	Logger       *slog.Logger // default: nothing is logged
}

// New puts everything in this package in front of next. The error is that of a
// route.
func New(cfg Config, next http.Handler) (http.Handler, error) {
	ro, err := newRouter(cfg.Routes)
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Admission.Metrics = cfg.Metrics
	layers := []func(http.Handler) http.Handler{
		Trace(TraceConfig{ServerTiming: cfg.ServerTiming}), withRoutes(ro), Log(cfg.Logger), cfg.Metrics.Middleware, Recover(cfg.Logger, cfg.Metrics),
	}
	if cfg.Tokens == nil {
		layers = append(layers, LocalOnly(cfg.Hosts...), WithoutTokens(cfg.Roles))
	} else {
		if cfg.Tokens.Metrics == nil {
			cfg.Tokens.Metrics = cfg.Metrics
		}
		layers = append(layers, cfg.Tokens.Middleware)
	}
	layers = append(layers, Admission(cfg.Admission))
	for i := len(layers) - 1; i >= 0; i-- {
		next = layers[i](next)
	}
	return next, nil
}
