package guest

// A Method answers one call of the host. args is whatever the host passed, nil
// for nothing.
type Method func(args Value) (Value, error)

// Methods are methods by name.
type Methods map[string]Method

// A MethodSet has methods that the host may call by name:
//
//	func (t *telemetry) Methods() guest.Methods {
//		return guest.Methods{
//			"getMetrics":    t.metrics,
//			"getCacheStats": guest.Func(t.cacheStats),
//		}
//	}
//
// Methods is called when the extension is registered. A name that is not in
// it goes to the [Caller]. Names that begin with "aril." are the SDK's own and
// come to neither.
type MethodSet interface {
	Methods() Methods
}

// Func makes a Method of f. Its argument is what [As] gives of the host's, and
// what it returns is anything that [Of] takes.
func Func[In any](f func(In) (any, error)) Method {
	return func(args Value) (Value, error) {
		in, err := As[In](args)
		if err != nil {
			return Value{}, err
		}
		out, err := f(in)
		return Of(out), err
	}
}

// An InputHandler prepares what a task of an enrichment sends: the method
// input_handler.
type InputHandler interface {
	InputHandler(args Value) (Value, error)
}

// An OutputHandler maps what a task of an enrichment got: the method
// output_handler.
type OutputHandler interface {
	OutputHandler(args Value) (Value, error)
}

// answers reports whether the extension has methods of its own.
func (in *instance) answers() bool {
	return in.caller != nil || in.methods != nil || in.inputs != nil || in.outputs != nil
}

// call finds who answers to a name.
func (in *instance) call(name string, args Value) (Value, error) {
	if len(name) > len(reservedMethods) && name[:len(reservedMethods)] == reservedMethods {
		return in.reserved(name)
	}
	if m, ok := in.methods[name]; ok {
		return m(args)
	}
	switch {
	case in.inputs != nil && name == "input_handler":
		return in.inputs.InputHandler(args)
	case in.outputs != nil && name == "output_handler":
		return in.outputs.OutputHandler(args)
	}
	if in.caller != nil {
		return in.caller.Call(name, args)
	}
	return Pass, nil
}
