package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/capability"
	"github.com/aril-wasm/aril/runtime/internal/codec"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// Isolation says what of a guest's memory lives on from one operation to the
// next.
type Isolation uint8

const (
	// Fresh begins every operation from what the guest was after its init.
	// The default, and the right one for code you do not trust.
	Fresh Isolation = iota

	// Pooled keeps whatever the guest left; which instance an operation gets
	// is chance. Faster, for code that you trust to keep operations apart.
	Pooled

	// Single keeps one instance, with what it left in its memory, and
	// operations queue for it: it is the host's throughput, so do not wrap
	// concurrent operations with it. An operation that is inside may enter again
	// from below its own next, up to the nesting limit; two at once from there,
	// or two operations that take two Single extensions in opposite order, get
	// ErrBusy. When the instance breaks, it begins anew from the template; see
	// Guest.Restarts.
	Single
)

// Failure says what becomes of an operation whose extension broke.
type Failure uint8

const (
	FailClosed Failure = iota // the operation fails with the CallError
	FailOpen                  // as OnFailure: the extension is skipped
	KeepInner                 // as AfterNext: what the last next yielded stands
)

// An ExtensionConfig configures one extension at [Runtime.Load]. Name is
// needed; every other zero is a safe default.
type ExtensionConfig struct {
	// Name is what errors, logs, reports and the state store call it: 1 to 64
	// of a-z, 0-9, '.', '_' and '-', the first a letter or digit.
	Name string

	// Tenant is whom it belongs to, "" in a program with one. State is kept
	// per tenant and extension.
	Tenant string

	// Config is what the guest reads at init, encoded as msgpack by the rules
	// of abi/ABI.md#values. Default: none.
	Config any

	// Script is what a guest that is an interpreter runs. Default: the content
	// of the module's section "aril.script", if it has one.
	Script []byte

	// Debug adds to the frames of a trap where they are in the guest's sources,
	// for a module that has DWARF (clang -g, rustc -g). It takes time at Load and
	// memory for the lines, so ask for it where somebody looks at traces.
	Debug bool

	Grants    Grants
	Limits    Limits
	Powers    Powers
	Isolation Isolation
	Breaker   Breaker

	// Filters narrow what the extension's own filters let through. Empty
	// narrows nothing.
	Filters []Filter

	// OnFailure says what happens when it breaks before its first next:
	// FailClosed (default) or FailOpen. AfterNext says it for a breakage
	// after one: FailClosed (default) or KeepInner.
	OnFailure Failure
	AfterNext Failure

	// Guard marks an extension that enforces a policy: OnFailure and
	// AfterNext must be FailClosed, since input made to exhaust it must not
	// pass it.
	Guard bool
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// check fills defaults in and reports everything that is wrong.
func (c *ExtensionConfig) check() (Limits, error) {
	var errs []error
	if !validName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("name %q: want 1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit", quoteName(c.Name)))
	}
	if c.Isolation > Single {
		errs = append(errs, fmt.Errorf("isolation %d is unknown", c.Isolation))
	}
	if c.OnFailure != FailClosed && c.OnFailure != FailOpen {
		errs = append(errs, errors.New("OnFailure is FailClosed or FailOpen"))
	}
	if c.AfterNext != FailClosed && c.AfterNext != KeepInner {
		errs = append(errs, errors.New("AfterNext is FailClosed or KeepInner"))
	}
	if c.Guard && (c.OnFailure != FailClosed || c.AfterNext != FailClosed) {
		errs = append(errs, errors.New("a Guard fails closed, before next and after"))
	}
	if err := fill(&c.Breaker, Breaker{Failures: 16, Cooldown: 5 * time.Second}); err != nil {
		errs = append(errs, fmt.Errorf("breaker: %w", err))
	}
	l, err := c.Limits.withDefaults()
	return l, errors.Join(append(errs, err)...)
}

// Load admits, rewrites and compiles a module and runs its init once. What it
// does depends on the bytes alone, never on a file's name. wasm may be changed
// after Load returns.
//
// Errors: ErrRefused with a *FormatError or *AdmissionError when the module is
// not taken; a *CallError with Hook "init" when its init broke; an *Error when
// its init refused the configuration; ErrClosed; ctx's error.
//
// The same bytes with the same grants are admitted and compiled once in a
// Runtime, and with the same name and configuration initialised once.
func (rt *Runtime) Load(ctx context.Context, wasm []byte, cfg ExtensionConfig) (*Guest, error) {
	if err := rt.beginLoad(); err != nil {
		return nil, fmt.Errorf("load %q: %w", quoteName(cfg.Name), err)
	}
	defer rt.endLoad()
	g, err := rt.load(ctx, wasm, cfg)
	if err != nil {
		return nil, fmt.Errorf("load %q: %w", quoteName(cfg.Name), err)
	}
	return g, nil
}

