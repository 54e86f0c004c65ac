// Package server is the socket of the DevTools: it hands messages to connected
// developers and their commands to the extension, and keeps everybody else
// out.
package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/aril-wasm/aril/runtime/scope"
)

// DefaultAddr is where the server listens if nothing else is said.
const DefaultAddr = "127.0.0.1:9001"

// A Config configures a Server. The zero value is a safe default: it shows,
// and takes no commands.
type Config struct {
	// Addr is where to listen: a loopback address. Default DefaultAddr.
	Addr string

	// Token is what a client must have to send commands, at least 16
	// characters: as "Authorization: Bearer <token>", or, since a browser
	// cannot set that, as ?token=<token>. Without it a client may look on.
	// Default: nobody may send commands.
	Token string

	// Origins are the web pages that may connect, such as
	// "http://localhost:3000". Clients that are no pages send no Origin and
	// need not be listed. Default none.
	Origins []string

	// Logger gets what clients do wrong. Default slog.Default().
	Logger *slog.Logger
}

// Bounds of what clients may do.
const (
	maxClients   = 16
	maxCommand   = 64 << 10 // bytes
	perSecond    = 20       // commands and pings of a client
	burst        = 40
	maxQueue     = 256     // messages that a client has not taken
	maxQueueSize = 8 << 20 // bytes of them
	writeTime    = 5 * time.Second
	commandTime  = 10 * time.Second
)

// A Server has the clients. Its methods may be called from any goroutine.
type Server struct {
	cfg       Config
	extension scope.Caller
	token     [sha256.Size]byte
	listener  net.Listener
	http      http.Server
	ctx       context.Context
	cancel    context.CancelFunc
	work      sync.WaitGroup

	mu      sync.Mutex
	clients map[*client]struct{}
}

// New makes a server, which does not listen yet. Errors: everything that is
// wrong with the Config.
func New(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, token: sha256.Sum256([]byte(cfg.Token)), clients: map[*client]struct{}{}}
	if s.cfg.Addr == "" {
		s.cfg.Addr = DefaultAddr
	}
	if s.cfg.Logger == nil {
		s.cfg.Logger = slog.Default()
	}
	var errs []error
	if !isLoopback(s.cfg.Addr) {
		errs = append(errs, fmt.Errorf("address %q is no loopback address", s.cfg.Addr))
	}
	if cfg.Token != "" && len(cfg.Token) < 16 {
		errs = append(errs, errors.New("the token is shorter than 16 characters"))
	}
	for _, origin := range cfg.Origins {
		if scheme, host, ok := strings.Cut(origin, "://"); !ok || scheme == "" || host == "" || strings.ContainsAny(host, `*?[]\/`) {
			errs = append(errs, fmt.Errorf("origin %q is not of the form scheme://host:port", origin))
		}
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelInfo),
	}
	return s, errors.Join(errs...)
}

// isLoopback tells whether host:port names this machine to itself. Names but
// localhost are not looked up: who looks them up decides where they lead.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Listen begins to serve what the extension shows, and gives the address.
func (s *Server) Listen(extension scope.Caller) (net.Addr, error) {
	l, err := net.Listen("tcp", s.cfg.Addr)
	if err != nil {
		return nil, err
	}
	s.extension, s.listener = extension, l
	s.work.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Logger.Error("devtools stopped", "error", err)
		}
	})
	return l.Addr(), nil
}

// Close drops all clients and waits for what they had asked for.
func (s *Server) Close() error {
	s.cancel()
	err := s.http.Close()
	s.work.Wait()
	return err
}

// Broadcast gives a message to every client. It waits for none: one that does
// not take what it is sent is dropped.
func (s *Server) Broadcast(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.clients {
		if !c.offer(message) {
			delete(s.clients, c)
			s.cfg.Logger.Info("devtools client dropped: it is too slow", "client", c.name)
			c.cancel()
		}
	}
}

// ServeHTTP lets a client in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isLoopback(r.Host) {
		// A page of another site whose name was made to lead here: its Origin
		// would agree with Host.
		http.Error(w, "this is for local use", http.StatusForbidden)
		return
	}
	commands, ok := s.mayCommand(r)
	if !ok {
		http.Error(w, "wrong token", http.StatusUnauthorized)
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	c := &client{server: s, name: r.RemoteAddr, commands: commands, queue: make(chan string, maxQueue), cancel: cancel, rate: newBucket(time.Now())}
	if !s.add(c) {
		http.Error(w, "too many clients", http.StatusServiceUnavailable)
		return
	}
	defer s.remove(c)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OriginPatterns: s.cfg.Origins,
		OnPingReceived: func(context.Context, []byte) bool { return c.allowed() },
	})
	if err != nil {
		s.cfg.Logger.Info("devtools client refused", "client", c.name, "error", err)
		return
	}
	c.conn = conn
	if err := c.serve(ctx); err != nil {
		s.cfg.Logger.Info("devtools client left", "client", c.name, "error", err)
	}
}

// mayCommand tells whether a client may send commands. ok is false if it has a
// token that is not the one.
func (s *Server) mayCommand(r *http.Request) (may, ok bool) {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		token = r.URL.Query().Get("token")
	}
	if token == "" {
		return false, true
	}
	sum := sha256.Sum256([]byte(token))
	right := s.cfg.Token != "" && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
	return right, right
}

// add counts a client in. Its work is waited for by Close.
func (s *Server) add(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clients) >= maxClients || s.ctx.Err() != nil {
		return false
	}
	s.clients[c] = struct{}{}
	s.work.Add(1)
	return true
}

func (s *Server) remove(c *client) {
	s.mu.Lock()
	delete(s.clients, c)
	s.mu.Unlock()
	s.work.Done()
}
