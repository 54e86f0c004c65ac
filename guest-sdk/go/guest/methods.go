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
// it goes to the [Caller].
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

// call finds who answers to a name.
func (in *instance) call(name string, args Value) (Value, error) {
	if m, ok := in.methods[name]; ok {
		return m(args)
	}
	if in.caller != nil {
		return in.caller.Call(name, args)
	}
	return Pass, nil
}