// scriptStack is the default of Limits.StackBytes for an extension with a
// script.
const scriptStack = 8 << 20

func (rt *Runtime) load(ctx context.Context, wasm []byte, cfg ExtensionConfig) (_ *Guest, err error) {
	limits, err := cfg.check()
	if err != nil {
		return nil, err
	}
	g := &Guest{rt: rt, config: cfg, limits: limits, powers: cfg.Powers.effective(), breaker: breaker{Breaker: cfg.Breaker}}
	if cfg.Config != nil {
		if g.configBytes, err = codec.AppendValue(nil, cfg.Config, nil, g.codecLimits(limits.InputBytes)); err != nil {
			return nil, fmt.Errorf("config: %w", err)
		}
	}
	g.owner.logger = rt.guestLogger(&cfg)
	granted, functions, err := cfg.Grants.granted()
	if err != nil {
		return nil, err
	}
	file, err := openFile(wasm, granted, limits)
	if err != nil {
		return nil, err
	}
	if g.script = cfg.Script; len(g.script) == 0 {
		g.script = bytes.Clone(file.Script)
	}
	if len(g.script) > 0 && cfg.Limits.StackBytes == 0 {
		limits.StackBytes = scriptStack
		g.limits = limits
	}
	if g.program, err = rt.program(ctx, file.Core, granted, limits, tracked(cfg.Isolation, limits), cfg.Debug); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			rt.releaseProgram(g.program)
		}
	}()
	g.functions, g.manifest, g.report = functions, file.manifest, file.complete(g.program.report)
	for _, f := range g.program.bound {
		g.bound = append(g.bound, functions[f.Module][f.Name])
	}
	if _, ok := granted[names.ModuleState]; ok {
		if g.owner.state, err = rt.state.Open(cfg.Tenant, cfg.Name); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	g.wrapBudget, g.eventBudget = limits.budget("wrap"), limits.budget("event")
	for _, b := range []*sandbox.Budget{&g.wrapBudget, &g.eventBudget} {
		b.Exact, b.Denied = rt.observe != nil, g.program.denied
	}
	if g.template, err = rt.template(ctx, g); err != nil {
		return nil, err
	}
	g.init = g.template.usage
	g.setHooks()
	g.pool = &sandbox.Pool[*sandbox.Instance]{
		New: g.newInstance, Max: int(limits.Instances), Holders: g.holders,
		IdleTime: max(limits.IdleTime, 0), Warm: int(limits.Warm),
		Drop: func(i *sandbox.Instance) {
			g.instances.Delete(i)
			if err := i.Close(); err != nil {
				g.owner.logger.Error("closing an instance", "error", err)
			}
		},
	}
	if limits.Warm < 0 {
		g.pool.IdleTime = 0
	}
	switch cfg.Isolation {
	case Single:
		g.pool.IdleTime = 0
		g.single = &single{name: cfg.Name}
		g.pool.Max = 1
		g.pool.New = func(ctx context.Context, _ bool) (*sandbox.Instance, error) {
			return g.newInstance(ctx, false) // its taker may hold other instances
		}
	case Fresh:
		g.pool.Clean, g.pool.Quick = g.clean, g.quickToClean
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.guests = append(rt.guests, g)
	return g, nil
}

// tracked says whether code marks the pages that it writes, so that resetting
// an instance costs what an operation wrote and not what its memory holds.
func tracked(i Isolation, l Limits) bool {
	return i == Fresh && l.MemoryBytes <= sandbox.TrackMaxBytes
}

// setHooks finds which hooks to call: those that are exported and, where the
// manifest names hooks, named.
func (g *Guest) setHooks() {
	m := g.manifest
	for p := sandbox.PhaseInit; p <= sandbox.PhaseDispose; p++ {
		named := m == nil || len(m.Hooks) == 0 || p == sandbox.PhaseInit || p == sandbox.PhaseResume
		if !named {
			for _, h := range m.Hooks {
				named = named || h == p.String()
			}
		}
		if named && g.template.template.Has(p) {
			g.hooks |= 1 << p
		}
	}
	if m != nil {
		g.filters = m.Filters
	}
}

// A templateKey says which extensions may share one template: those whose
// init saw the same.
type templateKey struct {
	program      *program
	name, tenant string
	config       string
	script       string
	powers       Powers
	limits       Limits
}

// A sharedTemplate is a template with those that use it, guarded by
// Runtime.mu.
type sharedTemplate struct {
	key      templateKey
	template *sandbox.Template
	usage    Usage
	users    int
}

// template brings the guest up, or finds that it was brought up before.
func (rt *Runtime) template(ctx context.Context, g *Guest) (*sharedTemplate, error) {
	key := templateKey{program: g.program, name: g.Name(), tenant: g.Tenant(), config: string(g.configBytes), script: string(g.script), powers: g.powers, limits: g.limits}
	rt.mu.Lock()
	t, ok := rt.templates[key]
	if ok {
		t.users++
	}
	rt.mu.Unlock()
	if ok {
		return t, nil
	}
	a := newActivation(g, nil)
	a.reset(nil, nil, nil)
	budget := g.limits.budget("init")
	budget.Exact, budget.Denied = true, g.program.denied
	made, usage, err := g.program.code.NewTemplate(ctx, sandbox.Init{
		MemoryBytes: uint64(g.limits.MemoryBytes),
		Budget:      budget,
		Owner:       a,
		Message: func(act *sandbox.Activation) uint32 {
			a.act = act
			msg := abi.Init{Name: g.Name(), Version: Version, Powers: uint32(g.powers)}
			encoded, _ := msg.MarshalMsg(a.room(names.SlotMessage)) // strings and a number: cannot fail
			return uint32(a.giveMessage(encoded))
		},
		Answer: a.initAnswer,
	})
	capability.FlushStdio(ctx, a)
	if err != nil {
		var refused *Error
		if errors.As(err, &refused) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
			return nil, err
		}
		if errors.Is(err, sandbox.ErrCanceled) {
			return nil, context.Cause(ctx)
		}
		broken := a.broken("init", usage, err)
		if prefix, _, ok := strings.Cut(err.Error(), ": "); ok && broken.Detail == "" && errors.As(err, new(*sandbox.Fault)) {
			broken.Detail = "in " + prefix
		}
		rt.logBroken(a, broken)
		return nil, broken
	}
	t = &sharedTemplate{key: key, template: made, usage: usage, users: 1}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if first, ok := rt.templates[key]; ok { // another Load was quicker
		made.Close()
		first.users++
		return first, nil
	}
	rt.templates[key] = t
	return t, nil
}

