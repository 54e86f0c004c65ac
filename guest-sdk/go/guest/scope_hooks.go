package guest

import "github.com/aril-wasm/aril/abi/names"

// The hooks of an extension in a host that has scopes. What none of them takes
// goes to the [EventHandler].

// An Attacher is told that the extension is added to a scope, before anything
// happens there. Subscriptions are made here. The scope waits: what takes long
// belongs into Start. An error keeps the extension out of the scope.
type Attacher interface {
	Attach(*Scope) error
}

// A Starter is called after Attach, in the background: it may take as long as
// an operation may. Who waits for the scope to be ready waits for it, and gets
// its error.
type Starter interface {
	Start(*Scope) error
}

// A Detacher is told that a scope is disposed of, while its values are still
// there. An error is reported; the scope goes all the same.
type Detacher interface {
	Detach(*Scope) error
}

// A ResolveWrapper stands around the operations of kind "resolve" as a
// [Wrapper] does around all: every resolution of an executor, of those too
// that another depends on or that have their value already, and every update.
// What it returns goes to that one resolver. An extension that is a Wrapper
// too is entered there first; the next of its Wrap leads into WrapResolve.
type ResolveWrapper interface {
	WrapResolve(r *Resolution, next Next) (Value, error)
}

// An ExecuteWrapper stands around the operations of kind "execution" as a
// [Wrapper] does around all: flows, their steps, and what runs at once. It may
// call next again, which runs the execution again. An extension that is a
// Wrapper too is entered there first; the next of its Wrap leads into
// WrapExecute.
type ExecuteWrapper interface {
	WrapExecute(x *Execution, next Next) (Value, error)
}

// A PodIniter is told of each root execution of a flow before it runs. An
// error ends the execution, which needs the power Skip.
type PodIniter interface {
	InitPod(*Pod) error
}

// A PodDisposer is told of each root execution when it is over, also of one
// that another extension kept from running. An error is told to error
// handlers.
type PodDisposer interface {
	DisposePod(*Pod) error
}

// A PodErrorHandler hears of the error with which a root execution ended,
// before PodDisposers do.
type PodErrorHandler interface {
	OnPodError(*PodFailure)
}

// An ErrorHandler hears of each error in a scope, once for each executor that
// it keeps from resolving.
type ErrorHandler interface {
	OnError(*Failure)
}

// A Changer hears of the values that it asked for with [Scope.OnChange],
// before they are stored. A Value that it returns is stored instead; [Pass]
// leaves it; an error refuses the change.
type Changer interface {
	Change(*Change) (Value, error)
}

// A Releaser hears of the releases that it asked for with [Scope.OnRelease].
// An error is reported.
type Releaser interface {
	Released(*Release) error
}

// A Ticker is called as often as it asked for with [Scope.Every]. An error is
// reported.
type Ticker interface {
	Tick(*Tick) error
}

// scopeHooks are the hooks that an extension has.
type scopeHooks struct {
	attacher       Attacher
	starter        Starter
	detacher       Detacher
	resolveWrapper ResolveWrapper
	executeWrapper ExecuteWrapper
	podIniter      PodIniter
	podDisposer    PodDisposer
	podErrors      PodErrorHandler
	errors         ErrorHandler
	changer        Changer
	releaser       Releaser
	ticker         Ticker
}

// find looks for them, and reports whether v has a hook for operations, and
// one for events.
func (h *scopeHooks) find(v any) (wraps, hears bool) {
	h.attacher, _ = v.(Attacher)
	h.starter, _ = v.(Starter)
	h.detacher, _ = v.(Detacher)
	h.resolveWrapper, _ = v.(ResolveWrapper)
	h.executeWrapper, _ = v.(ExecuteWrapper)
	h.podIniter, _ = v.(PodIniter)
	h.podDisposer, _ = v.(PodDisposer)
	h.podErrors, _ = v.(PodErrorHandler)
	h.errors, _ = v.(ErrorHandler)
	h.changer, _ = v.(Changer)
	h.releaser, _ = v.(Releaser)
	h.ticker, _ = v.(Ticker)
	return h.resolveWrapper != nil || h.executeWrapper != nil,
		h.attacher != nil || h.starter != nil || h.detacher != nil || h.podIniter != nil || h.podDisposer != nil ||
			h.podErrors != nil || h.errors != nil || h.changer != nil || h.releaser != nil || h.ticker != nil
}

// tell gives an event to the narrowest hook that takes it.
func (in *instance) tell(e *Event) (Value, error) {
	h := &in.scopeHooks
	switch e.Type() {
	case names.EventAttach:
		if h.attacher != nil {
			return Pass, h.attacher.Attach(e.scope())
		}
	case names.EventStart:
		if h.starter != nil {
			return Pass, h.starter.Start(e.scope())
		}
	case names.EventDetach:
		if h.detacher != nil {
			return Pass, h.detacher.Detach(e.scope())
		}
	case names.EventError:
		if h.errors != nil {
			h.errors.OnError(&Failure{e})
			return Pass, nil
		}
	case names.EventInitPod:
		if h.podIniter != nil {
			return Pass, h.podIniter.InitPod(&Pod{e})
		}
	case names.EventDisposePod:
		if h.podDisposer != nil {
			return Pass, h.podDisposer.DisposePod(&Pod{e})
		}
	case names.EventPodError:
		if h.podErrors != nil {
			h.podErrors.OnPodError(&PodFailure{Pod{e}})
			return Pass, nil
		}
	case names.EventChange:
		if h.changer != nil {
			return h.changer.Change(&Change{happening{e}})
		}
	case names.EventRelease:
		if h.releaser != nil {
			return Pass, h.releaser.Released(&Release{happening{e}})
		}
	case names.EventTick:
		if h.ticker != nil {
			return Pass, h.ticker.Tick(&Tick{e})
		}
	}
	if in.events != nil {
		return in.events.Event(e)
	}
	return Pass, nil
}
