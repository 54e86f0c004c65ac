package runtime

import (
	"context"
	"reflect"
	"strings"

	"github.com/aril-wasm/aril/abi"
)

// An Operation says what is wrapped. It is fixed when [Wrap] or
// [Pipeline.Do] is called; the input is not part of it.
type Operation struct {
	Kind string // what sort of thing runs: "resolve", "execution", "http", …
	Name string // which one: "order.place"
	Key  string // a journal or cache key, "" for none

	// MaxNext bounds how often the operation itself may run for one call of
	// it, whatever extensions do; also how often each may call next. 0 leaves
	// it to Limits.NextCalls. An operation that must not run twice has 1.
	MaxNext int

	Meta   map[string]any // tags that extensions see with the header; small
	Params any            // more about it; a guest reads it as slot PARAMS; nil for none

	// ParamsOf gives the Params of one run, from the context that the wrapped
	// function was called with, where they differ from run to run. Nil: Params.
	ParamsOf func(context.Context) any

	// InputType and ResultType say what the operation takes and yields where
	// the function's own type is an interface, such as any. A guest's
	// replacement is decoded into that type, and what a native extension puts
	// in place must be assignable to it. Default nil: a replacement takes the
	// type of what it replaces, or is generic; ignored where the function's
	// own type says it. [Wrap] panics when the type does not fit the
	// function's.
	InputType, ResultType reflect.Type
}

// A Filter matches operations by kind, name and key. An empty list matches
// all; a pattern may end in "*".
type Filter = abi.Filter

func matches(filters []Filter, op *Operation) bool {
	return abi.MatchFilters(filters, op.Kind, op.Name, op.Key)
}

// An Extension is something that a [Pipeline] can hold: a loaded [Guest], or
// a native value that also implements hooks such as [Wrapper]. Its methods
// may be called from many goroutines at once.
type Extension interface {
	// Name is what errors and reports call it.
	Name() string
}

// A Wrapper is a native extension's around-advice. It returns what next
// returned, or something else: a value of the operation's result type, or an
// error. A panic in it is returned to the caller as a CallError with
// ErrPanic; a panic of the operation itself goes through it.
type Wrapper interface {
	Wrap(ctx context.Context, op *Invocation, next Next) (any, error)
}

// A Next runs the rest of the pipeline, innermost the operation itself. With
// no changed value the rest gets this extension's own input; with one it gets
// that, which must have the operation's input type. It may be called any
// number of times, also at once from several goroutines, until Wrap returns;
// after that it runs nothing and answers with ErrClosed.
type Next func(ctx context.Context, changed ...any) (any, error)

// A Filterer is a native extension that wants to see some operations only.
type Filterer interface {
	Filters() []Filter
}

// An Invocation is one run of an operation as a native extension sees it. It
// is valid until Wrap returns.
type Invocation struct {
	*Operation
	Params any    // of this run
	ID     uint64 // of this run, unique in the process
	Root   uint64 // ID of the run at the root of the chain
	Depth  int    // 0 at the root
	input  interface{ operationInput() any }
}

// Input is the operation's input as this extension sees it.
func (i *Invocation) Input() any { return i.input.operationInput() }

// A Pipeline is an ordered list of extensions: the first is outermost, the
// last innermost. It is immutable and may be used from any goroutine.
type Pipeline struct {
	extensions []Extension
	store      *Store
}

// NewPipeline returns a pipeline of these extensions, outermost first. It
// panics when one is nil, has neither the Wrapper hook nor is a Guest: that
// is a mistake in the program, not of its data.
func NewPipeline(extensions ...Extension) *Pipeline {
	return NewPipelineIn(nil, extensions...)
}

// NewPipelineIn is NewPipeline with the store that has the context data of
// level scope, so that several pipelines share it: those that a scope makes
// anew as extensions come and go. nil is a new one.
func NewPipelineIn(store *Store, extensions ...Extension) *Pipeline {
	if store == nil {
		store = &Store{}
	}
	for _, e := range extensions {
		switch e.(type) {
		case *Guest, Wrapper:
		case nil:
			panic("aril: NewPipeline: a nil extension")
		default:
			panic("aril: NewPipeline: extension " + e.Name() + " has no Wrap method")
		}
	}
	return &Pipeline{extensions: append([]Extension(nil), extensions...), store: store}
}

// Extensions lists the pipeline's extensions, outermost first.
func (p *Pipeline) Extensions() []Extension { return append([]Extension(nil), p.extensions...) }

// Interested reports whether any of the extensions wants to see an operation.
// Where none does, [Wrap] gives the function itself.
func (p *Pipeline) Interested(op Operation) bool { return len(p.layers(&op)) > 0 }

// A layer is one extension of a pipeline, ready for one operation.
type layer struct {
	guest  *Guest // nil for a native one
	native Wrapper
	ext    Extension
	header []byte // of the guest, up to what changes from run to run
	max    int64  // calls of next
	index  int    // in the pipeline's layers
}

// layers picks the extensions that are interested in op.
func (p *Pipeline) layers(op *Operation) []layer {
	var out []layer
	for _, e := range p.extensions {
		if g, ok := e.(*Guest); ok {
			if g.interested(op) {
				limit := g.limits.NextCalls
				if op.MaxNext > 0 {
					limit = int64(op.MaxNext)
				}
				out = append(out, layer{guest: g, ext: e, max: limit, header: appendHeaderPrefix(nil, op, limit, g.powers)})
			}
			continue
		}
		if f, ok := e.(Filterer); ok && !matches(f.Filters(), op) {
			continue
		}
		out = append(out, layer{native: e.(Wrapper), ext: e})
	}
	for i := range out {
		out[i].index = i
	}
	return out
}

// runtimeOf finds whose chain limits hold: the first guest's runtime.
func runtimeOf(layers []layer) *Runtime {
	for i := range layers {
		if g := layers[i].guest; g != nil {
			return g.rt
		}
	}
	return nil
}

// quoteName shortens a name for an error.
func quoteName(s string) string {
	if len(s) > 100 {
		s = strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
