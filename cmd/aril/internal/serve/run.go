package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aril-wasm/aril/runtime/enrich"
)

var (
	// ErrUnfinished is what Run ends with when requests did not end in time.
	ErrUnfinished = errors.New("requests that ran when the time was over were cut off")

	// ErrAbandoned is what Run ends with when Config.Abandon cut it short.
	ErrAbandoned = errors.New("ended at once")
)

// Run serves until ctx is done, then ends in good order: it stops being ready,
// waits ShutdownDelay, stops accepting, and lets what runs finish within
// ShutdownTimeout. It returns nil when all of it did.
func Run(ctx context.Context, cfg Config) error {
	s, err := New(ctx, cfg)
	if err != nil {
		return err
	}
	err = s.run(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, s.Close(closing))
	if err == nil {
		s.config.Logger.Info("ended")
	}
	return err
}

// run listens and serves, and has stopped both when it returns.
func (s *Service) run(ctx context.Context) error {
	api, err := listen(ctx, "listen", s.config.Listen)
	if err != nil {
		return err
	}
	defer api.Close()
	var admin net.Listener
	var adminAddress net.Addr
	if s.config.Admin != "" {
		if admin, err = listen(ctx, "admin", s.config.Admin); err != nil {
			return err
		}
		defer admin.Close()
		adminAddress = admin.Addr()
	}
	main := s.mainServer()
	serveMain := main.Serve
	if s.config.TLSCert != "" {
		pair, err := loadCertificate(s.config.TLSCert, s.config.TLSKey, s.config.Logger)
		if err != nil {
			return &ConfigError{fmt.Errorf("--tls-cert, --tls-key: %w", err)}
		}
		main.TLSConfig = &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12}
		serveMain = func(l net.Listener) error { return main.ServeTLS(l, "", "") }
	}
	failed := make(chan error, 4)
	var servers []*http.Server // in the order in which they are to end
	start := func(server *http.Server, serve func(net.Listener) error, l net.Listener) {
		servers = append(servers, server)
		go func() {
			if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	start(main.Server, serveMain, api)
	if admin != nil {
		server := s.adminServer()
		start(server.Server, server.Serve, admin)
	}
	background, stop := context.WithCancel(ctx)
	defer stop()
	s.config.Logger.Info("listening", "api", api.Addr().String(), "admin", nameOf(adminAddress), "tls", s.config.TLSCert != "",
		"tokens", s.config.Tokens != "", "database", DatabaseName(s.config.Database))
	if s.offered.Load() == 0 {
		s.config.Logger.Warn("there are no definitions yet: give a directory with --definitions, or POST them to /api/v1/definitions/publish")
	}
	followers := s.follow(background, failed, api.Addr(), adminAddress)
	if s.config.Started != nil {
		s.config.Started(api.Addr(), adminAddress)
	}
	s.tell("READY=1")
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop()
	followers.Wait()
	return errors.Join(err, s.end(servers))
}

// follow begins what goes on beside requests until ctx is done.
func (s *Service) follow(ctx context.Context, failed chan<- error, api, admin net.Addr) *sync.WaitGroup {
	var all sync.WaitGroup
	if s.tokens != nil {
		all.Go(func() { s.tokens.Watch(ctx, s.config.Logger) })
	}
	if s.config.Dev {
		all.Go(func() {
			if err := s.watch(ctx, api, admin); err != nil {
				failed <- err
			}
		})
	} else if s.config.Reload != nil && s.config.Definitions != "" {
		all.Go(func() { s.reload(ctx) })
	}
	return &all
}

// reload loads the directory again when it is told to. What is wrong is in the
// log, and the last good version serves on.
func (s *Service) reload(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.config.Reload:
			_, err := s.enricher.LoadDir(ctx, s.config.Definitions)
			s.metrics.Published(err)
			logRefusal(s.config.Logger, err)
		}
	}
}

// logRefusal logs each issue of definitions that were refused.
func logRefusal(l *slog.Logger, err error) {
	var refused *enrich.PublishError
	if !errors.As(err, &refused) {
		if err != nil {
			l.Error("definitions not loaded again", "error", err)
		}
		return
	}
	for _, i := range refused.Issues {
		l.Error("definitions not loaded again", "issue", i.String())
	}
}

// end stops the servers one after the other.
func (s *Service) end(servers []*http.Server) error {
	s.ready.Store(false)
	s.tell("STOPPING=1")
	s.config.Logger.Info("ending", "delay", s.config.ShutdownDelay, "timeout", s.config.ShutdownTimeout)
	ctx, cancel := context.WithTimeout(context.Background(), s.config.ShutdownDelay+s.config.ShutdownTimeout)
	defer cancel()
	ended := make(chan struct{})
	defer close(ended)
	var abandoned atomic.Bool
	go func() {
		select {
		case <-s.config.Abandon:
			abandoned.Store(true)
			cancel()
		case <-ended:
		}
	}()
	select {
	case <-time.After(s.config.ShutdownDelay):
	case <-ctx.Done():
	}
	var err error
	for _, server := range servers {
		if server.Shutdown(ctx) != nil {
			err = ErrUnfinished
			_ = server.Close() // there is nobody to tell
		}
	}
	if abandoned.Load() {
		return ErrAbandoned
	}
	return err
}

// tell tells systemd.
func (s *Service) tell(state string) {
	if err := notify(state); err != nil {
		s.config.Logger.Warn("systemd was not told", "state", state, "error", err)
	}
}

func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--%s %s: %w; another one is chosen with --%s, and port 0 is any that is free", flag, address, syscall.EADDRINUSE, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", flag, address, err)
	}
	return l, nil
}

// nameOf is what logs call an address; "" for none.
func nameOf(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}
