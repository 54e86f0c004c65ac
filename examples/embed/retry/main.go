// An extension that tries again when an operation failed for a passing
// reason. Configuration: attempts, and pause in milliseconds, which doubles
// each time.
package main

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

type retry struct {
	attempts int
	pause    guest.Duration
}

func (r *retry) Init(cfg guest.Config) (err error) {
	if r.attempts, err = guest.Or(cfg.Get("attempts"), 3); err != nil {
		return err
	}
	pause, err := guest.Or(cfg.Get("pause"), 10)
	r.pause = guest.Duration(pause) * guest.Millisecond
	return err
}

func (r *retry) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	attempts, pause := min(r.attempts, op.MaxNext()), r.pause
	for i := 1; ; i++ {
		result, err := next()
		if err == nil || i >= attempts || !guest.Retryable(err) {
			return result, err
		}
		guest.Log.Info("retrying", "operation", op.Name(), "attempt", i, "error", err)
		if guest.Sleep(pause) != nil { // the caller has given up
			return result, err
		}
		pause *= 2
	}
}

func init() { guest.Register(new(retry)) }

func main() {}
