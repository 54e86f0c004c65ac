// Package native runs an extension that was written for package guest inside
// the host program, as ordinary Go, with no sandbox: an extension moves from
// native to sandboxed, or back, by changing how it is built and nothing else.
//
//	telemetry, err := native.New("telemetry", new(telemetry.Extension), native.Config{})
//	if err != nil {
//		return err
//	}
//	pipeline := aril.NewPipeline(telemetry) // or an extension of a scope
//
// What the extension sees is what a loaded module sees: the same messages, the
// same errors, the same powers. What the sandbox gives is not there: an
// extension that loops stops its operation, one that panics ends it with
// [aril.ErrPanic], and there is no limit of memory or time.
//
// All activations share the one value that was given to [New], and its memory
// is never set back; so its author does not count on the isolation mode Fresh.
// They take turns, with those of all other extensions that run like this in
// the process: an activation has its turn but for the time that it is inside
// next, asleep, or waits for the state, a scope or another function of the
// host. So the extension needs no mutex of its own; and one that computes for
// long makes others wait.
package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/inprocess"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/scope"
	"github.com/aril-wasm/aril/runtime/state"
)

// A Config says what surrounds the extension. The zero value is ready.
type Config struct {
	// Config is the extension's configuration, as in [aril.ExtensionConfig].
	// Default none.
	Config any

	// Script is for extensions that are interpreters. Default none.
	Script []byte

	// Powers are what it may do to operations. Zero means all of them.
	Powers aril.Powers

	// Filters are the operations that it wraps. Empty means all.
	Filters []aril.Filter

	// State is the extension's store. Default one in memory, with the default
	// limits, that ends with the Extension.
	State state.State

	// Functions answer functions of capabilities, by module and name:
	// "acme_stock_v1.reserve". The argument and the answer are Go values, as
	// in a message; see abi/ABI.md#values. They may be called from many
	// goroutines at once. [aril.HTTPFunction] makes "aril_http_v1.fetch".
	// Those of aril_scope_v1 are there by themselves.
	Functions map[string]func(ctx context.Context, argument any) (any, error)

	// Logger gets what the extension logs. Default slog.Default().
	Logger *slog.Logger
}

// An Extension is an extension of package guest in this process. It is an
// [aril.Extension] with the hooks of package scope, and may be used from any
// goroutine, in any number of pipelines and scopes.
type Extension struct {
	name      string
	cfg       Config
	powers    guest.Powers
	logger    *slog.Logger
	filters   []aril.Filter
	hears     bool     // it has a hook for events
	wraps     bool     // it has a hook for operations of any kind
	kinds     []string // of operations for which it has a hook of their own
	instances sync.Pool
	makeNew   func() any      // of NewFresh, else nil
	level     inprocess.Level // of the context, where there is no scope
	ids       atomic.Uint64
	closed    atomic.Bool
}

var (
	_ aril.Wrapper   = (*Extension)(nil)
	_ aril.Filterer  = (*Extension)(nil)
	_ scope.Listener = (*Extension)(nil)
	_ scope.Caller   = (*Extension)(nil)
)

// nothing is a filter that no operation passes.
var nothing = []aril.Filter{{Kinds: []string{"\x00"}}}

// New makes an Extension of what an author would give to guest.Register, and
// runs its Init. Errors: everything that is wrong with the arguments; the
// *[aril.Error] with which Init refused the configuration; a *[aril.CallError]
// when it panicked.
func New(name string, extension any, cfg Config) (*Extension, error) {
	x, err := prepare(name, extension, cfg)
	if err != nil {
		return nil, err
	}
	x.instances.New = func() any { return host.NewGuest(extension, true) }
	g := x.instances.Get().(host.Guest)
	if err := x.init(context.Background(), g, x.logger); err != nil {
		return nil, err
	}
	x.instances.Put(g)
	return x, nil
}

// NewFresh is New with a value of its own for each activation, on which Init
// has run: what the isolation mode Fresh is in the sandbox. Package variables
// are shared all the same. makeNew may be called from many goroutines.
func NewFresh(name string, makeNew func() any, cfg Config) (*Extension, error) {
	x, err := prepare(name, makeNew(), cfg)
	if err != nil {
		return nil, err
	}
	x.makeNew = makeNew
	// What Init logs and refuses is heard once.
	if err := x.init(context.Background(), host.NewGuest(makeNew(), false), x.logger); err != nil {
		return nil, err
	}
	return x, nil
}

