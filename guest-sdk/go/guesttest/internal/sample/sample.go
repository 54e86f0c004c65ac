// Package sample is an extension that uses all of the SDK. What it does to an
// operation depends on the operation's name. It is tested natively and as a
// module.
package sample

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Extension is what testdata/sample registers.
type Extension struct {
	greeting string
	script   []byte
	resumed  int
	wraps    int
}

// Init reads the configuration.
func (x *Extension) Init(cfg guest.Config) error {
	guest.Log.Debug("init", "name", cfg.Name())
	if guest.Code(guest.State.Put("k", nil)) != "phase" || guest.Code(guest.Random(make([]byte, 1))) != "phase" {
		return guest.NewError("phase", "Init reached the host")
	}
	var err error
	if x.greeting, err = guest.Or(cfg.Get("greeting"), "hello"); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if x.greeting == "" {
		return guest.NewError("config", "the greeting is empty")
	}
	x.script, err = cfg.Script()
	return err
}

// Resume counts.
func (x *Extension) Resume() { x.resumed++ }

// Wrap does what the operation's name says.
func (x *Extension) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	x.wraps++
	f, ok := wraps[op.Name()]
	if !ok {
		return next()
	}
	return f(x, op, next)
}

// Call answers "mallocs", "greet" and "fail".
func (x *Extension) Call(method string, args guest.Value) (guest.Value, error) {
	switch method {
	case "mallocs":
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return guest.Of(m.Mallocs), nil
	case "greet":
		name, err := guest.As[string](args.Get("name"))
		return guest.Of(x.greeting + " " + name + string(x.script)), err
	case "fail":
		return guest.Value{}, &guest.Error{Code: "asked", Message: "as asked", Retryable: true, Data: guest.Of(map[string]int{"n": 1})}
	}
	return guest.Pass, nil
}

// Event answers changes and fails ticks.
func (x *Extension) Event(e *guest.Event) (guest.Value, error) {
	switch e.Type() {
	case guest.EventChange:
		return e.Data().Set(e.Name(), "changed"), nil
	case guest.EventTick:
		return guest.Pass, guest.NewError("tick", "no")
	}
	return guest.Pass, nil
}

// Dispose leaves a trace.
func (x *Extension) Dispose() error {
	if err := guest.State.Put("disposed", []byte{1}); err != nil {
		return err
	}
	return errors.New("to be logged")
}

