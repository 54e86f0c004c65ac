// Package load loads an extension as a host would, from what a person says on
// a command line.
package load

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/cmd/aril/internal/build"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/conformance"
)

// Flags are how an extension is loaded. The zero value is a host's default.
type Flags struct {
	Config    string   // file
	Script    string   // file
	Grants    []string // modules beside the default ones
	GrantAll  bool
	Hosts     []string // that aril_http_v1 may ask
	Answers   []string // of embedders' functions: "acme_stock_v1.reserve=JSON"
	Powers    []string
	Isolation string
	Limits    []string
	CacheDir  string
	Debug     bool // lines of the sources in traces
}

// Add adds the flags to a command's.
func (f *Flags) Add(set *pflag.FlagSet) {
	set.StringVar(&f.Config, "config", "", "JSON file with the extension's configuration")
	set.StringVar(&f.Script, "script", "", "script of a module that is an interpreter, in place of its own")
	set.StringArrayVar(&f.Grants, "grant", nil, "module to grant beside the default ones, such as aril_state_v1")
	set.BoolVar(&f.GrantAll, "grant-all", false, "grant whatever the module asks for (HTTP hosts are named with --host)")
	set.StringArrayVar(&f.Hosts, "host", nil, "host that aril_http_v1 may ask, such as api.example.com; grants the module")
	set.StringArrayVar(&f.Answers, "answer", nil, "what a function of the host program answers: acme_stock_v1.reserve='{\"ok\": true}'; grants it")
	set.StringArrayVar(&f.Powers, "power", nil, "power over the operation (default: all; \"none\" for none): ReadInput, ReadResult, …")
	set.StringVar(&f.Isolation, "isolation", "fresh", "fresh, pooled or single")
	set.StringArrayVar(&f.Limits, "limit", nil, "limit, such as fuel=1M, memory_bytes=32MiB, self_time=50ms or fuel=unlimited")
	set.StringVar(&f.CacheDir, "cache", DefaultCache(), "folder that keeps compiled code between runs; \"\" for none")
	set.Lookup("cache").DefValue = ""
	set.BoolVar(&f.Debug, "debug", false, "lines of the sources in traces, where the module was built with aril build --debug")
}

// DefaultCache is a folder of the person's own for compiled code, so that the
// second run of a tool starts at once; "" where there is none.
func DefaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir = filepath.Join(dir, "aril", "compiled")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	return dir
}

// An Extension is loaded, with what it told while it ran.
type Extension struct {
	*conformance.Session
	Guest  *aril.Guest
	Limits aril.Limits // with defaults, as far as they are known

	rt      *aril.Runtime
	mu      sync.Mutex
	reports []*aril.Report
	lines   []Line
}

// A Line is one that the extension logged, or the host about it.
type Line struct {
	Level   slog.Level
	Message string
	Attrs   []slog.Attr
	Host    bool // the host's own
}

// A FlagError says which flag is wrong.
type FlagError struct{ Err error }

// Error gives what is wrong.
func (e *FlagError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *FlagError) Unwrap() error { return e.Err }

// Open loads a module. Where its init failed, the Extension has what it told.
func Open(ctx context.Context, module []byte, f Flags) (*Extension, error) {
	cfg, err := f.config(module)
	if err != nil {
		return nil, &FlagError{err}
	}
	x := &Extension{Limits: withDefaults(cfg.Limits)}
	x.rt, err = aril.New(ctx, aril.Config{Logger: slog.New(&handler{x: x}), Observe: x.observe, CacheDir: f.CacheDir})
	if err != nil {
		return nil, err
	}
	if x.Guest, err = x.rt.Load(ctx, module, cfg); err != nil {
		x.rt.Close(context.WithoutCancel(ctx))
		return x, err
	}
	x.Session = conformance.NewSession(&conformance.Session{
		Extension: x.Guest, Call: x.Guest.Call, Event: x.Guest.Event, Close: x.rt.Close,
	})
	return x, nil
}

