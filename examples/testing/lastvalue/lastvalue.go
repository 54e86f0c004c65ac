// Package lastvalue is a small extension to be tested: it remembers the
// executor that was resolved last, and its value.
package lastvalue

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

var last = guest.Var[guest.Value]("last")

// A LastValue is the extension. Its method getLast gives a map of executor and
// value, nil before the first resolution. A value that it may not see is
// "hidden".
type LastValue struct{}

// New makes the extension.
func New() *LastValue { return &LastValue{} }

// Attach asks for all changes.
func (*LastValue) Attach(s *guest.Scope) error {
	_, err := s.OnChange()
	return err
}

// Change remembers a resolution.
func (*LastValue) Change(c *guest.Change) (guest.Value, error) {
	if c.Operation() != "resolve" {
		return guest.Pass, nil
	}
	seen := map[string]any{"executor": c.Executor().NameOr("unnamed"), "value": "hidden"}
	if value := c.Value(); value.Err() == nil {
		seen["value"] = value
	}
	return guest.Pass, last.Set(guest.Of(seen))
}

// Methods are what the host may call.
func (*LastValue) Methods() guest.Methods {
	return guest.Methods{
		"getLast": func(guest.Value) (guest.Value, error) {
			seen, err := last.Get()
			if err == guest.ErrNotFound {
				return guest.Of(nil), nil
			}
			return seen, err
		},
	}
}