// initAnswer looks at what aril_init returned.
func (a *activation) initAnswer(result uint32) error {
	switch {
	case result == names.HookPass:
		return nil
	case result == names.HookDone && a.answer == answerError:
		return a.answerErr
	case result == names.HookDone && a.answer == answerBad:
		return a.answerWhy
	}
	return fmt.Errorf("%w: %s returned %d without an error outcome", ErrABI, names.ExportInit, int32(result))
}

func (rt *Runtime) releaseTemplate(t *sharedTemplate) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(rt.templates, t.key)
		t.template.Close()
	}
}

// Unload calls the guest's dispose, waits for operations that are inside it
// until ctx is done, and frees it. Operations that reach it afterwards fail
// with ErrClosed. Unloading twice is harmless.
func (g *Guest) Unload(ctx context.Context) error {
	if !g.unloaded.CompareAndSwap(false, true) {
		return nil
	}
	err := g.dispose(ctx)
	if late := g.pool.Close(ctx); late != nil {
		// It stays listed until it is empty: Runtime.Close must wait for it.
		go func() {
			_ = g.pool.Close(context.Background()) // cannot fail: its context never ends
			g.free()
		}()
		return errors.Join(err, &ShutdownError{Extension: g.Name(), Err: late})
	}
	g.free()
	return err
}

// free lets go of what the guest shares. No operation is inside it any more.
func (g *Guest) free() {
	rt := g.rt
	rt.mu.Lock()
	for i, o := range rt.guests {
		if o == g {
			rt.guests = append(rt.guests[:i:i], rt.guests[i+1:]...)
			break
		}
	}
	rt.mu.Unlock()
	rt.releaseTemplate(g.template)
	rt.releaseProgram(g.program)
}
