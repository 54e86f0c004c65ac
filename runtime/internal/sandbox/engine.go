package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// A HostFunc is one function that a guest may import. Call reads its
// parameters from stack, as unsigned 64-bit words, and leaves its results
// there. It never panics on what a guest passes; Activation.Abort is the only
// way to leave early.
type HostFunc struct {
	Name            string
	Params, Results []wasm.ValueType
	Call            func(a *Activation, stack []uint64)

	// Phases says from which hooks it may be called; elsewhere it answers PHASE.
	// 0 means all.
	Phases abi.Phases

	// Essential functions work even when the caller has given up, so that a
	// guest can finish: read, outcome, log.
	Essential bool

	// Refuse puts an answer other than OK on the stack. Nil: status << 32.
	Refuse func(stack []uint64, s abi.Status)
}

// A HostModule is an import module.
type HostModule struct {
	Name  string
	Funcs []HostFunc

	// Deny is the bit of Budget.Denied under which its functions answer DENIED;
	// 0 for a module that is not denied so.
	Deny uint8
}

// A Config configures an Engine. Every field is needed but those that say
// otherwise.
type Config struct {
	Modules     []HostModule
	MemoryQuota int64         // bytes of linear memory of all instances together; below 0 none
	CompileTime time.Duration // for one module
	CacheDir    string        // of compiled code; "" for memory alone
	Interpreter bool          // run without a compiler
	Pressure    func()        // called when memory runs short, to free idle instances; may be nil
}

// An Engine is one wazero runtime with its host modules. It may be used from
// any goroutine.
type Engine struct {
	config    Config
	wazero    wazero.Runtime
	cache     wazero.CompilationCache
	quota     *Quota
	compiling chan struct{}

	mu           sync.Mutex
	compilations map[[32]byte]*compilation
	closed       bool
}

// NewEngine starts an engine.
func NewEngine(ctx context.Context, cfg Config) (_ *Engine, err error) {
	e := &Engine{
		config: cfg, quota: NewQuota(cfg.MemoryQuota),
		compiling: make(chan struct{}, 2), compilations: map[[32]byte]*compilation{},
	}
	rc := wazero.NewRuntimeConfig()
	if e.Interpreted() {
		rc = wazero.NewRuntimeConfigInterpreter()
	}
	// The DWARF that it reads is ours: see wasm.Rewritten.Lines.
	rc = rc.WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(true)
	if cfg.CacheDir != "" {
		if err := checkPrivate(cfg.CacheDir); err != nil {
			return nil, err
		}
		if e.cache, err = wazero.NewCompilationCacheWithDir(cfg.CacheDir); err != nil {
			return nil, fmt.Errorf("compile cache: %w", err)
		}
		rc = rc.WithCompilationCache(e.cache)
	}
	e.wazero = wazero.NewRuntimeWithConfig(ctx, rc)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close(context.WithoutCancel(ctx)))
		}
	}()
	meter := HostModule{Name: wasm.MeterModule}
	if err := e.addMeter(ctx, meter.Name); err != nil {
		return nil, err
	}
	for _, m := range cfg.Modules {
		if err := e.addModule(ctx, m); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// compilerTrusted reports whether wazero's compiler may run untrusted code
// here. v1.12.0 has a miscompile on arm64 that was fixed after the release
// (issue 2508); RATIONALE.md lists both known ones.
func compilerTrusted() bool { return runtime.GOARCH != "arm64" }

// checkPrivate makes sure that nobody else can put code into dir.
func checkPrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("compile cache: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("compile cache: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("compile cache: others can write to %s, and what is there is run as native code; chmod 700 it", dir)
	}
	return nil
}

func (e *Engine) addMeter(ctx context.Context, name string) error {
	refuel := api.GoFunc(func(ctx context.Context, stack []uint64) {
		if ctx.(*Activation).refuel(uint32(stack[0])) {
			stack[0] = 0
		} else {
			stack[0] = api.EncodeI32(-1)
		}
	})
	_, err := e.wazero.NewHostModuleBuilder(name).NewFunctionBuilder().
		WithGoFunction(refuel, []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}).
		Export(wasm.MeterRefuel).Instantiate(ctx)
	return err
}

func (e *Engine) addModule(ctx context.Context, m HostModule) error {
	b := e.wazero.NewHostModuleBuilder(m.Name)
	for _, f := range m.Funcs {
		b = b.NewFunctionBuilder().WithGoFunction(f.goFunc(m.Deny), valueTypes(f.Params), valueTypes(f.Results)).
			WithName(f.Name).Export(f.Name)
	}
	_, err := b.Instantiate(ctx)
	if err != nil {
		return fmt.Errorf("host module %s: %w", m.Name, err)
	}
	return nil
}

func (f HostFunc) goFunc(deny uint8) api.GoFunction {
	call, phases, essential, refuse := f.Call, f.Phases, f.Essential, f.Refuse
	if phases == 0 {
		phases = abi.PhasesAll
	}
	if refuse == nil {
		refuse = func(stack []uint64, s abi.Status) { stack[0] = abi.Pack(s, 0) }
	}
	return api.GoFunc(func(ctx context.Context, stack []uint64) {
		a := ctx.(*Activation)
		a.stop()
		s := a.enter(phases, essential)
		if s == abi.OK && a.budget.Denied&deny != 0 {
			s = abi.Denied
		}
		if s == abi.OK {
			call(a, stack)
		} else {
			refuse(stack, s)
		}
		a.resume()
	})
}

func valueTypes(in []wasm.ValueType) []api.ValueType {
	out := make([]api.ValueType, len(in))
	for i, t := range in {
		out[i] = api.ValueType(t)
	}
	return out
}

// Interpreted reports whether guests run without a compiler.
func (e *Engine) Interpreted() bool { return e.config.Interpreter || !compilerTrusted() }

// Quota is the memory of all instances.
func (e *Engine) Quota() *Quota { return e.quota }

// Close frees everything. No instance of the engine may be in use.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	err := e.wazero.Close(ctx)
	if e.cache != nil {
		err = errors.Join(err, e.cache.Close(ctx))
	}
	return err
}
