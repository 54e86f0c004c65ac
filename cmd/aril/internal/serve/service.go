package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A Service answers requests. It listens nowhere; Run does that.
type Service struct {
	config   Config
	store    *store.Store
	runtime  *aril.Runtime
	enricher *enrich.Enricher
	offered  atomic.Int64 // definitions, when they were changed last or were to be
	memory   memory
	pinger   pinger
	tokens   *guard.Tokens // nil: everybody may do everything
	metrics  *guard.Metrics
	handler  http.Handler
	ready    atomic.Bool // definitions were loaded, and the end has not begun
}

// compileTime is how long one mapping may compile. It is more than usual: a
// start on a busy machine must not fail, and who publishes is trusted.
const compileTime = 2 * time.Minute

// New opens the database, loads the definitions and puts the handlers
// together. The error is a *ConfigError where cfg is wrong, and an
// *enrich.PublishError where the definitions are. With cfg.Dev wrong
// definitions are no error: Run tells of them, and waits for better ones.
func New(ctx context.Context, cfg Config) (_ *Service, err error) {
	cfg, err = cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Service{config: cfg, metrics: guard.NewMetrics(guard.MetricsConfig{Logger: cfg.Logger})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}()
	if cfg.Tokens != "" {
		if s.tokens, err = guard.LoadTokens(cfg.Tokens); err != nil {
			return nil, &ConfigError{err}
		}
		if w := s.tokens.Warning(); w != "" {
			cfg.Logger.Warn(w)
		}
	}
	if s.store, err = store.Open(ctx, cfg.Database, store.Options{}); err != nil {
		return nil, fmt.Errorf("open %s: %w", DatabaseName(cfg.Database), err)
	}
	s.runtime, err = aril.New(ctx, aril.Config{Logger: cfg.Logger, CacheDir: cfg.Cache, Interpreter: cfg.Interpreter, CompileTime: compileTime})
	if err != nil {
		return nil, err
	}
	if s.enricher, err = s.openEnricher(ctx); err != nil {
		return nil, err
	}
	s.metrics.Published(nil)
	s.metrics.Generation(s.enricher.Generation)
	s.metrics.Database(s.store.Connections)
	if s.handler, err = s.guarded(); err != nil {
		return nil, err
	}
	s.ready.Store(true)
	return s, nil
}

// Handler answers everything that comes to Config.Listen.
func (s *Service) Handler() http.Handler { return s.handler }

// Close lets what runs finish within ctx and frees everything.
func (s *Service) Close(ctx context.Context) error {
	s.ready.Store(false)
	var errs []error
	if s.enricher != nil {
		errs = append(errs, s.enricher.Close(ctx))
	}
	if s.runtime != nil {
		errs = append(errs, s.runtime.Close(ctx))
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// openEnricher loads what was published and what the directory has.
func (s *Service) openEnricher(ctx context.Context) (*enrich.Enricher, error) {
	cfg := enrich.Config{
		Compat:    compats[s.config.Compat],
		OnFailure: s.config.OnFailure,
		Runtime:   s.runtime,
		Instances: instances{s},
		Store:     s.store.Definitions(),
		Attach:    s.attach,
		Observe:   s.metrics.ObserveRun,
		Logger:    s.definitionsLog(),
		Timeout:   s.config.Timeout,
		Runs:      s.config.PageRuns,
	}
	if err := s.allowHTTP(&cfg); err != nil {
		return nil, err
	}
	if s.config.Secrets != "" {
		cfg.Secrets = secretsOf(s.config.Secrets)
	}
	cfg.Dir = s.config.Definitions
	e, err := enrich.New(ctx, cfg)
	var refused *enrich.PublishError
	if s.config.Dev && errors.As(err, &refused) {
		// The author is told by the watch, which loads the directory again.
		cfg.Dir = ""
		e, err = enrich.New(ctx, cfg)
	}
	return e, err
}

// allowHTTP lets tasks ask the hosts of the configuration. A request that waits
// for one gives its place to others.
func (s *Service) allowHTTP(cfg *enrich.Config) error {
	if len(s.config.HTTPAllow) == 0 {
		return nil
	}
	var allowed aril.HTTPConfig
	for _, host := range s.config.HTTPAllow {
		allowed.Hosts = append(allowed.Hosts, aril.HTTPHost{Pattern: host, AllowPrivate: s.config.HTTPPrivate})
	}
	fetch, err := enrich.NewFetch(allowed)
	if err != nil {
		return &ConfigError{fmt.Errorf("--http-allow: %w", err)}
	}
	cfg.Fetch = func(ctx context.Context, r *enrich.FetchRequest) (*enrich.FetchResponse, error) {
		back := guard.Outside(ctx)
		defer back()
		return fetch(ctx, r)
	}
	return nil
}
