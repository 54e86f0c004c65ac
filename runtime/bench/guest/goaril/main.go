// A guest for Aril on its Go SDK: it does what aril.c does.
package main

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

type echo struct{}

func (echo) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	if _, err := guest.As[[]byte](op.Input()); err != nil {
		return guest.Value{}, err
	}
	result, err := next(guest.Fetch)
	if err != nil {
		return result, err
	}
	data, err := guest.As[[]byte](result)
	if err != nil {
		return guest.Value{}, err
	}
	out := append([]byte(nil), data...)
	out[0]++
	return guest.Of(out), nil
}

func init() { guest.Register(echo{}) }
func main() {}
