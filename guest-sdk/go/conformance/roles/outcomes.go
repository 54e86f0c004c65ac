package roles

import (
	"errors"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func through(_ *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) { return next() }

func read(_ *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	out, err := next()
	if err == nil {
		if _, err := out.Any(); err != nil {
			return out, err
		}
	}
	return out, err
}

func rebuild(_ *extension, op *guest.Operation, next guest.Next) (guest.Value, error) {
	in, err := op.Input().Any()
	if err != nil {
		return guest.Value{}, err
	}
	return next(guest.With(in))
}

func changeResult(x *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	out, err := next()
	if err != nil {
		return out, err
	}
	was, err := out.Any()
	return guest.Of(map[string]any{"was": was, "by": x.config.Get("by")}), err
}

func changeInput(_ *extension, op *guest.Operation, next guest.Next) (guest.Value, error) {
	in := op.Input()
	n, err := guest.As[int64](in.Get("n"))
	if err != nil {
		return guest.Value{}, err
	}
	return next(guest.With(in.Set("n", n+1)))
}

func shortCircuit(x *extension, _ *guest.Operation, _ guest.Next) (guest.Value, error) {
	return x.config.Get("answer"), nil
}

func retry(x *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	attempts, err := guest.Or(x.config.Get("attempts"), 3)
	if err != nil {
		return guest.Value{}, err
	}
	for i := 1; ; i++ {
		out, err := next()
		if err == nil || i >= attempts || !guest.Retryable(err) {
			return out, err
		}
	}
}

func fallback(x *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	out, err := next()
	if err != nil {
		return x.config.Get("answer"), nil
	}
	return out, nil
}

func choose(x *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	times, err := guest.As[int](x.config.Get("times"))
	which, err2 := guest.As[int](x.config.Get("which"))
	if err := errors.Join(err, err2); err != nil {
		return guest.Value{}, err
	}
	var chosen guest.Value
	var failed error
	for i := range times {
		out, err := next()
		if i == which {
			chosen, failed = out, err
		}
	}
	return chosen, failed
}

func cache(_ *extension, op *guest.Operation, next guest.Next) (guest.Value, error) {
	id, err := guest.As[string](op.Input().Get("id"))
	if err != nil {
		return guest.Value{}, err
	}
	held, err := guest.State.Get("cache/" + id)
	if err != guest.ErrNotFound {
		return guest.Raw(held), err
	}
	out, err := next()
	if err != nil {
		return out, err
	}
	return out, put("cache/"+id, out)
}

func deny(_ *extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
	role, err := guest.As[string](op.Input().Get("role"))
	if err != nil || role == "admin" {
		return guest.Pass, err
	}
	return guest.Value{}, &guest.Error{Code: "denied", Message: "not for " + role, Data: guest.Of(map[string]string{"role": role})}
}

func translateError(_ *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	out, err := next()
	var e *guest.Error
	if !errors.As(err, &e) || e.Code != "not_found" {
		return out, err
	}
	return guest.Value{}, &guest.Error{Code: "missing", Message: "no such thing: " + e.Message, Retryable: true, Cause: err}
}

func explain(_ *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	out, err := next()
	var e *guest.Error
	if !errors.As(err, &e) {
		return out, err
	}
	var cause any
	if e.Cause != nil {
		cause = guest.Code(e.Cause)
	}
	return guest.Of(map[string]any{
		"code": e.Code, "message": e.Message, "retryable": e.Retryable, "data": e.Data, "cause": cause,
	}), nil
}

func huge(x *extension, _ *guest.Operation, _ guest.Next) (guest.Value, error) {
	size, err := guest.As[int](x.config.Get("size"))
	b := make([]byte, size)
	for i := range b {
		b[i] = 7
	}
	return guest.Of(b), err
}

func malformed(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	return guest.Raw([]byte{0xc1}), nil
}

func initState(x *extension, _ *guest.Operation, _ guest.Next) (guest.Value, error) {
	x.kept++
	return guest.Of(x.kept), nil
}
