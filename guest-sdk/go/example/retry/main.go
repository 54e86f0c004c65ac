// An extension that tries an operation again when trying again may help.
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
	ms, err := guest.Or(cfg.Get("pause_ms"), 10)
	r.pause = guest.Duration(ms) * guest.Millisecond
	return err
}

func (r *retry) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	for i := 1; ; i++ {
		result, err := next()
		if err == nil || i == r.attempts || !guest.Retryable(err) {
			return result, err
		}
		guest.Log.Warn("trying again", "operation", op.Name(), "attempt", i, "error", err)
		if err := guest.Sleep(r.pause); err != nil {
			return result, err
		}
	}
}

func init() { guest.Register(new(retry)) }

func main() {}
