package main

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

type polite struct{}

func (polite) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	if name, err := guest.As[string](op.Input()); err == nil && name != "" {
		return next(guest.With("dear " + name))
	}
	return guest.Value{}, guest.NewError("no_name", "whom am I to greet?")
}

func init() { guest.Register(polite{}) }
func main() {}
