package guest

// An extension is any value with some of the methods below; Register finds
// which.

// An Initer is told its configuration once, before anything else. An error
// makes the host refuse the extension. Of the host's functions only [Log]
// works here, and what Init leaves in memory is what each activation of a
// Fresh extension begins with.
type Initer interface {
	Init(Config) error
}

// A Wrapper stands around operations. It may look at the operation, call next
// any number of times (within [Operation.MaxNext]) or not at all, and returns
// the outcome: a result of next as it is, a value of its own from [Of], an
// error of next, an error of its own, or [Pass].
type Wrapper interface {
	Wrap(op *Operation, next Next) (Value, error)
}

// An EventHandler hears of what happens outside operations and no narrower
// hook takes; in a host that has scopes those are [Attacher], [ErrorHandler]
// and their like. It returns [Pass] when it has nothing to say.
type EventHandler interface {
	Event(*Event) (Value, error)
}

// A Caller answers methods that the host calls by name. For a method that it
// does not have it returns [Pass]. A [MethodSet] is the same as a table.
type Caller interface {
	Call(method string, args Value) (Value, error)
}

// A Resumer is told when its memory has been set back to what it was after
// Init, before the activation that follows. It is for what must differ between
// activations; [Rand] needs no such help.
type Resumer interface {
	Resume()
}

// A Disposer is told, once, that the host unloads the extension. An error is
// logged.
type Disposer interface {
	Dispose() error
}

// Register makes v the extension of this module. It must be called exactly
// once, from an init function. It panics if v has none of the methods that a
// host could call.
func Register(v any) {
	if registered.extension != nil {
		panic("guest: Register called twice")
	}
	registered.init(v)
}

// registered is the instance of a module: in Wasm there is no other.
var registered instance

// init finds v's hooks and allocates what the first activation needs, so that
// it is in the template that later activations start from.
func (in *instance) init(v any) {
	in.extension = v
	in.initer, _ = v.(Initer)
	in.wrapper, _ = v.(Wrapper)
	in.events, _ = v.(EventHandler)
	in.caller, _ = v.(Caller)
	in.resumer, _ = v.(Resumer)
	in.disposer, _ = v.(Disposer)
	if m, ok := v.(MethodSet); ok {
		in.methods = m.Methods()
	}
	in.inputs, _ = v.(InputHandler)
	in.outputs, _ = v.(OutputHandler)
	narrow, hears := in.find(v)
	in.wraps = narrow || in.wrapper != nil
	in.hears = hears || in.events != nil
	if !in.wraps && !in.hears && !in.answers() {
		panic("guest: the registered value has no method that a host calls")
	}
	in.stack = append(make([]*activation, 0, 8), newActivation(in))
	in.scratch = make([]byte, 0, 1024)
}
