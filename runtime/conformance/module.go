package conformance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/internal/reserved"
	"github.com/aril-wasm/aril/runtime/state"
)

// A ModuleConfig says how a module is loaded. The zero value is ready.
type ModuleConfig struct {
	Script      []byte // for modules that are interpreters; default: the module's own
	CacheDir    string // as in [aril.Config]
	Interpreter bool   // as in [aril.Config]
}

// A ModuleSubject is a .wasm file as a Subject. Close it when done.
type ModuleSubject struct {
	wasm   []byte
	script []byte
	rt     *aril.Runtime

	mu       sync.Mutex
	sessions map[string]*Setup // by tenant
	kept     map[string]bool   // kinds of load whose compiled code is held
	opened   int
}

// Module makes a Subject of a module, in a runtime of its own. wasm must not be
// changed before Close.
func Module(ctx context.Context, wasm []byte, cfg ModuleConfig) (*ModuleSubject, error) {
	m := &ModuleSubject{wasm: wasm, script: cfg.Script, sessions: map[string]*Setup{}, kept: map[string]bool{}}
	rt, err := aril.New(ctx, aril.Config{
		Logger: slog.New(&tenantHandler{m: m}), State: tenantStates{m}, Observe: m.observe,
		CacheDir: cfg.CacheDir, Interpreter: cfg.Interpreter,
	})
	m.rt = rt
	return m, err
}

// Close ends the runtime.
func (m *ModuleSubject) Close(ctx context.Context) error { return m.rt.Close(ctx) }

// Sandboxed is true.
func (m *ModuleSubject) Sandboxed() bool { return true }

// extensionName is what a loaded module is called in errors.
const extensionName = "conformance"

// Open loads the module.
func (m *ModuleSubject) Open(ctx context.Context, s Setup) (*Session, error) {
	grants, err := grantsOf(&s)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.opened++
	tenant := strconv.Itoa(m.opened)
	m.sessions[tenant] = &s
	m.mu.Unlock()
	leave := func() {
		m.mu.Lock()
		delete(m.sessions, tenant)
		m.mu.Unlock()
	}
	cfg := aril.ExtensionConfig{
		Name: extensionName, Tenant: tenant, Config: s.Config, Script: m.script,
		Grants: grants, Limits: s.Limits, Powers: s.Powers, Isolation: s.Isolation,
		Breaker: aril.Breaker{Failures: aril.Unlimited},
	}
	guest, err := m.rt.Load(ctx, m.wasm, cfg)
	if err == nil {
		err = m.keep(ctx, cfg)
	}
	if err != nil {
		leave()
		return nil, err
	}
	return &Session{
		Extension: guest, Call: guest.Call, Event: guest.Event,
		Close: func(ctx context.Context) error {
			defer leave()
			return guest.Unload(ctx)
		},
	}, nil
}

// keeper is the tenant of what is loaded to hold compiled code.
const keeper = "keeper"

// keep loads the module once more and leaves it: a runtime forgets compiled
// code with the last extension that uses it, and cases come one after another.
func (m *ModuleSubject) keep(ctx context.Context, cfg aril.ExtensionConfig) error {
	l := &cfg.Limits
	kind := fmt.Sprint(cfg.Isolation == aril.Fresh, l.MemoryBytes, l.StackBytes)
	for _, c := range cfg.Grants.Capabilities {
		kind += " " + c.Module
	}
	m.mu.Lock()
	known := m.kept[kind]
	m.kept[kind] = true
	m.mu.Unlock()
	if known {
		return nil
	}
	cfg.Tenant = keeper
	_, err := m.rt.Load(ctx, m.wasm, cfg)
	return err
}

// grantsOf gives what a setup grants.
func grantsOf(s *Setup) (g aril.Grants, err error) {
	g.None = true
	modules := s.Grants
	if modules == nil {
		modules = defaultGrants
	}
	for _, module := range modules {
		i := slices.IndexFunc(grantable, func(c aril.Capability) bool { return c.Module == module })
		if i < 0 {
			return g, fmt.Errorf("grants: %q is none of %s", module, strings.Join(grantableNames(), ", "))
		}
		g.Capabilities = append(g.Capabilities, grantable[i])
	}
	own := map[string][]aril.Function{}
	var order []string
	for name, f := range s.Functions {
		module, function, _ := strings.Cut(name, ".")
		if own[module] == nil {
			order = append(order, module)
		}
		own[module] = append(own[module], aril.Func(function, func(ctx context.Context, _ *aril.Call, in any) (any, error) { return f(ctx, in) }))
	}
	slices.Sort(order)
	for _, module := range order {
		c := aril.Capability{Module: module, Functions: own[module]}
		if module == names.ModuleHTTP || module == names.ModuleScope { // answered as the case says, without network or scope
			c = aril.Reserved(reserved.Key{}, module, own[module]...)
		}
		g.Capabilities = append(g.Capabilities, c)
	}
	return g, nil
}

var (
	grantable     = []aril.Capability{aril.Log, aril.Clock, aril.Random, aril.WASI, aril.State}
	defaultGrants = grantableNames()
)

func grantableNames() (all []string) {
	for _, c := range grantable {
		all = append(all, c.Module)
	}
	return all
}

// session finds what a tenant was loaded for; nil once it is gone.
func (m *ModuleSubject) session(tenant string) *Setup {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions[tenant]
}

func (m *ModuleSubject) observe(_ context.Context, r *aril.Report) {
	if s := m.session(r.Tenant); s != nil && s.Observe != nil {
		s.Observe(r)
	}
}

// tenantStates opens the state of a tenant's setup.
type tenantStates struct{ m *ModuleSubject }

func (t tenantStates) Open(tenant, _ string) (state.State, error) {
	if tenant == keeper {
		return state.Memory(state.Limits{}).Open("", keeper)
	}
	s := t.m.session(tenant)
	if s == nil || s.State == nil {
		return nil, errors.New("no such case")
	}
	return s.State, nil
}

// A tenantHandler gives lines of the log to the logger of their tenant.
type tenantHandler struct {
	m      *ModuleSubject
	tenant string
}

func (h *tenantHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *tenantHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	made := *h
	for _, a := range attrs {
		if a.Key == "tenant" {
			made.tenant = a.Value.String()
		}
	}
	return &made
}

func (h *tenantHandler) WithGroup(string) slog.Handler { return h }

func (h *tenantHandler) Handle(ctx context.Context, line slog.Record) error {
	if s := h.m.session(h.tenant); s != nil && s.Logger != nil {
		return s.Logger.Handler().Handle(ctx, line)
	}
	return nil
}

var _ state.Store = tenantStates{}
