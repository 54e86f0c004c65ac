package guesttest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
	"github.com/aril-wasm/aril/runtime/state"
)

// Wasm runs the extension as the module that will be deployed, in Aril's
// runtime. pkg is its main package, as go build takes it, relative to the
// directory of the test: "." or "./retry". It is built once in a run of the
// tests. Limits are the runtime's defaults, but that computing is bounded by
// fuel alone and not by time.
func Wasm(pkg string) Target {
	return Target{"wasm", func(t testing.TB, cfg Config) (backend, error) { return openWasm(t, pkg, cfg) }}
}

// patience stands in for limits of time, which on a busy machine would make
// tests fail by chance. Fuel is what bounds computing here.
const patience = 10 * time.Minute

// memory is room for some hundred instances of a Go guest at once: what a
// Parallel of a hundred with steps in it holds.
const memory = 1 << 30

// Both is Native and Wasm of the same extension.
func Both(pkg string, makeNew func() any) []Target { return []Target{Native(makeNew), Wasm(pkg)} }

// A resident is an extension that pipelines and scopes take.
type resident interface {
	aril.Extension
	Event(context.Context, aril.Event) (answer any, answered bool, err error)
	Call(ctx context.Context, method string, args any) (any, error)
}

// A loaded is an extension in the runtime, or at home in the test's process.
type loaded struct {
	resident resident
	unload   func(context.Context) error
	pipeline *aril.Pipeline
	ctx      context.Context // of the innermost operation that runs
	log      recorder
	state    state.State
	unloaded bool
}

func openWasm(t testing.TB, pkg string, cfg Config) (_ backend, err error) {
	l := &loaded{ctx: context.Background()}
	code, err := buildWasm(t, pkg)
	if err != nil {
		return nil, err
	}
	store := state.Memory(state.Limits{})
	if l.state, err = store.Open("", cfg.Name); err != nil {
		return nil, err
	}
	if err := fill(l.state, cfg.State); err != nil {
		return nil, err
	}
	ec := aril.ExtensionConfig{
		Name: cfg.Name, Config: generic(cfg.Config), Script: cfg.Script, Powers: aril.Powers(cfg.Powers),
		Limits: aril.Limits{SelfTime: patience, EventTime: patience, InitTime: patience},
	}
	if cfg.Powers == 0 {
		ec.Powers = aril.ObserveOnly
	}
	switch cfg.Isolation {
	case Pooled:
		ec.Isolation = aril.Pooled
	case Single:
		return nil, errors.New("guesttest: the isolation mode Single is for Native alone")
	}
	if ec.Grants.Capabilities, err = capabilities(cfg.Functions); err != nil {
		return nil, err
	}
	rt, err := aril.New(l.ctx, aril.Config{Logger: slog.New(&l.log), State: store, CacheDir: cacheDir(), CompileTime: patience, MemoryBytes: memory})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = rt.Close(context.Background()) }) // after what the harness does at the end
	loading.Lock()
	defer loading.Unlock()
	guest, err := rt.Load(l.ctx, code, ec)
	if err != nil {
		return nil, l.outcome(err)
	}
	l.resident, l.unload, l.pipeline = guest, guest.Unload, aril.NewPipeline(guest)
	return l, nil
}

// loading lets one module be compiled at a time, so that tests that run in
// parallel find the first one's work in the cache.
var loading sync.Mutex

// cacheDir is where compiled code is kept between runs of tests; "" where
// there is no such place.
var cacheDir = sync.OnceValue(func() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "aril", "guesttest")
})

func capabilities(functions map[string]func(any) (any, error)) ([]aril.Capability, error) {
	byModule := map[string][]aril.Function{}
	for name, f := range functions {
		module, function, ok := strings.Cut(name, ".")
		if !ok {
			return nil, fmt.Errorf("guesttest: function %q is not of the form module.function", name)
		}
		byModule[module] = append(byModule[module], aril.Func(function, func(_ context.Context, _ *aril.Call, argument any) (any, error) {
			answer, err := f(generic(argument))
			return generic(answer), err
		}))
	}
	granted := []aril.Capability{aril.State, scope.Capability}
	for module, functions := range byModule {
		granted = append(granted, aril.Capability{Module: module, Functions: functions})
	}
	return granted, nil
}

// outcome gives an error of the runtime as the package has it.
func (l *loaded) outcome(err error) error {
	var broken *aril.CallError
	var made *aril.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, aril.ErrNoMethod):
		return ErrNoMethod
	case errors.As(err, &broken):
		return &Broken{Reason: broken.Error(), Err: broken}
	case errors.As(err, &made):
		return &Error{ErrorCode: made.ErrorCode, Message: made.Message, Data: generic(made.Data), Retryable: made.Retryable, Cause: l.outcome(made.Cause)}
	}
	return err
}

func (l *loaded) Wrap(op Operation, input any, rest func(input any) (any, error)) (any, error) {
	op = op.withDefaults()
	ctx := l.ctx
	defer func() { l.ctx = ctx }()
	v, err := l.pipeline.Do(ctx, aril.Operation{Kind: op.Kind, Name: op.Name, Key: op.Key, MaxNext: op.MaxNext, Meta: op.meta(), Params: generic(op.Params)},
		generic(input), func(inner context.Context, input any) (any, error) {
			l.ctx = inner
			defer func() { l.ctx = ctx }()
			v, err := rest(generic(input))
			return generic(v), err
		})
	return generic(v), l.outcome(err)
}

func (l *loaded) Event(e Event) (any, error) {
	v, _, err := l.resident.Event(l.ctx, aril.Event{Type: e.Type, Scope: e.Scope, Name: e.Name, Data: generic(e.Data)})
	return generic(v), l.outcome(err)
}

func (l *loaded) Call(method string, args any) (any, error) {
	v, err := l.resident.Call(l.ctx, method, generic(args))
	return generic(v), l.outcome(err)
}

func (l *loaded) Unload() error {
	if l.unloaded {
		return nil
	}
	l.unloaded = true
	return l.unload(context.Background())
}

func (l *loaded) extension() (aril.Extension, error) { return l.resident, nil }

func (l *loaded) Log() []Entry { return l.log.lines() }

func (l *loaded) State() map[string][]byte { return contents(l.state) }