func prepare(name string, extension any, cfg Config) (*Extension, error) {
	x := &Extension{name: name, cfg: cfg, powers: guest.Powers(cfg.Powers & aril.AllPowers), filters: cfg.Filters}
	if cfg.Powers == 0 {
		x.powers = guest.Powers(aril.AllPowers)
	}
	x.logger = cmp.Or(cfg.Logger, slog.Default()).With("extension", name)
	if err := x.check(extension); err != nil {
		return nil, fmt.Errorf("extension %q: %w", name, err)
	}
	if cfg.State == nil {
		var err error
		if x.cfg.State, err = state.Memory(state.Limits{}).Open("", name); err != nil {
			return nil, err
		}
	}
	_, x.wraps = extension.(guest.Wrapper)
	if _, ok := extension.(guest.ResolveWrapper); ok {
		x.kinds = append(x.kinds, names.KindResolve)
	}
	if _, ok := extension.(guest.ExecuteWrapper); ok {
		x.kinds = append(x.kinds, names.KindExecution)
	}
	if !x.wraps && len(x.kinds) == 0 {
		x.filters = nothing
	}
	return x, nil
}

// instance gives one to run a hook on.
func (x *Extension) instance(ctx context.Context) (host.Guest, error) {
	if x.makeNew == nil {
		return x.instances.Get().(host.Guest), nil
	}
	g := host.NewGuest(x.makeNew(), false)
	return g, x.init(ctx, g, slog.New(slog.DiscardHandler))
}

// check lists what is wrong with what New was given.
func (x *Extension) check(extension any) error {
	var errs []error
	if x.name == "" {
		errs = append(errs, errors.New("it has no name"))
	}
	hears, err := hooksOf(extension)
	if err != nil {
		errs = append(errs, err)
	}
	x.hears = hears
	for name, f := range x.cfg.Functions {
		if module, function, ok := strings.Cut(name, "."); !ok || module == "" || function == "" {
			errs = append(errs, fmt.Errorf("function %q is not of the form module.function", name))
		}
		if f == nil {
			errs = append(errs, fmt.Errorf("function %q is nil", name))
		}
	}
	return errors.Join(errs...)
}

// hooksOf reports whether the value hears of events. It is an error if it has
// no hook at all: package guest panics then.
func hooksOf(extension any) (hears bool, err error) {
	if extension == nil {
		return false, errors.New("the extension is nil")
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%T: %v", extension, p)
		}
	}()
	return host.NewGuest(extension, true).Hears(), nil
}

func (x *Extension) init(ctx context.Context, g host.Guest, logger *slog.Logger) (err error) {
	defer x.catch("init", "", &err)
	r := x.begin(ctx, abi.PhaseInit)
	r.logger = logger
	header, err := (&abi.Init{Name: x.name, Version: aril.Version, Powers: uint32(x.powers)}).MarshalMsg(r.header[:0])
	if err != nil {
		return err
	}
	_, _, err = r.runOn(g, "init", "", header, host.Guest.Init)
	return err
}

// Name is the name given to New.
func (x *Extension) Name() string { return x.name }

// Powers are what the extension may do to operations.
func (x *Extension) Powers() aril.Powers {
	if x.powers == 0 {
		return aril.ObserveOnly
	}
	return aril.Powers(x.powers)
}

// Filters are the operations that the extension wraps.
func (x *Extension) Filters() []aril.Filter { return x.filters }

// Wrap runs the extension's Wrap, WrapResolve and WrapExecute around an
// operation.
func (x *Extension) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
	if !x.wraps && !slices.Contains(x.kinds, op.Kind) {
		return next(ctx)
	}
	if x.closed.Load() {
		return nil, &aril.CallError{Extension: x.name, Operation: op.Name, Hook: "wrap", Err: aril.ErrClosed}
	}
	r := x.begin(ctx, abi.PhaseWrap)
	r.values.input, r.values.inputType, r.values.resultType = op.Input, op.InputType, op.ResultType
	r.Input, r.Params, r.MaxNext = op.Input, op.Params, op.MaxNext
	r.Scope = x.levelOf(scopeOf(op))
	if r.MaxNext == 0 {
		r.MaxNext = defaultMaxNext
	}
	inner := context.WithValue(ctx, levelsKey{x}, r.levels)
	r.Rest = func(in any, changed bool) (v any, err error) {
		if changed {
			v, err = next(inner, in)
		} else {
			v, err = next(inner)
		}
		r.values.last = v
		return v, err
	}
	header, err := r.operation(op)
	if err != nil {
		return nil, err
	}
	v, answered, err := r.run("wrap", op.Name, header, host.Guest.Wrap)
	if err != nil || answered {
		return v, err
	}
	if v, err, ran := r.Last(); ran {
		return v, err
	}
	return next(ctx)
}

