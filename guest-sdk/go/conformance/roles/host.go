package roles

import (
	"errors"
	"strings"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

func describe(_ *extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
	params, err := optional(op.Params())
	if err != nil {
		return guest.Value{}, err
	}
	return guest.Of(map[string]any{
		"kind": op.Kind(), "name": op.Name(), "key": op.Key(), "depth": op.Depth(), "max_next": op.MaxNext(),
		"meta": op.Meta(), "params": params,
	}), nil
}

// optional gives nil for what is not there.
func optional(v guest.Value) (guest.Value, error) {
	switch err := v.Err(); err {
	case nil, guest.ErrNotFound:
		if err != nil {
			v = guest.Value{}
		}
		return v, nil
	default:
		return v, err
	}
}

func context(x *extension, op *guest.Operation, next guest.Next) (guest.Value, error) {
	if op.Name() == "inherit" {
		return inherit(x, op, next)
	}
	in := op.Input()
	_, err := guest.Root.Append("list", in)
	if err := errors.Join(guest.Own.Set("own", in), guest.Root.Set("root", in), err); err != nil {
		return guest.Value{}, err
	}
	if out, err := next(); err != nil {
		return out, err
	}
	return inherit(x, op, next)
}

func inherit(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	found := map[string]any{}
	for key, level := range map[string]guest.Level{"own": guest.Own, "root": guest.Root, "list": guest.Root} {
		v, err := optional(level.Get(key))
		if err != nil {
			return v, err
		}
		found[key] = v
	}
	return guest.Of(found), nil
}

func log(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	guest.Log.Debug("a debug line", "n", 1)
	guest.Log.Info("an info line", "n", 2)
	guest.Log.Warn("a warn line", "n", 3)
	guest.Log.Error("an error line", "n", 4)
	return guest.Pass, nil
}

func flood(x *extension, _ *guest.Operation, _ guest.Next) (guest.Value, error) {
	lines, err := guest.As[int](x.config.Get("lines"))
	text := "line " + strings.Repeat("x", 1000)
	for range lines {
		guest.Log.Info(text)
	}
	return guest.Pass, err
}

func random(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	return guest.Of([]any{guest.Rand.Uint64(), guest.Rand.Uint64(), guest.Rand.Uint64(), guest.Rand.Uint64()}), nil
}

func sleep(x *extension, _ *guest.Operation, _ guest.Next) (guest.Value, error) {
	ms, err := guest.As[int64](x.config.Get("ms"))
	if err != nil {
		return guest.Value{}, err
	}
	began := guest.Monotonic()
	err = guest.Sleep(guest.Duration(ms) * guest.Millisecond)
	return guest.Of(int64((guest.Monotonic() - began) / guest.Millisecond)), err
}

func clock(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	return guest.Of(guest.Now()), nil
}

func count(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	n, err := guest.State.Add("count", 1)
	return guest.Of(n), err
}

func state(_ *extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
	commands, err := guest.As[[]any](op.Input())
	if err != nil {
		return guest.Value{}, err
	}
	answers := []any{}
	for _, c := range commands {
		answer, err := command(c.([]any))
		if err != nil {
			return guest.Value{}, err
		}
		answers = append(answers, answer)
	}
	return guest.Of(answers), nil
}

// command runs one command of the role state.
func command(c []any) (any, error) {
	key := c[1].(string)
	switch c[0] {
	case "get":
		b, err := guest.State.Get(key)
		if err == guest.ErrNotFound {
			return nil, nil
		}
		return guest.Raw(b), err
	case "put":
		return nil, put(key, guest.Of(c[2]))
	case "delete":
		if err := guest.State.Delete(key); err != guest.ErrNotFound {
			return nil, err
		}
		return nil, nil
	case "add":
		return guest.State.Add(key, c[2].(int64))
	case "append":
		return guest.State.Append(key, c[2].([]byte))
	case "list":
		keys := []string{}
		for key, err := range guest.State.List(key) {
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		return keys, nil
	case "swap":
		err := guest.State.CompareAndSwap(key, message(c[2]), message(c[3]))
		if err == guest.ErrConflict {
			return false, nil
		}
		return err == nil, err
	}
	return nil, guest.NewError("unknown_command", "no such command")
}

// message gives the bytes under which put would keep a value, nil for nil.
func message(v any) []byte {
	if v == nil {
		return nil
	}
	b, _ := guest.Of(v).Bytes() // it came in a message
	return b
}
