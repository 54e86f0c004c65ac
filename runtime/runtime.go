package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/state"
)

// A Config configures a [Runtime]. The zero value is safe.
type Config struct {
	// Logger gets what extensions log, and what the runtime has to say about
	// them: a breakage, a rejected answer. Default: nothing is logged.
	Logger *slog.Logger

	// Observe is called after every wrap of a guest, on the goroutine of the
	// operation; keep it short. The report is the callee's. Default nil, which
	// costs nothing.
	Observe func(context.Context, *Report)

	// State is where aril_state_v1 keeps values. Default: in memory, gone
	// with the Runtime.
	State state.Store

	// MemoryBytes caps the linear memory of all instances together. Default
	// 512 MiB. Past it a root operation waits, with its context.
	MemoryBytes int64

	// Chain bounds root operations. See [ChainLimits].
	Chain ChainLimits

	// CompileTime is how long one module may compile. Default 30 s.
	CompileTime time.Duration

	// CacheDir keeps compiled code between processes. It is made if it is not
	// there, and refused if others may write to it: what is in it runs as
	// native code. Default: none, code is kept in memory alone.
	CacheDir string

	// Interpreter runs guests without a compiler: slower by 10 to 100 times,
	// but nothing is translated to native code. On arm64 it is always on, see
	// RATIONALE.md.
	Interpreter bool

	// Seed makes what guests draw repeat: two Runtimes with the same seed give
	// the same random bytes to the same sequence of operations, one at a time.
	// For tests and replays. Default nil: bytes that nobody can predict.
	Seed *[32]byte
}

// A Runtime holds what extensions share. Close it when done. It may be used
// from any goroutine.
type Runtime struct {
	config      Config
	chainLimits chainLimits
	logger      *slog.Logger
	observe     func(context.Context, *Report)
	state       state.Store
	random      randomness
	engine      *sandbox.Engine

	mu        sync.Mutex
	closed    bool
	loads     int           // Loads that are under way
	loaded    chan struct{} // closed when closed is set and loads is 0
	guests    []*Guest
	programs  map[uint64][]*program
	templates map[templateKey]*sharedTemplate
	described map[[2]string]described // by kind and name
}

// New starts a runtime. The error lists everything that is wrong with cfg.
func New(ctx context.Context, cfg Config) (*Runtime, error) {
	chain, err := cfg.Chain.withDefaults()
	if err != nil {
		err = fmt.Errorf("config: chain: %w", err)
	}
	for _, f := range []struct {
		name string
		v    *int64
		def  int64
	}{{"MemoryBytes", &cfg.MemoryBytes, 512 << 20}, {"CompileTime", (*int64)(&cfg.CompileTime), int64(30 * time.Second)}} {
		if *f.v == 0 {
			*f.v = f.def
		} else if *f.v < Unlimited {
			err = errors.Join(err, fmt.Errorf("config: %s is %d; 0 is the default, Unlimited (-1) is none", f.name, *f.v))
		}
	}
	if err != nil {
		return nil, err
	}
	if cfg.CompileTime == Unlimited {
		cfg.CompileTime = 1<<63 - 1
	}
	rt := &Runtime{
		config: cfg, chainLimits: chainLimits{ChainLimits: chain}, logger: cfg.Logger, observe: cfg.Observe, state: cfg.State,
		random: newRandomness(cfg.Seed), loaded: make(chan struct{}), programs: map[uint64][]*program{}, templates: map[templateKey]*sharedTemplate{},
		described: map[[2]string]described{},
	}
	if rt.logger == nil {
		rt.logger = slog.New(slog.DiscardHandler)
	}
	if rt.state == nil {
		rt.state = state.Memory(state.Limits{})
	}
	rt.engine, err = sandbox.NewEngine(ctx, sandbox.Config{
		Modules:     hostModules(),
		MemoryQuota: cfg.MemoryBytes, CompileTime: cfg.CompileTime,
		CacheDir: cfg.CacheDir, Interpreter: cfg.Interpreter,
		Pressure: rt.evictIdle,
	})
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	return rt, nil
}