// defaultMaxNext is how often next may be called where the operation does not
// say. abi/ABI.md#limits.
const defaultMaxNext = 16

// operation makes the header of a wrap.
func (r *run) operation(op *aril.Invocation) ([]byte, error) {
	h := &abi.Operation{
		Kind: op.Kind, Name: op.Name, Key: op.Key, ID: op.ID, Root: op.Root, Depth: uint32(op.Depth),
		MaxNext: uint32(r.MaxNext), Powers: uint32(r.Powers), Entropy: r.entropy(),
	}
	if len(op.Meta) > 0 {
		meta, err := r.values.Append(nil, op.Meta)
		if err != nil {
			return nil, fmt.Errorf("extension %q: meta of operation %q: %w", r.x.name, op.Name, err)
		}
		h.Meta = meta
	}
	return h.MarshalMsg(r.header[:0])
}

// Call calls a method of the extension. args and the answer are Go values, as
// in a message. Errors: [aril.ErrNoMethod], the *[aril.Error] that the method
// answered with, a *[aril.CallError] when it panicked.
func (x *Extension) Call(ctx context.Context, method string, args any) (_ any, err error) {
	defer x.catch("call", "", &err)
	if x.closed.Load() {
		return nil, &aril.CallError{Extension: x.name, Hook: "call", Err: aril.ErrClosed}
	}
	r := x.begin(ctx, abi.PhaseCall)
	r.Input = func() any { return args }
	header, err := (&abi.Call{Method: method, ID: x.id(), Entropy: r.entropy()}).MarshalMsg(r.header[:0])
	if err != nil {
		return nil, err
	}
	v, answered, err := r.run("call", "", header, host.Guest.Call)
	if err == nil && !answered {
		err = fmt.Errorf("extension %q: %w: %q", x.name, aril.ErrNoMethod, method)
	}
	return v, err
}

// Event tells the extension of an event, as [aril.Guest.Event] does. Store is
// ignored: an Extension keeps the data of level scope itself.
func (x *Extension) Event(ctx context.Context, e aril.Event) (answer any, answered bool, err error) {
	if !x.hears {
		return nil, false, nil
	}
	defer x.catch("event", "", &err)
	if x.closed.Load() {
		return nil, false, &aril.CallError{Extension: x.name, Hook: "event", Err: aril.ErrClosed}
	}
	r := x.begin(ctx, abi.PhaseEvent)
	r.Input = func() any { return e.Data }
	r.values.resultType, r.values.last = e.AnswerType, e.AnswerBase
	if e.Scope != 0 {
		r.Scope = x.levelOf(x.scopeOfEvent(ctx, &e))
	}
	header, err := (&abi.Event{Event: e.Type, ID: x.id(), Scope: e.Scope, Name: e.Name, Entropy: r.entropy()}).MarshalMsg(r.header[:0])
	if err != nil {
		return nil, false, err
	}
	return r.run("event", "", header, host.Guest.Event)
}

// id numbers events and calls. It keeps clear of the runtime's own numbers.
func (x *Extension) id() uint64 { return 1<<63 | x.ids.Add(1) }

// Close runs the extension's Dispose, once. Wraps, events and calls that come
// later are [aril.ErrClosed]; those that have begun go on.
func (x *Extension) Close(ctx context.Context) (err error) {
	if x.closed.Swap(true) {
		return nil
	}
	defer x.catch("dispose", "", &err)
	r := x.begin(ctx, abi.PhaseDispose)
	_, _, err = r.run("dispose", "", nil, func(g host.Guest, _ uint32) uint32 { return g.Dispose() })
	return err
}
