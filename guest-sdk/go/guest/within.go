package guest

import "github.com/aril-wasm/aril/abi/names"

// A seen is an operation as the hook for its kind sees it.
type seen struct {
	op       *Operation
	replaced bool // by With of the extension's own Wrap
	input    Value
}

// current is the input.
func (s *seen) current() Value {
	if s.replaced {
		return s.input
	}
	return s.op.Input()
}

func (op *Operation) isKind(kind string) bool { return string(op.a.header.parse().kind) == kind }

// wrap runs the extension around the operation whose header has arrived.
func (a *activation) wrap() (Value, error) {
	in := a.in
	switch {
	case !a.hasOwnHook():
		if in.wrapper == nil {
			return Pass, nil
		}
		return in.wrapper.Wrap(&a.op, a.next)
	case in.wrapper == nil:
		return a.ownHook(seen{op: &a.op}, a.next)
	}
	return in.wrapper.Wrap(&a.op, a.nextWithin)
}

// hasOwnHook reports whether the extension has a hook for operations of this
// kind alone.
func (a *activation) hasOwnHook() bool {
	in := a.in
	return in.resolveWrapper != nil && a.op.isKind(names.KindResolve) || in.executeWrapper != nil && a.op.isKind(names.KindExecution)
}

func (a *activation) ownHook(s seen, next Next) (Value, error) {
	if s.op.isKind(names.KindResolve) {
		return a.in.resolveWrapper.WrapResolve(&Resolution{s}, next)
	}
	return a.in.executeWrapper.WrapExecute(&Execution{s}, next)
}

// nextWithin is the next of an extension that has a Wrap and a hook for the
// operation's kind, as its Wrap calls it: it leads through that hook.
func (a *activation) nextWithin(options ...Option) (Value, error) {
	s := seen{op: &a.op}
	for _, o := range options {
		if o.replace {
			s.replaced, s.input = true, o.input
		}
	}
	ran := false
	var last Value
	var lastErr error
	next := func(more ...Option) (Value, error) {
		ran = true
		last, lastErr = a.callNext(append(options[:len(options):len(options)], more...)...)
		return last, lastErr
	}
	v, err := a.ownHook(s, next)
	if err != nil || v.err != errPass {
		return v, err
	}
	if !ran {
		return a.callNext(options...)
	}
	return last, lastErr
}
