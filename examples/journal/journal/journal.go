// Package journal is an extension that watches steps with a key, and runs one
// that failed again where it stands.
package journal

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

// asked counts, by key, how often the program asked for a step: whether it ran
// or the host's journal answered, an extension cannot tell.
var asked = guest.Map[int]("asked")

// A Journal is the extension. Its configuration is tries, how often a step with
// a key may run in all; default 1. Its method is getAsked.
type Journal struct{ tries int }

// New makes the extension.
func New() *Journal { return &Journal{} }

// Init reads the configuration.
func (e *Journal) Init(cfg guest.Config) (err error) {
	e.tries, err = guest.Or(cfg.Get("tries"), 1)
	return err
}

// WrapExecute counts and repeats what has a key.
func (e *Journal) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	if x.Key() == "" {
		return next()
	}
	if err := asked.Update(x.Key(), func(n *int) { *n++ }); err != nil {
		return guest.Value{}, err
	}
	result, err := next()
	for try := 2; err != nil && try <= e.tries; try++ {
		guest.Log.Info("again", "key", x.Key(), "try", try)
		result, err = next()
	}
	return result, err
}

// Methods are what the host may call.
func (*Journal) Methods() guest.Methods {
	return guest.Methods{
		"getAsked": func(guest.Value) (guest.Value, error) { return asked.Value(), nil },
	}
}