var wraps = map[string]func(x *Extension, op *guest.Operation, next guest.Next) (guest.Value, error){
	"counts": func(x *Extension, _ *guest.Operation, _ guest.Next) (guest.Value, error) {
		return guest.Of([]int{x.wraps, x.resumed}), nil
	},
	"echo": func(_ *Extension, op *guest.Operation, _ guest.Next) (guest.Value, error) { return op.Input(), nil },
	"any": func(_ *Extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
		x, err := op.Input().Any()
		return guest.Of(x), err
	},
	"set": func(_ *Extension, op *guest.Operation, next guest.Next) (guest.Value, error) {
		return next(guest.With(op.Input().Set("lines", 0, "count", 7).Delete("note").Set("extra", "seen", true)))
	},
	"retry": func(_ *Extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
		for i := 1; ; i++ {
			v, err := next()
			if err == nil || i == 3 || !guest.Retryable(err) {
				return v, err
			}
			guest.Log.Warn("again", "attempt", i, "error", err)
			if err := guest.Sleep(guest.Millisecond); err != nil {
				return v, err
			}
		}
	},
	"wrapped error": func(_ *Extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
		v, err := next()
		return v, fmt.Errorf("on the way: %w", err)
	},
	"own error with cause": func(_ *Extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
		v, err := next()
		return v, guest.NewError("own", "mine").Wrap(err)
	},
	"changed error": func(_ *Extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
		v, err := next()
		if e := (*guest.Error)(nil); errors.As(err, &e) {
			e.Code = "other"
		}
		return v, err
	},
	"plain error": func(*Extension, *guest.Operation, guest.Next) (guest.Value, error) {
		return guest.Value{}, errors.New("plain \xff text")
	},
	"missing": func(_ *Extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
		return op.Input().Get("nothing", "here"), nil
	},
	"time": func(_ *Extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
		t, err := guest.As[time.Time](op.Input())
		return guest.Of(t.Add(time.Nanosecond)), err
	},
	"clock": func(*Extension, *guest.Operation, guest.Next) (guest.Value, error) {
		before, wall := guest.Monotonic(), guest.Now()
		if err := guest.Sleep(2 * time.Millisecond); err != nil {
			return guest.Value{}, err
		}
		slept := guest.Monotonic() - before
		return guest.Of([]bool{slept >= 2*guest.Millisecond, slept < guest.Second, wall.Unix() > 1_500_000_000, guest.Now().UnixNano() > wall.UnixNano()}), nil
	},
	"random": func(*Extension, *guest.Operation, guest.Next) (guest.Value, error) {
		b := make([]byte, 70_000)
		err := guest.Random(b)
		return guest.Of([]any{guest.Rand.Uint64(), guest.Rand.IntN(1 << 30), b[:8], b[len(b)-8:]}), err
	},
	"state": func(*Extension, *guest.Operation, guest.Next) (guest.Value, error) {
		s := guest.State
		_, absent := s.Get("none")
		_, add := s.Add("n", 40)
		n, add2 := s.Add("n", -41)
		length, appended := s.Append("log", []byte("ab"))
		put := s.Put("log2", make([]byte, 100_000))
		big, got := s.Get("log2")
		conflict := s.CompareAndSwap("log", []byte("x"), []byte("y"))
		created := s.CompareAndSwap("new", nil, []byte{})
		removed := s.CompareAndSwap("new", []byte{}, nil)
		notThere := s.Delete("new")
		notANumber := func() error { _, err := s.Add("log", 1); return err }()
		keys := []string{}
		for key, err := range s.List("l") {
			if err != nil {
				return guest.Value{}, err
			}
			keys = append(keys, key)
		}
		return guest.Of(map[string]any{
			"absent": guest.Code(absent), "n": n, "length": length, "big": len(big), "keys": keys,
			"conflict": guest.Code(conflict), "not there": guest.Code(notThere), "not a number": guest.Code(notANumber),
			"errors": guest.Code(errors.Join(add, add2, appended, put, got, created, removed)),
		}), nil
	},
	"many keys": func(*Extension, *guest.Operation, guest.Next) (guest.Value, error) {
		n := 0
		for key, err := range guest.State.List("") {
			if err != nil || len(key) == 0 {
				return guest.Value{}, err
			}
			n++
		}
		return guest.Of(n), nil
	},
	"context": func(_ *Extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
		if err := guest.Own.Set("inherited", "from above"); err != nil {
			return guest.Value{}, err
		}
		if err := guest.Root.Set("n", 1); err != nil {
			return guest.Value{}, err
		}
		was := guest.PerScope.Swap("lock", true).Err()
		again, err := guest.As[bool](guest.PerScope.Swap("lock", false))
		if err != nil {
			return guest.Value{}, err
		}
		if _, err := guest.PerScope.Append("lock", 1); err != guest.ErrInvalid {
			return guest.Value{}, err
		}
		result, err := next() // runs "context below"
		if err != nil {
			return result, err
		}
		seen := guest.Root.Get("seen")
		if err := guest.Root.Delete("seen"); err != nil {
			return guest.Value{}, err
		}
		return guest.Of([]any{guest.Code(was), again, seen, guest.Code(guest.Root.Get("seen").Err())}), nil
	},
	"context below": func(_ *Extension, _ *guest.Operation, _ guest.Next) (guest.Value, error) {
		for _, x := range []any{guest.Own.Get("inherited"), guest.Root.Get("n")} {
			if _, err := guest.Root.Append("seen", x); err != nil {
				return guest.Value{}, err
			}
		}
		return guest.Pass, nil
	},
	"reserve": func(_ *Extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
		return guest.Invoke(reserve, op.Input())
	},
	"log": func(_ *Extension, op *guest.Operation, next guest.Next) (guest.Value, error) {
		guest.Log.Error("all kinds", "text", "x", "n", 1, "error", guest.ErrLimit, "value", op.Input(), "unfit", make(chan int), "instant", guest.Timestamp{Seconds: 1}, 3, 4, "odd")
		guest.Log.Info("bare")
		guest.Log.Info("large", "bytes", make([]byte, 100_000), "text", "\xff")
		many := []any{}
		for range 100 {
			many = append(many, "same", string(make([]byte, 4000)))
		}
		guest.Log.Info("too many", many...)
		return guest.Pass, nil
	},
	"panic": func(_ *Extension, op *guest.Operation, _ guest.Next) (guest.Value, error) {
		return guest.Of([]int{}[op.Depth()]), nil
	},
}
