// Panics three functions deep, after it has logged.
package main

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

type trap struct{}

var zero int

//go:noinline
func price(n int) int { return (100 + n) / zero }

//go:noinline
func place(n int) int { return price(n) + 3 }

func (trap) Wrap(op *guest.Operation, _ guest.Next) (guest.Value, error) {
	guest.Log.Info("placing " + op.Name())
	place(len(op.Name()))
	return guest.Value{}, nil
}

func init() { guest.Register(trap{}) }

func main() {}
