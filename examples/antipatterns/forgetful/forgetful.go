// Package forgetful is an extension that counts in two ways, of which one is
// wrong.
package forgetful

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

var kept = guest.Counter("resolutions")

// A Forgetful is the extension. Its methods are remembered and kept.
type Forgetful struct {
	resolutions int // wrong: in the sandbox this is set back after each operation
}

// New makes the extension.
func New() *Forgetful { return &Forgetful{} }

// WrapResolve counts.
func (f *Forgetful) WrapResolve(_ *guest.Resolution, next guest.Next) (guest.Value, error) {
	f.resolutions++
	if _, err := kept.Add(1); err != nil {
		return guest.Value{}, err
	}
	return next()
}

// Methods are what the host may call.
func (f *Forgetful) Methods() guest.Methods {
	return guest.Methods{
		"remembered": func(guest.Value) (guest.Value, error) { return guest.Of(f.resolutions), nil },
		"kept": func(guest.Value) (guest.Value, error) {
			n, err := kept.Get()
			return guest.Of(n), err
		},
	}
}