// config makes what Load is told.
func (f *Flags) config(module []byte) (cfg aril.ExtensionConfig, err error) {
	cfg.Name = "extension"
	if s, err := abi.SplitSections(module); err == nil && s.Manifest != nil {
		if m, err := abi.DecodeManifest(s.Manifest); err == nil {
			cfg.Name = m.Name
		}
	}
	if cfg.Limits, err = Limits(f.Limits); err != nil {
		return cfg, err
	}
	if cfg.Powers, err = Powers(f.Powers); err != nil {
		return cfg, err
	}
	if cfg.Isolation, err = Isolation(f.Isolation); err != nil {
		return cfg, err
	}
	if f.Script != "" {
		if cfg.Script, err = os.ReadFile(f.Script); err != nil {
			return cfg, err
		}
	}
	if f.Config != "" {
		if cfg.Config, err = Value(f.Config); err != nil {
			return cfg, err
		}
	}
	cfg.Grants, err = f.grants(module)
	cfg.Breaker.Failures, cfg.Debug = aril.Unlimited, f.Debug
	return cfg, err
}

// Value reads a file of one value in the cases' form of JSON.
func Value(name string) (any, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	v, err := conformance.ParseValue(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// grants makes the capabilities.
func (f *Flags) grants(module []byte) (aril.Grants, error) {
	named := slices.Clone(f.Grants)
	var hosts []aril.HTTPHost
	for _, h := range f.Hosts {
		pattern, private := strings.CutSuffix(h, "+private")
		hosts = append(hosts, aril.HTTPHost{Pattern: pattern, AllowPrivate: private})
	}
	if len(hosts) > 0 {
		named = append(named, "aril_http_v1")
	}
	functions := map[string][]aril.Function{}
	for _, a := range f.Answers {
		name, text, _ := strings.Cut(a, "=")
		m, function, ok := strings.Cut(name, ".")
		if !ok || function == "" {
			return aril.Grants{}, fmt.Errorf("answer %q is not MODULE.FUNCTION=JSON", a)
		}
		v, err := conformance.ParseValue([]byte(text))
		if err != nil {
			return aril.Grants{}, fmt.Errorf("answer %s: %w", name, err)
		}
		functions[m] = append(functions[m], aril.Func(function, func(context.Context, *aril.Call, any) (any, error) { return v, nil }))
		named = append(named, m)
	}
	all, _, err := build.GrantAll(module)
	if err != nil {
		return all, err
	}
	if f.GrantAll {
		for _, c := range all.Capabilities {
			named = append(named, c.Module)
		}
	}
	slices.Sort(named)
	var g aril.Grants
	for _, m := range slices.Compact(named) {
		c, err := build.Capability(m, functions[m], hosts)
		if err != nil {
			return g, err
		}
		if i := slices.IndexFunc(all.Capabilities, func(c aril.Capability) bool { return c.Module == m }); i >= 0 && functions[m] == nil && hosts == nil {
			c = all.Capabilities[i]
		}
		g.Capabilities = append(g.Capabilities, c)
	}
	return g, nil
}

// withDefaults fills in the limits that usage is shown against.
func withDefaults(l aril.Limits) aril.Limits {
	set := func(v *int64, standard int64) {
		if *v == 0 {
			*v = standard
		}
	}
	set(&l.Fuel, 100e6)
	set(&l.MemoryBytes, 16<<20)
	set(&l.NextCalls, 16)
	set(&l.HostCalls, 10_000)
	set(&l.TransferBytes, 64<<20)
	set(&l.LogBytes, 64<<10)
	set((*int64)(&l.SelfTime), 100e6)
	set((*int64)(&l.WaitTime), 30e9)
	return l
}

func (x *Extension) observe(_ context.Context, r *aril.Report) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reports = append(x.reports, r)
}

// Told gives what came since the last call: reports, outermost wrap last, and
// lines of the log.
func (x *Extension) Told() ([]*aril.Report, []Line) {
	x.mu.Lock()
	defer x.mu.Unlock()
	reports, lines := x.reports, x.lines
	x.reports, x.lines = nil, nil
	return reports, lines
}

// A handler keeps lines for an Extension.
type handler struct{ x *Extension }

func (h *handler) Enabled(context.Context, slog.Level) bool { return true }
func (h *handler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *handler) WithGroup(string) slog.Handler            { return h }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	line := Line{Level: r.Level, Message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "guest" {
			line.Attrs = append(line.Attrs, a.Value.Group()...)
		} else {
			line.Attrs = append(line.Attrs, a)
			line.Host = line.Host || a.Key != "stream" && a.Key != "attrs_dropped"
		}
		return true
	})
	h.x.mu.Lock()
	defer h.x.mu.Unlock()
	h.x.lines = append(h.x.lines, line)
	return nil
}
