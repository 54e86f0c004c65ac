// Package greeter is an extension for the tests of package show.
package greeter

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

type greeter string

// New makes an extension that answers with text.
func New(text string) any { return greeter(text) }

// Wrap answers in the operation's place.
func (g greeter) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	guest.Log.Info("greeting", "with", string(g), "operation", op.Name())
	if result, err := next(); err != nil {
		return result, err
	}
	return guest.Of(string(g)), nil
}
