package guard

import (
	"cmp"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// A ServerConfig configures NewServer. In every field zero means the default
// written beside it.
type ServerConfig struct {
	// Connections is how many there may be at once. Default 1,000. At the
	// limit the one that has been idle for longest is closed for the next;
	// where none is idle the next waits.
	Connections int

	// HeaderBytes caps the header of a request. Default 32 KiB, and 4 KiB
	// that net/http adds; past it the answer is 431.
	HeaderBytes int

	// HeaderTimeout is how long a TLS handshake and a header may take to come,
	// BodyTimeout how long a body may beside it. Defaults 5 s and 10 s.
	HeaderTimeout time.Duration
	BodyTimeout   time.Duration

	// IdleTimeout is how long a connection may wait for its next request.
	// Default 60 s.
	IdleTimeout time.Duration

	// WriteTimeout is the time from a header to the end of the response where
	// nothing else bounds it. Default 2 min. Admission sets its own.
	WriteTimeout time.Duration

	// Logger gets what net/http says, at level debug. Default: nobody.
	Logger *slog.Logger
}

// A Server is an http.Server with bounds, for HTTP/1.1 alone: one connection
// has one request at a time. Serve and ServeTLS limit its connections.
type Server struct {
	*http.Server
	connections *connections
}

// NewServer makes a Server for a handler.
func NewServer(cfg ServerConfig, h http.Handler) *Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{connections: newConnections(cmp.Or(cfg.Connections, 1000))}
	headerTimeout := cmp.Or(cfg.HeaderTimeout, 5*time.Second)
	s.Server = &http.Server{
		Handler:           closeAfterChunks(h),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout + cmp.Or(cfg.BodyTimeout, 10*time.Second), // of bodies that no handler reads too
		IdleTimeout:       cmp.Or(cfg.IdleTimeout, 60*time.Second),
		WriteTimeout:      cmp.Or(cfg.WriteTimeout, 2*time.Minute),
		MaxHeaderBytes:    cmp.Or(cfg.HeaderBytes, 32<<10),
		ErrorLog:          slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
		ConnState:         s.connections.state,
		Protocols:         new(http.Protocols),
	}
	s.Protocols.SetHTTP1(true)
	return s
}

// Serve is http.Server's, with the limit of connections.
func (s *Server) Serve(l net.Listener) error { return s.Server.Serve(s.connections.listener(l)) }

// ServeTLS is http.Server's, with the limit of connections.
func (s *Server) ServeTLS(l net.Listener, cert, key string) error {
	return s.Server.ServeTLS(s.connections.listener(l), cert, key)
}

// closeAfterChunks ends a connection after a request that came in chunks. Such
// a one may have had a Content-Length as well, which net/http drops; a proxy
// that went by it would take the rest of the body for the next request.
// https://www.rfc-editor.org/rfc/rfc9112#section-6.1
func closeAfterChunks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
