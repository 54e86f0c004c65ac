package serve

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// A Config is what the flags of `aril serve` say, one field a flag. In every
// number and time zero means the default written beside it.
type Config struct {
	// Definitions is the directory of definitions. "" for none: then they come
	// from POST /api/v1/definitions/publish alone.
	Definitions string

	// Database is where instances are: "sqlite:PATH", "sqlite::memory:" or
	// "postgres://…". Default DefaultDatabase, with Dev "sqlite::memory:".
	Database string

	// Dev watches Definitions and prints to Out what changed.
	Dev bool

	// Listen is the address of the API. Default DefaultListen. One that is not
	// loopback needs Tokens.
	Listen string

	// Admin is the address of health, metrics and, with Pprof, profiles. ""
	// for none. Who reaches it needs no token.
	Admin string
	Pprof bool // on a loopback Admin alone

	// Tokens is the file of tokens; see guard.LoadTokens. "": who reaches
	// Listen may do everything.
	Tokens string

	// TLSCert and TLSKey are PEM files. They are read again when they change.
	TLSCert, TLSKey string

	Compat    string // "docs", "0.0.26" or "0.0.33"; "" is docs
	OnFailure string // "omit" or "fail"; "" is what Compat does

	// HTTPAllow are the hosts that tasks may ask, as aril.HTTPHost.Pattern has
	// them. HTTPPrivate lets their names lead to private addresses.
	HTTPAllow   []string
	HTTPPrivate bool

	// Secrets is a directory that has the value of {{secrets.STORE.KEY}} in
	// the file STORE/KEY. "": there are none.
	Secrets string

	// Cache is a directory that keeps compiled code. "": none.
	Cache string

	// Interpreter runs mappings without making native code.
	Interpreter bool

	Timeout         time.Duration // of one request, its enrichment included; default DefaultTimeout
	ShutdownTimeout time.Duration // for what runs when the service is told to stop; default DefaultShutdownTimeout
	ShutdownDelay   time.Duration // between not being ready and not accepting any more; default 0

	BodyBytes   int64 // of one request; default DefaultBodyBytes
	Connections int   // at once; default DefaultConnections
	Concurrent  int   // requests that run at once; default 0: what the processors suggest
	Queue       int   // requests that wait for a place; default 0: what Concurrent suggests
	PageRuns    int   // extensions that run for one response; default DefaultPageRuns

	// ServerTiming answers with the header Server-Timing.
	ServerTiming bool

	Version string       // of the program, for /healthz; "" for none
	Logger  *slog.Logger // default: nothing is logged
	Out     io.Writer    // what Dev prints; default: nowhere

	// Started is called when requests are answered, with the addresses that
	// are listened on. Default: nobody is told.
	Started func(api, admin net.Addr)

	// Reload loads Definitions again whenever something comes out of it.
	// Default: never.
	Reload <-chan os.Signal

	// Abandon, once it is closed, ends a shutdown that waits. Default: never.
	Abandon <-chan struct{}
}

// The defaults of Config.
const (
	DefaultTimeout         = 30 * time.Second
	DefaultShutdownTimeout = 20 * time.Second
	DefaultBodyBytes       = 1 << 20
	DefaultConnections     = 1000
	DefaultPageRuns        = 10_000

	DefaultListen   = "127.0.0.1:8080"
	DefaultAdmin    = "127.0.0.1:9090"
	DefaultDatabase = "sqlite:aril.db"
	DevDatabase     = "sqlite::memory:"
)

// A ConfigError is something wrong with a Config.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap gives what is wrong.
func (e *ConfigError) Unwrap() error { return e.Err }

var compats = map[string]enrich.Compat{"": enrich.CompatDocs, "docs": enrich.CompatDocs, "0.0.26": enrich.Compat0026, "0.0.33": enrich.Compat0033}