// hostModules is everything that guests can import. It is the same for every
// Runtime. Types and phases are those of package abi.
var hostModules = sync.OnceValue(func() []sandbox.HostModule {
	specs := map[string]abi.Import{}
	for _, spec := range abi.Imports() {
		specs[spec.Module+"."+spec.Name] = spec
	}
	for _, m := range []sandbox.HostModule{hostAril, hostDynamic} {
		for i := range m.Funcs {
			f := &m.Funcs[i]
			spec := specs[m.Name+"."+f.Name]
			f.Phases, f.Essential = spec.Phases, spec.AfterCancel
			f.Params, f.Results = wasmTypes(spec)
		}
	}
	return append([]sandbox.HostModule{hostAril, hostDynamic, hostBound()}, capability.Modules()...)
})

// Guests lists the loaded extensions, in the order of Load.
func (rt *Runtime) Guests() []*Guest {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return slices.Clone(rt.guests)
}

// MemoryBytes is the linear memory that instances hold now.
func (rt *Runtime) MemoryBytes() int64 { return rt.engine.Quota().Used() }

// evictIdle frees instances that nobody uses, when an operation needs memory
// and there is none.
func (rt *Runtime) evictIdle() {
	for _, g := range rt.Guests() {
		if g.single == nil { // its state is in its instance
			g.pool.EvictIdle()
		}
	}
}

// beginLoad holds Close off until endLoad, or says that it is too late.
func (rt *Runtime) beginLoad() error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.closed {
		return ErrClosed
	}
	rt.loads++
	return nil
}

func (rt *Runtime) endLoad() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.loads--; rt.closed && rt.loads == 0 {
		close(rt.loaded)
	}
}

// awaitLoads waits for Loads that began before Close. When ctx ends first, the
// rest of Close is done after them.
func (rt *Runtime) awaitLoads(ctx context.Context) error {
	select {
	case <-rt.loaded:
		return nil
	default:
	}
	select {
	case <-rt.loaded:
		return nil
	case <-ctx.Done():
		go func() {
			<-rt.loaded
			if err := rt.shutDown(context.Background()); err != nil {
				rt.logger.Error("closing late", "error", err)
			}
		}()
		return fmt.Errorf("close: a Load is not over: %w", context.Cause(ctx))
	}
}

// Close unloads every extension, last loaded first, and frees the engine. It
// waits for operations that are inside extensions until ctx is done; then it
// returns an error that says which, and frees what is left when they end.
// Closing twice is harmless.
func (rt *Runtime) Close(ctx context.Context) error {
	rt.mu.Lock()
	already := rt.closed
	rt.closed = true
	if !already && rt.loads == 0 {
		close(rt.loaded)
	}
	rt.mu.Unlock()
	if already {
		return nil
	}
	if err := rt.awaitLoads(ctx); err != nil {
		return err
	}
	return rt.shutDown(ctx)
}

// shutDown does what Close does when nothing more is loaded.
func (rt *Runtime) shutDown(ctx context.Context) error {
	guests := rt.Guests()
	var errs []error
	for _, g := range slices.Backward(guests) {
		err := g.Unload(ctx)
		if err == nil { // also when another Unload began before and is not over
			if late := g.pool.Close(ctx); late != nil {
				err = &ShutdownError{Extension: g.Name(), Err: late}
			}
		}
		errs = append(errs, err)
	}
	err := errors.Join(errs...)
	var late *ShutdownError
	if errors.As(err, &late) {
		go func() {
			for _, g := range guests {
				_ = g.pool.Close(context.Background()) // cannot fail: its context never ends
			}
			if err := rt.engine.Close(context.Background()); err != nil {
				rt.logger.Error("closing the engine", "error", err)
			}
		}()
		return err
	}
	return errors.Join(err, rt.engine.Close(ctx))
}