// withDefaults fills in what is missing and lists everything that is wrong.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, d := range []struct {
		name string
		v    *time.Duration
		def  time.Duration
	}{
		{"timeout", &c.Timeout, DefaultTimeout}, {"shutdown-timeout", &c.ShutdownTimeout, DefaultShutdownTimeout}, {"shutdown-delay", &c.ShutdownDelay, 0},
	} {
		if *d.v < 0 {
			wrong("--%s is %v; want a time above 0", d.name, *d.v)
		}
		*d.v = cmp.Or(*d.v, d.def)
	}
	if c.BodyBytes < 0 {
		wrong("--body-bytes is %d; want more than 0", c.BodyBytes)
	}
	c.BodyBytes = cmp.Or(c.BodyBytes, DefaultBodyBytes)
	for _, d := range []struct {
		name string
		v    *int
		def  int
	}{
		{"connections", &c.Connections, DefaultConnections}, {"concurrent", &c.Concurrent, 0}, {"queue", &c.Queue, 0}, {"page-runs", &c.PageRuns, DefaultPageRuns},
	} {
		if *d.v < 0 {
			wrong("--%s is %d; want more than 0", d.name, *d.v)
		}
		*d.v = cmp.Or(*d.v, d.def)
	}
	if _, ok := compats[c.Compat]; !ok {
		wrong("--compat is %q; want docs, 0.0.26 or 0.0.33", c.Compat)
	}
	if c.OnFailure != "" && c.OnFailure != "omit" && c.OnFailure != "fail" {
		wrong("--on-failure is %q; want omit or fail", c.OnFailure)
	}
	def := DefaultDatabase
	if c.Dev {
		def = DevDatabase
	}
	c.Database = cmp.Or(c.Database, def)
	if err := CheckDatabase(c.Database); err != nil {
		errs = append(errs, err)
	}
	c.Listen = cmp.Or(c.Listen, DefaultListen)
	if local, err := loopback(c.Listen); err != nil {
		wrong("--listen is %q: %w", c.Listen, err)
	} else if !local && c.Tokens == "" {
		wrong("--listen %s can be reached from other machines, and without --tokens everybody there may do everything; "+
			"make a token with `aril serve token --id NAME --roles read,write`, or listen on 127.0.0.1", c.Listen)
	}
	if c.Admin != "" {
		if local, err := loopback(c.Admin); err != nil {
			wrong("--admin is %q: %w", c.Admin, err)
		} else if !local && c.Pprof {
			wrong("--pprof shows memory of the process to who reaches --admin %s; it needs a loopback address", c.Admin)
		}
	} else if c.Pprof {
		wrong("--pprof needs --admin")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		wrong("--tls-cert and --tls-key go together")
	}
	for _, d := range []struct{ name, dir string }{{"definitions", c.Definitions}, {"secrets", c.Secrets}} {
		if d.dir == "" {
			continue
		}
		if info, err := os.Stat(d.dir); err != nil {
			wrong("--%s: %w", d.name, err)
		} else if !info.IsDir() {
			wrong("--%s: %s is no directory", d.name, d.dir)
		}
	}
	if c.Dev && c.Definitions == "" {
		wrong("--dev needs --definitions, the directory to watch")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Out == nil {
		c.Out = io.Discard
	}
	if err := errors.Join(errs...); err != nil {
		return c, &ConfigError{err}
	}
	return c, nil
}

// CheckDatabase looks at the form alone. Its errors never show the text, which
// may have a password in it.
func CheckDatabase(database string) error {
	scheme, rest, ok := strings.Cut(database, ":")
	switch {
	case ok && scheme == "sqlite" && rest != "":
		if rest == ":memory:" {
			return nil
		}
		if dir := filepath.Dir(rest); dir != "." {
			if _, err := os.Stat(dir); err != nil {
				return fmt.Errorf("--database: %w; make the directory first", err)
			}
		}
		return nil
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		if _, err := url.Parse(database); err != nil {
			return errors.New("--database is no URL such as postgres://user@host:5432/name; a password's special characters are written as %XX")
		}
		return nil
	}
	return errors.New("--database is none of sqlite:PATH, sqlite::memory: and postgres://user@host:5432/name")
}

// DatabaseName is what logs call a database: without user, password and
// parameters.
func DatabaseName(database string) string {
	if strings.HasPrefix(database, "sqlite:") {
		return database
	}
	u, err := url.Parse(database)
	if err != nil {
		return "a database"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// HasPassword reports whether the URL of a database has a password in it.
func HasPassword(database string) bool {
	u, err := url.Parse(database)
	if err != nil {
		return strings.Contains(database, "@") // better safe
	}
	_, set := u.User.Password()
	return set || u.Query().Has("password") || u.Query().Has("sslpassword")
}

// loopback reports whether an address can be reached from this machine alone.
func loopback(address string) (bool, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false, errors.New("want HOST:PORT, such as 127.0.0.1:8080")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return false, fmt.Errorf("%q is no port", port)
	}
	if host == "localhost" {
		return true, nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false, nil // a name, or every address
	}
	return ip.Unmap().IsLoopback(), nil
}
